"""
Batch, mini-batch and single-sample gradient descent
====================================================

The gradient of the objective is a mean over all samples. A mini-batch estimates it from a few of
them, less exactly and much cheaper: for the cost of one exact step there are many noisy ones. All
three methods start from the same point, and use each sample ten times.
"""

import matplotlib.pyplot as plt
import numpy as np

from sknn.engine import (
    NLL,
    SGD,
    Dataset,
    EpochBatchSampler,
    Linear,
    MinibatchSolver,
    Objective,
    Optimizer,
    Sequential,
    Trainer,
    as_schedule,
)

rng = np.random.default_rng(0)
X = rng.normal(size=(200, 2)) @ np.array([[1.5, 0.3], [0.0, 0.7]])
Y = (X @ [[1.0], [-1.5]] + rng.normal(scale=0.7, size=(200, 1)) > 0).astype(float)

# %%
# The objective of a neuron with two weights (and an offset fixed at 0) can be drawn. The optimizer
# records the weights before each step.


class Recorded(Optimizer):
    """An optimizer that records the parameters before each step."""

    def __init__(self, optimizer):
        self.optimizer = optimizer
        self.places = []

    def init(self, params):
        """Return the initial state of the wrapped optimizer."""
        return self.optimizer.init(params)

    def step(self, params, grads, state, rate):
        """Record the parameters, then make a step; the offset is fixed."""
        self.places.append(params.copy())
        grads[2] = 0
        self.optimizer.step(params, grads, state, rate)


def walk(batch_size, rate):
    """Train for ten epochs, and return the recorded parameters."""
    network = Sequential([Linear(W=np.array([[-1.5], [1.5]]), W0=np.zeros(1))])
    objective = Objective(network, NLL(), alpha=0.01)
    recorded = Recorded(SGD())
    solver = MinibatchSolver(recorded, as_schedule(rate), EpochBatchSampler(batch_size))
    Trainer(solver).train(
        objective,
        Dataset(X, Y),
        state=solver.init(objective),
        epochs=10,
        rng=np.random.RandomState(0),
    )
    return np.array([*recorded.places, objective.parameters.vector])[:, :2]


walks = {
    "all 200 samples a step\n10 steps, rate 1": walk(200, 1.0),
    "20 samples a step\n100 steps, rate 1": walk(20, 1.0),
    "1 sample a step\n2000 steps, rate 0.3": walk(1, 0.3),
}

# %%
# Steps by a single sample are so noisy that they need a smaller learning rate: 0.3, where the
# others have 1.
#
# With the same number of samples the noisy steps get much further, but single-sample steps keep
# fluctuating at the end. Mini-batches are almost as fast and much less noisy, and their matrix
# products use the processor better.

side = np.linspace(-3, 4.5, 76)
grid = np.stack(np.meshgrid(side, side - 2), axis=-1)
z = grid @ X.T
surface = NLL().value(z.reshape(-1, 1), np.tile(Y.T, (76, 76, 1)).reshape(-1, 1))
surface = surface.reshape(z.shape).mean(axis=-1) + 0.005 * (grid**2).sum(axis=-1)

lowest = grid.reshape(-1, 2)[surface.argmin()]

fig, axes = plt.subplots(1, 3, figsize=(12, 4.2), sharey=True, layout="constrained")
for number, (ax, (name, places)) in enumerate(zip(axes, walks.items(), strict=True)):
    ax.contour(*grid.T.swapaxes(1, 2), surface, levels=15, colors="silver", linewidths=0.8)
    ax.plot(*places.T, color=f"C{number}", linewidth=1.2)
    ax.plot(*places[0], "ks", label="start")
    ax.plot(*places[-1], "k*", markersize=13, label="end")
    ax.plot(*lowest, "kx", label="minimum")
    ax.set(title=name, xlabel="$w_1$")
axes[0].set_ylabel("$w_2$")
axes[0].legend()
plt.show()
