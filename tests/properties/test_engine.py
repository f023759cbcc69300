"""The objective's laws, for networks, losses and batches of any shape."""

import copy
from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import assume, event, given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.testing import assert_allclose, assert_array_equal
from scipy import sparse

from sknn.engine import (
    SGD,
    Adam,
    Dataset,
    EpochBatchSampler,
    Exp,
    Linear,
    Loss,
    Module,
    Objective,
    Quantile,
    ReplacementSampler,
    RMSprop,
    Sequential,
    Step,
    raw_predict,
)
from tests.engine.gradients import STEP, VALID_Y, concrete_classes, rebuilt, recipes, slope

#: Modules that act on each number by itself, and can learn.
ACTIVATIONS = [
    make
    for cls in concrete_classes(Module)
    if cls.__module__.endswith(".activations") and cls is not Step
    for make in recipes(cls)
]
LOSSES = [(cls, make) for cls in concrete_classes(Loss) for make in recipes(cls)]


@dataclass
class Case:
    """Networks of one shape, one for each member, a loss, and a batch for it."""

    networks: list[Sequential]
    loss: Loss
    alpha: float
    X: np.ndarray
    Y: np.ndarray
    w: np.ndarray | None

    def objective(self, alpha=None):
        """Return J of the first network."""
        alpha = self.alpha if alpha is None else alpha
        return Objective(copy.deepcopy(self.networks[0]), self.loss, alpha)

    def joint(self):
        """Return J of all networks as members of one."""
        return Objective(rebuilt(self.networks, np.stack), self.loss, self.alpha)


def network(draw_normal, sizes, activations):
    """Return a network with random weights that keep the size of a signal."""
    modules = []
    for m, k, activation in zip(sizes, sizes[1:], [*activations, None], strict=False):
        modules.append(Linear(draw_normal((m, k)) / m**0.5, 0.3 * draw_normal((k,))))
        modules += [] if activation is None else [activation]
    return Sequential(modules)


ONE, SEVERAL = st.just(1), st.integers(1, 3)


@st.composite
def cases(draw, members=ONE):
    """Draw a network of any depth and width, any loss, and a batch of any size."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1), label="seed"))
    n, k = draw(st.integers(1, 6), label="n"), draw(st.integers(1, 4), label="k")
    hidden = draw(st.lists(st.integers(1, 5), max_size=3), label="hidden layers")
    sizes = [draw(st.integers(1, 5), label="m"), *hidden, k]
    makes = [draw(st.sampled_from(ACTIVATIONS)) for _ in hidden]
    activations = [make(rng, size) for make, size in zip(makes, hidden, strict=True)]
    assume(sum(isinstance(activation, Exp) for activation in activations) < 2)  # or they overflow
    cls, make_loss = draw(st.sampled_from(LOSSES))
    event(cls.__name__)
    return Case(
        [network(lambda s: rng.normal(size=s), sizes, activations) for _ in range(draw(members))],
        make_loss(rng, k),
        draw(st.sampled_from([0.0, 0.1])),
        rng.normal(size=(n, sizes[0])),
        VALID_Y[cls](rng, (n, k)),
        draw(st.sampled_from([None, rng.uniform(0.1, 3, n)])),
    )


def gradient(objective, X, Y, w=None):
    """Return J and a copy of its gradient."""
    return objective.value_and_gradient(X, Y, w), objective.parameters.gradient.copy()


@given(cases())
def test_gradient_agrees_with_central_differences(case):
    """In every direction; where two steps see two slopes, a kink lies between them."""
    objective = case.objective()
    start = objective.parameters.vector.copy()

    def J(point):
        objective.parameters.vector[...] = point
        return objective.value(case.X, case.Y, case.w)

    value, dJ = gradient(objective, case.X, case.Y, case.w)
    assert value == pytest.approx(J(start), rel=1e-12)
    direction = np.random.default_rng(0).normal(size=start.shape)
    found, nearer = slope(J, start, direction), (J(start + STEP / 4 * direction) - value) * 4 / STEP
    size = abs(found) + np.abs(dJ).max()
    assume(abs(found - nearer) < 1e-3 * size + 1e-9)
    assert_allclose(dJ @ direction, found, rtol=0, atol=1e-6 * size + 1e-9)


@given(cases(members=SEVERAL))
def test_members_equal_separate_networks(case):
    """Each has its own J and gradient."""
    joint = case.joint()
    J, of_joint = gradient(joint, case.X, case.Y, case.w)
    alone = [Objective(one, case.loss, case.alpha) for one in case.networks]
    found = [gradient(one, case.X, case.Y, case.w) for one in alone]
    assert_allclose(J, [value for value, _ in found], rtol=1e-10)
    for row, (_, own) in zip(of_joint, found, strict=True):
        assert_allclose(row, own, rtol=1e-9, atol=1e-11)


@given(cases(), st.sampled_from([sparse.csr_matrix, sparse.csr_array]), st.floats(0, 1))
def test_sparse_equals_dense(case, convert, density):
    """Also with rows and columns of nothing but zeros; and column order is row order."""
    X = np.where(np.random.default_rng(0).uniform(size=case.X.shape) < density, case.X, 0)
    J, dJ = gradient(case.objective(), X, case.Y, case.w)
    for given_X in (convert(X), np.asfortranarray(X)):
        found, gradient_found = gradient(case.objective(), given_X, case.Y, case.w)
        assert found == pytest.approx(J, rel=1e-10)
        assert_allclose(gradient_found, dJ, rtol=1e-9, atol=1e-11)


@given(cases(), st.data())
def test_integer_weight_equals_repeated_rows(case, data):
    """A row of weight 3 is there three times, one of weight 0 is absent; J is linear in weights."""
    n = len(case.Y)
    w = data.draw(hnp.arrays(np.int64, n, elements=st.integers(0, 3)).filter(np.any))
    factor = data.draw(st.sampled_from([0.5, 1.0, 4.0]))
    objective = case.objective(alpha=0.0)
    J, dJ = gradient(objective, case.X, case.Y, factor * w)
    found, gradient_found = gradient(objective, case.X.repeat(w, 0), case.Y.repeat(w, 0))
    share = factor * w.sum() / n
    assert pytest.approx(share * found, rel=1e-10) == J
    assert_allclose(dJ, share * gradient_found, rtol=1e-9, atol=1e-11)


@pytest.mark.thread_unsafe(reason="patches a constant of the engine")
@given(cases(members=SEVERAL), st.integers(1, 20))
def test_raw_predict_does_not_depend_on_batch_size(case, numbers):
    """However few numbers a piece may have."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("sknn.engine.inference.MAX_BATCH_ELEMENTS", numbers)
        found = raw_predict(rebuilt(case.networks, np.stack), case.X, "float64")
    expected = np.stack([one.forward(case.X) for one in case.networks])
    assert_allclose(found, expected, rtol=1e-10, atol=1e-12)


