"""Seeds: honest files, as small as they get, of every kind of model."""

import io
import warnings
from functools import cache
from unittest import mock

import numpy as np
import pandas as pd
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import KFold, PredefinedSplit

from sknn import MLPClassifier, MLPRegressor, TabularMLPClassifier, TabularMLPRegressor

N = 12

#: What kinds of models there are.
NAMES = ["text", "linear", "members", "labels", "columns", "stream", "quantiles"]
NAMES += ["table", "labels of a table", "folds", "folds of a table", "refit"]
NAMES += ["shuffled folds", "predefined folds", "splits", "choice"]


def saved(model, **settings):
    """Return the bytes of a model's file."""
    file = io.BytesIO()
    model.save(file, **settings)
    return file.getvalue()


def numbers():
    """Return X of shape (12, 2) and 0, 1, 2, 0, 1, ..."""
    t = np.arange(N)
    return np.column_stack([np.sin(t), np.cos(2.0 * t)]), t % 3


def frame():
    """Return a frame of numbers, text and truth values, some of them missing."""
    x = np.sin(np.arange(N))
    town = [None if i == 5 else "abcd"[i % 4] for i in range(N)]
    amount = np.where(x > 0.9, np.nan, x)
    return pd.DataFrame({"amount": amount, "town": town, "owner": x > 0, "kind": list("uvw") * 4})


def models():
    """Return the fitted models by name."""
    X, y = numbers()
    table, texts = frame(), np.array(["no", "yes", "perhaps"])
    few = {"max_iter": 2, "random_state": 0}
    tabular = {"dropout": 0.0, "n_bins": 2, "min_frequency": 1, **few}
    shuffled = KFold(2, shuffle=True, random_state=0)
    predefined = PredefinedSplit(np.arange(len(y)) // 4)  # all classes in each training part
    streams = MLPRegressor((2,), n_members=2, standardize_y=True, **few)
    return {
        "text": MLPClassifier((2,), **few).fit(X, texts[y]),
        "linear": MLPClassifier((), solver="lbfgs", **few).fit(X, y > 0),
        "members": MLPClassifier((2, 2), n_members=2, loss="brier", **few).fit(X, y),
        "labels": MLPClassifier((2,), **few).fit(X, np.eye(3, dtype=int)[y]),
        "columns": MLPClassifier((2,), loss="hinge", **few).fit(X, np.column_stack([y, y // 2])),
        "stream": streams.partial_fit(X, np.column_stack([y, -y]) * 10.0).partial_fit(X, X),
        "quantiles": MLPRegressor((2,), loss="quantile", quantile=[0.1, 0.9], **few).fit(X, y),
        "table": TabularMLPRegressor((2,), n_members=2, **tabular).fit(table, y),
        "labels of a table": TabularMLPClassifier((2,), **tabular).partial_fit(
            table, texts[y], classes=texts
        ),
        "folds": MLPClassifier((2,), cv=3, n_members=2, **few).fit(X, texts[y]),
        "folds of a table": TabularMLPRegressor((2,), cv=2, **tabular).fit(table, y),
        "choice": TabularMLPClassifier((2,), n_bins=2, random_state=0).fit(
            pd.concat([table] * 4), np.tile(y, 4)
        ),
        "refit": MLPRegressor((2,), cv=2, refit=True, early_stopping="cv", **few).fit(X, y),
        "shuffled folds": MLPRegressor((2,), cv=shuffled, **few).fit(X, y),
        "predefined folds": MLPClassifier((2,), cv=predefined, **few).fit(X, y > 0),
        "splits": MLPRegressor((2,), cv=list(shuffled.split(X)), **few).fit(X, y),
    }


@cache
def files():
    """Return the files by name; those of streams hold the training state."""
    with warnings.catch_warnings(), mock.patch("sknn.estimators.tabular.MAX_CAT_TO_ONEHOT", 5):
        warnings.simplefilter("ignore", ConvergenceWarning)
        return {name: saved(one, training_state=True) for name, one in models().items()}
