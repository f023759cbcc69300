"""Compiled kernels: the bits of the NumPy calls that they replace, for any values and layouts."""

import copy
import gc
import pickle
import re
import weakref
from pathlib import Path

import numpy as np
import pytest
from numpy.testing import assert_array_equal

import sknn
from sknn import MLPClassifier, MLPRegressor, TabularMLPClassifier, TabularMLPRegressor
from sknn.engine import (
    NLL,
    NLLM,
    SGD,
    Adam,
    Linear,
    Objective,
    ReLU,
    Sequential,
    SiLU,
    SquaredError,
    _compiled,
    has_compiled_kernels,
    without_compiled_kernels,
)
from sknn.engine._kernels import kernel_of
from sknn.engine._linalg import MAX_BLAS_SIZE, add_row_calls
from sknn.engine._loss_kernels import bind_loss
from sknn.engine.inference import RawPredictor
from sknn.engine.optimizers import bind_optimizer
from tests.estimators.data import binary, fitted, multiclass, parameters, real

SOURCE = Path(sknn.__file__).parent / "engine" / "_compiled_kernels.c"

needs_kernels = pytest.mark.skipif(not has_compiled_kernels(), reason="they are not compiled")

#: Rows and columns, and members: small ones, single ones, and some that no vector length divides.
SHAPES = [(1, 1), (7, 1), (1, 5), (7, 3), (33, 17), (2, 7, 1), (3, 5, 4), (2, 300, 33)]

#: What an element may be besides an ordinary number.
SPECIAL = [0.0, -0.0, np.inf, -np.inf, np.nan, 1e-45, 3e38, -3e38]


def numbers(shape, dtype, seed, *, special=True):
    """Return numbers of many magnitudes, some of them special."""
    rng = np.random.default_rng(seed)
    a = (rng.normal(size=shape) * 10.0 ** rng.integers(-3, 3, size=shape)).astype(dtype)
    if special:
        where = rng.random(shape) < 0.2
        a[where] = rng.choice(SPECIAL, size=where.sum())
    return a


def both_ways(compute):
    """Return what a function gives with compiled kernels, and without."""
    with_kernels = compute()
    with without_compiled_kernels():
        return with_kernels, compute()


def run(calls):
    """Make calls in order."""
    with np.errstate(all="ignore"):
        for call in calls:
            call()


def test_the_versions_agree():
    """Of the source and of the file that uses it."""
    if not SOURCE.exists():
        pytest.skip("the sources are not installed")
    (version,) = re.findall(r"#define KERNELS_VERSION (\d+)", SOURCE.read_text())
    assert int(version) == _compiled.VERSION
    (size,) = re.findall(r"#define AXPY_SIZE (\d+)", SOURCE.read_text())
    assert int(size) == MAX_BLAS_SIZE


def test_kernels_of_another_version_are_not_used(monkeypatch):
    """As when the package is newer than they are."""

    class Old:
        VERSION = -1

    monkeypatch.setattr(_compiled, "_kernels", Old)
    assert not has_compiled_kernels()
    assert _compiled.bind("relu", np.zeros((2, 2)), np.zeros((2, 2))) is None


@needs_kernels
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("module", [ReLU(), SiLU()], ids=repr)
def test_activations(module, shape, dtype):
    """Forward and backward, where outputs overwrite inputs if the kernel allows it."""
    kernel = kernel_of(module)

    def compute():
        u, dv = numbers(shape, dtype, 0), numbers(shape, dtype, 1)
        v = u if kernel.inplace else np.empty_like(u)
        du = dv if kernel.inplace else np.empty_like(u)
        run(kernel.forward(module, u, v))
        output = v.copy()
        run(kernel.backward(module, u, v, dv, du))
        return output, du

    for found, expected in zip(*both_ways(compute), strict=True):
        assert_array_equal(found, expected)


@needs_kernels
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("shape", SHAPES)
def test_offsets(shape, dtype):
    """Of one network, and of members whose parameters are rows of a matrix."""
    *members, _, k = shape

    def compute():
        a = numbers(shape, dtype, 0)
        row = numbers((*members, k + 3), dtype, 1)[..., 2 : k + 2]
        run(add_row_calls(a, row))
        return a

    assert_array_equal(*both_ways(compute))


