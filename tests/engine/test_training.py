"""The objective and the loop: what is minimised, in which steps, and what is kept at the end."""

import copy
import pickle

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy import sparse

from sknn.engine import (
    LBFGS,
    NLL,
    SGD,
    Adam,
    Adaptive,
    BatchSampler,
    Cosine,
    Dataset,
    EarlyStopping,
    EpochBatchSampler,
    History,
    Identity,
    Linear,
    MinibatchSolver,
    Objective,
    ReplacementSampler,
    Sequential,
    Sigmoid,
    SquaredError,
    Tanh,
    Trainer,
    as_schedule,
    descend,
    monitor,
)
from tests.engine.gradients import rebuilt, slope

N, M, K = 10, 3, 2
ALPHA = 0.1
RATE = 0.05
BATCH_SIZE = 4  # leaves 2 rows for the last batch
STEPS_PER_EPOCH = 3


def data(dtype="float64"):
    """Return X, Y and weights that are not all 1."""
    rng = np.random.default_rng(0)
    X, Y, w = rng.normal(size=(N, M)), rng.uniform(size=(N, K)), rng.uniform(0.5, 2, N)
    return X.astype(dtype), Y.astype(dtype), w.astype(dtype)


def layer(m=M, k=K, dtype="float64", seed=0):
    """Return a layer with random weights, the same each time."""
    rng = np.random.default_rng(seed)
    return Linear(rng.normal(size=(m, k)).astype(dtype), rng.normal(size=k).astype(dtype))


def deep_objective(alpha=ALPHA, dtype="float64"):
    """Return J of a network with two hidden layers, on sigmoid outputs."""
    modules = [layer(M, 5, dtype), Tanh(), layer(5, 4, dtype), Sigmoid(), layer(4, K, dtype)]
    return Objective(Sequential(modules), NLL(), alpha)


def linear_objective(alpha=ALPHA):
    """Return J of linear regression with a ridge penalty."""
    return Objective(Sequential([layer()]), SquaredError(), alpha)


def trainer(optimizer=None, batch_size=BATCH_SIZE, rate=RATE, **parts):
    """Return a loop: by default plain descent at a constant rate."""
    solver = MinibatchSolver(optimizer or SGD(), as_schedule(rate), EpochBatchSampler(batch_size))
    return Trainer(solver, **parts)


def train(loop, objective, epochs, *, state=None, rng=None, w=None):
    """Train on the data, in the type of the network; return the history and the state."""
    X, Y, _ = data(objective.parameters.vector.dtype)
    state = state or loop.solver.init(objective)
    rng = rng or np.random.RandomState(0)
    return loop.train(objective, Dataset(X, Y, w), state=state, epochs=epochs, rng=rng), state


def weights(objective):
    """Return all parameters of the network, read from its modules."""
    return np.concatenate([array.ravel() for array in objective.network.parameters])


# The objective


@pytest.mark.parametrize("weighted", [True, False])
@pytest.mark.parametrize("alpha", [0.0, ALPHA])
def test_the_gradient_of_the_objective_agrees_with_central_differences(alpha, weighted):
    """Penalty, weights and all layers together."""
    X, Y, w = data()
    w = w if weighted else None
    objective = deep_objective(alpha)
    start = objective.parameters.vector.copy()

    def J(point):
        objective.parameters.vector[...] = point
        return objective.value(X, Y, w)

    objective.value_and_gradient(X, Y, w)
    gradient = objective.parameters.gradient.copy()
    for direction in np.random.default_rng(0).normal(size=(5, start.size)):
        assert_allclose(gradient @ direction, slope(J, start, direction), rtol=1e-7)


@pytest.mark.parametrize("weighted", [True, False])
def test_objective_value_agrees_with_definition(weighted):
    """J = 1/n sum w loss + alpha/2 sum W^2."""
    X, Y, w = data()
    objective = deep_objective()
    loss = objective.loss.value(objective.network.forward(X), Y)
    squares = sum(np.sum(module.W**2) for module in objective.network.modules[::2])
    expected = np.mean(w * loss if weighted else loss) + ALPHA / 2 * squares
    w = w if weighted else None
    assert_allclose(objective.value(X, Y, w), expected, rtol=1e-12)
    assert objective.value_and_gradient(X, Y, w) == objective.value(X, Y, w)


