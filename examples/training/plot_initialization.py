"""
Initial weights
===============

If all weights start at zero, all hidden units stay equal. If they are too small, the signal shrinks
from layer to layer. If they are too large, it grows or the units saturate. The right variance
depends on the number of inputs of a layer.
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
# The root mean square of the activations in each of ten layers, before training; that of the inputs
# is 1. It should neither shrink nor grow. ``lecun_normal`` draws from N(0, 1/m) for m inputs, which
# keeps the variance of the pre-activations. ReLU sets half of them to 0; the 2 in ``he_normal``,
# N(0, 2/m), compensates for it.
#
# For tanh a constant size is not enough. The largest weights have the most constant curve, because
# their units saturate at -1 and 1, where the slope of tanh is almost 0 and gradients vanish. So the
# middle panel shows the fraction of activations with an absolute value above 0.95. With
# ``lecun_normal`` there are soon none, but the activations shrink a little in every layer, to a
# fifth after ten.

choices = {
    "N(0, 0.05²)": lambda shape: rng.normal(0, 0.05, shape),
    "lecun_normal, N(0, 1/m)": lambda shape: initializers.lecun_normal(rng, shape, float),
    "he_normal, N(0, 2/m)": lambda shape: initializers.he_normal(rng, shape, float),
    "N(0, 0.3²)": lambda shape: rng.normal(0, 0.3, shape),
}
fig, (spread, flat, relu) = plt.subplots(1, 3, figsize=(13, 4), layout="constrained")
for (name, draw), marker in zip(choices.items(), "ovs^", strict=True):
    for ax, activation in ((spread, Tanh()), (relu, ReLU())):
        answers = [X, *deep(activation, draw).trace(X)[2::2]]
        ax.semilogy([np.sqrt(np.mean(A**2)) for A in answers], marker=marker, label=name)
        if ax is spread:
            saturated = [np.mean(np.abs(A) > 0.95) for A in answers[1:]]
            flat.plot(range(1, 11), saturated, marker=marker)
            print(f"{name:24} beyond 0.95 in the last layer: {saturated[-1]:.1%}")
for ax, name in ((spread, "tanh: spread"), (relu, "ReLU: spread")):
    ax.set(title=name, ylabel="root mean square of the activations")
flat.set(title="tanh: saturation", ylabel="fraction of |a| > 0.95", ylim=(-0.02, 0.6))
for ax in (spread, flat, relu):
    ax.set(xlabel="layer", xticks=range(11))
fig.legend(*spread.get_legend_handles_labels(), loc="outside upper center", ncols=4)
plt.show()

# %%
# Zeros are the worst: every hidden unit has the same output and the same gradient, so all units
# stay equal. In ``MLPClassifier`` and ``MLPRegressor`` set the parameter ``initialization``, to a
# name or a function.

from sknn import MLPRegressor

x = np.linspace(-2, 2, 100).reshape(-1, 1)
for initialization in (lambda rng, shape, dtype: np.zeros(shape, dtype), "lecun_normal"):
    model = MLPRegressor(
        (20,), "tanh", solver="lbfgs", max_iter=2000, initialization=initialization, random_state=0
    )
    print(f"R2 = {model.fit(x, np.abs(x).ravel()).score(x, np.abs(x)):.3f}")
