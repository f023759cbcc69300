"""
A perceptron is a NAND gate
===========================

A perceptron is a neuron with a step function. With weights of -2 and an offset of 3 its output is 0
only if both inputs are 1: NAND, from which every other gate can be built. So networks of
perceptrons can compute every logic function. Here five of them add two bits.
"""

import matplotlib.pyplot as plt
import numpy as np

from sknn.engine import Linear, Sequential, Step

bits = np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
nand = Sequential([Linear(W=np.array([[-2.0], [-2.0]]), W0=np.array([3.0])), Step()])
for (a, b), answer in zip(bits, nand.forward(bits), strict=True):
    print(f"{a:.0f} nand {b:.0f} = {answer[0]:.0f}")

# %%
# The line ``-2 a - 2 b + 3 = 0`` separates the corner (1, 1) from the other three.

fig, ax = plt.subplots(figsize=(4.6, 4.2), layout="constrained")
side = np.linspace(-0.5, 1.7, 221)
plane = np.stack(np.meshgrid(side, side), axis=-1).reshape(-1, 2)
yes = nand.forward(plane).reshape(221, 221)
ax.contourf(side, side, yes, levels=[-0.5, 0.5, 1.5], colors=["C0", "C1"], alpha=0.3)
ax.plot(side, 1.5 - side, color="black")
ax.text(0.66, 0.97, "-2a - 2b + 3 = 0", rotation=-45, rotation_mode="anchor")
for bit, answer in zip(bits, nand.forward(bits).ravel(), strict=True):
    ax.plot(*bit, marker="^" if answer else "o", color="C1" if answer else "C0", markersize=12)
    ax.annotate("yes" if answer else "no", bit, (12, -4), textcoords="offset points")
ax.set(xlabel="a", ylabel="b", xticks=[0, 1], yticks=[0, 1], aspect="equal")
ax.set(xlim=(-0.5, 1.7), ylim=(-0.5, 1.7))
plt.show()

# %%
# An adder of two bits by NAND gates: the sum is 1 if exactly one bit is 1 (XOR), and the carry is 1
# if both are. Each column of an array is one wire.


def gate(*pairs):
    """Return a layer of perceptrons, each the NAND of two columns."""
    n_wires = 1 + max(max(pair) for pair in pairs)
    W = np.zeros((n_wires, len(pairs)))
    for unit, (first, second) in enumerate(pairs):
        W[first, unit] -= 2
        W[second, unit] -= 2
    return Sequential([Linear(W, np.full(len(pairs), 3.0)), Step()])


neither_both = gate((0, 1)).forward(bits)
wires = np.hstack([bits, neither_both])  # a, b and their NAND
halves = gate((0, 2), (1, 2)).forward(wires)
total = gate((0, 1)).forward(halves)
carry = gate((0, 0)).forward(neither_both)  # the NAND of a wire with itself is its negation
for (a, b), one, two in zip(bits, total, carry, strict=True):
    print(f"{a:.0f} + {b:.0f} = {two[0]:.0f}{one[0]:.0f} (binary)")

# %%
# The gates of a computer are fixed. A network can also learn its weights from examples, but for
# that the step function must be replaced by a smooth one.
