"""
Four losses and their output activations
========================================

A loss says how wrong a raw output ``z`` is, and it owns the output activation that suits it. A good
pair has a gradient that is simply *what was said minus what is right*, and never fades while the
answer is wrong.
"""

import matplotlib.pyplot as plt
import numpy as np

from sknn.engine import NLL, NLLM, Brier, Hinge, SquaredError

z = np.linspace(-5, 5, 401).reshape(-1, 1)
pairs = [
    (SquaredError(), "squared error, linear", "right answer: 1"),
    (NLL(), "negative log likelihood, sigmoid", "right answer: yes"),
    (Hinge(), "hinge, linear", "right answer: yes (+1)"),
    (Brier(), "squared error on a sigmoid (Brier)", "right answer: yes"),
]

# %%
# Three pairs for a single output, and beside them one that does not suit; the fourth good pair, for
# several classes, has several outputs and comes below. Above: the loss of one
# sample and the gradient that the network is blamed with. Below: what the output activation makes
# of ``z``. All of it comes from the three methods of a loss.

right = np.ones_like(z)
fig, axes = plt.subplots(2, 4, figsize=(12, 6), sharex=True, layout="constrained")
for (upper, lower), (loss, name, answer) in zip(axes.T, pairs, strict=True):
    upper.plot(z, loss.value(z, right), label="loss")
    upper.plot(z, loss.gradient(z, right), "--", label="gradient dZ")
    upper.axhline(0, color="lightgrey", linewidth=1, zorder=0)
    upper.set(title=f"{name}\n{answer}", ylim=(-2.2, 5))
    lower.plot(z, loss.inverse_link(z), color="C2")
    lower.set(xlabel="raw output z", ylim=(-2.2, 2.2))
axes[0, 0].set_ylabel("loss and gradient")
axes[1, 0].set_ylabel("output activation")
axes[0, 3].legend()
plt.show()

# %%
# - *Squared error* with the identity is for numbers: ``dZ = a - y``.
# - The *negative log likelihood* with the sigmoid is for yes or no: ``dZ = a - y`` again. Where the
#   network is surely wrong (``z`` far to the left) the gradient is -1, however flat the sigmoid is.
# - The *hinge* asks for a margin: beyond ``z = 1`` nothing is left to be learnt from a sample.
# - The *squared error on a sigmoid* is a pair that does not suit: the sigmoid is flat where it is
#   wrong, and the gradient ``(a - y) a (1 - a)`` is almost 0. Surely wrong is hard to unlearn.

surely_wrong, yes = np.array([[-5.0]]), np.array([[1.0]])
for loss in (NLL(), Brier()):
    print(f"{type(loss).__name__:6} dZ = {loss.gradient(surely_wrong, yes)[0, 0]:.4f}")

# %%
# The fourth good pair is for several classes that exclude each other: one raw output a class, the
# *softmax*, whose shares sum to 1, and minus the logarithm of the share of the right class. Once
# more ``dZ = a - y``: every class is pushed down by the share that it wrongly has.

Z, Y = np.array([[2.0, 0.5, -1.0]]), np.array([[0.0, 1.0, 0.0]])
several = NLLM()
print("softmax ", several.inverse_link(Z).round(3))
print("loss    ", several.value(Z, Y).round(3))
print("gradient", several.gradient(Z, Y).round(3))
