"""Loss kernels: the same bits as `value_and_gradient`, batch after batch."""

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from sknn.engine import NLL, NLLM, AbsoluteError, SquaredError
from sknn.engine._loss_kernels import LOSS_KERNELS, bind_loss

LOSSES = [*(loss() for loss in LOSS_KERNELS), AbsoluteError()]


class OtherNLL(NLL):
    """A loss that computes something else."""

    def value_and_gradient(self, z, y):
        """Return numbers that NLL never gives."""
        return np.full(z.shape[:-1], 7, z.dtype), np.full_like(z, 8)


def batch(shape, dtype, seed):
    """Return raw outputs, some of them large, and targets of 0 and 1."""
    rng = np.random.default_rng(seed)
    z = (rng.normal(size=shape) * 10.0 ** rng.integers(-3, 4, size=shape)).astype(dtype)
    return z, (rng.random(shape) < 0.5).astype(dtype)


class OwnGradient(NLLM):
    """A loss whose gradient is another one."""

    def value_and_gradient(self, z, y):
        """Return the gradient of NLLM, halved."""
        losses, dZ = super().value_and_gradient(z, y)
        return losses, dZ / 2


@pytest.mark.parametrize("shape", [(7, 1), (7, 3), (1, 1), (2, 7, 1), (2, 7, 3)])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("loss", LOSSES, ids=repr)
def test_bound_losses_equal_value_and_gradient(loss, dtype, shape):
    """Also with the values of the next batch; the gradient is multiplied by the scale."""
    z, y, dZ = (np.empty(shape, dtype) for _ in range(3))
    losses, scale = np.empty(shape[:-1], dtype), np.array(0.3, dtype)
    calls = bind_loss(loss, z, y, scale, losses, dZ)
    for seed in range(2):
        z[...], y[...] = batch(shape, dtype, seed)
        for call in calls:
            call()
        expected, gradient = loss.value_and_gradient(z, y)
        assert_array_equal(losses, expected)
        assert_array_equal(dZ, gradient * scale)


def test_a_subclass_is_computed_by_its_own_method():
    """What it computes may be something else."""
    z, y = batch((5, 1), "float64", 0)
    losses, dZ = np.empty(5), np.empty((5, 1))
    for call in bind_loss(OtherNLL(), z, y, np.array(1.0), losses, dZ):
        call()
    assert set(losses) == {7}
    assert set(dZ.ravel()) == {8}


def test_a_subclass_with_another_gradient_is_followed():
    """By the exact type: it shares the rest with a loss that has a kernel."""
    z, y = batch((5, 3), "float64", 0)
    losses, dZ = np.empty(5), np.empty((5, 3))
    for call in bind_loss(OwnGradient(), z, y, np.array(1.0), losses, dZ):
        call()
    assert_array_equal(dZ, NLLM().gradient(z, y) / 2)


def test_infinite_outputs():
    """Where a class is impossible, the loss is finite or infinite as the method has it."""
    z = np.array([[0.0, -np.inf], [-np.inf, 3.0]])
    y, losses, dZ = np.eye(2), np.empty(2), np.empty((2, 2))
    for call in bind_loss(NLLM(), z, y, np.array(1.0), losses, dZ):
        call()
    expected, gradient = NLLM().value_and_gradient(z, y)
    assert_array_equal(losses, expected)
    assert_array_equal(dZ, gradient)


class Narrow(AbsoluteError):
    """A loss with a gradient of the wrong shape."""

    def value_and_gradient(self, z, y):
        """Return one column."""
        losses, dZ = super().value_and_gradient(z, y)
        return losses, dZ[..., :1]


def test_a_gradient_of_another_shape_is_an_error():
    """NumPy would broadcast it."""
    z, y = batch((5, 3), "float64", 0)
    (call,) = bind_loss(Narrow(), z, y, np.array(1.0), np.empty(5), np.empty((5, 3)))
    with pytest.raises(ValueError, match="gives a gradient of shape"):
        call()


def test_types_that_differ_are_computed_by_the_method():
    """The result has the type that NumPy gives."""
    z, y = batch((5, 2), "float32", 0)
    losses, dZ = np.empty(5), np.empty((5, 2), "float32")
    loss, wide = SquaredError(), y.astype("float64")
    for call in bind_loss(loss, z, wide, np.array(1.0), losses, dZ):
        call()
    assert_array_equal(losses, loss.value(z, wide))
