"""
Activation functions and their derivatives
==========================================

An activation is a nonlinear function of each pre-activation. Its derivative is as important as its
value, because the backward pass multiplies the gradient by it. Where the derivative is 0, a unit
learns nothing.
"""

import inspect

import matplotlib.pyplot as plt
import numpy as np

from sknn import engine

z = np.linspace(-4, 4, 801).reshape(-1, 1)
names = ["Sigmoid", "Tanh", "ReLU", "LeakyReLU", "ELU", "SELU", "GELU", "SiLU", "Mish", "Softplus"]
activations = [getattr(engine, name)() for name in [*names, "Exp", "Step"]]

# %%
# ``forward`` returns the value. ``backward`` multiplies the gradient of the output by the
# derivative, so that a gradient of 1 shows the derivative itself. ``Step`` has no derivative.

fig, axes = plt.subplots(3, 4, figsize=(11, 7.5), sharex=True, sharey=True, layout="constrained")
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
# - *Sigmoid* and *Tanh* saturate: far from 0 their slope is near 0, and in deep networks the
#   gradient vanishes. The derivative of the sigmoid is at most 1/4.
# - *ReLU* passes the gradient unchanged where it is active, and blocks it elsewhere. A unit that is
#   inactive for every sample learns nothing; *LeakyReLU*, *ELU* and *SELU* avoid this.
# - *GELU*, *SiLU* and *Mish* are smooth variants of ReLU, *Softplus* is another.
# - *Exp* is for positive outputs.
#
# The code of each is a few lines, formula and derivative:

print(inspect.getsource(engine.Tanh))
