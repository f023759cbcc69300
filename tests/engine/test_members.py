"""Members: networks that are trained together, each as it would be alone."""

import copy
import time
from functools import partial

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from scipy import sparse

from sknn.engine import (
    LBFGS,
    NLL,
    SGD,
    Adam,
    Adaptive,
    Cosine,
    Dataset,
    Dropout,
    EarlyStopping,
    Embedding,
    EpochBatchSampler,
    Huber,
    InverseScaling,
    LeakyReLU,
    Linear,
    MaskedLoss,
    MinibatchSolver,
    Objective,
    Optimizer,
    ReLU,
    ReplacementSampler,
    Sequential,
    SquaredError,
    TabularEncoding,
    Tanh,
    Trainer,
    as_schedule,
    raw_predict,
)
from sknn.engine import members as members_module
from sknn.engine.members import Member, group_members
from sknn.engine.training import TrainingRun, train_together
from tests.engine.gradients import concrete_classes, rebuilt

EPOCHS = 20


class Normalised(Optimizer):
    """A rule that looks at all parameters of a network at once."""

    def init(self, params):
        """Count the steps."""
        return {"n": np.zeros(1), "t": 0}

    def step(self, params, grads, state, rate):
        """Move by the direction of the gradient."""
        state["t"] += 1
        state["n"] += 1
        params -= rate * grads / (np.mean(np.abs(grads)) + 1e-3) / state["t"] ** 0.5


class Cube(Tanh):
    """An activation of somebody else, which reduces over the second axis."""

    def forward(self, u):
        """Return the third power of the deviations."""
        assert u.ndim == 2
        return (u - u.mean(axis=1, keepdims=True)) ** 3

    def backward(self, u, v, dv):
        """Return the gradient."""
        d = 3 * (u - u.mean(axis=1, keepdims=True)) ** 2 * dv
        return d - d.mean(axis=1, keepdims=True)


OPTIMIZERS = [cls() for cls in concrete_classes(Optimizer)] + [
    SGD(0.9, nesterov=True),
    Normalised(),
]


def network(rng, m=4, hidden=(6, 5), k=2, rates=(0, 0), activation=Tanh, dtype="float64"):
    """Return a network with random weights and dropout."""
    modules, width = [], m
    for size, rate in zip(hidden, rates, strict=True):
        W = (0.5 * rng.normal(size=(width, size))).astype(dtype)
        modules += [Linear(W, np.zeros(size, dtype)), activation()]
        modules += [Dropout(rate, size)] if rate else []
        width = size
    W = (0.5 * rng.normal(size=(width, k))).astype(dtype)
    return Sequential([*modules, Linear(W, np.zeros(k, dtype))])


def new_run(
    seed,
    n=50,
    *,
    m=4,
    optimizer=None,
    schedule=0.02,
    batch_size=16,
    sampler=None,
    alpha=0.01,
    dtype="float64",
    loss=None,
    weighted=False,
    shuffle=True,
    convert=np.asarray,
    stopping=None,
    evaluate=None,
    restore=False,
    epochs=EPOCHS,
    decay=(0.0, 0.0),
    norm=np.inf,
    front=None,
    X=None,
    **settings,
):
    """Return a run that is determined by its arguments."""
    rng = np.random.RandomState(seed)
    net = network(rng, m, dtype=dtype, **settings)
    X = rng.normal(size=(n, m)) * rng.randint(2, size=(n, m)) if X is None else X
    if front is not None:
        X, modules = front(rng, n)
        width = Sequential(modules).forward(X[:1]).shape[1]
        net = Sequential([*modules, *network(rng, width, dtype=dtype, **settings).modules])
    Y = rng.randint(2, size=(len(X), 2)).astype(dtype)
    w = rng.uniform(0.5, 2, size=len(X)).astype(dtype) if weighted else None
    solver = MinibatchSolver(
        optimizer or Adam(),
        as_schedule(schedule),
        sampler or EpochBatchSampler(batch_size, shuffle),
        *decay,
        norm,
    )
    objective = Objective(net, loss or NLL(), alpha)
    dataset = Dataset(convert(X.astype(dtype)), Y, w)
    trainer = Trainer(solver, stopping, evaluate, restore)
    state = solver.init(objective)
    return TrainingRun(trainer, objective, dataset, state, epochs, np.random.RandomState(seed + 99))


