"""Targets: what people write, what losses compare with, and the way back."""

import inspect
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
)

#: For each kind a target with a y that it can read.
EXAMPLES = {
    "binary": (BinaryTarget(np.array([0, 1])), np.array([1, 0, 0, 1, 1])),
    "multiclass": (MulticlassTarget(np.array([0, 1, 2])), np.array([2, 0, 1, 1, 2])),
    "multilabel": (
        MultilabelTarget(np.arange(3)),
        np.array([[1, 0, 1], [0, 0, 0], [1, 1, 1], [0, 1, 0]]),
    ),
    "real": (RealTarget(2), np.array([[0.5, -1.0], [2.0, 0.0], [-0.25, 3.0]])),
}

#: Labels as people write them, sorted.
LABELS = {
    "integers": [3, 5, 8],
    "negative": [-1, 0, 1],
    "floats": [0.5, 1.0, 2.5],
    "strings": ["a", "bb", "ccc"],
}

#: Several columns of labels are the others side by side, and have a test of their own below.
SINGLE = {kind: target for kind, target in TARGETS.items() if kind != "multioutput"}

every_kind = pytest.mark.parametrize("kind", SINGLE)
#: Losses of numbers above 0 only, which no example below is; the regressor's tests have them.
OF_POSITIVE_NUMBERS = {"poisson", "gamma"}
LOSSES = [
    (kind, name)
    for kind, target in SINGLE.items()
    for name in target.losses
    if name not in OF_POSITIVE_NUMBERS
]

every_loss = pytest.mark.parametrize(("kind", "name"), LOSSES)
every_loss_of_classes = pytest.mark.parametrize(
    ("kind", "name"), [pair for pair in LOSSES if issubclass(TARGETS[pair[0]], ClassTarget)]
)


def encoded(kind, name):
    """Return a target, its loss of this name, its y and the matrix for the loss."""
    target, y = EXAMPLES[kind]
    loss = target.loss(name)
    return target, loss, y, target.encode(y, loss.codes)


def answers(Y, loss):
    """Return raw outputs that say what Y says, surely."""
    return Y if loss.out_activation == "identity" else 5 * (2 * Y - 1)


def one_hot(labels):
    """Return 1 in the column of each label, else 0."""
    return np.eye(3)[labels]


# All kinds and all losses


def concrete_targets():
    """Return the targets of all files of the folder, whether or not it exports them."""
    found = set()
    for file in walk_packages(targets.__path__, f"{targets.__name__}."):
        classes = [cls for _, cls in inspect.getmembers(import_module(file.name), inspect.isclass)]
        found |= {cls for cls in classes if issubclass(cls, targets.Target)}
    return {cls for cls in found if not inspect.isabstract(cls)}


def test_every_kind_is_in_the_table_and_tried():
    """A new kind of target needs an example above."""
    assert set(TARGETS.values()) == concrete_targets()
    assert all(getattr(targets, cls.__name__) is cls for cls in TARGETS.values())
    assert set(SINGLE) == set(EXAMPLES)
    assert all(type(target) is TARGETS[kind] for kind, (target, _) in EXAMPLES.items())


def test_every_loss_of_a_target_is_known_to_all():
    """So that a target that it is not for refuses it."""
    tables = [{*target.losses.values(), *target.more_losses} for target in TARGETS.values()]
    assert set.union(*tables) == targets.EVERY_LOSS


@every_loss
def test_what_is_encoded_is_decoded(kind, name):
    """Raw outputs that say what y says are read back as y."""
    target, loss, y, Y = encoded(kind, name)
    assert Y.shape == (len(y), target.n_outputs)
    decoded = target.decode(answers(Y, loss), loss)
    assert decoded.dtype == y.dtype
    assert_array_equal(decoded, y)


@every_loss
def test_the_truth_costs_less_than_its_opposite(kind, name):
    """Target and loss agree on how yes and no are written."""
    _, loss, y, Y = encoded(kind, name)
    truth, lie = (loss.value(sign * answers(Y, loss), Y) for sign in (1, -1))
    assert truth.shape == (len(y),)
    assert (truth < lie).all()


