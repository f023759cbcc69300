"""Kernels compute what the methods of the modules compute, on arrays that are used again."""

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from scipy import sparse

from sknn.engine import Dropout, Linear, Module, ReLU, Step
from sknn.engine._kernels import KERNELS, MAX_ZEROS_SIZE, kernel_of
from tests.engine.gradients import concrete_classes, inputs, recipes

#: Step has no derivative.
MODULES = [
    pytest.param(make, id=f"{cls.__name__}{i}")
    for cls in concrete_classes(Module)
    if cls is not Step
    for i, make in enumerate(recipes(cls))
]
IN_TABLE = [
    pytest.param(make, id=f"{cls.__name__}{i}")
    for cls in concrete_classes(Module)
    if cls in KERNELS
    for i, make in enumerate(recipes(cls))
]


@pytest.fixture
def rng():
    """Return a generator."""
    return np.random.RandomState(0)


def called(calls):
    """Make calls in order."""
    for call in calls:
        call()


def same_bits(found, expected):
    """Compare two arrays exactly, type, signs of zeros and all."""
    assert found.dtype == expected.dtype
    assert_array_equal(found, expected)
    assert_array_equal(np.signbit(found), np.signbit(expected))


class Bound:
    """The kernel of a module, bound to arrays for a batch."""

    def __init__(self, module, u):
        self.module, self.u = module, u
        v = module.forward(u)
        self.v, self.dv = np.empty_like(v), np.empty_like(v)
        self.du = np.empty_like(module.backward(u, v, v))
        self.out = [np.full_like(parameter, np.nan) for parameter in module.parameters]
        kernel = kernel_of(module)
        self.forward = kernel.forward(module, u, self.v)
        self.backward = kernel.backward(module, u, self.v, self.dv, self.du)
        self.weight_grad = kernel.weight_grad(module, u, self.dv, self.out)

    def assert_equals_methods(self, u, dv):
        """Compare all calls with the methods, with these numbers in the arrays."""
        module = self.module
        self.u[...], self.dv[...] = u, dv
        called(self.forward)
        v = module.forward(u)
        same_bits(self.v, v)
        if module.parameters:
            called(self.weight_grad)
            for found, expected in zip(self.out, module.weight_grad(u, self.dv), strict=True):
                same_bits(found, expected)
        called(self.backward)
        same_bits(self.du, module.backward(u, v, self.dv))


def in_dtype(module, dtype):
    """Convert the parameters of a module."""
    for name in (*module.weights, *module.offsets):
        setattr(module, name, getattr(module, name).astype(dtype))
    return module


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("make", MODULES)
def test_kernels_agree_with_the_methods(make, dtype, rng):
    """Again and again, with whatever is in the arrays by then."""
    module = make(rng, 3)
    if not hasattr(module, "modules"):  # those of a network are converted one by one
        module = in_dtype(module, dtype)
    bound = Bound(module, inputs(rng, (5, 3)).astype(dtype))
    for _ in range(3):
        u = inputs(rng, bound.u.shape).astype(dtype)
        bound.assert_equals_methods(u, rng.normal(size=bound.v.shape).astype(bound.v.dtype))


@pytest.mark.parametrize("members", [(), (2,)])
@pytest.mark.parametrize("n", [1, 3, 64, MAX_ZEROS_SIZE])
@pytest.mark.parametrize("make", [lambda rng, shape: ReLU(), lambda rng, shape: Linear(*shape)])
def test_kernels_agree_with_the_methods_at_every_size(make, n, members, rng):
    """Where other routines are chosen; members, too; numbers that are not finite and -0."""
    shape = rng.normal(size=(*members, 3, 3)), rng.normal(size=(*members, 3))
    module = make(rng, shape)
    u = rng.normal(size=(*members, n, 3))
    bound = Bound(module, u)
    for _ in range(2):
        bound.assert_equals_methods(*rng.normal(size=(2, *u.shape)))
    if not module.parameters:
        special = rng.choice([np.nan, np.inf, -np.inf, -0.0, 0.0, 5e-324], size=(2, *u.shape))
        with np.errstate(invalid="ignore"):
            bound.assert_equals_methods(*special)


@pytest.mark.parametrize("make", MODULES)
def test_kernel_flags_are_true(make, rng):
    """In-place results are equal, and an output that is not needed is not read."""
    module = make(rng, 3)
    kernel = kernel_of(module)
    u = inputs(rng, (5, 3))
    v = module.forward(u)
    dv = rng.normal(size=v.shape)
    du = module.backward(u, v, dv)
    if not kernel.backward_needs_output:
        found = np.empty_like(du)
        called(kernel.backward(module, u, np.full_like(v, np.nan), dv, found))
        assert_array_equal(found, du)
    if kernel.inplace:
        called(kernel.forward(module, u, u))
        assert_array_equal(u, v)
        called(kernel.backward(module, u, u, dv, dv))
        assert_array_equal(dv, du)


def doubled(cls, name):
    """Return a method that gives twice what that of a class gives, and takes no `out`."""
    method = getattr(cls, name)
    if name == "weight_grad":
        return lambda *arguments: [np.multiply(grad, 2, grad) for grad in method(*arguments)]
    return lambda self, *arguments: 2 * method(self, *arguments)


@pytest.mark.parametrize("name", ["forward", "backward", "weight_grad"])
@pytest.mark.parametrize("make", IN_TABLE)
def test_a_subclass_is_computed_by_its_own_methods(make, name, rng):
    """Whichever it overrides, and without the declarations of its parent's kernel."""
    module = make(rng, 3)
    u = inputs(rng, (5, 3))
    expected = module.forward(u) * (2 if name == "forward" else 1)
    module.__class__ = type("Doubled", (type(module),), {name: doubled(type(module), name)})
    assert not kernel_of(module).inplace
    assert kernel_of(module).backward_needs_output
    bound = Bound(module, u)
    called(bound.forward)
    same_bits(bound.v, expected)
    bound.assert_equals_methods(u.copy(), rng.normal(size=expected.shape))


@pytest.mark.parametrize("make", IN_TABLE)
def test_a_subclass_that_overrides_nothing_has_no_kernel(make, rng):
    """What a method uses, such as a property, may be another there."""
    module = make(rng, 3)
    default = kernel_of(Dropout(0.5, 3))
    assert kernel_of(module) is not default
    module.__class__ = type("Sub", (type(module),), {})
    assert kernel_of(module) is default


def test_linear_kernel_accepts_replaced_sparse_data(rng):
    """By another array, between the steps."""
    layer = Linear(rng.normal(size=(3, 2)), rng.normal(size=2))
    rows = sparse.csr_matrix(inputs(rng, (5, 3)))
    v, dv = np.empty((5, 2)), rng.normal(size=(5, 2))
    out = [np.empty_like(parameter) for parameter in layer.parameters]
    kernel = kernel_of(layer)
    calls = kernel.forward(layer, rows, v) + kernel.weight_grad(layer, rows, dv, out)
    for _ in range(3):
        rows.data = rng.normal(size=rows.nnz)
        called(calls)
        same_bits(v, layer.forward(rows))
        for found, expected in zip(out, layer.weight_grad(rows, dv), strict=True):
            same_bits(found, expected)