def assert_same(found, expected, rtol=1e-9, atol=1e-11):
    """Compare what is left of two runs."""
    for one in ("outcome", "kept_epoch"):
        assert getattr(found.history, one) == getattr(expected.history, one)
    assert len(found.history) == len(expected.history)
    for column in expected.history.rows[0] if expected.history.rows else ():
        values = [run.history.column(column) for run in (found, expected)]
        assert_allclose(*values, rtol=rtol, atol=atol)
    close = partial(assert_allclose, rtol=rtol, atol=atol)
    close(found.objective.parameters.vector, expected.objective.parameters.vector)
    networks = [run.objective.network.parameters for run in (found, expected)]
    list(map(close, *networks))
    assert found.state.keys() == expected.state.keys()
    for name in ("steps", "n_plateaus", "relative_loss"):
        close(found.state[name], expected.state[name])
        assert type(found.state[name]) is type(expected.state[name])
    states = [run.state["optimizer"] for run in (found, expected)]
    assert list(states[0]) == list(states[1])
    for one, other in zip(*map(dict.values, states), strict=True):
        close(one, other)
    draws = [copy.deepcopy(run.rng).random_sample() for run in (found, expected)]
    assert draws[0] == draws[1] or expected.history.outcome == "diverged"


def assert_law(recipes, n_batches=1, **tolerance):
    """Train networks together and alone, and compare them."""
    together, alone = ([recipe() for recipe in recipes] for _ in range(2))
    arguments = [Member(*run.arguments) for run in together]
    assert len(group_members(arguments)) == n_batches
    train_together(together)
    for one in alone:
        train_together([one])
    for found, expected in zip(together, alone, strict=True):
        assert_same(found, expected, **tolerance)
    return together


def recipes(**common):
    """Return recipes of runs whose numbers of rows and settings differ, with common ones."""
    own = [
        {"n": 50, "alpha": 0.0, "schedule": 0.02},
        {"n": 47, "schedule": Cosine(0.05, 200), "norm": 0.3},
        {"n": 81, "schedule": InverseScaling(0.1, 0.5), "decay": (0.1, 1.0)},
        {"n": 20, "schedule": 0.02, "decay": (0.01, 0.0), "epochs": 7},
        {"n": 48, "schedule": Adaptive(0.05), "stopping": EarlyStopping(2, 0.05)},
    ]
    return [partial(_recipe, seed, {**settings, **common}) for seed, settings in enumerate(own)]


def _recipe(seed, settings):
    """Return a new run, with early stopping of its own."""
    return new_run(seed, **copy.deepcopy(settings))


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("rates", [(0, 0), (0.3, 0.0), (0.2, 0.5)])
@pytest.mark.parametrize("optimizer", OPTIMIZERS, ids=repr)
def test_member_equals_network_alone(optimizer, rates, weighted):
    """All optimizers, with dropout and weights, of unequal rows and settings."""
    assert_law(recipes(optimizer=optimizer, rates=rates, weighted=weighted))


def test_members_with_float32_keep_it():
    """Bits are not promised, the precision is."""
    runs = assert_law(recipes(dtype="float32", rates=(0.2, 0)), rtol=2e-4, atol=2e-5)
    for run in runs:
        arrays = [run.objective.parameters.vector, run.state["optimizer"]["first"]]
        assert {array.dtype.name for array in arrays} == {"float32"}


