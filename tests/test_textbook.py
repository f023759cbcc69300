"""The textbook, as tests: what it says of perceptrons, descent and depth, in its own numbers."""

from itertools import pairwise

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from sknn import MLPClassifier
from sknn.engine import (
    NLL,
    NLLM,
    SGD,
    Brier,
    Exp,
    Identity,
    Linear,
    Objective,
    ReLU,
    Sequential,
    Sigmoid,
    SquaredError,
    Step,
    Tanh,
    initializers,
)

CORNERS = np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
XOR = np.array([0, 1, 1, 0])


def layer(weights, offsets):
    """Write a layer as the book does: a row of weights and an offset for each unit."""
    return Linear(np.array(weights, dtype=float).T, np.array(offsets, dtype=float))


def random_network(sizes, activation, *, draw=initializers.lecun_normal, rng):
    """Join layers of random weights and zero offsets by an activation."""
    modules = []
    for m, k in pairwise(sizes):
        modules += [Linear(draw(rng, (m, k), float), np.zeros(k)), activation()]
    return Sequential(modules[:-1])


# Perceptrons


def test_a_perceptron_with_weights_minus_2_and_bias_3_is_nand():
    """Only when both inputs are 1 does the sum 3 - 2 x1 - 2 x2 fall below zero."""
    nand = Sequential([layer([[-2, -2]], [3]), Step()])
    assert_array_equal(nand.forward(CORNERS).ravel(), [1, 1, 1, 0])


def test_a_perceptron_exactly_at_its_threshold_fires():
    """step(0) = 1 here; another common convention gives 0, and this unit were then never on."""
    both = Sequential([layer([[1, 1]], [-2]), Step()])
    assert_array_equal(both.forward(CORNERS).ravel(), [0, 0, 0, 1])


@pytest.mark.parametrize("bias", [-2.0, 0.0, 3.0])
def test_the_threshold_is_minus_the_bias(bias):
    """A bias b does what a threshold of -b does: the unit fires from x w = -b upwards."""
    X = np.arange(-5.0, 6.0)[:, None]
    biased = Sequential([layer([[1]], [bias]), Step()])
    thresholded = Sequential([layer([[1]], [0]), Step(threshold=-bias)])
    fires = X + bias >= 0
    assert_array_equal(biased.forward(X), fires)
    assert_array_equal(thresholded.forward(X), fires)


def test_the_sigmoid_tends_to_the_step_as_its_slope_grows():
    """Steeper is closer everywhere but at 0, where the sigmoid stays at one half."""
    Z = np.array([-2.0, -0.5, -0.1, 0.1, 0.5, 2.0])
    gaps = [abs(Sigmoid(slope=s).forward(Z) - Step().forward(Z)).max() for s in (1, 10, 100, 1000)]
    assert_allclose(gaps[:3], [0.475, 0.269, 4.54e-5], rtol=1e-3)
    assert gaps[3] < 1e-40
    assert Sigmoid(slope=1000).forward(np.zeros(1)) == 0.5


def test_two_layers_of_perceptrons_set_by_hand_give_xor():
    """XOR is what both OR and NAND say yes to: two hidden units, and an AND on top."""
    or_and_nand = layer([[2, 2], [-2, -2]], [-1, 3])
    both = layer([[2, 2]], [-3])
    network = Sequential([or_and_nand, Step(), both, Step()])
    assert_array_equal(network.forward(CORNERS).ravel(), XOR)


# A hidden layer is what XOR takes: everything else in the next two tests is the same


def accuracy_on_xor(hidden_layer_sizes, loss, seed):
    """Train on the four corners until nothing improves; return the share that came out right."""
    mlp = MLPClassifier(
        hidden_layer_sizes,
        "tanh",
        loss=loss,
        learning_rate_init=0.05,
        alpha=0,
        max_iter=2000,
        n_iter_no_change=100,
        random_state=seed,
    )
    return mlp.fit(CORNERS, XOR).score(CORNERS, XOR)


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("loss", ["log_loss", "hinge", "brier", "squared_error"])
def test_no_network_without_a_hidden_layer_learns_xor(loss, seed):
    """No straight line parts the corners: one of the four is always on the wrong side."""
    assert accuracy_on_xor((), loss, seed) <= 0.75


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("loss", ["log_loss", "hinge", "brier", "squared_error"])
def test_a_network_with_a_hidden_layer_learns_xor(loss, seed):
    """One hidden layer bends the line, and all four corners come out right."""
    assert accuracy_on_xor((8,), loss, seed) == 1


def test_best_linear_prediction_of_xor_is_one_half():
    """The likelihood has one minimum there: no weights, 1/2 for every corner, a loss of log 2."""
    neuron = layer([[1.5, -0.5]], [0.5])
    objective, Y = Objective(Sequential([neuron]), NLL()), XOR[:, None].astype(float)
    for _ in range(500):
        objective.value_and_gradient(CORNERS, Y)
        objective.parameters.vector -= 1.0 * objective.parameters.gradient
    assert_allclose(objective.value(CORNERS, Y), np.log(2))
    assert_allclose(neuron.W, 0, atol=1e-6)
    assert_allclose(neuron.W0, 0, atol=1e-6)


