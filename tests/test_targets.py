"""Targets: encoding y, decoding raw outputs, and the losses of each kind."""

import inspect
import tracemalloc
from importlib import import_module
from pkgutil import walk_packages

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.special import logsumexp

from sknn import targets
from sknn.engine import (
    NLL,
    NLLM,
    AbsoluteError,
    Brier,
    Gamma,
    Hinge,
    Huber,
    MaskedLoss,
    MulticlassHinge,
    Poisson,
    Quantile,
    SquaredError,
    SquaredHinge,
)
from sknn.targets import (
    TARGETS,
    BinaryTarget,
    ClassTarget,
    MulticlassTarget,
    MultilabelTarget,
    MultioutputTarget,
    RealTarget,
    TargetMoments,
    label_codes,
)

#: For each kind a target and a y.
EXAMPLES = {
    "binary": (BinaryTarget(np.array([0, 1])), np.array([1, 0, 0, 1, 1])),
    "multiclass": (MulticlassTarget(np.array([0, 1, 2])), np.array([2, 0, 1, 1, 2])),
    "multilabel": (
        MultilabelTarget(np.arange(3)),
        np.array([[1, 0, 1], [0, 0, 0], [1, 1, 1], [0, 1, 0]]),
    ),
    "real": (RealTarget(2), np.array([[0.5, -1.0], [2.0, 0.0], [-0.25, 3.0]])),
}

#: Sorted labels of several types.
LABELS = {
    "integers": [3, 5, 8],
    "negative": [-1, 0, 1],
    "floats": [0.5, 1.0, 2.5],
    "strings": ["a", "bb", "ccc"],
}

#: Multioutput targets have a test of their own below.
SINGLE = {kind: target for kind, target in TARGETS.items() if kind != "multioutput"}

every_kind = pytest.mark.parametrize("kind", SINGLE)
#: Losses of positive targets, tested with the regressor.
POSITIVE_LOSSES = {"poisson", "gamma"}
LOSSES = [
    (kind, name)
    for kind, target in SINGLE.items()
    for name in target.losses
    if name not in POSITIVE_LOSSES
]

every_loss = pytest.mark.parametrize(("kind", "name"), LOSSES)
every_loss_of_classes = pytest.mark.parametrize(
    ("kind", "name"), [pair for pair in LOSSES if issubclass(TARGETS[pair[0]], ClassTarget)]
)


def encoded(kind, name):
    """Return a target, its loss of this name, y and the encoded y."""
    target, y = EXAMPLES[kind]
    loss = target.loss(name)
    return target, loss, y, target.encode(y, loss.codes)


def certain_outputs(Y, loss):
    """Return raw outputs that predict Y with high probability."""
    return Y if loss.out_activation == "identity" else 5 * (2 * Y - 1)


def one_hot(labels):
    """Return the one-hot encoding of labels 0, 1, 2."""
    return np.eye(3)[labels]


# All kinds and all losses


def concrete_targets():
    """Return the concrete subclasses of Target in all files of the folder."""
    found = set()
    for file in walk_packages(targets.__path__, f"{targets.__name__}."):
        classes = [cls for _, cls in inspect.getmembers(import_module(file.name), inspect.isclass)]
        found |= {cls for cls in classes if issubclass(cls, targets.Target)}
    return {cls for cls in found if not inspect.isabstract(cls)}


def test_every_target_is_registered_and_has_an_example():
    """A new kind of target needs an example above."""
    assert set(TARGETS.values()) == concrete_targets()
    assert all(getattr(targets, cls.__name__) is cls for cls in TARGETS.values())
    assert set(SINGLE) == set(EXAMPLES)
    assert all(type(target) is TARGETS[kind] for kind, (target, _) in EXAMPLES.items())


def test_every_loss_contains_the_losses_of_all_targets():
    """So that a target refuses the losses of the others."""
    tables = [{*target.losses.values(), *target.more_losses} for target in TARGETS.values()]
    assert set.union(*tables) == targets.EVERY_LOSS