@pytest.mark.parametrize(
    "common",
    [
        {"shuffle": False},
        {"batch_size": 1000},
        {"sampler": ReplacementSampler(30)},
        {"activation": LeakyReLU},
        {"activation": Cube},
        {"loss": SquaredError()},
        {"loss": MaskedLoss(Huber([0.5, 1.0]))},
        {"hidden": (), "rates": ()},
    ],
    ids=str,
)
def test_member_equals_network_alone_in_every_setting(common):
    """Samplers, activations and losses, also those of somebody else."""
    assert_law(recipes(**common))


def test_dropout_rates_and_missing_dropout_differ():
    """A member without it draws nothing."""
    rates = [(0, 0), (0.5, 0), (0, 0.2), (0.1, 0.2)]
    assert_law([partial(new_run, i, 40 + i, rates=rate) for i, rate in enumerate(rates)])


def test_losses_and_activations_may_differ():
    """Each member's are computed on its own rows."""
    assert_law(
        [
            partial(new_run, 0, loss=Huber(0.5)),
            partial(new_run, 1, loss=Huber(1.5), activation=ReLU),
            partial(new_run, 2, loss=SquaredError(), activation=Cube),
        ]
    )


def test_plain_inputs_of_unequal_widths():
    """Further columns of others stay without effect."""
    runs = assert_law([partial(new_run, m, 40, m=m, alpha=0.1, decay=(0.1, 0)) for m in (3, 5, 4)])
    assert [run.objective.network.modules[0].W.shape for run in runs] == [(3, 6), (5, 6), (4, 6)]
    assert all(run.state["optimizer"]["first"].ndim == 1 for run in runs)


def test_other_optimizers_train_unequal_widths_apart():
    """They may look at all parameters, of which padding is none."""
    widths = [partial(new_run, m, 40, m=m, optimizer=Normalised()) for m in (3, 5, 4)]
    assert_law(widths, n_batches=3)


def table(rng, n, n_bins, n_codes, rows, d=2, embedded=1):
    """Return a compact matrix of a number, a code and further codes, and the modules for it."""
    edges = np.linspace(-2, 2, n_bins + 1)
    encoding = TabularEncoding(
        1, np.zeros(n_bins, int), edges[:-1], edges[1:], [0], [n_codes], embedded
    )
    X = np.column_stack(
        [rng.normal(size=n), rng.randint(n_codes, size=n), rng.randint(rows, size=(n, embedded))]
    ).astype(float)
    X[::7, 0] = np.nan
    return X, [encoding, Embedding(rng.normal(size=(rows, d)), embedded)]


@pytest.mark.parametrize("optimizer", [SGD(0.9), Adam()], ids=repr)
def test_encodings_and_embeddings_of_unequal_sizes(optimizer):
    """Bins, categories, rows and columns of each fold."""
    sizes = [(3, 4, 5), (4, 3, 6), (3, 4, 5), (2, 6, 3, 3, 2)]
    fronts = [lambda rng, n, size=size: table(rng, n, *size) for size in sizes]
    runs = assert_law(
        [
            partial(new_run, i, 40 + i, front=front, optimizer=optimizer, rates=(0.2, 0))
            for i, front in enumerate(fronts)
        ]
    )
    assert [run.objective.network.modules[1].E.shape for run in runs] == [
        (5, 2),
        (6, 2),
        (5, 2),
        (3, 3),
    ]


@pytest.mark.parametrize("rates", [(0, 0), (0.3, 0)])
def test_members_share_one_encoding_and_one_matrix(rates):
    """Each has its own rows of X, and the bits of those that have copies of them."""
    X, modules = table(np.random.RandomState(0), 60, 3, 4, 5)
    whole = X.copy()

    def member(seed, rows):
        run = new_run(seed, front=lambda rng, n: (X[rows], modules[:1]), rates=rates)
        run.dataset = Dataset(X, run.dataset.Y, run.dataset.w, rows=rows)
        return run

    folds = [np.delete(np.arange(60), np.s_[i::4]) for i in range(4)]
    runs = assert_law([partial(member, i, rows) for i, rows in enumerate(folds)])
    assert_array_equal(X, whole)
    copies = [
        new_run(i, front=lambda rng, n, rows=rows: (X[rows], modules[:1]), rates=rates)
        for i, rows in enumerate(folds)
    ]
    train_together(copies)  # alone, some BLAS kernels round otherwise
    for run, copied in zip(runs, copies, strict=True):
        assert_array_equal(copied.objective.parameters.vector, run.objective.parameters.vector)


