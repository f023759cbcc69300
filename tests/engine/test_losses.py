"""Losses: their definitions, the relations between them, and raw outputs of any size."""

from itertools import product

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.special import expit, log_expit, log_softmax, softmax
from scipy.special import huber as scipy_huber
from sklearn import metrics

from sknn.engine import (
    NLL,
    NLLM,
    AbsoluteError,
    Brier,
    Gamma,
    Hinge,
    Huber,
    Loss,
    MaskedLoss,
    MulticlassHinge,
    MultiOutputLoss,
    Poisson,
    Quantile,
    SquaredError,
    SquaredHinge,
)
from tests.engine.gradients import VALID_Y, concrete_classes, raw_predict, recipes
from tests.generators import OwnGenerator

LOSSES = [
    make(np.random.default_rng(0), 3) for cls in concrete_classes(Loss) for make in recipes(cls)
]
PROBABILISTIC = [loss for loss in LOSSES if loss.has_probabilities]

#: The largest raw outputs to try: their differences are still within the type.
LARGEST = {"float32": 1e37, "float64": 1e300}

#: Losses whose value grows faster than the raw outputs, so that it must leave the type's range.
OVERFLOWING = (SquaredError, SquaredHinge)

#: Losses with an exponential, which leaves the type's range early, as does their gradient.
EXPONENTIAL = (Gamma, Poisson)
FINITE = [loss for loss in LOSSES if not isinstance(loss, EXPONENTIAL)]


def by_name(losses):
    """Return losses as a parameter of a test."""
    return pytest.mark.parametrize("loss", losses, ids=lambda loss: type(loss).__name__)


@pytest.fixture
def rng():
    """Return a generator; every test has the same."""
    return OwnGenerator()


@pytest.fixture
def z(rng):
    """Return raw outputs of 50 samples and 4 units."""
    return rng.normal(scale=3, size=(50, 4))


def binary(rng, n=50):
    """Draw labels 0 and 1, as a column."""
    return rng.integers(2, size=(n, 1))


def written(loss, labels):
    """Write 0 and 1 as a loss has it."""
    return np.array(loss.codes)[labels]


# Raw outputs of any size


def extremes(dtype):
    """Return rows of 3 with every combination of tiny, common and huge raw outputs."""
    sizes = [0.0, 1e-30, 1.0, 40.0, 800.0, 1e10, LARGEST[dtype]]
    return np.array(list(product([*sizes, *(-size for size in sizes)], repeat=3)), dtype)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("shape", [(50, 3), (1, 10), (2, 7, 4), (0, 3), (5, 1)])
def test_log_softmax_has_the_bits_of_scipy(dtype, shape):
    """Also where exponentials underflow, and of infinities."""
    z = np.random.default_rng(0).normal(0, 50, size=shape).astype(dtype)
    if len(z) > 4:
        z[0, :], z[1, 0], z[2, -1] = -np.inf, np.inf, -np.inf
    with np.errstate(invalid="ignore"):
        found, expected = NLLM().log_inverse_link(z), log_softmax(z, axis=-1)
    assert found.dtype == dtype
    assert_array_equal(found, expected)


@pytest.mark.parametrize("right", range(3))
@pytest.mark.parametrize("dtype", LARGEST)
@by_name(FINITE)
def test_losses_are_finite_for_large_raw_outputs(loss, dtype, right):
    """Value, gradient and activation neither overflow nor warn (warnings are errors here)."""
    z = extremes(dtype)
    y = written(loss, np.eye(3, dtype=int)[right]).astype(dtype) * np.ones_like(z)
    found = {"gradient": loss.gradient(z, y), "inverse_link": loss.inverse_link(z)}
    if not isinstance(loss, OVERFLOWING):
        found["value"] = loss.value(z, y)
    if loss.has_probabilities:
        found["log_inverse_link"] = loss.log_inverse_link(z)
    for name, array in found.items():
        assert array.dtype == dtype, name
        assert np.isfinite(array).all(), name