# The worked example: one neuron, one sample, one step


def test_worked_example():
    """Forward, backward and one step with eta = 1 reduce the loss."""
    X, y = np.array([[0.50, 0.51]]), np.array([[0.10]])
    neuron, sigmoid, loss = layer([[0.35, 0.40]], [0]), Sigmoid(), SquaredError()

    Z = neuron.forward(X)
    A = sigmoid.forward(Z)
    assert_allclose(Z, [[0.379]])
    assert_allclose(A, [[0.5936]], atol=5e-5)
    assert_allclose(loss.value(A, y), [0.1218], atol=5e-5)

    dA = loss.gradient(A, y)
    dZ = sigmoid.backward(Z, A, dA)
    dW, _ = neuron.weight_grad(X, dZ)
    assert_allclose(dA, [[0.4936]], atol=5e-5)
    assert_allclose(dZ, [[0.1191]], atol=5e-5)
    assert_allclose(dW, [[0.0595], [0.0607]], atol=5e-5)

    neuron.W -= 1.0 * dW
    A = sigmoid.forward(neuron.forward(X))
    assert_allclose(neuron.W, [[0.2905], [0.3393]], atol=5e-5)
    assert_allclose(A, [[0.5789]], atol=5e-5)
    assert_allclose(loss.value(A, y), [0.1147], atol=5e-5)


def test_brier_gradient_equals_chain_rule():
    """Brier is the worked example's sigmoid and squared error taken together."""
    Z, y = np.array([[0.379]]), np.array([[0.10]])
    assert_allclose(Brier().value(Z, y), [0.1218], atol=5e-5)
    assert_allclose(Brier().gradient(Z, y), [[0.1191]], atol=5e-5)


# Outputs and losses


def test_softmax_of_five_numbers():
    """The largest takes nearly all; together they are 1."""
    A = NLLM().inverse_link(np.array([[1.3, 5.1, 2.2, 0.7, 1.1]]))
    assert_array_equal(A.round(2), [[0.02, 0.90, 0.05, 0.01, 0.02]])
    assert_allclose(A.sum(), 1)


def test_softmax_of_two_classes_is_the_sigmoid_of_their_difference():
    """NLLM with K = 2 equals NLL: in its answer, its value and its gradient."""
    rng = np.random.RandomState(0)
    Z, y = 3 * rng.randn(20, 2), rng.randint(2, size=(20, 1)).astype(float)
    Y, difference = np.hstack([1 - y, y]), Z[:, 1:] - Z[:, :1]
    assert_allclose(NLLM().inverse_link(Z)[:, 1:], NLL().inverse_link(difference))
    assert_allclose(NLLM().value(Z, Y), NLL().value(difference, y))
    assert_allclose(NLLM().gradient(Z, Y)[:, 1:], NLL().gradient(difference, y))


def test_squared_loss_of_exp_output_agrees_with_calculus():
    """With L = (exp(w x) - y)^2 / 2, dL/dw = (exp(w x) - y) exp(w x) x, here (e - 1) e 2."""
    X, y = np.array([[2.0]]), np.array([[1.0]])
    network = Sequential([layer([[0.5]], [0]), Exp()])
    dW, dW0 = network.weight_grad(X, SquaredError().gradient(network.forward(X), y))
    assert_allclose(dW, [[(np.e - 1) * np.e * 2]])
    assert_allclose(dW0, [(np.e - 1) * np.e])


def test_linear_layers_without_activation_equal_one_matrix():
    """W_total = W1 W2 W3; a nonlinearity between them is what depth is good for."""
    rng = np.random.RandomState(0)
    W1, W2, W3 = rng.randn(4, 6), rng.randn(6, 5), rng.randn(5, 3)
    X, W_total = rng.randn(10, 4), W1 @ W2 @ W3

    def join(activation):
        layers = [Linear(W, np.zeros(W.shape[1])) for W in (W1, W2, W3)]
        return Sequential([layers[0], activation(), layers[1], activation(), layers[2]])

    assert_allclose(join(Identity).forward(X), X @ W_total)
    assert abs(join(Tanh).forward(X) - X @ W_total).max() > 1


# The weights to start from


@pytest.mark.parametrize("m", [10, 100, 1000])
def test_lecun_normal_keeps_variance_of_z(m):
    """With x all ones and weights from N(0, 1/m), z has mean 0 and spread 1 for every m."""
    k = 10_000
    W = initializers.lecun_normal(np.random.RandomState(0), (m, k), float)
    Z = Linear(W, np.zeros(k)).forward(np.ones((1, m)))
    assert abs(Z.mean()) < 4 / np.sqrt(k)
    assert_allclose(Z.std(), 1, rtol=4 / np.sqrt(2 * k))


