"""
Why XOR needs a hidden layer
============================

XOR means either, but not both. The two positive points are opposite corners of a square, and no
line separates them from the two negative ones: a single neuron classifies at most three of the four
points correctly. Two hidden units define two lines, and the output selects the region between them.
"""

import matplotlib.pyplot as plt
import numpy as np
from sklearn.inspection import DecisionBoundaryDisplay

from sknn import MLPClassifier

X = np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
y = np.array([0, 1, 1, 0])

# %%
# ``hidden_layer_sizes=()`` is a network without a hidden layer, a single neuron. A line could
# classify three of the four points correctly, but training minimises the loss, not the number of
# mistakes. One confident mistake costs more than three correct predictions gain, so the smallest
# loss is that of predicting 0.5 everywhere. Rounding then decides the class, and here two of the
# four are correct. With two hidden units all four points are learned.

settings = {"activation": "tanh", "solver": "lbfgs", "alpha": 1e-3, "random_state": 1}
line = MLPClassifier((), **settings).fit(X, y)
two_lines = MLPClassifier((2,), **settings).fit(X, y)

fig, axes = plt.subplots(1, 2, figsize=(9, 4.2), layout="constrained")
for ax, model, name in zip(
    axes, (line, two_lines), ("one neuron", "two hidden units"), strict=True
):
    view = DecisionBoundaryDisplay.from_estimator(
        model, X, eps=0.6, response_method="predict_proba", plot_method="pcolormesh",
        cmap="RdBu_r", vmin=-0.9, vmax=1.9, ax=ax, grid_resolution=200, rasterized=True,
    )  # fmt: skip
    for label, marker in enumerate("o^"):
        ax.plot(*X[y == label].T, marker, color=f"C{label}", markersize=12, markeredgecolor="white")
    right = np.mean(model.predict(X) == y)
    ax.set(title=f"{name}: {right:.0%} correct", xlabel="$x_1$", ylabel="$x_2$", aspect="equal")
    ax.set(xticks=[0, 1], yticks=[0, 1])

axes[0].text(0.5, 0.5, "0.5 everywhere", ha="center")
W, W0 = two_lines.coefs_[0], two_lines.intercepts_[0]
across = np.array([-0.6, 1.6])
for unit in range(2):  # where the hidden unit's sum is 0
    axes[1].plot(across, -(W0[unit] + W[0, unit] * across) / W[1, unit], "k--", linewidth=1.5)
axes[1].set(xlim=(-0.6, 1.6), ylim=(-0.6, 1.6))
bar = fig.colorbar(view.surface_, ax=axes, label="probability of a yes", shrink=0.85)
bar.ax.set_ylim(0, 1)
plt.show()

# %%
# The outputs of the hidden units are new coordinates of the four points, in which one line is
# enough. The dashed lines above are those of the hidden units.

hidden = np.tanh(X @ W + W0)
for x, point, answer in zip(X, hidden, two_lines.predict(X), strict=True):
    print(f"{x[0]:.0f} xor {x[1]:.0f}   hidden units {point.round(2)}   prediction {answer}")