@pytest.mark.parametrize("rows", [slice(None), slice(3), slice(1)], ids=["all", "3", "1"])
def test_penalty_ignores_offsets_and_batch_size(rows):
    """What alpha adds to J is alpha/2 |W|^2, and to its gradient alpha W."""
    X, Y, w = data()
    without, penalised = deep_objective(0.0), deep_objective(ALPHA)
    for objective in (without, penalised):
        objective.value_and_gradient(X[rows], Y[rows], w[rows])
    J, J0 = (one.value(X[rows], Y[rows], w[rows]) for one in (penalised, without))
    added = penalised.parameters.gradient - without.parameters.gradient
    for module in penalised.network.modules[::2]:
        module.W0[...] = 0
    W = penalised.parameters.vector
    assert_allclose(J - J0, ALPHA / 2 * W @ W)
    assert_allclose(added, ALPHA * W, atol=1e-14)


def test_sample_weights_of_one_equal_no_weights():
    """Bit for bit, in value and gradient."""
    X, Y, w = data()
    a, b = deep_objective(), deep_objective()
    assert a.value_and_gradient(X, Y, np.ones_like(w)) == b.value_and_gradient(X, Y)
    assert_array_equal(a.parameters.gradient, b.parameters.gradient)


def test_sample_weight_of_two_equals_repeated_row():
    """Weights divided by their mean are counts, in value and gradient."""
    X, Y, _ = data()
    counts = np.arange(N) % 3
    a, b = deep_objective(), deep_objective()
    J = a.value_and_gradient(X, Y, counts / counts.mean())
    assert_allclose(J, b.value_and_gradient(X.repeat(counts, axis=0), Y.repeat(counts, axis=0)))
    assert_allclose(a.parameters.gradient, b.parameters.gradient, atol=1e-15)


@pytest.mark.parametrize("shape", [(N,), (N, 1), (1, K), (N, K + 1)], ids=str)
def test_targets_of_wrong_shape_are_errors(shape):
    """Broadcasting would compare every sample with every other."""
    objective = deep_objective()
    for method in [objective.value, objective.value_and_gradient]:
        with pytest.raises(ValueError, match="Y must have the shape"):
            method(data()[0], np.zeros(shape))


def test_sparse_inputs_equal_dense_inputs():
    """The objective of a CSR matrix is that of its dense twin."""
    X, Y, w = data()
    X *= X > 0
    a, b = deep_objective(), deep_objective()
    J = a.value_and_gradient(sparse.csr_array(X), Y, w)
    assert_allclose(J, b.value_and_gradient(X, Y, w))
    assert_allclose(a.parameters.gradient, b.parameters.gradient, atol=1e-15)


# The parameter vector


def test_parameters_are_views_of_one_vector():
    """Modules hold views of it, so that changing either changes the other."""
    objective = deep_objective()
    vector = objective.parameters.vector
    parameters = objective.network.parameters
    assert vector.ndim == 1
    assert vector.flags.c_contiguous
    assert vector.size == sum(parameter.size for parameter in parameters)
    assert all(np.shares_memory(parameter, vector) for parameter in parameters)
    vector[...] = np.arange(vector.size)
    assert_array_equal(np.sort(np.concatenate([p.ravel() for p in parameters])), vector)


def test_parameter_vector_copies_given_arrays():
    """The network computes what it did, and the caller's arrays are the caller's."""
    X = data()[0]
    network = Sequential([layer()])
    W = network.modules[0].W
    before, Z = W.copy(), network.forward(X)
    objective = Objective(network, SquaredError())
    assert_array_equal(network.forward(X), Z)
    train(trainer(), objective, 1)
    assert_array_equal(W, before)
    assert (network.forward(X) != Z).all()


# Steps


@pytest.mark.parametrize("weighted", [True, False])
@pytest.mark.parametrize("batch_size", [N, N + 1, 1000])
def test_full_batch_equals_gradient_descent(batch_size, weighted):
    """Each epoch is one step along the gradient of J, written out for linear regression."""
    X, Y, w = data()
    w = w if weighted else np.ones(N)
    W, W0 = layer().W, layer().W0
    for _ in range(5):
        dZ = w[:, None] * (X @ W + W0 - Y) / N
        W, W0 = W - RATE * (X.T @ dZ + ALPHA * W), W0 - RATE * dZ.sum(axis=0)
    objective = linear_objective()
    train(trainer(batch_size=batch_size), objective, 5, w=w if weighted else None)
    assert_allclose(objective.network.modules[0].W, W, rtol=1e-12)
    assert_allclose(objective.network.modules[0].W0, W0, rtol=1e-12)


