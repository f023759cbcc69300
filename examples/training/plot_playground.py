"""
Decision boundaries in two dimensions
=====================================

Four data sets that no line can separate, and the decision boundary during training: each call of
``partial_fit`` is an epoch.
"""

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import make_circles, make_moons
from sklearn.inspection import DecisionBoundaryDisplay
from sklearn.preprocessing import scale

from sknn import MLPClassifier

rng = np.random.default_rng(0)


def xor(n):
    """Return points of a square; the class says whether the signs of the coordinates differ."""
    X = rng.uniform(-1, 1, size=(n, 2))
    return X, (X[:, 0] * X[:, 1] < 0).astype(int)


def spiral(n):
    """Return points of two arms of a spiral."""
    turn = np.sqrt(rng.uniform(0.02, 1, n // 2))
    angle = 3 * np.pi * turn
    arm = turn[:, None] * np.column_stack([np.cos(angle), np.sin(angle)])
    noise = rng.normal(scale=0.03, size=(n, 2))
    return np.concatenate([arm, -arm]) + noise, np.repeat([0, 1], n // 2)


sets = {
    "circles": make_circles(400, noise=0.1, factor=0.5, random_state=0),
    "XOR": xor(400),
    "moons": make_moons(400, noise=0.15, random_state=0),
    "spiral": spiral(400),
}
sets = {name: (scale(X), y) for name, (X, y) in sets.items()}

# %%
# The same network for all: two hidden layers of tanh units, Adam, batches of 20. Change the layers,
# the activation or the learning rate, and compare the boundaries. The spiral is the hardest data
# set.

epochs = (1, 5, 20, 100)
fig, axes = plt.subplots(4, 4, figsize=(10.5, 10.5), layout="constrained")
for row, (name, (X, y)) in zip(axes, sets.items(), strict=True):
    network = MLPClassifier(
        (16, 16), "tanh", learning_rate_init=0.01, batch_size=20, random_state=0
    )
    for epoch in range(1, epochs[-1] + 1):
        network.partial_fit(X, y, classes=[0, 1])
        if epoch not in epochs:
            continue
        ax = row[epochs.index(epoch)]
        DecisionBoundaryDisplay.from_estimator(
            network, X, ax=ax, response_method="predict_proba", plot_method="pcolormesh", eps=0.3,
            cmap="RdBu_r", vmin=-0.9, vmax=1.9, rasterized=True,
        )  # fmt: skip
        for label, marker in enumerate("o^"):
            ax.scatter(
                *X[y == label].T, s=11, marker=marker, color=f"C{label}",
                edgecolor="black", linewidth=0.3,
            )  # fmt: skip
        right = network.score(X, y)
        ax.set(title=f"epoch {epoch}: {right:.0%} right", xticks=[], yticks=[])
    row[0].set_ylabel(name, fontsize="large")
plt.show()
