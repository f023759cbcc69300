"""
The activations and their derivatives
=====================================

An activation bends the sums of a layer, one number at a time. Its derivative matters as much as its
value, because it is what the blame is multiplied by on the way back: where the derivative is 0, a
unit learns nothing.
"""

import inspect

import matplotlib.pyplot as plt
import numpy as np

from sknn import engine

z = np.linspace(-4, 4, 801).reshape(-1, 1)
names = ["Sigmoid", "Tanh", "ReLU", "LeakyReLU", "ELU", "SELU", "GELU", "SiLU", "Mish", "Softplus"]
activations = [getattr(engine, name)() for name in [*names, "Exp", "Step"]]

# %%
# ``forward`` gives the value. ``backward`` multiplies the blame of the output by the derivative, so
# that a blame of 1 for every number shows the derivative itself. A step can only run forward.

fig, axes = plt.subplots(3, 4, figsize=(11, 7.5), sharex=True, layout="constrained")
for ax, activation in zip(axes.flat, activations, strict=True):
    value = activation.forward(z)
    ax.plot(z, value, label="$f(z)$")
    ax.axhline(0, color="lightgrey", linewidth=1, zorder=0)
    ax.axvline(0, color="lightgrey", linewidth=1, zorder=0)
    if isinstance(activation, engine.Step):
        ax.text(-3.8, 1.3, "slope 0 almost\neverywhere:\ncannot learn")
    else:
        slope = activation.backward(z, value, np.ones_like(z))
        ax.plot(z, slope, linestyle="--", label="$f\\,'(z)$")
    ax.set(title=type(activation).__name__, ylim=(-1.4, 3))
axes[0, 0].legend()
for ax in axes[-1]:
    ax.set_xlabel("z")
plt.show()

# %%
# - *Sigmoid* and *Tanh* saturate: far from 0 they are flat, and many of them in a row let the blame
#   fade. The sigmoid's derivative is 1/4 at most.
# - *ReLU* passes the blame on as it is, or not at all. A unit that is off for every sample learns
#   nothing; *LeakyReLU*, *ELU* and *SELU* leave it a way back.
# - *GELU*, *SiLU* and *Mish* are smooth relatives of ReLU, *Softplus* is another.
# - *Exp* is for outputs that must be positive.
#
# Each is a few lines of code, formula and derivative side by side:

print(inspect.getsource(engine.Tanh))
