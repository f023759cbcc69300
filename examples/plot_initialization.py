"""
How weights begin
=================

Weights that all begin at zero make all hidden units alike for ever. Weights that are too small let
the signal fade from layer to layer, and weights that are too large blow it up or press every unit
against its ends. The right spread depends on how many inputs a layer has.
"""

import matplotlib.pyplot as plt
import numpy as np

from sknn.engine import Linear, ReLU, Sequential, Tanh, initializers

rng = np.random.RandomState(0)
X = rng.normal(size=(300, 100))


def deep(activation, draw, depth=10, width=100):
    """Return a network of many layers whose weights are drawn by a function of (rng, shape)."""
    layers = [Linear(draw((width, width)), np.zeros(width)) for _ in range(depth)]
    return Sequential(module for layer in layers for module in (layer, activation))


# %%
# The spread of the activations in each of ten layers, before any training. It should neither fade
# nor grow: ``lecun_normal`` draws from N(0, 1/m) for m inputs and suits tanh; ReLU switches half of
# the signal off, for which the 2 in ``he_normal``, N(0, 2/m), makes up.

choices = {
    "N(0, 0.05²)": lambda shape: rng.normal(0, 0.05, shape),
    "lecun_normal, N(0, 1/m)": lambda shape: initializers.lecun_normal(rng, shape, float),
    "he_normal, N(0, 2/m)": lambda shape: initializers.he_normal(rng, shape, float),
    "N(0, 0.3²)": lambda shape: rng.normal(0, 0.3, shape),
}
fig, axes = plt.subplots(1, 2, figsize=(10, 4), sharey=True, layout="constrained")
for ax, activation in zip(axes, (Tanh(), ReLU()), strict=True):
    for (name, draw), marker in zip(choices.items(), "ovs^", strict=True):
        values = deep(activation, draw).trace(X)
        spreads = [np.sqrt(np.mean(v**2)) for v in (X, *values[2::2])]
        ax.semilogy(spreads, marker=marker, label=name)
    ax.set(title=type(activation).__name__, xlabel="layer", xticks=range(11), ylim=(1e-4, 1e3))
axes[0].set_ylabel("root mean square of the activations")
axes[1].legend(loc="lower left")
plt.show()

# %%
# Zeros are the worst: every hidden unit says the same and is blamed the same, so that they stay the
# same unit for ever, however many there are. In ``MLPClassifier`` and ``MLPRegressor``,
# ``initialization`` chooses; a function of your own may too.

from sknn import MLPRegressor

x = np.linspace(-2, 2, 100).reshape(-1, 1)
for initialization in (lambda rng, shape, dtype: np.zeros(shape, dtype), "lecun_normal"):
    model = MLPRegressor(
        (20,), "tanh", solver="lbfgs", max_iter=2000, initialization=initialization, random_state=0
    )
    print(f"R2 = {model.fit(x, np.abs(x).ravel()).score(x, np.abs(x)):.3f}")