@given(st.integers(1, 40), st.integers(1, 50), st.booleans(), st.data())
def test_epoch_sampler_yields_every_row_once(n, size, shuffle, data):
    """In as many batches as were announced; both ways to take them give the same."""
    batches = EpochBatchSampler(size, shuffle)
    plan = list(batches(n, np.random.RandomState(0)))
    assert len(plan) == batches.steps(n)
    X, w = np.arange(2.0 * n).reshape(n, 2), np.arange(n)
    samples = Dataset(X, X[:, :1], w, data.draw(st.sampled_from(["float32", "float64"])))
    seen = []
    for rows in plan:
        for found, expected in zip(samples.batch(rows), samples[rows], strict=True):
            assert_array_equal(found, expected)
            assert found.dtype == expected.dtype
        seen.append(samples[rows][2])
    assert_array_equal(np.sort(np.concatenate(seen)), np.arange(n))


@given(st.integers(1, 5), st.integers(1, 30))
def test_replacement_sampler_yields_valid_rows(n, draws):
    """One at a time, as many as were asked for."""
    plan = list(ReplacementSampler(draws)(n, np.random.RandomState(0)))
    assert [rows.shape for rows in plan] == [(1,)] * draws
    assert set(np.ravel(plan)) <= set(range(n))


numbers = st.floats(-1e100, 1e100)


@given(
    st.lists(st.floats(0.01, 0.99), min_size=1, max_size=5, unique=True).map(sorted),
    st.integers(1, 3),
    st.data(),
)
def test_quantiles_never_cross(levels, outputs, data):
    """Whatever the raw numbers are."""
    z = data.draw(hnp.arrays(np.float64, (2, outputs * len(levels)), elements=numbers))
    answers = Quantile(levels).inverse_link(z).reshape(2, outputs, -1)
    assert (np.diff(answers, axis=-1) >= 0).all()


@pytest.mark.thread_unsafe(reason="patches a constant of the engine")
@given(
    st.sampled_from([SGD(0.9), SGD(0.9, nesterov=True), Adam(), RMSprop()]),
    st.lists(st.integers(1, 6), min_size=1, max_size=4),
    st.integers(1, 7),
)
def test_optimizer_step_does_not_depend_on_layout(optimizer, sizes, piece):
    """Parts stepped each by itself move as they do in one vector, in pieces of any size."""
    rng = np.random.default_rng(0)
    whole = rng.normal(size=sum(sizes))
    parts = np.split(whole.copy(), np.cumsum(sizes)[:-1])
    state, states = optimizer.init(whole), [optimizer.init(part) for part in parts]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("sknn.engine._linalg.CHUNK_SIZE", piece)
        patch.setattr("sknn.engine._linalg.MAX_BLAS_SIZE", piece)
        for _ in range(3):
            grads = rng.normal(size=whole.size)
            optimizer.step(whole, grads, state, 0.1)
            for part, own, grad in zip(
                parts, states, np.split(grads, np.cumsum(sizes)[:-1]), strict=True
            ):
                optimizer.step(part, grad, own, 0.1)
    assert_allclose(whole, np.concatenate(parts), rtol=1e-12)
