"""
Imbalanced classes
==================

If one row in twenty is positive, a network that always predicts the negative class has an accuracy
of 95 %, and little reason to find the rare class. ``class_weight="balanced"`` gives every class the
same total weight in training.
"""

import matplotlib.pyplot as plt
import numpy as np
from sklearn.inspection import DecisionBoundaryDisplay
from sklearn.metrics import balanced_accuracy_score, recall_score

from sknn import MLPClassifier

rng = np.random.default_rng(0)


def few_and_many(n_few, n_many):
    """Return two classes, a small one on a ring and a large one around it."""
    angle = rng.uniform(0, np.pi, n_few)
    few = np.column_stack([np.cos(angle), np.sin(angle)]) + rng.normal(scale=0.15, size=(n_few, 2))
    many = rng.normal([0, -0.4], 0.9, size=(n_many, 2))
    return np.concatenate([many, few]), np.repeat([0, 1], [n_many, n_few])


X, y = few_and_many(60, 1140)
X_test, y_test = few_and_many(1000, 19000)

# %%
# The same network without and with class weights; the black line is where the probability is 0.5.
# Without weights it is nowhere. Balanced weights find more of the rare class, with more false
# alarms. The balanced accuracy is the mean of the recalls of all classes.

fig, axes = plt.subplots(1, 2, figsize=(10, 4.4), sharey=True, layout="constrained")
for ax, weight in zip(axes, (None, "balanced"), strict=True):
    network = MLPClassifier(
        (20,), "tanh", class_weight=weight, alpha=1e-3, solver="lbfgs", random_state=0
    )
    network.set_params(max_iter=2000).fit(X, y)
    view = DecisionBoundaryDisplay.from_estimator(
        network, X, ax=ax, response_method="predict_proba", plot_method="pcolormesh",
        cmap="RdBu_r", vmin=-0.9, vmax=1.9, rasterized=True,
    )  # fmt: skip
    DecisionBoundaryDisplay.from_estimator(
        network, X, ax=ax, response_method="predict_proba", plot_method="contour", levels=[0.5],
        colors="black", linewidths=1.5, zorder=3,
    )  # fmt: skip
    ax.plot(*X[y == 0].T, "o", color="C0", markersize=3, alpha=0.5, label="frequent class")
    ax.plot(
        *X[y == 1].T, "^", color="C1", markersize=6, markeredgecolor="white", label="rare class"
    )
    answers = network.predict(X_test)
    found = recall_score(y_test, answers)
    ax.set_title(
        f"class_weight={weight!r}\n{found:.0%} of the few found, "
        f"balanced accuracy {balanced_accuracy_score(y_test, answers):.0%}"
    )
    ax.set_xlabel("$x_1$")
axes[0].set_ylabel("$x_2$")
axes[0].legend(loc="lower left", frameon=True)
bar = fig.colorbar(view.surface_, ax=axes, label="probability of the rare class")
bar.ax.set_ylim(0, 1)
plt.show()

# %%
# With balanced weights the predicted probabilities are those of a population in which both classes
# are equally frequent. If they must be calibrated for your data, use no class weights and change
# the decision threshold instead.
