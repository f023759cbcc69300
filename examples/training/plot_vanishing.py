"""
Vanishing gradients
===================

The backward pass multiplies the gradient by the slope of every activation. The slope of the sigmoid
is at most 1/4, so after ten sigmoid layers a millionth of the gradient or less is left: the first
layers learn nothing. ReLU has slope 1 where it is active.
"""

import matplotlib.pyplot as plt
import numpy as np

from sknn import MLPClassifier
from sknn.engine import NLL, Linear, Objective, ReLU, Sequential, Sigmoid, Tanh, initializers

rng = np.random.RandomState(0)
X = rng.normal(size=(200, 30))
Y = (X[:, :1] * X[:, 1:2] > 0).astype(float)


def gradients(activation, draw, depth=10, width=30):
    """Return the length of the gradient of each layer's weights before training."""
    modules = []
    for _ in range(depth):
        modules += [Linear(draw(rng, (width, width), float), np.zeros(width)), activation]
    modules += [Linear(draw(rng, (width, 1), float), np.zeros(1))]
    objective = Objective(Sequential(modules), NLL())
    objective.value_and_gradient(X, Y)
    return [np.linalg.norm(grads[0]) for grads in objective.parameters.gradients if grads]


# %%
# Each activation has suitable initial weights. The gradient of the sigmoid network still vanishes.

fig, ax = plt.subplots(figsize=(7, 4), layout="constrained")
cases = [
    (Sigmoid(), initializers.glorot_uniform_sigmoid, "o"),
    (Tanh(), initializers.lecun_normal, "s"),
    (ReLU(), initializers.he_normal, "^"),
]
for activation, draw, marker in cases:
    lengths = gradients(activation, draw)
    ax.semilogy(range(1, 12), lengths, marker=marker, label=type(activation).__name__)
ax.set(title="before training", xlabel="layer", ylabel="length of the gradient dW")
ax.set(xticks=range(1, 12))
ax.legend()

# %%
# The same ten layers in training, on points inside and outside a disc. The sigmoid network does not
# learn: it predicts the class frequencies for every point.

points = rng.uniform(-1, 1, size=(400, 2))
inside = (np.hypot(*points.T) < 0.75).astype(int)
fig, ax = plt.subplots(figsize=(7, 4), layout="constrained")
for name, label, style in (
    ("logistic", "Sigmoid", "-"),
    ("tanh", "Tanh", "--"),
    ("relu", "ReLU", "-."),
):
    model = MLPClassifier(
        (30,) * 10, name, learning_rate="cosine", learning_rate_init=0.003, batch_size=50,
        max_iter=40, random_state=0,
    )  # fmt: skip
    losses = model.fit(points, inside).loss_curve_
    ax.plot(range(1, len(losses) + 1), losses, style, label=label)
ax.set(title="in training", xlabel="epoch", ylabel="loss", ylim=(0, None))
ax.legend()
plt.show()