@every_loss_of_classes
def test_probabilities_exist_where_the_loss_has_them(kind, name):
    """Their logarithms are finite, sum to 1 over exclusive classes, and favour what is decoded."""
    target, loss, y, Y = encoded(kind, name)
    z = answers(Y, loss) * np.linspace(0.1, 300, len(y))[:, None]
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


@every_kind
def test_decisions_are_the_raw_outputs_in_the_shape_of_scikit_learn(kind):
    """One column is flat for two classes; nothing else changes."""
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
def test_a_name_stands_for_the_loss_that_suits_the_target(kind, name, loss):
    """And "auto" for the pair that learns best."""
    target, _ = EXAMPLES[kind]
    assert type(target.loss(target.loss_name(name))) is loss


@every_loss
def test_a_name_that_is_not_auto_stays(kind, name):
    """Only "auto" is translated."""
    assert EXAMPLES[kind][0].loss_name(name) == name


# Codes


def test_two_classes_are_one_column():
    """It speaks for the second."""
    target, y = EXAMPLES["binary"]
    assert_array_equal(target.encode(y, (-1.0, 1.0)), 2.0 * y[:, None] - 1)


def test_many_classes_are_a_column_each():
    """With "yes" in one and "no" in the others."""
    target, y = EXAMPLES["multiclass"]
    assert_array_equal(target.encode(y, (0.0, 1.0)), one_hot(y))
    assert_array_equal(target.encode(y, (-1.0, 1.0)), 2 * one_hot(y) - 1)


def test_labels_are_written_as_they_are():
    """Only in the codes of the loss."""
    target, y = EXAMPLES["multilabel"]
    assert_array_equal(target.encode(y, (0.0, 1.0)), y)
    assert_array_equal(target.encode(y, (-1.0, 1.0)), 2 * y - 1)


def test_one_column_of_numbers_is_flat():
    """As it was given, whether flat or a column."""
    target, y = RealTarget(1), np.array([1.5, -2.0])
    for given in [y, y[:, None]]:
        Y = target.encode(given, (-1.0, 1.0))
        assert_array_equal(Y, y[:, None])
        assert_array_equal(target.decode(Y, SquaredError()), y)


@every_kind
def test_encoding_leaves_y_as_it_is(kind):
    """It is the user's."""
    target, y = EXAMPLES[kind]
    frozen = y.copy()
    frozen.flags.writeable = False
    target.encode(frozen, (-1.0, 1.0))
    assert_array_equal(frozen, y)


@pytest.mark.parametrize("z", [0.0, -0.0])
def test_between_two_answers_no_comes_first(z):
    """A raw output of exactly 0 is the first class, and a label that is not there."""
    tie = np.full((1, 3), z)
    assert EXAMPLES["binary"][0].decode(tie[:, :1], NLL()) == [0]
    assert EXAMPLES["multiclass"][0].decode(tie, NLL()) == [0]
    assert_array_equal(EXAMPLES["multilabel"][0].decode(tie, NLL()), [[0, 0, 0]])


# Labels


@pytest.mark.parametrize("labels", LABELS.values(), ids=LABELS)
@pytest.mark.parametrize("kind", ["binary", "multiclass"])
def test_labels_may_be_anything_that_sorts(kind, labels):
    """Relabelling changes no code, and predictions come back in the user's words."""
    target, y = EXAMPLES[kind]
    classes = np.array(labels[: len(target.classes)])
    renamed = type(target)(classes)
    Y = renamed.encode(classes[y], (-1.0, 1.0))
    assert_array_equal(Y, target.encode(y, (-1.0, 1.0)))
    decoded = renamed.decode(Y, SquaredError())
    assert decoded.dtype == classes.dtype
    assert_array_equal(decoded, classes[y])


def test_reversing_the_classes_reverses_the_columns():
    """The order of the classes is the order of the outputs."""
    target, y = EXAMPLES["multiclass"]
    reverse = type(target)(target.classes[::-1])
    codes = (0.0, 1.0)
    assert_array_equal(reverse.encode(y, codes), target.encode(y, codes)[:, ::-1])


def test_a_batch_need_not_have_every_class():
    """Positions are those among all classes, not among the labels present."""
    target, _ = EXAMPLES["multiclass"]
    assert_array_equal(target.encode(np.array([2, 2]), (0.0, 1.0)), one_hot([2, 2]))
    assert_array_equal(targets.class_numbers(target.classes, np.array([2, 1])), [2, 1])