@every_loss
def test_decode_inverts_encode(kind, name):
    """Raw outputs for y are decoded as y."""
    target, loss, y, Y = encoded(kind, name)
    assert Y.shape == (len(y), target.n_outputs)
    decoded = target.decode(certain_outputs(Y, loss), loss)
    assert decoded.dtype == y.dtype
    assert_array_equal(decoded, y)


@every_loss
def test_loss_of_true_labels_is_below_that_of_opposite_ones(kind, name):
    """Target and loss agree on the codes for "no" and "yes"."""
    _, loss, y, Y = encoded(kind, name)
    right, wrong = (loss.value(sign * certain_outputs(Y, loss), Y) for sign in (1, -1))
    assert right.shape == (len(y),)
    assert (right < wrong).all()


@every_loss_of_classes
def test_log_proba_is_normalized_and_agrees_with_decode(kind, name):
    """Finite, and a sum of 1 over exclusive classes; NotImplementedError for other losses."""
    target, loss, y, Y = encoded(kind, name)
    z = certain_outputs(Y, loss) * np.linspace(0.1, 300, len(y))[:, None]
    if not loss.has_probabilities:
        with pytest.raises(NotImplementedError, match="gives no probabilities"):
            target.log_proba(loss, z)
        return
    log_p = target.log_proba(loss, z)
    assert np.isfinite(log_p).all()
    if kind == "multilabel":
        assert_array_equal(np.exp(log_p) > 0.5, target.decode(z, loss))
    else:
        assert log_p.shape == (len(y), len(target.classes))
        assert_allclose(logsumexp(log_p, axis=1), 0, atol=1e-12)
        assert_array_equal(target.classes[log_p.argmax(axis=1)], target.decode(z, loss))


def mean_of_sigmoids(k, scale, dtype):
    """Return members' outputs, one-vs-rest, and the log-odds of their mean probabilities."""
    z = (np.random.default_rng(0).normal(size=(3, 6, k)) * scale).astype(dtype)
    log_a = -np.logaddexp(0, -z.astype(np.float64))
    log_p = logsumexp(log_a - logsumexp(log_a, axis=-1, keepdims=True), axis=0) - np.log(3)
    others = [logsumexp(np.delete(log_p, i, axis=1), axis=1) for i in range(k)]
    return z, log_p - np.stack(others, axis=1)


@pytest.mark.parametrize("k", [3, 4, 20])
@pytest.mark.parametrize("scale", [0.0, 1, 30, 1e3])
@pytest.mark.parametrize(("dtype", "rtol"), [(np.float64, 1e-12), (np.float32, 1e-5)])
def test_members_of_one_vs_rest_average_probabilities(k, scale, dtype, rtol):
    """Exactly, also where a probability rounds to 1."""
    target = MulticlassTarget(np.arange(k))
    z, expected = mean_of_sigmoids(k, scale, dtype)
    averaged = target.average_members(z, Brier())
    assert averaged.dtype == dtype
    assert_allclose(averaged, expected, rtol=rtol, atol=rtol)
    dv = np.ones(averaged.shape, dtype)
    assert np.isfinite(target.average_members_backward(z, dv, Brier())).all()


@pytest.mark.parametrize("scale", [1, 5])
def test_members_of_one_vs_rest_backward(scale):
    """The gradient agrees with central differences, for each class and for all together."""
    target, h = MulticlassTarget(np.arange(4)), 1e-6
    rng = np.random.default_rng(0)
    z, t = rng.normal(size=(2, 3, 6, 4)) * [[[[scale]]], [[[1]]]]
    up, down = (target.average_members(z + s * h * t, Brier()) for s in (1, -1))
    for dv in (rng.normal(size=(6, 4)), *np.broadcast_to(np.eye(4)[:, None], (4, 6, 4))):
        dz = target.average_members_backward(z, dv, Brier())
        slope = np.sum(dv * (up - down) / (2 * h), axis=-1)
        assert_allclose(np.sum(dz * t, axis=(0, -1)), slope, atol=1e-7)