def one_sample_steps(X, Y, order, rate):
    """Return W and W0 of linear regression after a step for each row, one at a time."""
    W, W0 = layer().W, layer().W0
    for t, i in enumerate(order):
        dz = X[i] @ W + W0 - Y[i]
        W, W0 = W - rate(t) * (np.outer(X[i], dz) + ALPHA * W), W0 - rate(t) * dz
    return W, W0


def test_batch_size_1_is_single_sample_descent():
    """A step for each row, in the order that is drawn for each epoch."""
    X, Y, _ = data()
    rng = np.random.RandomState(0)
    order = np.concatenate([rng.permutation(N) for _ in range(3)])
    objective = linear_objective()
    train(trainer(batch_size=1), objective, 3)
    W, W0 = one_sample_steps(X, Y, order, lambda t: RATE)
    assert_allclose(objective.network.modules[0].W, W, rtol=1e-12)
    assert_allclose(objective.network.modules[0].W0, W0, rtol=1e-12)


def test_descend_equals_textbook_loop():
    """T draws with replacement, a step each, at the rate eta(t)."""
    X, Y, _ = data()
    order = np.concatenate(list(ReplacementSampler(50)(N, np.random.RandomState(0))))
    objective = linear_objective()

    def eta(t):
        return RATE / (1 + t)

    history = descend(objective, X, Y, rate=eta, steps=50, rng=np.random.RandomState(0))
    W, W0 = one_sample_steps(X, Y, order, eta)
    assert_allclose(objective.network.modules[0].W, W, rtol=1e-12)
    assert_allclose(objective.network.modules[0].W0, W0, rtol=1e-12)
    assert history.column("rate") == [eta(49)]


@pytest.mark.parametrize("weighted", [True, False])
def test_objective_of_members_is_that_of_each(weighted):
    """Values and gradients, with a penalty of its own for each."""
    networks = [Sequential([layer(M, 5, seed=g), Tanh(), layer(5, K, seed=g)]) for g in range(3)]
    alphas = [0.0, ALPHA, 2 * ALPHA]
    joint = Objective(rebuilt(networks, np.stack), NLL(), alphas)
    alone = list(map(Objective, networks, [NLL()] * 3, alphas))
    X, Y, w = data()
    w = w if weighted else None
    assert_allclose(joint.value(X, Y, w), [one.value(X, Y, w) for one in alone])
    for _ in range(3):
        found = joint.value_and_gradient(X, Y, w)
        assert_allclose(found, [one.value_and_gradient(X, Y, w) for one in alone])
    for row, one in zip(joint.parameters.gradient, alone, strict=True):
        assert_allclose(row, one.parameters.gradient, rtol=1e-10)


@pytest.mark.parametrize("optimizer", [SGD(0.9, nesterov=True), Adam()], ids=["SGD", "Adam"])
def test_training_keeps_float32(optimizer):
    """Parameters, gradient and state, with weights and a penalty."""
    objective = deep_objective(dtype="float32")
    w = data("float32")[2]
    _, state = train(trainer(optimizer), objective, 2, w=w)
    arrays = [objective.parameters.vector, objective.parameters.gradient]
    arrays += [value for value in state["optimizer"].values() if isinstance(value, np.ndarray)]
    assert {array.dtype for array in arrays} == {np.dtype("float32")}


class Witness(Identity):
    """Notes the types of what passes."""

    def __init__(self):
        self.seen = set()

    def backward(self, u, v, dv):
        """Return `dv`."""
        self.seen |= {array.dtype.name for array in (u, v, dv)}
        return dv


@pytest.mark.parametrize("weighted", [True, False])
def test_float32_step_has_no_float64_arrays(weighted):
    """A wider array in between would cost time, though the gradient is narrow again."""
    X, Y, w = data("float32")
    witness = Witness()
    network = Sequential([layer(M, K, "float32"), witness])
    Objective(network, NLL()).value_and_gradient(X, Y, w if weighted else None)
    assert witness.seen == {"float32"}


