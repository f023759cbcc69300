"""scikit-learn's own checks, on every configuration."""

import pytest
import sklearn
from sklearn.base import clone
from sklearn.neural_network import MLPClassifier as SklearnClassifier
from sklearn.neural_network import MLPRegressor as SklearnRegressor
from sklearn.utils import estimator_checks
from sklearn.utils.estimator_checks import estimator_checks_generator, parametrize_with_checks
from sklearn.utils.fixes import parse_version

from sknn import MLPClassifier, MLPRegressor
from tests.estimators.configurations import (
    ESTIMATORS,
    ESTIMATORS_OF_TABLES,
    expected_failed_checks,
)

EVERY_ESTIMATOR = ESTIMATORS + ESTIMATORS_OF_TABLES

#: The checks' data are tiny, unscaled and many, so training may run out of epochs or diverge.
OF_TINY_DATA = [
    "ignore::sklearn.exceptions.ConvergenceWarning",
    "ignore:overflow encountered:RuntimeWarning",
]
STRICT = (
    {"xfail_strict": True} if parse_version(sklearn.__version__) >= parse_version("1.8") else {}
)


@pytest.mark.filterwarnings(*OF_TINY_DATA)
@parametrize_with_checks(EVERY_ESTIMATOR, expected_failed_checks=expected_failed_checks, **STRICT)
def test_check_estimator(estimator, check):
    """Every check that scikit-learn has for such an estimator."""
    check(estimator)


@pytest.mark.filterwarnings(*OF_TINY_DATA)
@pytest.mark.parametrize("estimator", EVERY_ESTIMATOR, ids=repr)
@pytest.mark.parametrize(
    "check",
    [
        estimator_checks.check_param_validation,
        estimator_checks.check_dataframe_column_names_consistency,
        estimator_checks.check_inplace_ensure_writeable,
    ],
)
def test_checks_outside_check_estimator(estimator, check):
    """Three checks that scikit-learn runs on its own estimators only."""
    check(type(estimator).__name__, clone(estimator))


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [(MLPClassifier(), SklearnClassifier()), (MLPRegressor(), SklearnRegressor())],
)
def test_no_check_is_avoided(ours, theirs):
    """Our tags ask for every check that scikit-learn's MLP undergoes."""
    assert check_names(ours) >= check_names(theirs)


def check_names(estimator):
    """Return the names of the checks that an estimator's tags ask for."""
    checks = estimator_checks_generator(estimator)
    return {getattr(check, "func", check).__name__ for _, check in checks}