@pytest.mark.parametrize("method", ["average_members", "average_members_backward"])
def test_memory_of_many_classes_is_linear(method):
    """A few arrays of the members' size; not one of shape (n, k, k)."""
    n, k = 100, 400
    target, z = MulticlassTarget(np.arange(k)), np.random.default_rng(0).normal(size=(2, n, k))
    arguments = (z, Brier()) if method == "average_members" else (z, z[0], Brier())
    tracemalloc.start()
    try:
        getattr(target, method)(*arguments)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 12 * z.nbytes


@every_kind
def test_decision_has_scikit_learns_shape(kind):
    """Shape (n,) for two classes; the raw outputs unchanged for all others."""
    target, _ = EXAMPLES[kind]
    z = np.random.default_rng(0).normal(size=(4, target.n_outputs))
    assert_array_equal(target.decision(z), z.ravel() if kind == "binary" else z)


@pytest.mark.parametrize(
    ("kind", "name", "loss"),
    [
        ("binary", "auto", NLL),
        ("multiclass", "auto", NLLM),
        ("multilabel", "auto", NLL),
        ("real", "auto", SquaredError),
        ("binary", "hinge", Hinge),
        ("multiclass", "hinge", MulticlassHinge),
        ("multilabel", "hinge", Hinge),
    ],
)
def test_loss_by_name(kind, name, loss):
    """The name "auto" stands for the default loss of the target."""
    target, _ = EXAMPLES[kind]
    assert type(target.loss(target.default_loss if name == "auto" else name)) is loss


# Codes


def test_encode_binary_as_one_column():
    """With "yes" for the second class."""
    target, y = EXAMPLES["binary"]
    assert_array_equal(target.encode(y, (-1.0, 1.0)), 2.0 * y[:, None] - 1)


def test_encode_multiclass_as_one_column_a_class():
    """With "yes" in one and "no" in the others."""
    target, y = EXAMPLES["multiclass"]
    assert_array_equal(target.encode(y, (0.0, 1.0)), one_hot(y))
    assert_array_equal(target.encode(y, (-1.0, 1.0)), 2 * one_hot(y) - 1)


def test_encode_multilabel_as_indicators():
    """In the codes of the loss."""
    target, y = EXAMPLES["multilabel"]
    assert_array_equal(target.encode(y, (0.0, 1.0)), y)
    assert_array_equal(target.encode(y, (-1.0, 1.0)), 2 * y - 1)


def test_decode_one_real_column_as_1d():
    """Whether y was given as 1d array or as column."""
    target, y = RealTarget(1), np.array([1.5, -2.0])
    for given in [y, y[:, None]]:
        Y = target.encode(given, (-1.0, 1.0))
        assert_array_equal(Y, y[:, None])
        assert_array_equal(target.decode(Y, SquaredError()), y)


@every_kind
def test_encode_does_not_modify_y(kind):
    """A read-only y is accepted."""
    target, y = EXAMPLES[kind]
    frozen = y.copy()
    frozen.flags.writeable = False
    target.encode(frozen, (-1.0, 1.0))
    assert_array_equal(frozen, y)


@pytest.mark.parametrize("z", [0.0, -0.0])
def test_decode_breaks_ties_by_first_class(z):
    """A raw output of exactly 0 gives the first class, and an absent label."""
    tie = np.full((1, 3), z)
    assert EXAMPLES["binary"][0].decode(tie[:, :1], NLL()) == [0]
    assert EXAMPLES["multiclass"][0].decode(tie, NLL()) == [0]
    assert_array_equal(EXAMPLES["multilabel"][0].decode(tie, NLL()), [[0, 0, 0]])


# Labels


@pytest.mark.parametrize("labels", LABELS.values(), ids=LABELS)
@pytest.mark.parametrize("kind", ["binary", "multiclass"])
def test_relabelling_changes_no_code(kind, labels):
    """Predictions are labels of the same dtype."""
    target, y = EXAMPLES[kind]
    classes = np.array(labels[: len(target.classes)])
    renamed = type(target)(classes)
    Y = renamed.encode(classes[y], (-1.0, 1.0))
    assert_array_equal(Y, target.encode(y, (-1.0, 1.0)))
    decoded = renamed.decode(Y, SquaredError())
    assert decoded.dtype == classes.dtype
    assert_array_equal(decoded, classes[y])