@needs_kernels
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("scales", ["one", "many"])
@pytest.mark.parametrize("loss", [NLL(), NLLM(), SquaredError()], ids=repr)
def test_losses(loss, scales, shape, dtype):
    """Values and scaled gradients, with one weight for all rows or one for each."""

    def compute():
        z, y = numbers(shape, dtype, 0), abs(numbers(shape, dtype, 1, special=False))
        losses, dZ = np.empty(shape[:-1], dtype), np.empty(shape, dtype)
        scale = np.array(0.3, dtype)
        if scales == "many":
            scale = numbers((*shape[:-1], 1), dtype, 2, special=False)
        run(bind_loss(loss, z, y, scale, losses, dZ))
        return losses, dZ

    for found, expected in zip(*both_ways(compute), strict=True):
        assert_array_equal(found, expected)


@needs_kernels
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("n", [1, 7, 33, MAX_BLAS_SIZE, MAX_BLAS_SIZE + 5, 2**16 + 9, (40, 50)])
@pytest.mark.parametrize("special", [False, True])
@pytest.mark.parametrize("optimizer", [Adam(), SGD(0.9), SGD(0.9, nesterov=True), SGD()], ids=repr)
def test_optimizers(optimizer, special, n, dtype):
    """Parameters and state after some steps, of matrices and of vectors longer than BLAS's, too."""

    def compute():
        w = numbers(n, dtype, 0, special=special)
        g = np.empty_like(w)
        state = optimizer.init(w)
        step = bind_optimizer(optimizer, w, g, state)
        for seed in range(1, 4):
            g[...] = numbers(n, dtype, seed, special=special)
            run([lambda: step(0.01)])
        return w, *state.values()

    for found, expected in zip(*both_ways(compute), strict=True):
        assert_array_equal(found, expected)


@needs_kernels
def test_a_division_by_zero_is_a_warning():
    """An epsilon that float32 rounds to 0 is not hidden by a kernel."""
    w, g = np.ones(3, "f"), np.full(3, 1e-30, "f")
    optimizer = Adam(epsilon=1e-60)
    with pytest.warns(RuntimeWarning, match="divide by zero"):
        optimizer.step(w, g, optimizer.init(w), 0.01)


ESTIMATORS = {
    "binary": (MLPClassifier((9,), max_iter=4, alpha=0.01), binary),
    "multiclass": (MLPClassifier((9, 5), max_iter=4, activation="silu"), multiclass),
    "regression": (
        MLPRegressor((9,), max_iter=4, solver="sgd", nesterovs_momentum=False),
        real,
    ),
    "members": (MLPClassifier((9,), max_iter=4, n_members=3), multiclass),
    "folds": (MLPRegressor((9,), max_iter=4, cv=3), real),
    "table": (TabularMLPClassifier((9,), max_iter=4, n_members=2), binary),
    "regression of a table": (TabularMLPRegressor((9,), max_iter=4), real),
}


@needs_kernels
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", ESTIMATORS)
def test_fits(name, dtype):
    """Every weight of a fit is the same."""
    estimator, make = ESTIMATORS[name]
    X, y = make()

    def compute():
        return parameters(fitted(estimator.set_params(random_state=0), X.astype(dtype), y))

    assert_array_equal(*both_ways(compute))


@needs_kernels
@pytest.mark.parametrize(
    "arrays",
    [
        pytest.param((np.zeros((4, 3)), np.zeros((4, 3), "f")), id="types"),
        pytest.param((np.zeros((4, 3), "e"), np.zeros((4, 3), "e")), id="half"),
        pytest.param((np.zeros((4, 3), ">f8"), np.zeros((4, 3), ">f8")), id="byte order"),
        pytest.param((np.zeros((4, 3)), np.zeros((4, 2))), id="sizes"),
        pytest.param((np.zeros((4, 6))[:, ::2], np.zeros((4, 3))), id="not contiguous"),
        pytest.param((np.zeros((4, 3), order="F"), np.zeros((4, 3))), id="by column"),
        pytest.param((np.zeros((0, 3)), np.zeros((0, 3))), id="empty"),
        pytest.param((np.zeros((4, 3)), np.broadcast_to(1.0, (4, 3))), id="read-only"),
        pytest.param((np.zeros((4, 3)), [0.0] * 12), id="a list"),
        pytest.param(
            (np.frombuffer(bytes(97), "f8", 12, 1).reshape(4, 3), np.zeros((4, 3))), id="address"
        ),
    ],
)
def test_arrays_that_do_not_suit(arrays):
    """NumPy computes the step."""
    assert _compiled.bind("relu", *arrays) is None