@by_name(FINITE)
def test_losses_are_finite_for_all_valid_y(loss, rng):
    """Soft targets and numbers are as safe as labels."""
    z = extremes("float64")
    y = VALID_Y[type(loss)](rng, z.shape)
    assert np.isfinite(loss.gradient(z, y)).all()
    if not isinstance(loss, OVERFLOWING):
        assert np.isfinite(loss.value(z, y)).all()


@pytest.mark.parametrize(
    ("loss", "expected"),
    [
        (NLL(), [2e300, 0]),
        (NLLM(), [2e300, 0]),
        (Hinge(), [2e300, 0]),
        (MulticlassHinge(), [2e300, 0]),
        (Brier(), [1, 0]),
    ],
    ids=lambda value: type(value).__name__,
)
def test_loss_of_large_raw_outputs(loss, expected):
    """Two units at 1e300 that are both wrong cost 2e300 (or a bounded 1), both right nothing."""
    z = np.array([[1e300, -1e300]])
    wrong, right = (written(loss, np.array([labels])) for labels in [[0, 1], [1, 0]])
    assert_allclose([loss.value(z, wrong)[0], loss.value(z, right)[0]], expected, rtol=1e-12)


def test_nll_of_confident_correct_prediction_is_positive():
    """NLL keeps its relative precision where 1 - a is 0 in floating point."""
    z = np.array([[10.0], [40.0], [700.0]])
    assert_allclose(NLL().value(z, np.ones_like(z)), -log_expit(z[:, 0]), rtol=1e-13)


# Definitions


def test_squared_error(z, rng):
    """Half the squared distance; scikit-learn's metric is the mean over outputs, unhalved."""
    y = rng.normal(size=z.shape)
    expected = 4 / 2 * metrics.mean_squared_error(y, z)
    assert_allclose(SquaredError().value(z, y).mean(), expected)
    assert_allclose(SquaredError().value(z[:1], y[:1]), [np.linalg.norm(z[0] - y[0]) ** 2 / 2])


def test_binary_hinge(z, rng):
    """The mean is scikit-learn's metric."""
    labels = binary(rng)
    found = Hinge().value(z[:, :1], written(Hinge(), labels)).mean()
    assert_allclose(found, metrics.hinge_loss(labels.ravel(), z[:, 0]))


def test_multiclass_hinge(z, rng):
    """The mean is scikit-learn's metric, which is Crammer and Singer's too."""
    labels = rng.integers(4, size=50)
    y = written(MulticlassHinge(), np.eye(4, dtype=int)[labels])
    found = MulticlassHinge().value(z, y).mean()
    assert_allclose(found, metrics.hinge_loss(labels, z, labels=range(4)))


def test_negative_log_likelihood(z, rng):
    """The mean is scikit-learn's metric, at the probability that the sigmoid gives."""
    labels = binary(rng)
    found = NLL().value(z[:, :1], labels).mean()
    assert_allclose(found, metrics.log_loss(labels.ravel(), expit(z[:, 0])))


def test_negative_log_likelihood_of_many_classes(z, rng):
    """The mean is scikit-learn's metric, at the probabilities that softmax gives."""
    labels = rng.integers(4, size=50)
    found = NLLM().value(z, np.eye(4)[labels]).mean()
    assert_allclose(found, metrics.log_loss(labels, softmax(z, axis=1), labels=range(4)))


def test_negative_log_likelihoods_of_soft_targets(z, rng):
    """A share between 0 and 1 mixes the losses of no and yes."""
    y = VALID_Y[NLL](rng, z.shape)
    mixed = -(y * log_expit(z) + (1 - y) * log_expit(-z)).sum(axis=1)
    assert_allclose(NLL().value(z, y), mixed)
    y = VALID_Y[NLLM](rng, z.shape)
    assert_allclose(NLLM().value(z, y), -(y * log_softmax(z, axis=1)).sum(axis=1))