def test_encode_follows_order_of_classes():
    """Reversed classes give reversed columns."""
    target, y = EXAMPLES["multiclass"]
    reverse = type(target)(target.classes[::-1])
    codes = (0.0, 1.0)
    assert_array_equal(reverse.encode(y, codes), target.encode(y, codes)[:, ::-1])


def test_encode_labels_of_some_classes_only():
    """Indices refer to all classes, not to the labels present."""
    target, _ = EXAMPLES["multiclass"]
    assert_array_equal(target.encode(np.array([2, 2]), (0.0, 1.0)), one_hot([2, 2]))
    assert_array_equal(targets.class_numbers(target.classes, np.array([2, 1])), [2, 1])


@pytest.mark.parametrize("unknown", [3, -1, 0.5])
@pytest.mark.parametrize("kind", ["binary", "multiclass"])
def test_encode_rejects_unknown_labels(kind, unknown):
    """Between, below and above the known ones."""
    with pytest.raises(ValueError, match=r"`y` has classes not in `self.classes_`"):
        EXAMPLES[kind][0].encode(np.array([0, unknown, 1]), (0.0, 1.0))


@pytest.mark.parametrize(
    ("kind", "y", "message"),
    [
        ("binary", np.zeros((3, 2)), "should be a 1d array"),
        ("multiclass", np.zeros((3, 1)), "should be a 1d array"),
        ("multilabel", np.zeros((3, 2)), "as many columns as when training began, 3"),
        ("multilabel", np.zeros(3), "as many columns as when training began, 3"),
        ("multilabel", np.array([[0, 1, 2]]), "only 0 and 1"),
        ("multilabel", np.array([[0, 1, 0.5]]), "only 0 and 1"),
        ("real", np.zeros((3, 1)), "as many columns as when training began, 2"),
        ("real", np.zeros(3), "as many columns as when training began, 2"),
    ],
)
def test_encode_rejects_other_shapes_and_values(kind, y, message):
    """The message says what the target expects."""
    with pytest.raises(ValueError, match=message):
        EXAMPLES[kind][0].encode(y, (0.0, 1.0))


@pytest.mark.parametrize("name", MulticlassTarget.losses)
def test_single_class_is_predicted_with_probability_1(name):
    """One column of "yes", decoded as the class whatever the raw output."""
    target = MulticlassTarget(np.array(["only"]))
    y, z = np.array(["only"] * 3), np.array([[-7.0], [0.0], [7.0]])
    loss = target.loss(name)
    assert_array_equal(target.encode(y, loss.codes), np.full((3, 1), loss.codes[1]))
    assert_array_equal(target.decode(z, loss), y)
    if loss.has_probabilities:
        assert_array_equal(target.log_proba(loss, z), np.zeros((3, 1)))


