"""Fitted attributes and intervals that a fit does not have: the error says why, and what to do."""

import copy
import pickle

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.utils.validation import check_is_fitted

from sknn import MLPClassifier, MLPRegressor, TabularMLPClassifier, TabularMLPRegressor

pytestmark = [
    pytest.mark.filterwarnings("ignore:Stochastic Optimizer:sklearn.exceptions.ConvergenceWarning"),
    pytest.mark.filterwarnings("ignore:lbfgs:sklearn.exceptions.ConvergenceWarning"),
]

rng = np.random.default_rng(0)
X = rng.normal(size=(60, 2))
y = X[:, 0]
labels = (y > 0).astype(int)
QUICK = {"hidden_layer_sizes": (2,), "random_state": 0}

#: Parameters that switch cv="auto" off, and what to do.
DISABLING = {
    "max_iter=2": "Set cv=5, which goes with it, or leave max_iter at its default",
    "learning_rate='constant'": "leave learning_rate at its default",
    "solver='lbfgs'": "leave solver at its default",
    "early_stopping=True": "leave early_stopping at its default",
    "warm_start=True": "Set warm_start=False",
    "cv=None": "Set cv=5",
}


def fitted(estimator=TabularMLPRegressor, **parameters):
    """Return an estimator that is fitted for a short time."""
    is_table = estimator.__name__.startswith("Tabular")
    data = pd.DataFrame(X, columns=["a", "b"]) if is_table else X
    target = labels if "Classifier" in estimator.__name__ else y
    parameters = {**QUICK, "max_fun": 20, **parameters}
    return estimator(**parameters).fit(data, target)


def message(model, name):
    """Return the message of the error when an attribute is read."""
    with pytest.raises(AttributeError) as error:
        getattr(model, name)
    assert error.value.name == name
    assert error.value.obj is model
    assert str(error.value).startswith(f"{type(model).__name__!r} object has no attribute {name!r}")
    return str(error.value)


@pytest.mark.parametrize("given", DISABLING)
def test_the_parameter_that_disables_folds_is_named(given):
    """By intervals and by attributes, with what to set instead."""
    name, value = given.split("=")
    model = fitted(**{"max_time": 0.2, name: eval(value)})
    with pytest.raises(ValueError, match="predict_interval needs the networks of several") as error:
        model.predict_interval(pd.DataFrame(X, columns=["a", "b"]))
    for text in (str(error.value), message(model, "oof_score_")):
        assert given in text
        assert DISABLING[given] in text
    if given != "warm_start=True":  # that is how it was disabled
        assert given in message(model, "member_params_")


def test_what_is_advised_works():
    """cv=5 goes with each of these parameters but warm_start."""
    for given in DISABLING:
        if given not in ("warm_start=True", "cv=None"):
            name, value = given.split("=")
            model = fitted(**{"max_iter": 2, name: eval(value), "cv": 5})
            assert np.isfinite(model.oof_score_)


def test_rows_that_give_no_folds():
    """Too few of them, or those of partial_fit."""
    table = pd.DataFrame(X, columns=["a", "b"])
    few = TabularMLPRegressor(**QUICK).fit(table[:20], y[:20])
    with pytest.warns(UserWarning, match="learned from 60 rows"):
        stream = TabularMLPRegressor(**QUICK, learning_rate="constant").partial_fit(table, y)
    stream.set_params(learning_rate="one_cycle")
    for model in (few, stream):
        assert "at least 30 rows" in message(model, "oof_prediction_")
        assert "at least 30 rows" in message(model, "member_params_")


def test_validation_rows_give_no_folds():
    """X_val is named, and is not to be passed with cv=5."""
    table = pd.DataFrame(X, columns=["a", "b"])
    rows = {"X_val": table[40:], "y_val": y[40:]}
    model = TabularMLPRegressor(**QUICK).fit(table[:40], y[:40], **rows)
    assert "X_val was given" in message(model, "oof_score_")
    assert "X_val was given" in message(model, "member_params_")