def test_brier(z, rng):
    """Half of scikit-learn's metric for two classes, where that sums over one of them."""
    labels = binary(rng)
    found = Brier().value(z[:, :1], labels).mean()
    assert_allclose(found, metrics.brier_score_loss(labels.ravel(), expit(z[:, 0])) / 2)


@by_name([SquaredError(), Hinge(), NLL(), Brier()])
def test_losses_of_independent_outputs_are_summed(loss, z, rng):
    """Several columns cost what each costs alone, in value and gradient."""
    y = VALID_Y[type(loss)](rng, z.shape)
    columns = [(z[:, [j]], y[:, [j]]) for j in range(4)]
    assert_allclose(loss.value(z, y), sum(loss.value(*column) for column in columns))
    assert_allclose(loss.gradient(z, y), np.hstack([loss.gradient(*column) for column in columns]))


@pytest.mark.parametrize(
    ("loss", "z", "y", "gradient"),
    [
        (Hinge(), [1.0, -1.0], [1.0, -1.0], [0, 0]),
        (MulticlassHinge(), [1.0, 0.0], [1.0, -1.0], [0, 0]),
        (MulticlassHinge(), [0.0, 2.0, 2.0], [1.0, -1.0, -1.0], [-1, 1, 0]),
        (MulticlassHinge(), [3.0, 2.5, 0.0], [1.0, -1.0, -1.0], [-1, 1, 0]),
    ],
    ids=["margin of 1", "margin of 1 to the rival", "rivals that tie", "margin below 1"],
)
def test_hinge_losses_at_their_kinks(loss, z, y, gradient):
    """The gradient at a margin of 1 is 0; of equal rivals the first has the gradient."""
    assert_array_equal(loss.gradient(np.array([z]), np.array([y])), [gradient])


# Relations


def test_softmax_of_two_classes_is_the_sigmoid_of_their_difference(z):
    """In probabilities and their logarithms."""
    two, difference = z[:, :2], z[:, [1]] - z[:, [0]]
    assert_allclose(NLLM().inverse_link(two)[:, [1]], NLL().inverse_link(difference))
    assert_allclose(NLLM().log_inverse_link(two)[:, [1]], NLL().log_inverse_link(difference))


def test_nllm_of_two_classes_is_nll(z, rng):
    """In values and gradients; what one unit gains the other loses."""
    two, difference = z[:, :2], z[:, [1]] - z[:, [0]]
    y = VALID_Y[NLL](rng, (50, 1))
    both = np.hstack([1 - y, y])
    assert_allclose(NLLM().value(two, both), NLL().value(difference, y))
    gradient = NLL().gradient(difference, y)
    assert_allclose(NLLM().gradient(two, both), np.hstack([-gradient, gradient]), atol=1e-15)


@by_name([NLLM(), MulticlassHinge()])
def test_multiclass_losses_are_shift_invariant(loss, z):
    """Raising all raw outputs of a sample alike changes nothing."""
    y = written(loss, np.eye(4, dtype=int)[np.arange(50) % 4])
    assert_allclose(loss.value(z + 5, y), loss.value(z, y), rtol=1e-12)
    assert_allclose(loss.gradient(z + 5, y), loss.gradient(z, y), atol=1e-14)


@by_name([NLLM(), MulticlassHinge()])
def test_multiclass_loss_of_single_class_is_zero(loss, rng):
    """Without another class loss and gradient are 0."""
    z = raw_predict(rng, (20, 1)) * 1e10
    y = written(loss, np.ones((20, 1), int))
    assert_array_equal(loss.value(z, y), np.zeros(20))
    assert_array_equal(loss.gradient(z, y), np.zeros((20, 1)))


# Output activations

ACTIVATIONS = {
    "identity": lambda z: z,
    "exp": np.exp,
    "logistic": expit,
    "softmax": lambda z: softmax(z, axis=-1),
}


