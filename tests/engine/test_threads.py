"""Threads: each part of a computation is computed once; no bit depends on who computes it."""

import os
import threading
import time
from itertools import count
from types import SimpleNamespace

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from sknn.engine import (
    NLLM,
    Adam,
    Dataset,
    Dropout,
    Linear,
    MinibatchSolver,
    Objective,
    Sequential,
    network,
)
from sknn.engine import _threads as threads_module
from sknn.engine import gradients as gradients_module
from sknn.engine import members as members_module
from sknn.engine._threads import AllowThreads, run_parallel
from sknn.engine.data import EpochBatchSampler
from sknn.engine.members import Member, MemberBatch, run_epochs
from sknn.engine.modules import Module
from sknn.engine.schedules import as_schedule
from sknn.engine.training import Trainer

pytestmark = pytest.mark.thread_unsafe(reason="the limit of threads belongs to the process")


def allow(n):
    """Return a context with n threads."""
    return AllowThreads(lambda: (n, lambda: None))


def who_computes(n_parts, n_threads=1):
    """Return the threads that compute some parts, by part; wait until there are so many."""
    found, enough = [None] * n_parts, threading.Event()

    def compute(i):
        found[i] = threading.get_ident()
        if len(set(found) - {None}) >= n_threads:
            enough.set()
        assert enough.wait(60)

    run_parallel([lambda i=i: compute(i) for i in range(n_parts)])
    return found


@pytest.mark.parametrize(("limit", "n_threads"), [(None, 1), (1, 1), (2, 2), (3, 3)])
def test_parts_are_computed_by_so_many_threads(limit, n_threads):
    """Each once; without a context by the caller alone."""
    if limit is None:
        found = who_computes(6)
    else:
        with allow(limit):
            found = who_computes(6, n_threads)
    assert None not in found
    assert threading.get_ident() in found
    assert len(set(found)) == n_threads


def test_callers_share_the_limit():
    """Two threads that compute on two cores have no helper, so that no third thread computes."""
    found, inside = {}, threading.Barrier(2)

    def caller(i):
        with allow(2):
            inside.wait()
            found[i] = set(who_computes(4))
            inside.wait()

    callers = [threading.Thread(target=caller, args=(i,)) for i in range(2)]
    for one in callers:
        one.start()
    for one in callers:
        one.join()
    assert [len(one) for one in found.values()] == [1, 1]
    with allow(2):
        assert len(set(who_computes(4, 2))) == 2


def test_first_context_begins_and_last_ends():
    """In one thread they may be nested."""
    calls = []

    def begin():
        calls.append("begin")
        return 2, lambda: calls.append("end")

    with AllowThreads(begin):
        with AllowThreads(begin):
            pass
        assert calls == ["begin"]
    assert calls == ["begin", "end"]
    assert len(set(who_computes(3))) == 1  # not allowed any more


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
@pytest.mark.parametrize("in_caller", [True, False])
def test_errors_are_raised_when_all_threads_have_ended(error, in_caller):
    """Also by Ctrl-C, which reaches the caller; the threads then serve others."""
    caller, running, both = threading.get_ident(), [], threading.Barrier(2)

    def fails():
        running.append(1)
        both.wait(60)
        if in_caller == (threading.get_ident() == caller):
            running.pop()
            raise error("part")
        time.sleep(0.05)
        running.pop()

    with allow(2):
        with pytest.raises(error, match="part"):
            run_parallel([fails, fails])
        assert not running
        assert len(set(who_computes(4, 2))) == 2


def test_float_errors_are_those_of_the_caller():
    """NumPy's settings belong to a thread."""
    seen, both = [], threading.Barrier(2)

    def note():
        both.wait(60)
        seen.append((threading.get_ident(), np.geterr()["over"]))

    with allow(2), np.errstate(over="raise"):
        run_parallel([note, note])
    assert len({thread for thread, _ in seen}) == 2
    assert {setting for _, setting in seen} == {"raise"}


