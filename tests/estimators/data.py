"""Small data sets that the estimators' tests share, and fits that stay silent."""

import warnings

import numpy as np
from sklearn.datasets import make_classification, make_multilabel_classification, make_regression
from sklearn.exceptions import ConvergenceWarning

from sknn import MLPClassifier, MLPRegressor


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


def fitted(estimator, X, y, **fit_params):
    """Fit for a few epochs without a word about convergence."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        return estimator.fit(X, y, **fit_params)


def parameters(estimator):
    """Return all weights and offsets as one vector."""
    return np.concatenate([array.ravel() for array in estimator.coefs_ + estimator.intercepts_])