@by_name(LOSSES)
def test_out_activation_names_inverse_link(loss, z):
    """`out_activation` says in scikit-learn's words what `inverse_link` does."""
    assert_allclose(loss.inverse_link(z), ACTIVATIONS[loss.out_activation](z), rtol=1e-12)


@by_name(PROBABILISTIC)
def test_log_inverse_link_is_log_of_inverse_link(loss, z):
    """And it goes on where `inverse_link` has rounded to 0."""
    assert_allclose(np.exp(loss.log_inverse_link(z)), loss.inverse_link(z), rtol=1e-12)
    far = np.array([[-1e4, 1e4]])
    assert loss.inverse_link(far)[0, 0] == 0
    assert loss.log_inverse_link(far)[0, 0] <= -1e4


@by_name([loss for loss in LOSSES if not loss.has_probabilities])
def test_log_inverse_link_without_probabilities_raises(loss, z):
    """There is no logarithm of what is not a probability."""
    with pytest.raises(NotImplementedError, match=f"{type(loss).__name__} gives no probabilities"):
        loss.log_inverse_link(z)


@by_name(FINITE)
def test_correct_label_has_lower_loss(loss):
    """`codes` are the numbers that the loss takes for no and yes."""
    z = np.array([[2.0, -2.0]])
    truth, lie = (written(loss, np.array([labels])) for labels in [[1, 0], [0, 1]])
    assert loss.value(z, truth) < loss.value(z, lie)


@by_name([loss for loss in LOSSES if isinstance(loss, EXPONENTIAL)])
def test_log_link_losses_are_finite_where_exp_is(loss):
    """Up to raw outputs of 80 in float32, of either sign."""
    z = np.array([[-80.0, 0.0, 80.0]], "float32")
    y = np.array([[1.0, 1e-5, 1e5]], "float32")
    for array in (loss.value(z, y), loss.gradient(z, y), loss.inverse_link(z)):
        assert array.dtype == np.float32
        assert np.isfinite(array).all()


REAL_LOSSES = {
    "absolute": (AbsoluteError(), metrics.mean_absolute_error, 4),
    "huber": (Huber(1.5), lambda y, a: np.mean(scipy_huber(1.5, y - a)), 4),
    "quantile": (Quantile([0.3]), lambda y, a: metrics.mean_pinball_loss(y, a, alpha=0.3), 4),
    "poisson": (Poisson(), lambda y, a: metrics.mean_poisson_deviance(y.ravel(), a.ravel()), 2),
    "gamma": (Gamma(), lambda y, a: metrics.mean_gamma_deviance(y.ravel(), a.ravel()), 2),
}


@pytest.mark.parametrize(("loss", "metric", "factor"), REAL_LOSSES.values(), ids=REAL_LOSSES)
def test_regression_losses_equal_sklearn_metrics(loss, metric, factor, z, rng):
    """Summed over 4 outputs where the metric is averaged; of deviances the half."""
    y = VALID_Y[type(loss)](rng, z.shape)
    assert_allclose(loss.value(z, y).mean(), factor * metric(y, loss.inverse_link(z)))


def test_squared_hinge_is_one_vs_rest(z):
    """A column a class, summed."""
    y = 2 * np.eye(4)[np.arange(50) % 4] - 1
    assert_allclose(SquaredHinge().value(z, y), (np.maximum(0, 1 - y * z) ** 2).sum(axis=1))


def test_quantiles_never_cross(rng):
    """Whatever the raw outputs; the loss is the sum of each quantile's, its gradient theirs."""
    loss = Quantile([0.1, 0.5, 0.9])
    z, y = rng.normal(scale=5, size=(50, 6)), np.repeat(rng.normal(size=(50, 2)), 3, axis=1)
    a = loss.inverse_link(z)
    assert (np.diff(a.reshape(50, 2, 3), axis=-1) > 0).all()
    alone = sum(Quantile([q]).value(a[:, i::3], y[:, i::3]) for i, q in enumerate([0.1, 0.5, 0.9]))
    assert_allclose(loss.value(z, y), alone)
    step = 1e-6 * rng.normal(size=z.shape)
    slope = (loss.value(z + step, y) - loss.value(z - step, y)) / 2
    assert_allclose((loss.gradient(z, y) * step).sum(axis=1), slope, rtol=1e-5, atol=1e-15)


