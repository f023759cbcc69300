"""An activation, a loss and an optimizer of your own, checked and used.

python examples/own_parts.py
"""

import numpy as np

from sknn import MLPRegressor
from sknn.engine import Loss, Module, Optimizer


class Sine(Module):
    """``f(u) = sin(u)``: waves come easily to it."""

    def forward(self, u):
        """Return ``sin(u)``; a new array, `u` stays as it is."""
        return np.sin(u)

    def backward(self, u, v, dv):
        """Return ``cos(u) dv``: the blame of the output times the slope."""
        return dv * np.cos(u)


class LogCosh(Loss):
    """``log cosh(z - y)``: squared near the target, absolute far from it."""

    estimates_mean = False  # it is not minimal at the mean, so early stopping should not look at R2

    def value(self, z, y):
        """Return a number for each sample, summed over the outputs."""
        error = np.abs(z - y)
        return (error + np.log1p(np.exp(-2 * error)) - np.log(2)).sum(axis=-1)

    def gradient(self, z, y):
        """Return the derivative with respect to z."""
        return np.tanh(z - y)


class Lion(Optimizer):
    """Steps of one size, in the direction that most gradients of late agree on.

    Chen et al. (2023), "Symbolic Discovery of Optimization Algorithms".
    """

    def __init__(self, beta_1=0.9, beta_2=0.99):
        self.beta_1 = beta_1
        self.beta_2 = beta_2

    def init(self, params):
        """Return what is remembered from step to step: arrays and numbers."""
        return {"average": np.zeros_like(params)}

    def step(self, params, grads, state, rate):
        """Change the parameters and the state in place."""
        average = state["average"]
        params -= rate * np.sign(self.beta_1 * average + (1 - self.beta_1) * grads)
        average *= self.beta_2
        average += (1 - self.beta_2) * grads


def check():
    """Compare both derivatives with differences: the first thing to do with parts of one's own."""
    rng = np.random.default_rng(0)
    u, y = rng.normal(size=(2, 5, 3))
    little = 1e-6

    sine = Sine()
    slope = (sine.forward(u + little) - sine.forward(u - little)) / (2 * little)
    assert np.allclose(sine.backward(u, sine.forward(u), np.ones_like(u)), slope)

    loss = LogCosh()
    for column in range(3):
        turned = little * np.eye(3)[column]
        slope = (loss.value(u + turned, y) - loss.value(u - turned, y)) / (2 * little)
        assert np.allclose(loss.gradient(u, y)[:, column], slope)
    print("Both derivatives agree with differences.")


def main():
    """Check the parts, then fit a wave with one wild value in ten."""
    check()
    rng = np.random.default_rng(0)
    X = rng.uniform(-3, 3, size=(400, 1))
    y = np.sin(4 * X.ravel())
    wild = np.where(rng.random(400) < 0.1, 5.0, 0.0)

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
    model.fit(X, y + wild)
    print(f"Median distance from the true wave: {np.median(np.abs(model.predict(X) - y)):.2f}")


if __name__ == "__main__":
    main()