def test_a_system_without_threads_does_without(monkeypatch):
    """As in a browser."""

    class Refused(threading.Thread):
        def start(self):
            raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threads_module, "_POOL", threads_module._Pool())
    monkeypatch.setattr(threads_module, "Thread", Refused)  # those of others may start
    with allow(2):
        assert set(who_computes(3)) == {threading.get_ident()}


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system cannot fork")
@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
def test_a_forked_process_has_threads_of_its_own():
    """Those of its parent do not exist there, nor do its contexts."""
    ended = []
    with AllowThreads(lambda: (2, lambda: ended.append(1))), allow(2):
        who_computes(2)
        child = os.fork()
        if not child:
            ok = False
            try:
                alone = len(set(who_computes(3)))
                with allow(2):
                    ok = ended == [1] and alone == 1 and len(set(who_computes(4, 2))) == 2
            finally:
                os._exit(0 if ok else 1)  # whatever is raised, it runs no other test
        assert os.waitpid(child, 0)[1] == 0
    assert ended == [1]


def objective(alpha=0.01, dropout=0.0, dtype="float64"):
    """Return an objective of a small network."""
    rng = np.random.RandomState(0)
    layers = network.build([4, 6, 3], ["relu"], "auto", rng=rng, dtype=dtype)
    first, *others = layers.modules
    return Objective(Sequential([first, Dropout(dropout, 6), *others]), NLLM(), alpha)