@pytest.mark.parametrize("quantiles", [[], [0], [1.0], [0.5, 0.1], [0.5, 0.5], [np.nan]])
def test_invalid_quantiles_are_errors(quantiles):
    """Outside (0, 1), or not increasing."""
    with pytest.raises(ValueError, match=r"inside \(0, 1\), several of them increasing"):
        Quantile(quantiles)


@pytest.mark.parametrize("loss", [SquaredError(), Huber(), Quantile([0.2]), Poisson(), Gamma()])
def test_masked_loss_of_unknown_targets_is_zero(loss, z, rng):
    """A NaN leaves the loss and the gradient of its column out; the others are as without it."""
    y = VALID_Y[type(loss)](rng, z.shape)
    unknown = rng.uniform(size=z.shape) < 0.3
    known = MaskedLoss(loss)
    partly = np.where(unknown, np.nan, y)
    columns = [loss.value(z[:, i : i + 1], y[:, i : i + 1]) for i in range(4)]
    expected = np.where(unknown, 0, np.column_stack(columns)).sum(axis=1)
    assert_allclose(known.value(z, partly), expected, atol=1e-12)
    assert_allclose(
        known.gradient(z, partly), np.where(unknown, 0, loss.gradient(z, y)), atol=1e-12
    )
    assert_array_equal(known.inverse_link(z), loss.inverse_link(z))


@pytest.mark.parametrize("loss", [Poisson(), Gamma()])
def test_log_link_intercept_of_zero_targets_is_finite(loss):
    """Also if all targets are 0 or unknown."""
    y = np.array([[0.0, np.nan, 2.0], [0.0, np.nan, np.nan]])
    assert_allclose(loss.inverse_link(loss.fit_intercept_only(y)), [1e-4, 1.0, 2.0], rtol=1e-12)


@pytest.mark.parametrize("w", [[1e308] * 3, [1e-308] * 3, [1, 1e308, 1]])
def test_weighted_nanmean_of_large_weights(w):
    """Their sum may overflow."""
    y = np.array([[1.0], [5.0], [9.0]])
    assert_allclose(SquaredError().fit_intercept_only(y, np.array(w)), [5.0])


@pytest.mark.parametrize("loss", LOSSES, ids=repr)
def test_value_and_gradient_equals_separate_calls(loss):
    """Where they share their work, too; for raw outputs of any size."""
    for scale in (1.0, 1e30):
        z = scale * raw_predict(np.random.default_rng(0), (50, 3)).astype(np.float32)
        y = VALID_Y[type(loss)](np.random.default_rng(1), z.shape).astype(np.float32)
        with np.errstate(over="ignore", invalid="ignore"):
            value, gradient = loss.value_and_gradient(z, y)
            np.testing.assert_array_equal(value, loss.value(z, y))
            np.testing.assert_array_equal(gradient, loss.gradient(z, y))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_nllm_of_smoothed_labels_has_no_cancellation(dtype):
    """Shifting all raw outputs changes nothing, and at most the largest number is lost."""
    z = np.array([[1.0, 2.0, 4.0]], dtype)
    y = np.array([[0.9, 0.05, 0.05]], dtype)
    loss, largest = NLLM(), np.finfo(dtype).max
    for shift in (30, 100, 1000):
        expected = loss.value(z.astype(np.float64), y)
        assert_allclose(loss.value(z + dtype(shift), y), expected, rtol=1e-5)
    for extreme in ([largest] * 3, [largest / 2] * 3, [-largest] * 3):
        assert_allclose(loss.value(np.array([extreme], dtype), y), np.log(3), rtol=1e-5)
    with np.errstate(over="ignore"):
        assert np.isfinite(loss.value(np.array([[largest, largest, -largest]], dtype), y)).all()


