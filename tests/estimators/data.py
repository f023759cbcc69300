"""Small data sets that the estimators' tests share, and fits that stay silent."""

import warnings
from functools import partial

import numpy as np
import pandas as pd
from sklearn.datasets import make_classification, make_multilabel_classification, make_regression
from sklearn.exceptions import ConvergenceWarning

from sknn import MLPClassifier, MLPRegressor, TabularMLPClassifier, TabularMLPRegressor


def binary(n=60, m=4):
    """Return X and labels 0 and 1."""
    return make_classification(n, m, random_state=0)


def multiclass(n=60, m=4):
    """Return X and labels 0, 1 and 2."""
    return make_classification(n, m, n_classes=3, n_clusters_per_class=1, random_state=0)


def multilabel(n=60, m=4):
    """Return X and a 0/1 matrix with 3 columns."""
    return make_multilabel_classification(n, m, n_classes=3, random_state=0)


def real(n=60, m=4):
    """Return X and standardised numbers."""
    X, y = make_regression(n, m, noise=1.0, random_state=0)
    return X, y / y.std()


def multioutput(n=60, m=4):
    """Return X and a matrix of numbers with 2 columns."""
    X, Y = make_regression(n, m, n_targets=2, noise=1.0, random_state=0)
    return X, Y / Y.std(axis=0)


#: Every kind of target: the estimator that takes it, and data.
TASKS = {
    "binary": (MLPClassifier, binary),
    "multiclass": (MLPClassifier, multiclass),
    "multilabel": (MLPClassifier, multilabel),
    "real": (MLPRegressor, real),
    "multioutput": (MLPRegressor, multioutput),
}


def table(X):
    """Return a frame of numbers with gaps, text with gaps, categories and truth values."""
    first, second, third, fourth = X.T[:4]
    return pd.DataFrame(
        {
            "amount": np.where(first > 1, np.nan, 1000 * first),
            "town": np.where(third > 1, None, np.array(["Bonn", "Ulm"])[(second > 0).astype(int)]),
            "size": pd.Categorical(np.array(["S", "M", "L"])[np.digitize(third, [-0.5, 0.5])]),
            "owner": fourth > 0,
        }
    )


def as_table(make):
    """Return a function that makes the same data with X as a frame."""

    def make_table(n=60, m=4):
        X, y = make(n, m)
        return table(X), y

    return make_table


#: What makes training of tables as simple as that of numbers: no dropped units, one rate, and a
#: decay that leaves something of the weights at any rate.
PLAIN = {"dropout": 0.0, "learning_rate": "constant", "weight_decay": 0.05}

#: Every kind of target of a table.
TABLES = {
    f"{task} of a table": (
        partial(TabularMLPClassifier if cls is MLPClassifier else TabularMLPRegressor, **PLAIN),
        as_table(make),
    )
    for task, (cls, make) in TASKS.items()
}


def fitted(estimator, X, y, **fit_params):
    """Fit for a few epochs without a word about convergence."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        warnings.filterwarnings("ignore", "The targets look unscaled")
        return estimator.fit(X, y, **fit_params)


fitted.__thread_safe__ = False  # the filter of warnings belongs to the whole process


def parameters(estimator):
    """Return all weights and offsets as one vector."""
    return np.concatenate([array.ravel() for array in estimator.coefs_ + estimator.intercepts_])