@pytest.mark.parametrize("convert", [sparse.csr_matrix, sparse.csr_array])
def test_sparse_members_equal_networks_alone(convert):
    """And those with dense inputs."""
    runs = assert_law(recipes(convert=convert), n_batches=5)
    dense = [recipe() for recipe in recipes()]
    train_together(dense)
    for found, expected in zip(runs, dense, strict=True):
        assert_same(found, expected, rtol=1e-7)


def test_networks_of_different_shapes_are_trained_in_step():
    """Their epochs are aligned, in batches of their own."""
    seen = []
    runs = [new_run(i, hidden=(size, 5), epochs=3) for i, size in enumerate((6, 7, 6, 8))]
    train_together(runs, on_epoch=lambda histories, last: seen.append(list(map(len, histories))))
    assert seen == [[i] * 4 for i in (1, 2, 3)]
    assert_law(
        [partial(new_run, i, hidden=(s, 5)) for i, s in enumerate((6, 7, 6, 8))], n_batches=3
    )


def test_large_networks_are_trained_in_turn(monkeypatch):
    """With the same results."""
    monkeypatch.setattr(members_module, "MAX_STACKED_PRODUCTS", 10)
    assert_law(recipes(), n_batches=5)


settings_of_member = st.fixed_dictionaries(
    {
        "n": st.integers(1, 60),
        "m": st.integers(1, 5),
        "alpha": st.sampled_from([0.0, 0.1]),
        "schedule": st.sampled_from([0.02, 0.1, Cosine(0.1, 50)]),
        "rates": st.sampled_from([(0, 0), (0.3, 0), (0.2, 0.2)]),
        "norm": st.sampled_from([np.inf, 0.1]),
        "decay": st.sampled_from([(0.0, 0.0), (0.1, 0.0), (0.1, 1.0)]),
        "epochs": st.integers(0, 8),
    }
)


@settings(deadline=None)
@given(st.lists(settings_of_member, min_size=2, max_size=5), st.integers(1, 70), st.booleans())
def test_any_members_equal_networks_alone(members, batch_size, weighted):
    """Those with one batch per epoch make their steps apart from the others."""
    common = {"batch_size": batch_size, "weighted": weighted}
    made = [partial(new_run, i, **one, **common) for i, one in enumerate(members)]
    full = {one["n"] <= batch_size for one in members}
    assert_law(made, len(full), rtol=1e-7, atol=1e-9)


# The end of each run


def test_members_that_leave_change_nothing_for_the_others():
    """Though the arrays are made anew."""
    ends = [3, 20, 11, 7, 20]
    runs = assert_law([partial(new_run, i, 40 + i, epochs=end) for i, end in enumerate(ends)])
    assert [len(run.history) for run in runs] == ends


def score(values):
    """Return an `evaluate` that gives one value after the other."""
    values = iter(values)
    return lambda: {"score": next(values)}


def test_early_stopping_and_best_epoch_are_the_member_s():
    """Each ends where it is best."""

    def member(seed, best):
        values = [-abs(epoch - best) for epoch in range(1, 30)]
        stopping = EarlyStopping(3, 0.5, "score", higher_is_better=True)
        return new_run(seed, stopping=stopping, evaluate=score(values), restore=True)

    runs = assert_law([partial(member, i, best) for i, best in enumerate((4, 9, 2))])
    assert [run.history.kept_epoch for run in runs] == [4, 9, 2]
    assert [len(run.history) for run in runs] == [7, 12, 5]
    assert [run.history.outcome for run in runs] == ["converged"] * 3