@by_name(LOSSES)
def test_link_is_finite_at_interval_ends(loss):
    """Shares of 0 and 1 are no place to begin; others come back from their link."""
    ends = np.array([[0.0, 1.0, 1.0]])
    assert np.isfinite(loss.link(ends)).all()
    answers = np.array([[0.2, 0.3, 0.5]])
    assert_allclose(loss.inverse_link(loss.link(answers)), answers, rtol=1e-10)


class Cauchit(SquaredError):
    """A loss of the user's, whose probabilities reach 0."""

    has_probabilities = True

    def inverse_link(self, z):
        """Return probabilities."""
        return np.clip(z, 0, 1)


def test_default_log_inverse_link_allows_probability_0():
    """Minus infinity, and no warning."""
    z = np.array([[-1.0, 0.5]])
    assert_allclose(Cauchit().log_inverse_link(z), [[-np.inf, np.log(0.5)]])


def test_masked_loss_delegates_to_its_loss():
    """Link, activation and what else is not about targets."""
    inner, known = Poisson(), MaskedLoss(Poisson())
    a = np.array([[1.0, 2.0, 3.0]])
    assert_array_equal(known.link(a), inner.link(a))
    assert_array_equal(known.average_members(a[None]), inner.average_members(a[None]))
    for name in ("out_activation", "interval_y_true", "homogeneity_degree", "units_per_output"):
        assert getattr(known, name) == getattr(inner, name)


def test_multi_output_loss_equals_separate_losses():
    """Their activations and logarithms stand side by side; a softmax gives the name."""
    both = MultiOutputLoss([NLL(), NLLM()], [1, 3])
    z = np.random.default_rng(0).normal(size=(5, 4))
    for name in ("inverse_link", "log_inverse_link", "link"):
        given = expit(z) if name == "link" else z
        apart = [getattr(NLL(), name)(given[:, :1]), getattr(NLLM(), name)(given[:, 1:])]
        assert_array_equal(getattr(both, name)(given), np.hstack(apart))
    assert both.out_activation == "softmax"
    assert MultiOutputLoss([NLL(), NLL()], [1, 1]).out_activation == "logistic"
    assert both.has_probabilities
    assert not MultiOutputLoss([NLL(), Hinge()], [1, 1]).has_probabilities


def test_weighted_quantiles_of_many_float32_weights():
    """Small weights count beside a large one: their sum has twice the digits."""
    y, w = np.arange(2001.0)[:, None], np.ones(2001)
    w[0] = 2.0**24
    level = (2.0**24 + 1000) / w.sum()
    start = Quantile([level]).fit_intercept_only(y, w.astype(np.float32))
    assert_allclose(start, [1000], atol=1)


def test_quantile_gradient_of_exact_prediction_is_zero():
    """At its kink the slope is taken as 0."""
    z = np.array([[2.0, -1.0]])
    assert_array_equal(Quantile([0.3]).gradient(z, z), [[0, 0]])


def test_quantile_link_inverts_inverse_link():
    """The first is as it is, the others are steps."""
    z = np.array([[1.0, -2.0, 3.0, 0.0, 0.5, 30.0]])
    loss = Quantile([0.1, 0.5, 0.9])
    assert_allclose(loss.link(loss.inverse_link(z)), z, rtol=1e-9, atol=1e-9)


def test_weighted_nanmean_with_unknown_largest_weight():
    """The heaviest row may be one that is not known."""
    y = np.array([[np.nan], [2.0], [4.0]])
    assert_allclose(SquaredError().fit_intercept_only(y, np.array([1.0, 0.2, 0.2])), [3.0])


def test_loss_defaults():
    """What the documentation says."""
    assert Huber().delta == 1
    assert Quantile().quantiles == (0.5,)