@pytest.mark.parametrize("name", MultioutputTarget.losses)
def test_multioutput_equals_its_columns_side_by_side(name):
    """Codes, losses, gradients, decisions and probabilities."""
    y = np.array([["a", "x"], ["b", "y"], ["c", "x"], ["a", "y"]])
    columns = [MulticlassTarget(np.array(["a", "b", "c"])), BinaryTarget(np.array(["x", "y"]))]
    target = MultioutputTarget([column.classes for column in columns])
    loss, losses = target.loss(name), [column.loss(name) for column in columns]
    Y = target.encode(y, loss.codes)
    z = np.random.default_rng(0).normal(size=(4, 4))
    parts = [(z[:, :3], Y[:, :3]), (z[:, 3:], Y[:, 3:])]
    for i, (column, own, (u, v)) in enumerate(zip(columns, losses, parts, strict=True)):
        assert_array_equal(column.encode(y[:, i], own.codes), v)
        assert_array_equal(column.decode(u, own), target.decode(z, loss)[:, i])
        assert_array_equal(column.decision(u), target.decision(z)[i])
        smooth = np.split(target.smooth_labels(Y, 0.2), [3], 1)[i]
        assert_array_equal(column.smooth_labels(v, 0.2), smooth)
        if loss.has_probabilities:
            assert_array_equal(column.proba(own, u), target.proba(loss, z)[i])
            assert_array_equal(column.log_proba(own, u), target.log_proba(loss, z)[i])
    expected = [own.value(u, v) for own, (u, v) in zip(losses, parts, strict=True)]
    assert_allclose(loss.value(z, Y), np.sum(expected, axis=0))
    slopes = [own.gradient(u, v) for own, (u, v) in zip(losses, parts, strict=True)]
    assert_array_equal(loss.gradient(z, Y), np.hstack(slopes))
    activated = [own.inverse_link(u) for own, (u, _) in zip(losses, parts, strict=True)]
    assert_array_equal(loss.inverse_link(z), np.hstack(activated))
    assert_array_equal(target.decode(3.0 * (Y > 0) - 1, loss), y)


# Losses as objects

#: Losses of the engine that each kind of target refuses.
UNSUITABLE = {
    "binary": [NLLM, MulticlassHinge, Poisson, Gamma, Quantile, AbsoluteError, Huber],
    "multiclass": [Poisson, Gamma, Quantile, AbsoluteError, Huber],
    "multilabel": [NLLM, MulticlassHinge, Poisson, Gamma, Quantile, AbsoluteError, Huber],
    "real": [NLL, NLLM, Hinge, SquaredHinge, MulticlassHinge, Brier],
}


class UserLoss(NLLM):
    """A user-defined loss."""


@every_kind
def test_loss_objects_of_the_engine_must_suit_the_target(kind):
    """Each is accepted or refused, with the names of the accepted ones."""
    target, _ = EXAMPLES[kind]
    names = sorted(cls.__name__ for cls in targets.EVERY_LOSS - set(UNSUITABLE[kind]))
    for cls in UNSUITABLE[kind]:
        with pytest.raises(ValueError, match=f"{cls.__name__} loss is not for a {kind} ") as error:
            target.loss(cls())
        assert f"Use {', '.join(names)}, or your own subclass" in str(error.value)
    for cls in targets.EVERY_LOSS - set(UNSUITABLE[kind]):
        loss = cls()
        assert target.loss(loss) is loss


@every_kind
def test_user_defined_loss_is_accepted_by_every_target(kind):
    """Also a subclass of a loss that would be refused."""
    loss = UserLoss()
    assert EXAMPLES[kind][0].loss(loss) is loss


def test_multioutput_loss_object_must_suit_every_column():
    """Softmax does not suit a binary column."""
    target = MultioutputTarget([np.array(["a", "b", "c"]), np.array(["x", "y"])])
    assert target.loss(NLL()).out_activation == "logistic"
    with pytest.raises(ValueError, match="NLLM loss is not for a binary target"):
        target.loss(NLLM())


# Unknown targets


class BiasedLoss(SquaredError):
    """A user-defined loss whose gradient is not 0 at the true value."""

    def value(self, z, y):
        """Return the squared error from y + 3."""
        return super().value(z, y + 3)

    def gradient(self, z, y):
        """Return its derivative."""
        return super().gradient(z, y + 3)


#: All losses of real targets, one with several units, and a user-defined one.
REAL_LOSSES = {
    **{name: cls() for name, cls in RealTarget.losses.items()},
    "quantiles": Quantile([0.1, 0.5, 0.9]),
    "own": BiasedLoss(),
}