@pytest.mark.parametrize("optimizer", [SGD(0.9, nesterov=True), Adam()], ids=["SGD", "Adam"])
@pytest.mark.parametrize(
    "kept",
    [lambda state: state, lambda state: pickle.loads(pickle.dumps(state))],
    ids=["kept", "pickled"],
)
def test_training_resumes_exactly(optimizer, kept):
    """Twice five epochs are ten, bit for bit: the state holds all that a step depends on."""
    whole, parts = deep_objective(), deep_objective()
    train(trainer(optimizer), whole, 10)
    rng = np.random.RandomState(0)
    _, state = train(trainer(optimizer), parts, 5, rng=rng)
    train(trainer(copy.deepcopy(optimizer)), parts, 5, state=kept(state), rng=rng)
    assert_array_equal(weights(parts), weights(whole))


def test_schedule_step_counts_over_epochs():
    """Every batch is a step, whose rate is asked for once; a kept state goes on counting."""
    asked = []
    loop = trainer(rate=lambda t: asked.append(t) or RATE)
    objective = deep_objective()
    _, state = train(loop, objective, 2)
    train(loop, objective, 1, state=state)
    assert asked == list(range(3 * STEPS_PER_EPOCH))
    assert state["steps"] == 3 * STEPS_PER_EPOCH


# History


@pytest.mark.parametrize("batch_size", [1, 4, N])
def test_epoch_loss_is_mean_over_rows(batch_size):
    """At a rate of 0 it is J itself, also when the last batch is short."""
    X, Y, w = data()
    objective = deep_objective()
    history, _ = train(trainer(batch_size=batch_size, rate=0.0), objective, 2, w=w)
    assert_allclose(history.column("loss"), [objective.value(X, Y, w)] * 2, rtol=1e-12)
    assert history.column("rate") == [0.0, 0.0]


def test_each_epoch_adds_a_row_and_calls_back():
    """`on_epoch` hears of each as it ends, counted from 1."""
    calls = []
    loop = trainer(
        on_epoch=lambda history, last: calls.append((len(history), dict(history.rows[-1])))
    )
    history, _ = train(loop, deep_objective(), 3)
    assert len(history) == 3
    assert calls == list(enumerate(history.rows, 1))
    assert history.outcome == "max_iter"


def test_plateau_ends_training():
    """Without improvement after 1 + patience epochs."""
    loop = trainer(rate=0.0, batch_size=N, stopping=EarlyStopping(3, 1e-9))
    history, _ = train(loop, deep_objective(), 100)
    assert (history.outcome, len(history)) == ("converged", 4)


def test_adaptive_restarts_patience_at_each_rate():
    """A stall slows it down instead of ending training, until it is at its smallest."""
    loop = trainer(rate=Adaptive(0.05, min_rate=0.01), stopping=EarlyStopping(2, min_delta=1e9))
    history, _ = train(loop, deep_objective(), 100)
    assert_allclose(history.column("rate"), [0.05] * 3 + [0.01] * 2)
    assert history.outcome == "converged"


# Ctrl-C and divergence


def interrupting_epoch(at):
    """Return an `on_epoch` during which Ctrl-C is pressed."""

    def on_epoch(history, last):
        if len(history) == at:
            raise KeyboardInterrupt

    return on_epoch


class InterruptedAdam(Adam):
    """Ctrl-C in a step, after half the parameters have moved."""

    def __init__(self, at):
        super().__init__()
        self.at = at

    def step(self, params, grads, state, rate):
        """Make a step, and half of one when the time has come."""
        super().step(params, grads, state, rate)
        if state["t"] == self.at:
            params[::2] = 0
            raise KeyboardInterrupt


@pytest.mark.parametrize(
    "loop",
    [
        trainer(Adam(), on_epoch=interrupting_epoch(2)),
        *(trainer(InterruptedAdam(2 * STEPS_PER_EPOCH + step)) for step in (1, 2, 3)),
    ],
    ids=["on_epoch", "first step", "second step", "last step"],
)
def test_an_interrupt_keeps_the_last_finished_epoch(loop):
    """Weights, state and history are those of two epochs, whenever it comes in the third."""
    objective, undisturbed = deep_objective(), deep_objective()
    history, state = train(loop, objective, 10)
    expected, expected_state = train(trainer(Adam()), undisturbed, 2)
    assert history.outcome == "interrupted"
    assert history.rows == expected.rows
    assert_array_equal(weights(objective), weights(undisturbed))
    assert state["steps"] == expected_state["steps"] == 2 * STEPS_PER_EPOCH
    for name, value in expected_state["optimizer"].items():
        assert_array_equal(state["optimizer"][name], value)


