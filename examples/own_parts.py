"""A custom activation, loss and optimizer, with a gradient check.

python examples/own_parts.py
"""

import numpy as np

from sknn import MLPRegressor
from sknn.engine import Loss, Module, Optimizer


class Sine(Module):
    """``f(u) = sin(u)``, for periodic functions."""

    def forward(self, u):
        """Return ``sin(u)`` as a new array."""
        return np.sin(u)

    def backward(self, u, v, dv):
        """Return ``cos(u) dv``: the gradient of the output times the slope."""
        return dv * np.cos(u)


class LogCosh(Loss):
    """``log cosh(z - y)``: quadratic near the target, linear far from it."""

    estimates_mean = False  # not minimal at the mean: early stopping must not monitor R2

    def value(self, z, y):
        """Return the loss of each sample, summed over the outputs."""
        error = np.abs(z - y)
        return (error + np.log1p(np.exp(-2 * error)) - np.log(2)).sum(axis=-1)

    def gradient(self, z, y):
        """Return the derivative with respect to z."""
        return np.tanh(z - y)


class Lion(Optimizer):
    """Lion: steps by the sign of an average of gradients.

    Chen et al. (2023), "Symbolic Discovery of Optimization Algorithms".
    """

    def __init__(self, beta_1=0.9, beta_2=0.99):
        self.beta_1 = beta_1
        self.beta_2 = beta_2

    def init(self, params):
        """Return the initial state: a dict of arrays and numbers."""
        return {"average": np.zeros_like(params)}

    def step(self, params, grads, state, rate):
        """Change the parameters and the state in place."""
        average = state["average"]
        params -= rate * np.sign(self.beta_1 * average + (1 - self.beta_1) * grads)
        average *= self.beta_2
        average += (1 - self.beta_2) * grads


def check():
    """Compare both derivatives with finite differences."""
    rng = np.random.default_rng(0)
    u, y = rng.normal(size=(2, 5, 3))
    eps = 1e-6

    sine = Sine()
    slope = (sine.forward(u + eps) - sine.forward(u - eps)) / (2 * eps)
    assert np.allclose(sine.backward(u, sine.forward(u), np.ones_like(u)), slope)

    loss = LogCosh()
    for column in range(3):
        shift = eps * np.eye(3)[column]
        slope = (loss.value(u + shift, y) - loss.value(u - shift, y)) / (2 * eps)
        assert np.allclose(loss.gradient(u, y)[:, column], slope)
    print("Both derivatives agree with finite differences.")


def main():
    """Check the derivatives, then fit a sine wave with one outlier in ten."""
    check()
    rng = np.random.default_rng(0)
    X = rng.uniform(-3, 3, size=(400, 1))
    y = np.sin(4 * X.ravel())
    outliers = np.where(rng.random(400) < 0.1, 5.0, 0.0)

    model = MLPRegressor(
        (30,),
        Sine(),
        loss=LogCosh(),
        solver=Lion(),
        learning_rate="cosine",
        learning_rate_init=0.01,
        batch_size=20,
        max_iter=100,
        random_state=0,
    )
    model.fit(X, y + outliers)
    print(f"Median distance from the true wave: {np.median(np.abs(model.predict(X) - y)):.2f}")


if __name__ == "__main__":
    main()