@pytest.mark.parametrize("rate", [1e200, 30.0])
def test_divergence_is_the_member_s(rate):
    """The others go on, whether the loss is infinite or only too high."""
    rates = [0.01, rate, 0.02]
    runs = assert_law(
        [
            partial(new_run, i, schedule=one, optimizer=SGD(), loss=SquaredError(), activation=ReLU)
            for i, one in enumerate(rates)
        ]
    )
    outcomes = [run.history.outcome for run in runs]
    assert outcomes == ["max_iter", "diverged", "max_iter"]
    assert all(np.isfinite(run.objective.parameters.vector).all() for run in runs)


def test_all_members_diverge():
    """Before any epoch is finished; nobody is told of an epoch."""
    calls = []
    runs = [new_run(i, schedule=1e300, optimizer=SGD(), loss=SquaredError()) for i in range(2)]
    start = [run.objective.parameters.vector.copy() for run in runs]
    train_together(runs, on_epoch=lambda *args: calls.append(args))
    assert [run.history.outcome for run in runs] == ["diverged"] * 2
    assert calls == []
    for run, expected in zip(runs, start, strict=True):
        assert_array_equal(run.objective.parameters.vector, expected)


def test_deadline_ends_all_members():
    """After the epoch in which it passes."""
    runs = [new_run(0), new_run(1, epochs=1), new_run(2)]
    train_together(runs, deadline=time.monotonic() - 1)
    assert [run.history.outcome for run in runs] == ["max_time"] * 3
    assert [len(run.history) for run in runs] == [1] * 3


def test_on_epoch_ends_all_members_that_are_left():
    """The first had ended before; `last` is for the last epoch of all."""
    runs, lasts = [new_run(0, epochs=2), new_run(1), new_run(2)], []

    def on_epoch(histories, last):
        lasts.append(last)
        return len(histories[1]) == 4

    train_together(runs, on_epoch=on_epoch)
    assert [run.history.outcome for run in runs] == ["max_iter", "callback", "callback"]
    assert [len(run.history) for run in runs] == [2, 4, 4]
    assert lasts == [False] * 4


def test_last_is_told_when_all_have_stopped():
    """By themselves, not by the number of epochs."""
    runs, lasts = [new_run(i, stopping=EarlyStopping(i, 1e9)) for i in (2, 4)], []
    train_together(runs, on_epoch=lambda histories, last: lasts.append(last))
    assert lasts == [False] * 4 + [True]
    assert [run.history.outcome for run in runs] == ["converged"] * 2


def interrupted(epoch):
    """Return an `evaluate` that raises KeyboardInterrupt in an epoch."""
    epochs = iter(range(1, 100))

    def evaluate():
        if next(epochs) == epoch:
            raise KeyboardInterrupt
        return {}

    return evaluate


def test_interrupt_keeps_the_last_finished_epoch_of_each():
    """A member that had ended is as it was."""
    runs = [new_run(0), new_run(1, 40, evaluate=interrupted(4)), new_run(2, 40, epochs=2)]
    train_together(runs)
    assert [run.history.outcome for run in runs] == ["interrupted", "interrupted", "max_iter"]
    for i, run in enumerate(runs):
        alone = new_run(i, 50 if i == 0 else 40, epochs=len(run.history))
        train_together([alone])
        expected = alone.objective.parameters.vector
        assert_allclose(run.objective.parameters.vector, expected, rtol=1e-10)
        assert run.state["steps"] == alone.state["steps"]
    assert len(runs[1].history) == 3


def test_interrupt_before_an_epoch_is_finished_is_raised():
    """There is nothing to keep."""
    runs = [new_run(0), new_run(1, 40, evaluate=interrupted(1))]
    with pytest.raises(KeyboardInterrupt):
        train_together(runs)
    assert len(runs[1].history) == 0


