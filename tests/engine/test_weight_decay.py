"""Weight decay, alone and in proportion to the loss that is still to be explained."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

from sknn.engine import (
    NLLM,
    SGD,
    Constant,
    Dataset,
    EpochBatchSampler,
    Linear,
    MinibatchSolver,
    Objective,
    Sequential,
    SquaredError,
    Trainer,
)


class Still(SGD):
    """Makes no step, so that decay alone changes the weights."""

    def step(self, params, grads, state, rate):
        """Do nothing."""


def decayed(y, offset, *, by_loss=1, epochs=1, loss=None, answer=0.0):
    """Return what is left of a weight of 1 after epochs of one batch each."""
    layer = Linear(np.ones((1, y.shape[1])), np.full(y.shape[1], offset))
    samples = Dataset(answer * y[:, :1], y)
    objective = Objective(Sequential([layer]), loss or SquaredError())
    solver = MinibatchSolver(
        Still(),
        Constant(0.1),
        EpochBatchSampler(len(y)),
        weight_decay=0.5,
        weight_decay_loss_power=by_loss,
    )
    state = solver.init(objective)
    Trainer(solver).train(
        objective, samples, state=state, epochs=epochs, rng=np.random.RandomState(0)
    )
    return float(layer.W[0, 0]), state["relative_loss"]


Y = np.array([[-1.0], [1.0]])


def test_weight_decay_factor_is_one_minus_rate_times_decay():
    """Whatever the loss is."""
    for offset in (0.0, 3.0):
        left, _ = decayed(Y, offset, by_loss=0, epochs=2)
        assert_allclose(left, 0.95**2)


def test_loss_power_decay_is_capped_at_full_decay():
    """The best constant's loss is 1, the unit; a worse answer counts as that."""
    assert_allclose(decayed(Y, 0.0), (0.95, 1.0))
    left, unexplained = decayed(Y, 3.0)
    assert_allclose(left, 0.95)
    assert unexplained > 1


def test_relative_loss_is_a_moving_average():
    """A twentieth of the new and nineteen of the old."""
    y = np.array([[2.0], [2.0], [2.0], [-2.0]])
    best, loss = np.mean((y - 1) ** 2) / 2, np.mean((y - 1.5) ** 2) / 2
    expected = 0.95 + 0.05 * loss / best
    assert_allclose(decayed(y, 1.5)[1], expected)


def test_constant_targets_get_full_decay():
    """There is nothing to explain, and nothing to divide by."""
    left, unexplained = decayed(np.ones((3, 1)), 0.0)
    assert_allclose((left, unexplained), (0.95, 1.0))


@pytest.mark.parametrize("scale", [1e-3, 1e3])
def test_loss_power_decay_ignores_scale_of_y(scale):
    """Shares have none."""
    _, expected = decayed(Y, 0.5)
    assert_allclose(decayed(Y * scale, 0.5 * scale)[1], expected)


def test_baseline_loss_of_labels_uses_class_frequencies():
    """The loss of the constant answer is the entropy of the classes."""
    y = np.eye(3)[[0, 0, 1, 2]]
    entropy = -np.sum([0.5, 0.25, 0.25] * np.log([0.5, 0.25, 0.25]))
    expected = 0.95 + 0.05 * np.log(3) / entropy
    assert_allclose(decayed(y, 0.0, loss=NLLM())[1], expected)


@pytest.mark.parametrize("power", [0.5, 1, 2])
def test_loss_power_is_the_exponent(power):
    """Decay is multiplied by it."""
    share = 0.95 + 0.05 * 0.25  # half of the error is a quarter of the loss
    left, unexplained = decayed(Y, 0.0, by_loss=power, answer=0.5)
    assert_allclose(unexplained, share)
    assert_allclose(left, 1 - 0.1 * 0.5 * share**power)