@pytest.mark.parametrize("unknown", [3, -1, 0.5])
@pytest.mark.parametrize("kind", ["binary", "multiclass"])
def test_an_unknown_label_is_an_error(kind, unknown):
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
def test_a_y_of_another_form_is_an_error(kind, y, message):
    """The message says which form the target has."""
    with pytest.raises(ValueError, match=message):
        EXAMPLES[kind][0].encode(y, (0.0, 1.0))


@pytest.mark.parametrize("name", MulticlassTarget.losses)
def test_a_single_class_is_the_only_answer(name):
    """One column of "yes", decoded as the class whatever the raw output, at probability 1."""
    target = MulticlassTarget(np.array(["only"]))
    y, z = np.array(["only"] * 3), np.array([[-7.0], [0.0], [7.0]])
    loss = target.loss(name)
    assert_array_equal(target.encode(y, loss.codes), np.full((3, 1), loss.codes[1]))
    assert_array_equal(target.decode(z, loss), y)
    if loss.has_probabilities:
        assert_array_equal(target.log_proba(loss, z), np.zeros((3, 1)))


@pytest.mark.parametrize("name", MultioutputTarget.losses)
def test_several_columns_are_their_targets_side_by_side(name):
    """Codes, losses, gradients, decisions and probabilities of each column are its own."""
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
        assert_array_equal(column.smooth_labels(v, 0.2), np.split(target.smooth_labels(Y, 0.2), [3], 1)[i])
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


# Losses that are given as objects

#: Losses of the engine that do not suit a kind of target.
UNFIT = {
    "binary": [NLLM, MulticlassHinge, Poisson, Gamma, Quantile, AbsoluteError, Huber],
    "multiclass": [Poisson, Gamma, Quantile, AbsoluteError, Huber],
    "multilabel": [NLLM, MulticlassHinge, Poisson, Gamma, Quantile, AbsoluteError, Huber],
    "real": [NLL, NLLM, Hinge, SquaredHinge, MulticlassHinge, Brier],
}


class OfTheUser(NLLM):
    """A loss of the user's own: what it is for, the user knows."""


@every_kind
def test_a_loss_of_the_engine_must_suit_the_target(kind):
    """Every one is either taken or refused, with the names of those that are taken."""
    target, _ = EXAMPLES[kind]
    names = sorted(cls.__name__ for cls in targets.EVERY_LOSS - set(UNFIT[kind]))
    for cls in UNFIT[kind]:
        with pytest.raises(ValueError, match=f"{cls.__name__} loss is not for a {kind} ") as error:
            target.loss(cls())
        assert f"there are {', '.join(names)}, or a Loss of your own" in str(error.value)
    for cls in targets.EVERY_LOSS - set(UNFIT[kind]):
        loss = cls()
        assert target.loss(loss) is loss


@every_kind
def test_a_loss_of_the_users_own_suits_every_target(kind):
    """Also if it is made of one that would not."""
    loss = OfTheUser()
    assert EXAMPLES[kind][0].loss(loss) is loss


def test_in_several_columns_of_labels_a_loss_must_suit_each():
    """A softmax is for none that has two classes."""
    target = MultioutputTarget([np.array(["a", "b", "c"]), np.array(["x", "y"])])
    assert target.loss(NLL()).out_activation == "logistic"
    with pytest.raises(ValueError, match="NLLM loss is not for a binary target"):
        target.loss(NLLM())


# Unknown targets


class Biased(SquaredError):
    """A user's loss whose gradient is not 0 where the answer is right."""

    def value(self, z, y):
        """Return the squared error of answers that should be 3 too large."""
        return super().value(z, y + 3)

    def gradient(self, z, y):
        """Return its derivative."""
        return super().gradient(z, y + 3)


#: Every loss of real numbers, one of several units, and one of the user's.
OF_NUMBERS = {
    **{name: cls() for name, cls in RealTarget.losses.items()},
    "quantiles": Quantile([0.1, 0.5, 0.9]),
    "own": Biased(),
}


@pytest.mark.parametrize("loss", OF_NUMBERS.values(), ids=OF_NUMBERS)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_unknown_targets_cost_and_teach_nothing(loss, dtype):
    """The rest costs and teaches what it would alone, whatever the network says of the unknown."""
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