@needs_kernels
@pytest.mark.parametrize(("a", "row"), [((4, 3), (2,)), ((2, 4, 3), (3, 3)), ((2, 4, 3), (6,))])
def test_rows_that_do_not_suit(a, row):
    """Neither those of other sizes nor of other members."""
    assert _compiled.bind("add_rows", np.zeros(a), np.zeros(row)) is None


@needs_kernels
def test_scales_that_do_not_suit():
    """There is one, or one for each row."""
    arrays = (np.zeros((4, 3)) for _ in range(4))
    assert _compiled.bind("squared_error", *arrays, np.zeros(3)) is None


@needs_kernels
def test_misuse_is_an_error():
    """Which only a change of the package can meet."""
    a = np.zeros(3)
    with pytest.raises(ValueError, match="no kernel"):
        _compiled.bind("swish", a, a)
    with pytest.raises(ValueError, match="needs 2 arrays and 0 constants"):
        _compiled.bind("relu", a)
    with pytest.raises(TypeError):
        _compiled.bind("sgd", a, a, a, constants=("fast",))
    call = _compiled.bind("relu", a, a.copy())
    with pytest.raises(TypeError, match="takes 0 arguments"):
        call(0.1)
    step = _compiled.bind("sgd", a, a, a.copy(), constants=(0.9,))
    for wrong in ((), (0.1, 0.2), ("slow",)):
        with pytest.raises(TypeError):
            step(*wrong)


@needs_kernels
def test_a_call_keeps_its_arrays():
    """Their memory is valid as long as the call lives, and no longer."""
    u, v = np.full(1000, -1.0), np.ones(1000)
    alive = weakref.ref(u)
    call = _compiled.bind("relu", u, v)
    del u
    gc.collect()
    assert alive() is not None
    call()
    assert not v.any()
    del call
    gc.collect()
    assert alive() is None


@pytest.mark.parametrize("make_copy", [copy.deepcopy, lambda one: pickle.loads(pickle.dumps(one))])
def test_copies_leave_calls_out(make_copy):
    """Whoever holds calls can be copied in the middle of its work, and the copy goes on."""
    X, Y = numbers((8, 3), "float64", 0, special=False), np.ones((8, 1))
    network = Sequential(
        [Linear(np.ones((3, 4)), np.zeros(4)), ReLU(), Linear(np.ones((4, 1)), np.zeros(1))]
    )
    objective, predictor = Objective(network, NLL()), RawPredictor(network, "float64")
    for _ in range(3):
        objective.value_and_gradient(X, Y)
        predictor(X[:1])
    assert make_copy(objective).value_and_gradient(X, Y) == objective.value_and_gradient(X, Y)
    assert_array_equal(make_copy(predictor)(X[:1]), predictor(X[:1]))


def test_kernels_can_be_switched_off():
    """Within a context, and they are back afterwards, whatever happened."""
    before = has_compiled_kernels()

    def fails():
        with without_compiled_kernels():
            assert not has_compiled_kernels()
            raise KeyError

    with pytest.raises(KeyError):
        fails()
    assert has_compiled_kernels() == before


def test_contexts_of_several_threads_may_overlap():
    """Kernels are off until all have ended, and then they are back."""
    before = has_compiled_kernels()
    first, second = without_compiled_kernels(), without_compiled_kernels()
    first.__enter__()
    second.__enter__()
    first.__exit__(None, None, None)
    assert not has_compiled_kernels()
    second.__exit__(None, None, None)
    assert has_compiled_kernels() == before