@pytest.mark.parametrize("step", [1, STEPS_PER_EPOCH])
def test_an_interrupt_before_the_first_epoch_ends_is_raised(step):
    """There is nothing new to keep; the network and the state are as they were."""
    objective, loop = deep_objective(), trainer(InterruptedAdam(step))
    before, state = weights(objective), loop.solver.init(objective)
    with pytest.raises(KeyboardInterrupt):
        train(loop, objective, 10, state=state)
    assert_array_equal(weights(objective), before)
    assert (state["steps"], state["optimizer"]["t"]) == (0, 0)


def test_interrupted_training_can_resume():
    """What comes after an interrupt is what would have come without one (in the same order)."""
    objective, undisturbed = deep_objective(), deep_objective()
    loop = trainer(Adam(), on_epoch=interrupting_epoch(2))
    rng = np.random.RandomState(0)
    _, state = train(loop, objective, 10, rng=rng)
    train(trainer(Adam()), objective, 2, state=state, rng=rng)
    train(trainer(Adam()), undisturbed, 4)
    assert_array_equal(weights(objective), weights(undisturbed))


def test_divergence_restores_the_last_finite_weights():
    """A rate that is far too large from some step on: J overflows."""
    loop = trainer(rate=lambda t: RATE if t < 3 * STEPS_PER_EPOCH else 1e200)
    objective, undisturbed = linear_objective(), linear_objective()
    history, state = train(loop, objective, 1000)
    expected, expected_state = train(loop, undisturbed, len(history))
    assert history.outcome == "diverged"
    assert 1 < len(history) < 1000
    assert np.isfinite(weights(objective)).all()
    assert history.rows == expected.rows
    assert_array_equal(weights(objective), weights(undisturbed))
    assert state["steps"] == expected_state["steps"]


@pytest.mark.parametrize("epochs", [5, 1000], ids=["finite", "not finite"])
@pytest.mark.parametrize("start", [0, 3], ids=["at once", "in the fourth epoch"])
def test_a_loss_that_ends_far_above_the_constant_one_is_divergence(epochs, start):
    """J doubles and doubles, finite or not: the weights of the best epoch are restored."""
    loop = trainer(rate=lambda t: RATE if t < start * STEPS_PER_EPOCH else 50.0)
    objective, undisturbed = linear_objective(), linear_objective()
    history, state = train(loop, objective, start + epochs)
    assert history.outcome == "diverged"
    good = max(0, start - 1)  # the weights with which the best epoch began
    assert len(history) == history.kept_epoch == good
    assert history.final_loss > 10 * history.baseline_loss
    train(trainer(), undisturbed, good)
    assert_array_equal(weights(objective), weights(undisturbed))
    assert state["steps"] == good * STEPS_PER_EPOCH


class Exploding(SGD):
    """Steps to infinity."""

    def step(self, params, grads, state, rate):
        """Move one parameter out of the world."""
        params[-1] = np.inf


@pytest.mark.parametrize("batch_size", [4, N], ids=["in mid-epoch", "in the last step"])
def test_divergence_in_the_first_epoch_restores_the_weights_it_began_with(batch_size):
    """Whether a loss tells, or only the weights after the last step."""
    objective = deep_objective()
    before = weights(objective)
    history, state = train(trainer(Exploding(), batch_size), objective, 10)
    assert (history.outcome, len(history), state["steps"]) == ("diverged", 0, 0)
    assert_array_equal(weights(objective), before)


@pytest.mark.parametrize(("where", "call"), [("_copy_state", 20), ("is_finite", 12)])
def test_an_interrupt_while_an_epoch_is_recorded(where, call, monkeypatch):
    """Weights, state and history stay those of one and the same epoch."""
    objective, undisturbed = deep_objective(), deep_objective()
    real, calls = getattr(monitor, where), []

    def interrupted(*args):
        calls.append(args)
        if len(calls) == call:
            raise KeyboardInterrupt
        return real(*args)

    monkeypatch.setattr(monitor, where, interrupted)
    history, state = train(trainer(Adam()), objective, 10)
    monkeypatch.undo()
    expected, expected_state = train(trainer(Adam()), undisturbed, len(history))
    assert history.outcome == "interrupted"
    assert history.rows == expected.rows
    assert_array_equal(weights(objective), weights(undisturbed))
    assert state["steps"] == expected_state["steps"]