def test_with_zero_weights_a_relu_networks_weight_gradients_vanish():
    """Dead units feed nothing forward and pass nothing back: only the output offset could learn."""
    rng = np.random.RandomState(0)
    X, Y = rng.randn(10, 4), 1 + rng.randn(10, 2)

    def gradients(draw):
        network = random_network([4, 5, 2], ReLU, draw=draw, rng=rng)
        return network.weight_grad(X, SquaredError().gradient(network.forward(X), Y))

    dW1, _, dW2, dW0 = gradients(initializers.zeros)
    assert not dW1.any()
    assert not dW2.any()
    assert dW0.all()
    dW1, _, dW2, _ = gradients(initializers.he_normal)
    assert dW1.any()
    assert dW2.any()


# Descent


def small_problem():
    """Return the objective of a small random network, and the data to learn."""
    rng = np.random.RandomState(0)
    X, Y = rng.randn(30, 4), rng.randint(2, size=(30, 1)).astype(float)
    return Objective(random_network([4, 5, 1], Tanh, rng=rng), NLL()), X, Y


def change_of_one_step(eta):
    """Make one full-batch step; return how J changed, and how the first order says it would."""
    objective, X, Y = small_problem()
    before = objective.value_and_gradient(X, Y)
    dJ = objective.parameters.gradient
    objective.parameters.vector -= eta * dJ
    return objective.value(X, Y) - before, -eta * np.dot(dJ, dJ)


def test_small_step_changes_loss_by_minus_eta_times_squared_gradient_norm():
    """J changes by -eta |dJ|^2; what that leaves out shrinks in step with eta."""
    off = []
    for eta in (1e-1, 1e-2, 1e-3):
        change, first_order = change_of_one_step(eta)
        assert first_order < 0
        off.append(abs(change / first_order - 1))
    assert off[0] < 0.2
    assert_allclose([off[0] / off[1], off[1] / off[2]], 10, rtol=0.1)


def test_too_large_a_learning_rate_raises_the_loss():
    """The same direction, a thousand times as far: over the valley and up the other side."""
    assert change_of_one_step(0.1)[0] < 0
    assert change_of_one_step(100.0)[0] > 0


def test_error_rate_has_zero_gradient_but_log_loss_has_not():
    """Moving any weight a little changes no answer, yet it changes the loss as the slope says."""
    objective, X, Y = small_problem()
    J, small = objective.value_and_gradient(X, Y), 1e-6
    weights, dJ = objective.parameters.vector, objective.parameters.gradient

    def errors():
        return np.mean((objective.network.forward(X) > 0) != Y)

    share = errors()
    assert 0 < share < 1
    for i in range(len(weights)):
        weights[i] += small
        assert errors() == share
        assert objective.value(X, Y) != J
        assert_allclose((objective.value(X, Y) - J) / small, dJ[i], atol=1e-5)
        weights[i] -= small


# Depth


def gradient_of_each_layer(activation, draw):
    """Return the mean of |dW| in each of eight hidden layers, from the input on."""
    rng = np.random.RandomState(0)
    X, Y = rng.rand(50, 30), np.ones((50, 1))
    network = random_network([30] * 9 + [1], activation, draw=draw, rng=rng)
    dZ = NLL().gradient(network.forward(X), Y) / len(X)
    hidden_weight_grads = network.weight_grad(X, dZ)[:-2:2]
    return np.array([abs(dW).mean() for dW in hidden_weight_grads])


def test_in_a_deep_sigmoid_network_the_gradient_shrinks_layer_by_layer_towards_the_input():
    """A sigmoid's slope is 1/4 at most: each layer passes on about a quarter of its gradient.

    Seven such ratios take it from 8.3e-3 in the last hidden layer to 2.8e-7 in the first.
    """
    gradient = gradient_of_each_layer(Sigmoid, initializers.lecun_normal)
    ratios = gradient[:-1] / gradient[1:]
    assert_allclose(ratios, [0.21, 0.28, 0.21, 0.16, 0.30, 0.21, 0.26], atol=0.005)
    assert_allclose(gradient[[0, -1]], [2.8e-7, 8.3e-3], rtol=0.01)


def test_in_a_deep_relu_network_with_he_weights_the_gradient_does_not_shrink():
    """A ReLU passes on all or nothing, and He's weights make up for the half that is nothing."""
    gradient = gradient_of_each_layer(ReLU, initializers.he_normal)
    ratios = gradient[:-1] / gradient[1:]
    assert_allclose(ratios, [1.56, 0.92, 0.80, 0.83, 1.13, 1.12, 1.07], atol=0.005)
    assert gradient[0] > gradient[-1]


def test_at_a_gradient_of_1e_5_a_weight_takes_70000_steps_from_one_half_to_minus_one_fifth():
    """(0.5 + 0.2) / 1e-5 steps with eta = 1, and 2.5 million in the first layer above."""
    W, dW, sgd = np.array([0.5]), np.array([1e-5]), SGD()
    state = sgd.init(W)
    for _ in range(70_000):
        sgd.step(W, dW, state, rate=1.0)
    assert_allclose(W, -0.2)
    gradient = gradient_of_each_layer(Sigmoid, initializers.lecun_normal)
    assert_allclose(0.7 / gradient[0], 2.5e6, rtol=0.01)
