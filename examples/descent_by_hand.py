"""Gradient descent by hand: one step with every array printed, then a few thousand steps.

Uses the engine alone, without an estimator. A network is a sequence of modules. Each module runs
forward, propagates the gradient backward, and computes the gradient of its weights. Here a network
of two inputs, three hidden units and one output learns XOR: either, but not both.

    python examples/descent_by_hand.py

Names: X holds the inputs and Y the targets, one sample a row. A layer computes Z = X W + W0 and its
activation A = f(Z); the number behind a name is that of the layer. dZ is the gradient: the
derivative of the loss with respect to Z. dA and dW likewise.
"""

import numpy as np

from sknn.engine import NLL, Linear, Objective, Sequential, Tanh, descend

X = np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
Y = np.array([[0.0], [1.0], [1.0], [0.0]])


def main():
    """Build a network, train it by one step, then by many."""
    np.set_printoptions(precision=3, suppress=True)
    rng = np.random.RandomState(0)

    # The network ends in a raw output. The loss owns the output activation: NLL, the negative log
    # likelihood, applies the sigmoid, which gives the probability of a yes.
    hidden = Linear(W=rng.normal(size=(2, 3)), W0=np.zeros(3))
    output = Linear(W=rng.normal(size=(3, 1)), W0=np.zeros(1))
    loss = NLL()

    one_step_by_hand(hidden, Tanh(), output, loss)
    many_steps(Sequential([hidden, Tanh(), output]), loss, rng)


def one_step_by_hand(hidden, tanh, output, loss):
    """Run one forward pass, one backward pass and one step; print every array."""
    title("FORWARD: from the inputs to the loss")
    show("X", X, "the inputs")
    Z1 = hidden.forward(X)
    show("Z1", Z1, "X W + W0 of the hidden layer")
    A1 = tanh.forward(Z1)
    show("A1", A1, "tanh(Z1)")
    Z2 = output.forward(A1)
    show("Z2", Z2, "A1 W + W0 of the output layer: the raw output")
    show("A2", loss.inverse_link(Z2), "sigmoid(Z2): the probability of a yes")
    before = loss.value(Z2, Y)
    show("L", before, "the loss: minus the log of the probability of the target")

    title("BACKWARD: the gradients")
    dZ2 = loss.gradient(Z2, Y) / len(X)  # the objective is the mean over the samples
    show("dZ2", dZ2, "(A2 - Y) / n")
    dW2, dW02 = output.weight_grad(A1, dZ2)
    show("dW2", dW2, "A1^T dZ2: the gradient of the output weights")
    show("dW02", dW02, "the column sums of dZ2: the gradient of the output offset")
    dA1 = output.backward(A1, Z2, dZ2)
    show("dA1", dA1, "dZ2 W^T: backward through the output weights")
    dZ1 = tanh.backward(Z1, A1, dA1)
    show("dZ1", dZ1, "(1 - A1^2) dA1: backward through the tanh")
    dW1, dW01 = hidden.weight_grad(X, dZ1)
    show("dW1", dW1, "X^T dZ1: the gradient of the hidden weights")
    show("dW01", dW01, "the column sums of dZ1: the gradient of the hidden offsets")

    title("ONE STEP against the gradient, with a learning rate of 0.5")
    hidden.W -= 0.5 * dW1
    hidden.W0 -= 0.5 * dW01
    output.W -= 0.5 * dW2
    output.W0 -= 0.5 * dW02
    after = loss.value(output.forward(tanh.forward(hidden.forward(X))), Y)
    print(f"The mean loss falls from {before.mean():.4f} to {after.mean():.4f}.\n")


def many_steps(network, loss, rng):
    """Repeat 3000 times: sample a row, run forward and backward, make a step."""
    title("STOCHASTIC GRADIENT DESCENT: 3000 random samples, one step each")
    objective = Objective(network, loss)
    print(f"Mean loss before: {objective.value(X, Y):.4f}")
    descend(objective, X, Y, rate=0.3, steps=3000, rng=rng)
    print(f"Mean loss after:  {objective.value(X, Y):.4f}\n")

    A = loss.inverse_link(network.forward(X))
    for x, y, a in zip(X, Y, A, strict=True):
        print(f"{x[0]:.0f} xor {x[1]:.0f} is {y[0]:.0f}; probability of a yes: {a[0]:.3f}")
    print(f"{np.mean((A > 0.5) == Y):.0%} correct")


def title(text):
    """Print an underlined title."""
    print(f"{text}\n{'-' * len(text)}\n")


def show(name, array, meaning):
    """Print an array with its name and meaning."""
    print(f"{name} = {meaning}\n{array}\n")


if __name__ == "__main__":
    main()
