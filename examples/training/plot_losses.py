"""
Four losses and their output activations
========================================

A loss measures the error of a raw output ``z``, and owns the matching output activation. For a good
pair the gradient is *prediction minus target*, and does not vanish while the prediction is wrong.
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
# Three pairs for a single output, and one pair that does not match. The fourth good pair, for
# several classes, has several outputs and follows below. Top: the loss of one sample and its
# gradient dZ. Bottom: the output activation as a function of ``z``. All of it comes from the three
# methods of a loss.

right = np.ones_like(z)
fig, axes = plt.subplots(2, 4, figsize=(12, 6), sharex=True, sharey="row", layout="constrained")
for (upper, lower), (loss, name, answer) in zip(axes.T, pairs, strict=True):
    upper.plot(z, loss.value(z, right), label="loss")
    upper.plot(z, loss.gradient(z, right), "--", label="gradient dZ")
    upper.axhline(0, color="lightgrey", linewidth=1, zorder=0)
    upper.set(title=f"{name}\n{answer}", ylim=(-2.2, 5))
    lower.plot(z, loss.inverse_link(z), color="C2")
    lower.set(xlabel="raw output z", ylim=(-2.2, 2.2))
axes[0, 0].set_ylabel("loss and gradient")
axes[1, 0].set_ylabel("output activation")
axes[0, 1].legend()
plt.show()

# %%
# - *Squared error* with the identity is for regression: ``dZ = a - y``.
# - The *negative log likelihood* with the sigmoid is for binary classification: ``dZ = a - y``
#   again. For confident mistakes (``z`` far to the left) the gradient is -1, however flat the
#   sigmoid is.
# - The *hinge* requires a margin: beyond ``z = 1`` the gradient is 0.
# - The *squared error on a sigmoid* does not match: the sigmoid is flat for confident mistakes, and
#   the gradient ``(a - y) a (1 - a)`` is almost 0, so they are corrected slowly.

surely_wrong, yes = np.array([[-5.0]]), np.array([[1.0]])
for loss in (NLL(), Brier()):
    print(f"{type(loss).__name__:6} dZ = {loss.gradient(surely_wrong, yes)[0, 0]:.4f}")

# %%
# The fourth good pair is for several exclusive classes: one raw output per class, the *softmax*,
# whose outputs sum to 1, and minus the logarithm of the probability of the true class. Again ``dZ =
# a - y``.

Z, Y = np.array([[2.0, 0.5, -1.0]]), np.array([[0.0, 1.0, 0.0]])
several = NLLM()
print("softmax ", several.inverse_link(Z).round(3))
print("loss    ", several.value(Z, Y).round(3))
print("gradient", several.gradient(Z, Y).round(3))
