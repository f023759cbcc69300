"""
A neuron and its decision boundary
==================================

A neuron with two inputs divides the plane by a line: yes on one side, no on the other. The line is
``x W + W0 = 0``. The weights ``W`` are perpendicular to it and point to the side of yes; the offset
``W0`` shifts it away from the origin.
"""

import matplotlib.pyplot as plt
import numpy as np

from sknn.engine import Linear, Sequential, Sigmoid, Step

W, W0 = np.array([[1.0], [2.0]]), np.array([-2.0])
line = Linear(W, W0)

# %%
# A step function uses only the side of the line; a sigmoid also uses the distance. A longer ``W``
# (here three times as long, with its offset) has the same line, but a higher confidence.

side = np.linspace(-3, 3, 301)
plane = np.stack(np.meshgrid(side, side), axis=-1).reshape(-1, 2)
neurons = {
    "step": Sequential([line, Step()]),
    "sigmoid": Sequential([line, Sigmoid()]),
    "sigmoid, weights three times as long": Sequential([Linear(3 * W, 3 * W0), Sigmoid()]),
}

fig, axes = plt.subplots(1, 3, figsize=(11, 4), sharey=True, layout="constrained")
for ax, (name, neuron) in zip(axes, neurons.items(), strict=True):
    answer = neuron.forward(plane).reshape(301, 301)
    picture = ax.pcolormesh(side, side, answer, cmap="RdBu_r", vmin=-0.9, vmax=1.9, rasterized=True)
    ax.plot(side, (2 - side) / 2, color="black", label="$x\\,W + W_0 = 0$")
    foot = -W0 * W.ravel() / (W**2).sum()  # the point of the line that is closest to the origin
    ax.quiver(*foot, *W.ravel(), angles="xy", scale_units="xy", scale=1.5, width=0.012)
    ax.text(*(foot + W.ravel() / 1.5 + [0.1, 0.1]), "W", fontsize=13)
    ax.plot(0, 0, "k+", markersize=9)
    ax.set(title=name, xlabel="$x_1$", aspect="equal", xlim=(-3, 3), ylim=(-3, 3))
axes[0].set_ylabel("$x_2$")
axes[0].legend(loc="lower left", frameon=True)
bar = fig.colorbar(picture, ax=axes, label="output of the neuron", shrink=0.8)
bar.ax.set_ylim(0, 1)
plt.show()

# %%
# The distance of a point from the line is ``|x W + W0|`` divided by the length of ``W``. For the
# origin:

print(f"{abs(W0[0]) / np.linalg.norm(W):.3f}")
