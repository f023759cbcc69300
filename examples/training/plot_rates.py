"""
Learning rates: too small, right, too large
===========================================

In gradient descent each step is the learning rate times the gradient. If the rate is too small,
training is slow. If it is too large, steps overshoot the minimum, and the objective may grow.
"""

import matplotlib.pyplot as plt
import numpy as np

from sknn.engine import Linear, Objective, Sequential, SquaredError

# %%
# One neuron with one weight and one offset fits a line. Its objective is an elongated quadratic
# function of the two, and can be drawn.

rng = np.random.default_rng(0)
X = rng.normal(0.8, 1.0, size=(50, 1))
Y = 0.5 + 1.5 * X + rng.normal(scale=0.3, size=(50, 1))


def walk(rate, steps=25):
    """Run gradient descent from the same start, and return the path and its objectives."""
    network = Sequential([Linear(W=np.array([[-1.0]]), W0=np.array([-1.5]))])
    objective = Objective(network, SquaredError())
    places, heights = [], []
    for _ in range(steps):
        places.append(objective.parameters.vector.copy())
        heights.append(objective.value_and_gradient(X, Y))
        objective.parameters.vector -= rate * objective.parameters.gradient
    return np.array(places), np.array(heights)


W, W0 = np.meshgrid(np.linspace(-1.6, 4, 141), np.linspace(-2.2, 2.2, 111))
errors = X[:, 0, None, None] * W + W0 - Y[:, 0, None, None]
bowl = (errors**2).mean(axis=0) / 2

rates = {"too small: 0.02": 0.02, "right: 0.6": 0.6, "too large: 0.95": 0.95}
fig, axes = plt.subplots(1, 4, figsize=(13, 3.8), layout="constrained", width_ratios=[1, 1, 1, 1.1])
for number, (ax, (name, rate)) in enumerate(zip(axes, rates.items(), strict=False)):
    places, heights = walk(rate)
    ax.contour(W, W0, bowl, levels=np.geomspace(0.06, 8, 12), colors="silver", linewidths=0.8)
    ax.plot(*places.T, "o-", color=f"C{number}", markersize=4, linewidth=1.2)
    ax.plot(*places[0], "ks", markersize=7)
    ax.set(title=name, xlabel="weight", xlim=(-1.6, 4), ylim=(-2.2, 2.2))
    axes[-1].semilogy(heights, color=f"C{number}")
    axes[-1].text(25, heights[-1], f"{rate:g}", color=f"C{number}", va="center")
axes[0].set_ylabel("offset")
axes[-1].set(title="objective, by learning rate", xlabel="step", xlim=(-1, 29))
plt.show()

# %%
# The limit depends on the curvature: beyond two divided by the largest curvature, steps across the
# valley no longer get shorter.

inputs = np.hstack([X, np.ones_like(X)])
largest = np.linalg.eigvalsh(inputs.T @ inputs / len(X)).max()
print(f"the limit is {2 / largest:.2f}")
