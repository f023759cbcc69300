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
from tests.estimators.configurations import FAMILIES, divided, expected_failed_checks

ONE_A_FAMILY, OTHERS = divided()

#: The checks' data are tiny, unscaled and many, so training may run out of epochs or diverge.
OF_TINY_DATA = [
    "ignore::sklearn.exceptions.ConvergenceWarning",
    "ignore:overflow encountered:RuntimeWarning",
    "ignore:The targets look unscaled:UserWarning",
    "ignore:The least populated class:UserWarning",
    "ignore:Number of classes in training fold:UserWarning",
]
STRICT = (
    {"xfail_strict": True} if parse_version(sklearn.__version__) >= parse_version("1.8") else {}
)


#: Three checks that scikit-learn runs on its own estimators only.
OUTSIDE_CHECK_ESTIMATOR = [
    estimator_checks.check_param_validation,
    estimator_checks.check_dataframe_column_names_consistency,
    estimator_checks.check_inplace_ensure_writeable,
]


def test_families_are_among_the_configurations():
    """Each once, or one would be tested twice or not at all."""
    assert sorted(map(repr, ONE_A_FAMILY)) == sorted(map(repr, FAMILIES))


@pytest.mark.filterwarnings(*OF_TINY_DATA)
@parametrize_with_checks(ONE_A_FAMILY, expected_failed_checks=expected_failed_checks, **STRICT)
def test_check_estimator(estimator, check):
    """Every check that scikit-learn has for such an estimator, on one of each family."""
    check(estimator)


@pytest.mark.exhaustive
@pytest.mark.filterwarnings(*OF_TINY_DATA)
@parametrize_with_checks(OTHERS, expected_failed_checks=expected_failed_checks, **STRICT)
def test_check_estimator_exhaustively(estimator, check):
    """The same on all other configurations."""
    check(estimator)


@pytest.mark.filterwarnings(*OF_TINY_DATA)
@pytest.mark.parametrize("estimator", ONE_A_FAMILY, ids=repr)
@pytest.mark.parametrize("check", OUTSIDE_CHECK_ESTIMATOR)
def test_checks_outside_check_estimator(estimator, check):
    """Checks that `check_estimator` leaves out, on one of each family."""
    check(type(estimator).__name__, clone(estimator))


@pytest.mark.exhaustive
@pytest.mark.filterwarnings(*OF_TINY_DATA)
@pytest.mark.parametrize("estimator", OTHERS, ids=repr)
@pytest.mark.parametrize("check", OUTSIDE_CHECK_ESTIMATOR)
def test_checks_outside_check_estimator_exhaustively(estimator, check):
    """The same on all other configurations."""
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