@pytest.mark.parametrize("loss", REAL_LOSSES.values(), ids=REAL_LOSSES)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_masked_loss_ignores_unknown_targets(loss, dtype):
    """Known targets have the value and gradient that they have alone."""
    rng, units = np.random.default_rng(0), loss.units_per_output
    Y = rng.uniform(0.5, 2, size=(6, 3)).astype(dtype)
    Y[1:, 1] = np.nan
    Y[4, 0] = np.nan
    z = rng.normal(size=(6, 3 * units)).astype(dtype)
    Y = np.repeat(Y, units, axis=1)
    unknown = np.isnan(Y)
    z[unknown] *= 1e30
    known = MaskedLoss(loss)
    with np.errstate(over="ignore", invalid="ignore"):  # as in training
        values, gradient = known.value(z, Y), known.gradient(z, Y)
    assert values.dtype == gradient.dtype == dtype
    assert_array_equal(gradient[unknown], 0)
    expected, slopes = np.zeros(6, dtype), np.zeros_like(z)
    for i in range(3):
        output = slice(i * units, (i + 1) * units)
        rows = ~unknown[:, i * units]
        expected[rows] += loss.value(z[rows, output], Y[rows, output])
        slopes[rows, output] = loss.gradient(z[rows, output], Y[rows, output])
    assert_array_equal(values, expected)
    assert_array_equal(gradient, slopes)


# Restoring from plain values


@pytest.mark.parametrize(
    "target",
    [
        *(target for target, _ in EXAMPLES.values()),
        RealTarget(2, np.array([1.0, 2.0]), np.array([3.0, 4.0])),
        MultioutputTarget([np.array(["a", "b", "c"]), np.array([0, 1])]),
    ],
    ids=lambda target: target.kind,
)
def test_restored_target_equals_original(target):
    """From the kind, the number of outputs, the settings and the classes."""
    restored = TARGETS[target.kind].restore(
        target.n_outputs, target.settings(), target.attributes().get("classes_")
    )
    assert type(restored) is type(target)
    assert restored.n_outputs == target.n_outputs
    assert restored.settings() == target.settings()
    assert str(restored.attributes()) == str(target.attributes())


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("scale", [1.0, 1e-200, 1e200])
def test_moments_of_parts_merge(weighted, scale):
    """To those of all targets, whatever their size; unknown ones are left out."""
    rng = np.random.default_rng(0)
    Y = rng.normal((0, 5), size=(90, 2)) * scale
    Y[:30, 0], Y[40, 1] = np.nan, np.nan
    w = rng.uniform(0.5, 2, 90) if weighted else None
    parts = [slice(0, 30), slice(30, 31), slice(31, 90)]
    moments = [TargetMoments.of(Y[one], None if w is None else w[one]) for one in parts]
    merged = moments[0].merge(moments[1]).merge(moments[2])
    expected = TargetMoments.of(Y, w)
    for name, value in vars(expected).items():
        assert np.allclose(getattr(merged, name), value, rtol=1e-12, atol=0), name
    found, known = (RealTarget(2).standardized(one, SquaredError()) for one in (merged, expected))
    assert np.allclose(found.center, known.center, rtol=1e-12, atol=0)
    assert np.allclose(found.scale, known.scale, rtol=1e-12, atol=0)


def test_moments_of_zeros_do_not_hide_small_targets():
    """A part of zeros, or without known targets, has no unit of its own."""
    small = np.array([1.0, 2.0, 4.0]) * 1e-30
    for nothing in (np.zeros(2), np.full(2, np.nan)):
        for parts in ((small, nothing), (nothing, small)):
            merged = TargetMoments.of(parts[0], None).merge(TargetMoments.of(parts[1], None))
            target = RealTarget(1).standardized(merged, SquaredError())
            assert target.scale == pytest.approx(np.nanstd(np.concatenate(parts)), rel=1e-12)


@pytest.mark.parametrize("labels", [["b", "a", "ä", "a", ""], [3, 1, 1], [True, False, True]])
def test_label_codes_are_those_of_unique(labels):
    """Also of text, which is hashed."""
    y = np.array(labels, dtype=object if isinstance(labels[0], str) else None)
    found, codes = label_codes(y)
    expected, numbers = np.unique(y, return_inverse=True)
    assert_array_equal(found, expected)
    assert_array_equal(codes, numbers)
    assert found.dtype == expected.dtype