@pytest.mark.parametrize("w", [np.ones((N, 1)), np.ones(N - 1)])
def test_sample_weights_of_wrong_shape_are_errors(w):
    """A column would be spread over n x n in silence."""
    X, Y, _ = data()
    with pytest.raises(ValueError, match="w must have one weight"):
        deep_objective().value(X, Y, w)
    with pytest.raises(ValueError, match="Y must have the shape"):
        deep_objective().value(X, Y[:, 0])


def test_invalid_settings_are_errors():
    """Each part checks its own."""
    X, Y, _ = data()
    shared = layer(M, M)
    for make, message in (
        (lambda: Dataset(X, Y[1:]), "same number of rows"),
        (lambda: EpochBatchSampler(0), "batch_size must be 1 or more"),
        (lambda: ReplacementSampler(0), "draws must be 1 or more"),
        (lambda: SGD(2.0), "momentum must be in"),
        (lambda: Adam(1.0), "beta_1 must be in"),
        (lambda: Adam(beta_2=1.0), "beta_2 must be in"),
        (lambda: Adam(epsilon=0), "epsilon must be above 0"),
        (lambda: linear_objective(alpha=-1), "alpha must be 0 or more"),
        (lambda: Objective(Sequential([Tanh()]), NLL()), "nothing to train"),
        (lambda: Objective(Sequential([shared, shared]), NLL()), "twice"),
        (lambda: Objective(Sequential([layer(), layer(dtype="f4")]), NLL()), "one floating dtype"),
    ):
        with pytest.raises(ValueError, match=message):
            make()


def test_dataset_error_shows_numbers_of_rows():
    """All three, if there are weights."""
    X, Y, w = data()
    with pytest.raises(ValueError, match=r"got \(10, 9, 8\)"):
        Dataset(X, Y[1:], w[2:])


def test_settings_at_interval_ends_are_valid():
    """A momentum of 1 never slows down, and one draw is an epoch, too."""
    assert SGD(1.0).momentum == 1
    assert ReplacementSampler(1).steps(5) == EpochBatchSampler(1).steps(1) == 1
    assert (Adam(0.0, 0.0).beta_1, linear_objective(alpha=0).alpha) == (0, 0)


class Returning(SGD):
    """Returns new parameters."""

    def step(self, params, grads, state, rate):
        """Leave the old ones as they are."""
        return params - rate * grads


class Summing(SquaredError):
    """Has a gradient of the wrong shape."""

    def gradient(self, z, y):
        """Return a number for each sample."""
        return super().gradient(z, y).sum(axis=-1)


def test_invalid_custom_optimizer_and_loss_are_named():
    """The error names the class."""
    with pytest.raises(TypeError, match=r"Returning.step must change params in place .* None"):
        train(trainer(Returning()), deep_objective(), 1)
    X, Y, _ = data()
    with pytest.raises(ValueError, match=r"Summing\(\) gives a gradient of shape \(10,\)"):
        Objective(Sequential([layer()]), Summing()).value_and_gradient(X, Y)


def test_new_history_is_empty():
    """Nothing is known, and nothing is kept."""
    history = History()
    assert np.isnan(history.rate)
    assert (len(history), history.kept_epoch, history.outcome) == (0, 0, "max_iter")


@pytest.mark.parametrize(("epochs", "outcome"), [(3, "max_iter"), (4, "schedule_finished")])
def test_completed_schedule_sets_outcome(epochs, outcome):
    """The outcome is set after the last step; the last epoch is kept."""
    told = []
    loop = trainer(
        rate=Cosine(0.1, 4 * STEPS_PER_EPOCH), on_epoch=lambda _, last: told.append(last)
    )
    history, _ = train(loop, deep_objective(), epochs)
    assert (history.outcome, history.kept_epoch) == (outcome, epochs)
    assert told == [False] * epochs