def test_a_half_left_batch_is_resumed():
    """From copies of what the runs are between two epochs."""
    ends = [3, 12, 9]
    made = [partial(new_run, i, 40 + i, epochs=end, rates=(0.2, 0)) for i, end in enumerate(ends)]
    runs, saved = [recipe() for recipe in made], []

    def on_epoch(histories, last):
        if len(histories[1]) == 5:
            saved.extend(copy.deepcopy(runs))

    train_together(runs, on_epoch=on_epoch)
    assert [len(run.history) for run in saved] == [3, 5, 5]
    train_together(saved)
    for found, expected in zip(saved, runs, strict=True):
        assert_same(found, expected)


def test_a_run_that_has_ended_stays_as_it_is():
    """Also with the weights of its best epoch."""
    stopping = EarlyStopping(99, 0, "score", higher_is_better=True)
    best = new_run(0, stopping=stopping, evaluate=score([1, 3, 2, 0]), restore=True, epochs=4)
    runs = [best, new_run(1, stopping=EarlyStopping(2, 1e9)), new_run(2, epochs=3)]
    train_together(runs)
    kept = copy.deepcopy(runs)
    runs.append(new_run(3, epochs=2))
    train_together(runs)
    for run, expected in zip(runs, kept, strict=False):
        assert_same(run, expected)
    assert runs[0].history.kept_epoch == 2


# L-BFGS


def lbfgs_run(seed, evaluate=None, epochs=15):
    """Return a run of another solver."""
    run = new_run(seed, 30 + seed, evaluate=evaluate, epochs=epochs)
    return TrainingRun(
        Trainer(LBFGS(), evaluate=evaluate), run.objective, run.dataset, {}, epochs, run.rng
    )


def test_lbfgs_runs_are_made_one_after_the_other():
    """With a call after each iteration."""
    seen = []
    together, alone = ([lbfgs_run(i) for i in range(3)] for _ in range(2))
    train_together(together, on_epoch=lambda histories, last: seen.append(sum(map(len, histories))))
    for found, expected in zip(together, alone, strict=True):
        train_together([expected])
        assert found.history.outcome == expected.history.outcome
        assert found.history.column("loss") == expected.history.column("loss")
        vectors = [run.objective.parameters.vector for run in (found, expected)]
        assert_array_equal(*vectors)
    assert seen == list(range(1, len(seen) + 1))


def test_lbfgs_runs_share_the_time_and_the_end():
    """Each makes an iteration after the deadline, or after a callback has ended training."""
    runs = [lbfgs_run(i) for i in range(3)]
    train_together(runs, deadline=time.monotonic() - 1)
    assert [(run.history.outcome, len(run.history)) for run in runs] == [("max_time", 1)] * 3
    runs = [lbfgs_run(i) for i in range(3)]
    train_together(runs, on_epoch=lambda histories, last: len(histories[1]) == 2)
    assert [run.history.outcome for run in runs] == ["max_iter", "callback", "callback"]
    assert [len(run.history) for run in runs] == [15, 2, 1]


def test_mixed_solvers():
    """Those with batches come first."""
    runs = [lbfgs_run(0), new_run(1), new_run(2)]
    train_together(runs)
    alone = [lbfgs_run(0), new_run(1), new_run(2)]
    for found, expected in zip(runs, alone, strict=True):
        train_together([expected])
        vectors = [run.objective.parameters.vector for run in (found, expected)]
        assert_allclose(*vectors, rtol=1e-9)


# Prediction


@pytest.mark.parametrize("convert", [np.asarray, sparse.csr_matrix])
def test_members_predict_on_shared_rows(convert):
    """And each answers for itself."""
    networks = [network(np.random.RandomState(i)) for i in range(3)]
    X = np.random.RandomState(9).normal(size=(23, 4))
    z = raw_predict(rebuilt(networks, np.stack), convert(X), X.dtype)
    assert_allclose(z, np.stack([one.forward(X) for one in networks]), rtol=1e-12)