def test_kinds_of_out_of_fold_predictions():
    """Probabilities or raw outputs, whichever the loss gives, and neither in regression."""
    with_probabilities = fitted(MLPClassifier, max_iter=2, cv=2)
    assert "which are oof_proba_" in message(with_probabilities, "oof_decision_function_")
    without = fitted(MLPClassifier, loss="hinge", max_iter=2, cv=2)
    assert "oof_decision_function_ has the raw" in message(without, "oof_proba_")
    assert message(fitted(MLPRegressor, max_iter=2), "oof_proba_").endswith("'oof_proba_'")


def test_temperature():
    """Only classifiers for tables have one, where cv="auto" has chosen."""
    assert "only classifiers" in message(fitted(max_iter=2), "temperature_")
    plain = message(fitted(MLPClassifier, max_iter=2), "temperature_")
    assert "CalibratedClassifierCV" in plain
    tabular = fitted(TabularMLPClassifier, max_iter=2, cv=2)
    assert "cv=2 chooses no settings" in message(tabular, "temperature_")
    tabular = fitted(TabularMLPClassifier)
    assert tabular.temperature_ > 0
    tabular.partial_fit(pd.DataFrame(X, columns=["a", "b"]), labels)
    assert "partial_fit has trained" in message(tabular, "temperature_")


def test_other_attributes():
    """Curves of members, names of columns; other names have Python's own message."""
    model = fitted(MLPRegressor, max_iter=2)
    assert "whose curve is loss_curve_" in message(model, "member_loss_curves_")
    assert "no rows were held out" in message(model, "member_validation_scores_")
    assert "no column names" in message(model, "feature_names_in_")
    for name in ("coef_", "oof_scor_", "classes_", "_calibration"):
        assert message(model, name).endswith(f"has no attribute {name!r}")


def test_what_other_estimators_have():
    """Methods of the other task, and importances of trees."""
    regressor, classifier = MLPRegressor(), MLPClassifier(loss="hinge")
    assert "Regressors have predict_interval" in message(regressor, "predict_set")
    assert "Classifiers have predict_set" in message(classifier, "predict_interval")
    assert "permutation_importance" in message(fitted(max_iter=2), "feature_importances_")
    with pytest.raises(AttributeError, match=r"has no attribute 'predict_set'$"):
        _ = classifier.predict_set  # hinge has no probabilities


def test_before_fit():
    """The estimator is not fitted, and scikit-learn sees that as ever."""
    model = MLPClassifier()
    assert message(model, "coefs_").endswith("it is not fitted. Call fit first.")
    with pytest.raises(NotFittedError):
        check_is_fitted(model)
    with pytest.raises(NotFittedError):
        _ = TabularMLPClassifier().encoder_
    with pytest.raises(AttributeError) as error:  # of the method's own
        _ = MLPClassifier(loss="hinge").predict_proba
    assert "no probabilities" in str(error.value.__cause__)


def test_nothing_else_changes():
    """`hasattr`, `dir`, copies and pickles know no more attributes than before."""
    model = fitted(MLPClassifier, max_iter=2)
    absent = {"oof_score_", "temperature_", "feature_names_in_", "member_loss_curves_"}
    for one in (model, copy.deepcopy(model), pickle.loads(pickle.dumps(model)), copy.copy(model)):
        assert not any(hasattr(one, name) for name in absent)
        assert not absent & set(dir(one))
        assert not absent & set(vars(one))
    assert not hasattr(clone(model), "coefs_")


def test_parameters_that_have_become_invalid():
    """`hasattr` is False then, too."""
    model = fitted(max_iter="auto", learning_rate="constant")
    model.set_params(learning_rate="nonsense")
    assert not hasattr(model, "oof_score_")
    with pytest.raises(ValueError, match="'learning_rate' parameter"):
        model.predict_interval(pd.DataFrame(X, columns=["a", "b"]))