def test_on_epoch_is_told_the_last_epoch():
    """When stopping ends training."""
    told = []
    loop = trainer(
        rate=0.0,
        batch_size=N,
        stopping=EarlyStopping(1, 1e-9),
        on_epoch=lambda _, last: told.append(last),
    )
    train(loop, deep_objective(), 10)
    assert told == [False, True]


def test_restore_best_weights():
    """Its weights, and its number."""
    scores, seen, objective = iter([1.0, 3.0, 2.0]), [], deep_objective()

    def evaluate():
        seen.append(weights(objective))
        return {"score": next(scores)}

    watched = EarlyStopping(10, 0.0, monitor="score", higher_is_better=True)
    loop = trainer(evaluate=evaluate, stopping=watched, restore_best_weights=True)
    history, state = train(loop, objective, 3)
    assert (history.kept_epoch, len(history), history.rate) == (2, 3, RATE)
    assert_array_equal(weights(objective), seen[1])
    assert state["steps"] == 2 * STEPS_PER_EPOCH


def test_deadline_ends_training():
    """Whatever the number of epochs."""
    history, _ = train(trainer(deadline=0.0), deep_objective(), 3)
    assert (history.outcome, len(history)) == ("max_time", 1)


def test_lbfgs_uses_sample_weights():
    """A row of weight 2 is the row twice, to the digits that it converges to."""
    X, Y, _ = data()
    w = np.arange(N) % 3
    found, expected = linear_objective(), linear_objective()
    for objective, samples in (
        (found, Dataset(X, Y, w / w.mean())),
        (expected, Dataset(X.repeat(w, axis=0), Y.repeat(w, axis=0))),
    ):
        Trainer(LBFGS(tol=1e-10)).train(objective, samples, state={}, epochs=500, rng=None)
    assert_allclose(weights(found), weights(expected), rtol=1e-5)


def test_lbfgs_at_minimum_has_one_epoch():
    """So that there is a loss to tell."""
    objective = Objective(Sequential([Linear(np.zeros((M, K)), np.zeros(K))]), SquaredError())
    samples = Dataset(data()[0], np.zeros((N, K)))
    history = Trainer(LBFGS()).train(objective, samples, state={}, epochs=9, rng=None)
    assert (history.column("loss"), history.outcome) == ([0.0], "converged")


class Uphill(SquaredError):
    """Has a gradient that leads away."""

    def gradient(self, z, y):
        """Return minus the gradient."""
        return y - z


def test_lbfgs_reports_failed_line_search():
    """Its line search fails."""
    objective = Objective(Sequential([layer()]), Uphill())
    X, Y, _ = data()
    history = Trainer(LBFGS()).train(objective, Dataset(X, Y), state={}, epochs=10, rng=None)
    assert history.outcome == "line_search_failed"


class Wide(SquaredError):
    """A loss of the user's that answers in double precision."""

    def gradient(self, z, y):
        """Return the gradient."""
        return super().gradient(z, y).astype(np.float64)


def test_float64_gradient_of_custom_loss_is_converted():
    """Before it is passed back."""
    X, Y, _ = data("float32")
    witness = Witness()
    Objective(Sequential([layer(M, K, "float32"), witness]), Wide()).value_and_gradient(X, Y)
    assert witness.seen == {"float32"}


class LastFirst(BatchSampler):
    """A plan of the user's that counts from the end, as NumPy does."""

    def __call__(self, n, rng):
        """Yield pairs of rows."""
        for start in range(0, n, 2):
            yield np.array([-1 - start, -2 - start])

    def steps(self, n):
        """Return half of n."""
        return n // 2


def test_custom_sampler_may_use_negative_rows():
    """Only of ours is it known that they are in range."""
    X, Y, _ = data()
    found, expected = deep_objective(), deep_objective()
    for objective, batches, order in (
        (found, LastFirst(), slice(None)),
        (expected, EpochBatchSampler(2, shuffle=False), slice(None, None, -1)),
    ):
        loop = Trainer(MinibatchSolver(SGD(), as_schedule(RATE), batches))
        samples = Dataset(X[: N // 2 * 2][order], Y[: N // 2 * 2][order])
        state = loop.solver.init(objective)
        loop.train(objective, samples, state=state, epochs=2, rng=np.random.RandomState(0))
    assert_allclose(found.parameters.vector, expected.parameters.vector, rtol=1e-12)
