"""Write the fixtures of a format: ``python -m tests.data.make_fixtures tests/data/format_3``.

Run it once for each new format, with the oldest supported versions of all libraries, so that every
later one can read the pickles. Existing files must not be written again: they prove that old files
can be loaded. Others were written by hand: `objects_of_format_1.pkl`, unfitted estimators with
parameters that are objects; `checkpoint_of_format_*.sknn`, fits that were interrupted after epoch
3; `ensemble_of_format_2.*`, whose members shared one training state, with its predictions.
"""

import json
import pickle
import sys
import warnings
from pathlib import Path

import joblib
import numpy as np
import pandas as pd

import sknn

N = 24


def numbers():
    """Return X, shape (24, 3), and 0, 1, 2, 0, ..., by formulas that depend on no library."""
    t = np.arange(N)
    X = np.stack([t % 5 - 2.0, t % 7 / 3.5 - 1.0, (t * t) % 11 / 5.0 - 1.0], axis=1)
    return X, t % 3


def table():
    """Return a frame of numbers, text and booleans with missing values."""
    X, _ = numbers()
    towns = [None if i % 9 == 8 else ["Bonn", "Ulm", "Köln"][i % 3] for i in range(N)]
    amount = np.where(X[:, 0] > 1, np.nan, 100 * X[:, 0])
    return pd.DataFrame({"amount": amount, "town": towns, "owner": X[:, 1] > 0})


def labels():
    """Return string labels."""
    return np.array(["no", "perhaps", "yes"])[numbers()[1]]


def amounts():
    """Return two columns of numbers on different scales."""
    X, y = numbers()
    return np.stack([1000 + 100 * X[:, 0], y * X[:, 2]], axis=1)


def models():
    """Return small fitted models by name."""
    X, _ = numbers()
    few = {"hidden_layer_sizes": (4,), "max_iter": 5, "random_state": 0}
    plain = {**few, "dropout": 0.0, "n_bins": 3, "min_frequency": 1}
    regressor = sknn.MLPRegressor(n_members=2, standardize_y=True, batch_size=10, **few)
    for _ in range(2):
        regressor.partial_fit(X, amounts())
    return {
        "classifier": sknn.MLPClassifier(activation="tanh", **few).fit(X, labels()),
        "regressor": regressor,
        "table_classifier": sknn.TabularMLPClassifier(**plain).fit(table(), labels()),
        "table_regressor": sknn.TabularMLPRegressor(**plain).partial_fit(table(), amounts()),
        "folds_classifier": sknn.MLPClassifier(cv=3, n_members=2, **few).fit(X, labels()),
        "table_folds_regressor": sknn.TabularMLPRegressor(cv=3, **plain).fit(table(), amounts()),
        "encoder": sknn.TableEncoder(min_frequency=1).fit(table()),
    }


def data_for(name):
    """Return the training data of a model."""
    X = table() if name.startswith(("table", "encoder")) else numbers()[0]
    return X, amounts() if name.endswith("regressor") else labels()


def answers(name, model):
    """Return predictions on the training data, and predictions after one more epoch, as lists.

    Networks of several folds are not trained for one more epoch; they predict out of fold.
    """
    X, y = data_for(name)
    if name == "encoder":
        return {"transform": model.transform(X).tolist()}
    method = "predict_proba" if hasattr(model, "predict_proba") else "predict"
    before = getattr(model, method)(X).tolist()
    if "folds" in name:
        return {method: before, "oof_prediction_": model.oof_prediction_.tolist()}
    model.partial_fit(X, y)
    return {method: before, f"{method} after partial_fit": getattr(model, method)(X).tolist()}


def main(folder):
    """Write all models in all ways, and their predictions."""
    folder = Path(folder)
    folder.mkdir(parents=True)
    told = {}
    for name, model in models().items():
        (folder / f"{name}.pkl").write_bytes(pickle.dumps(model, protocol=4))
        joblib.dump(model, folder / f"{name}.joblib")
        if hasattr(model, "save"):
            model.save(folder / f"{name}.sknn", training_state=True)
        told[name] = answers(name, model)
    (folder / "answers.json").write_text(json.dumps(told))


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    main(sys.argv[1])
