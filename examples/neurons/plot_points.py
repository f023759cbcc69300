"""
How layers transform points until a line can separate them
==========================================================

A layer transforms every point: its weights rotate and stretch the plane, its offset shifts it, its
activation bends it. Training finds transformations after which a straight line separates the
classes. With two units in every layer all of it can be drawn.
"""

import matplotlib.pyplot as plt
import numpy as np

from sknn import MLPClassifier
from sknn.engine import Linear, Sequential, Tanh

# %%
# Two arms of a spiral, and a network with three hidden layers of two units.

rng = np.random.default_rng(0)
turn = np.sqrt(rng.uniform(0.02, 1, 250))
angle = 1.5 * np.pi * turn
arm = 2 * turn[:, None] * np.column_stack([np.cos(angle), np.sin(angle)])
X = np.concatenate([arm, -arm]) + rng.normal(scale=0.06, size=(500, 2))
y = np.repeat([0, 1], 250)

settings = {"activation": "tanh", "solver": "lbfgs", "max_iter": 5000, "random_state": 18}
model = MLPClassifier((2, 2, 2), alpha=3e-4, **settings).fit(X, y)
print(f"accuracy {model.score(X, y):.1%}")

# %%
# The fitted arrays are the weights of an engine network. Its ``trace`` returns the arrays between
# all modules: the points, ``Z1``, ``A1 = tanh(Z1)``, and so on up to the raw output. A grid of
# lines goes through the same network. Each figure shows the part of the plane where the points are.

layers = [Linear(W, W0) for W, W0 in zip(model.coefs_, model.intercepts_, strict=True)]
first, second, third, output = layers
network = Sequential([first, Tanh(), second, Tanh(), third, Tanh(), output])

across, along = np.linspace(-2.4, 2.4, 17), np.linspace(-2.4, 2.4, 193)
vertical = np.array([[(a, b) for b in along] for a in across])
lines = np.concatenate([vertical, vertical[..., ::-1]])  # the other way round: horizontal

planes = network.trace(X)[:-1:2]
grids = network.trace(lines.reshape(-1, 2))[:-1:2]
titles = ["the points", "after layer 1", "after layer 2", "after layer 3, with the output's line"]
fig, axes = plt.subplots(2, 2, figsize=(8.5, 8), layout="constrained")
for ax, points, grid, title in zip(axes.flat, planes, grids, titles, strict=True):
    for curve in grid.reshape(-1, len(along), 2):
        ax.plot(*curve.T, color="lightgrey", linewidth=0.8, zorder=0)
    for label, marker in enumerate("o^"):
        ax.scatter(*points[y == label].T, s=16, marker=marker, color=f"C{label}")
    lowest, largest = points.min(axis=0), points.max(axis=0)
    (left, low), (right, high) = lowest - 0.15 * (largest - lowest), 1.15 * largest - 0.15 * lowest
    ax.set(title=title, xlabel="unit 1", ylabel="unit 2", xlim=(left, right), ylim=(low, high))
axes[0, 0].set(xlabel="$x_1$", ylabel="$x_2$")

ends = np.array([-1.5, 1.5])  # the line where the raw output is 0
axes[1, 1].plot(ends, -(output.W0 + output.W[0] * ends) / output.W[1], "k")
plt.show()

# %%
# The first layer maps the plane to a square, the second separates the arms, and the third keeps
# only the position between the classes. These transformations were found by gradient descent alone.
