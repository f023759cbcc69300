"""
Backpropagation by hand, with all numbers
=========================================

How does the loss change if a weight changes a little? Backpropagation answers this by the chain
rule, from the loss back to the inputs. The network here has two inputs, two hidden units and one
output, and there is one sample, so that all numbers fit in one figure.
"""

import matplotlib.pyplot as plt
import numpy as np

from sknn.engine import Linear, Objective, Sequential, Sigmoid, SquaredError

X, Y = np.array([[1.0, 2.0]]), np.array([[1.0]])
hidden = Linear(W=np.array([[0.1, -0.3], [0.2, 0.4]]), W0=np.array([0.0, -0.1]))
output = Linear(W=np.array([[0.5], [-0.6]]), W0=np.array([0.2]))
sigmoid, loss = Sigmoid(), SquaredError()

# %%
# Forward
# -------
# Weighted sums, their sigmoid, and a weighted sum of these.

Z1 = hidden.forward(X)
A1 = sigmoid.forward(Z1)
Z2 = output.forward(A1)
L = loss.value(Z2, Y)
print(f"Z1 = {Z1.round(4)}\nA1 = {A1.round(4)}\nZ2 = {Z2.round(4)}\nloss = {L.round(4)}")

# %%
# Backward
# --------
# The loss returns its derivative, ``dZ2 = Z2 - Y``. Each layer takes the gradient ``dZ`` of its
# pre-activations and computes two gradients: that of its weights, ``dW = A^T dZ`` (that of its
# offsets is the column sums of ``dZ``, which for one sample are ``dZ`` itself), and that of its
# inputs, ``dA = dZ W^T``. The activation multiplies by its slope, ``dZ1 = A1 (1 - A1) dA1``.

dZ2 = loss.gradient(Z2, Y)
dW2, dW02 = output.weight_grad(A1, dZ2)
dA1 = output.backward(A1, Z2, dZ2)
dZ1 = sigmoid.backward(Z1, A1, dA1)
dW1, dW01 = hidden.weight_grad(X, dZ1)
print(f"dZ2 = {dZ2.round(4)}\ndA1 = {dA1.round(4)}\ndZ1 = {dZ1.round(4)}")
print(f"dW2 =\n{dW2.round(4)}\ndW1 =\n{dW1.round(4)}")
print(f"dW02 = {dW02.round(4)}\ndW01 = {dW01.round(4)}")

# %%
# The network with all numbers: above each line the weight, below it the gradient. The offsets are
# above their units, each with its gradient, which equals the ``dz`` in the unit.


def draw_unit(ax, place, lines, colour):
    """Draw a unit as a circle with its numbers inside."""
    ax.add_patch(plt.Circle(place, 0.52, facecolor="white", edgecolor=colour, linewidth=2))
    ax.text(*place, "\n".join(lines), ha="center", va="center")


def draw_offset(ax, place, offset, gradient):
    """Write the offset of a unit above it, and its gradient beside that."""
    x, y = place
    above = {"va": "bottom", "fontsize": 11}
    ax.text(x - 0.1, y + 0.6, f"$w_0$ {offset:+.2f}", ha="right", color="C0", **above)
    ax.text(x + 0.1, y + 0.6, f"{gradient:+.4f}", ha="left", color="C1", **above)


def draw_weight(ax, start, end, weight, gradient, share):
    """Draw a line from unit to unit with its weight and gradient, at a fraction of its length."""
    start, end = np.array(start), np.array(end)
    ax.plot(*np.transpose([start, end]), color="grey", linewidth=1.2, zorder=0)
    middle = start + share * (end - start)
    across, along = end - start
    away = 0.06 * np.array([-along, across]) / np.hypot(across, along)  # from the line
    angle = np.degrees(np.arctan2(along, across))
    turn = {"rotation": angle, "rotation_mode": "anchor", "ha": "center", "fontsize": 11}
    ax.text(*(middle + away), f"{weight:+.2f}", va="bottom", color="C0", **turn)
    ax.text(*(middle - away), f"{gradient:+.4f}", va="top", color="C1", **turn)


fig, ax = plt.subplots(figsize=(10, 5), layout="constrained")
inputs, units, answer = [(0, 3), (0, 0)], [(4, 3), (4, 0)], (8, 1.5)
for j, unit in enumerate(units):
    for i, place in enumerate(inputs):
        draw_weight(ax, place, unit, hidden.W[i, j], dW1[i, j], 0.5 if i == j else 0.27)
    draw_weight(ax, unit, answer, output.W[j, 0], dW2[j, 0], 0.5)
    numbers = [f"z {Z1[0, j]:.3f}", f"a {A1[0, j]:.3f}", f"dz {dZ1[0, j]:.3f}"]
    draw_unit(ax, unit, numbers, "C2")
    draw_offset(ax, unit, hidden.W0[j], dW01[j])
for i, place in enumerate(inputs):
    draw_unit(ax, place, [f"$x_{i + 1}$ = {X[0, i]:g}"], "black")
draw_unit(ax, answer, [f"z {Z2[0, 0]:.3f}", f"dz {dZ2[0, 0]:.3f}"], "C2")
draw_offset(ax, answer, output.W0[0], dW02[0])
ax.text(8, 0.75, f"right: {Y[0, 0]:g}\nloss: {L[0]:.3f}", ha="center", va="top")
ax.plot([], [], color="C0", label="weight or offset")
ax.plot([], [], color="C1", label="gradient of the loss with respect to it")
ax.set(xlim=(-0.8, 8.8), ylim=(-0.8, 4.1), aspect="equal")
ax.axis("off")
ax.legend(loc="upper right")
plt.show()

# %%
# Check by finite differences
# ---------------------------
# Change each weight a little in both directions, and measure the change of the loss. That needs two
# runs of the network for every weight; backpropagation computed all derivatives in one pass.

objective = Objective(Sequential([hidden, sigmoid, output]), loss)
objective.value_and_gradient(X, Y)
vector, little = objective.parameters.vector, 1e-6
measured = []
for i in range(len(vector)):
    vector[i] += little
    above = objective.value(X, Y)
    vector[i] -= 2 * little
    below = objective.value(X, Y)
    vector[i] += little
    measured.append((above - below) / (2 * little))
names = [f"hidden W[{i}, {j}]" for i in range(2) for j in range(2)]
names += ["output W[0, 0]", "output W[1, 0]"]  # first all weights, then all offsets
names += ["hidden W0[0]", "hidden W0[1]", "output W0[0]"]
print("                backpropagation  measured")
for row in zip(names, objective.parameters.gradient, measured, strict=True):
    print("{:15} {:15.4f} {:9.4f}".format(*row))