def batch(n, dtype="float64", seed=0):
    """Return inputs and one-hot targets."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, 4)).astype(dtype)
    return X, np.eye(3, dtype=dtype)[rng.integers(3, size=n)]


@pytest.fixture
def small_shards(monkeypatch):
    """Divide small batches, too: of the network above into shards of 5 rows."""
    monkeypatch.setattr(gradients_module, "MIN_SHARD_PRODUCTS", 42 * 5)
    monkeypatch.setattr(gradients_module, "MIN_SHARD_ROWS", 5)


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("n", [4, 10, 11, 23, 64])
def test_shards_add_up(small_shards, monkeypatch, n, weighted):
    """To the loss and the gradient of the whole batch, also from the second of a size on."""
    w = np.random.default_rng(1).random(n) if weighted else None
    divided = objective()
    found = [divided.value_and_gradient(*batch(n, seed=seed), w) for seed in range(3)]
    n_shards = len(divided._gradient._shards)
    assert n_shards == max(1, min(n // 5, 8))
    monkeypatch.setattr(gradients_module, "MIN_SHARD_PRODUCTS", 2**40)
    whole = objective()
    expected = [whole.value_and_gradient(*batch(n, seed=seed), w) for seed in range(3)]
    assert len(whole._gradient._shards) == 1
    assert_allclose(found, expected, rtol=1e-12)
    assert_allclose(divided.parameters.gradient, whole.parameters.gradient, rtol=1e-10, atol=1e-16)


def test_batches_whose_shapes_differ_are_errors(small_shards):
    """As without shards."""
    X, Y = batch(20)
    with pytest.raises(ValueError, match="Y must have the shape"):
        objective().value_and_gradient(X, Y[:19])
    with pytest.raises(ValueError, match="w must have one weight per sample"):
        objective().value_and_gradient(X, Y, np.ones(21))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("dropout", [0.0, 0.5])
def test_no_bit_depends_on_the_number_of_threads(small_shards, dropout, dtype):
    """Nor on who was faster: training with 1, 2 and 4 threads, and again with 4."""
    vectors = []
    for n_threads in (1, 2, 4, 4):
        trained = objective(dropout=dropout, dtype=dtype)
        solver = MinibatchSolver(Adam(), as_schedule(0.01), EpochBatchSampler(30))
        with allow(n_threads):
            Trainer(solver).train(
                trained,
                Dataset(*batch(100, dtype)),
                state=solver.init(trained),
                epochs=3,
                rng=np.random.RandomState(0),
            )
        vectors.append(trained.parameters.vector)
    for vector in vectors[1:]:
        assert_array_equal(vector, vectors[0])


def test_a_helper_may_compute_all_parts(monkeypatch):
    """The caller, which begins later, raises their errors."""
    computed = []

    def fails():
        computed.append(threading.get_ident())
        raise ValueError("part")

    def help_at_once(work):
        helper = threading.Thread(target=work.help)
        helper.start()
        helper.join()

    with allow(2):
        who_computes(2)  # a thread that were started below would wait for nothing
        monkeypatch.setattr(threads_module._POOL, "work", SimpleNamespace(put=help_at_once))
        with pytest.raises(ValueError, match="part"):
            run_parallel([fails, fails])
    assert len(computed) == 1
    assert threading.get_ident() not in computed


def test_a_late_error_among_three_threads_is_raised(monkeypatch):
    """One helper has ended before, and another one afterwards fails."""
    caller, inside, ended = threading.get_ident(), threading.Barrier(3), threading.Event()
    helped = threads_module._SharedWork.help

    def noted(work):
        helped(work)
        ended.set()

    def part():
        inside.wait(60)
        if threading.get_ident() != caller and next(helpers):
            assert ended.wait(60)
            time.sleep(0.05)  # for a caller that does not wait for this one
            raise ValueError("late")

    monkeypatch.setattr(threads_module._SharedWork, "help", noted)
    for _ in range(5):
        helpers = count()
        ended.clear()
        with allow(3), pytest.raises(ValueError, match="late"):
            run_parallel([part] * 3)


def test_lent_threads_come_back():
    """Even those that Ctrl-C has kept."""
    with allow(2):
        threads_module._POOL.n_lent = 1
    with allow(2):
        assert len(set(who_computes(4, 2))) == 2


def test_a_forked_process_may_leave_the_context_of_its_parent():
    """It is one of its own no more, and does nothing."""
    threads_module._POOL.leave()
    with allow(2):
        assert len(set(who_computes(4, 2))) == 2


class Failing(Module):
    """The identity, which fails in the second of two shards."""

    def forward(self, u):
        """Return a copy."""
        if u[0, 0] == 7:
            raise RuntimeError("in a shard")
        return u.copy()

    def backward(self, u, v, dv):
        """Return the gradient."""
        return dv


@pytest.mark.parametrize("n_threads", [1, 2])
def test_an_error_in_a_shard_is_raised(small_shards, n_threads):
    """And the next batch is computed as ever."""
    used = Objective(Sequential([Failing(), Linear(np.ones((4, 42)), np.ones(42))]), NLLM())
    X, Y = np.ones((12, 4)), np.eye(42)[np.arange(12)]
    expected = used.value_and_gradient(X, Y), used.parameters.gradient.copy()
    assert len(used._gradient._shards) > 1
    bad = X.copy()
    bad[6:, 0] = 7
    with allow(n_threads):
        with pytest.raises(RuntimeError, match="in a shard"):
            used.value_and_gradient(bad, Y)
        assert used.value_and_gradient(X, Y) == expected[0]
    assert_array_equal(used.parameters.gradient, expected[1])


def members(n, shared_rng=False):
    """Return networks in training on one dataset, as those of `n_members`."""
    dataset, rng = Dataset(*batch(100)), np.random.RandomState(0)
    runs = []
    for i in range(n):
        solver = MinibatchSolver(Adam(), as_schedule(0.01), EpochBatchSampler(30))
        trained = objective(alpha=0.01 * i)
        own = rng if shared_rng else np.random.RandomState(i)
        runs.append(Member(solver, trained, dataset, solver.init(trained), own))
    return runs


@pytest.mark.parametrize("shared_rng", [False, True])
@pytest.mark.parametrize("n_threads", [2, 3])
def test_members_in_threads_equal_members_alone(monkeypatch, n_threads, shared_rng):
    """Bit for bit: they share the dataset, but no array that is written to."""
    monkeypatch.setattr(members_module, "MIN_PARALLEL_PRODUCTS", 1)
    vectors = []
    for allowed in (1, n_threads):
        trained = members(3, shared_rng)
        batches = [MemberBatch([one]) for one in trained]
        assert all(one.is_large for one in batches)
        with allow(allowed):
            for _ in range(20):
                run_epochs(batches)
        vectors.append([one.objective.parameters.vector for one in trained])
    assert_array_equal(vectors[1], vectors[0])


def test_ctrl_c_ends_the_epochs_of_all_members(monkeypatch):
    """At the next step: those in other threads do not go on to their end."""
    monkeypatch.setattr(members_module, "MIN_PARALLEL_PRODUCTS", 1)
    caller, both, steps = threading.get_ident(), threading.Barrier(2), []
    take_step = Member.begin_step

    def begin_step(member):
        if not steps.count(threading.get_ident()):
            both.wait(60)
        steps.append(threading.get_ident())
        if threading.get_ident() == caller:
            raise KeyboardInterrupt
        while not all(batch.is_cancelled for batch in batches) and time.monotonic() < end:
            time.sleep(0.01)
        return take_step(member)

    monkeypatch.setattr(Member, "begin_step", begin_step)
    batches, end = [MemberBatch([one]) for one in members(2)], time.monotonic() + 60
    with allow(2), pytest.raises(KeyboardInterrupt):
        run_epochs(batches)
    assert len(steps) == 2  # one in each thread, of 4 steps an epoch
