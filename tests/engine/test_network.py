"""Names and sizes -> networks."""

import warnings
from itertools import pairwise

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.special import erf
from sklearn import neural_network
from sklearn.exceptions import ConvergenceWarning

from sknn.engine import Linear, initializers
from sknn.engine import network as networks

SIZES = [4, 5, 3, 2]

#: What each name means, written independently.
FORMULAS = {
    "identity": lambda u: u,
    "logistic": lambda u: 1 / (1 + np.exp(-u)),
    "tanh": lambda u: (np.exp(u) - np.exp(-u)) / (np.exp(u) + np.exp(-u)),
    "relu": lambda u: (u + abs(u)) / 2,
    "leaky_relu": lambda u: (u + abs(u)) / 2 + 0.01 * (u - abs(u)) / 2,
    "elu": lambda u: np.where(u > 0, u, np.exp(u) - 1),
    "selu": lambda u: 1.0507009873554805 * np.where(u > 0, u, 1.6732632423543772 * (np.exp(u) - 1)),
    "gelu": lambda u: u * (1 + erf(u / np.sqrt(2))) / 2,
    "silu": lambda u: u / (1 + np.exp(-u)),
    "mish": lambda u: u * np.tanh(np.log(1 + np.exp(u))),
    "softplus": lambda u: np.log(1 + np.exp(u)),
    "exp": lambda u: np.e**u,
}


def built(sizes=SIZES, activations=("tanh", "relu"), initialization="auto", **settings):
    """Build a network from a fixed seed."""
    settings = {"rng": np.random.RandomState(0), "dtype": "float64", **settings}
    return networks.build(sizes, activations, initialization, **settings)


def coefs_and_intercepts(network):
    """Return the weights and the offsets of all layers."""
    layers = [module for module in network.modules if isinstance(module, Linear)]
    return [layer.W for layer in layers], [layer.W0 for layer in layers]


# Sizes and activations


@pytest.mark.parametrize(
    ("given", "sizes"),
    [
        (7, [7]),
        (np.int64(7), [7]),
        ((), []),
        ([7, 5], [7, 5]),
        ((7, 5, 3), [7, 5, 3]),
        (np.array([7, 5]), [7, 5]),
    ],
    ids=repr,
)
def test_hidden_sizes_accepts_integer_or_sequence(given, sizes):
    """They come out as plain integers."""
    found = networks.hidden_sizes(given)
    assert found == sizes
    assert all(type(size) is int for size in found)


@pytest.mark.parametrize(
    "given", [0, -1, 2.0, "7", None, (5, 0), [5, -1], (5, 2.5), ["5"], [[5, 3]]], ids=repr
)
def test_invalid_hidden_sizes_are_errors(given):
    """The message says what is wanted and what was given."""
    with pytest.raises(ValueError, match="hidden_layer_sizes must be > 0: a positive") as error:
        networks.hidden_sizes(given)
    assert repr(given) in str(error.value)


@pytest.mark.parametrize(
    ("given", "n_hidden", "names"),
    [
        ("relu", 3, ["relu", "relu", "relu"]),
        ("relu", 0, []),
        (["relu", "tanh"], 2, ["relu", "tanh"]),
        (("elu",), 1, ["elu"]),
        ([], 0, []),
    ],
)
def test_hidden_activations_accepts_one_or_one_per_layer(given, n_hidden, names):
    """A layer has a name in the end."""
    assert networks.hidden_activations(given, n_hidden) == names


@pytest.mark.parametrize("given", ["sigmoid", ["relu", "sigmoid"]])
def test_unknown_activation_error_lists_known_names(given):
    """Every name of the table is in the message."""
    with pytest.raises(ValueError, match="Unknown activation 'sigmoid'") as error:
        networks.hidden_activations(given, 2)
    assert all(repr(name) in str(error.value) for name in networks.ACTIVATIONS)


@pytest.mark.parametrize("given", [[], ["relu"], ["relu"] * 3])
def test_wrong_number_of_activations_is_an_error(given):
    """The message has both numbers."""
    with pytest.raises(ValueError, match=f"lists {len(given)} for 2 hidden layers"):
        networks.hidden_activations(given, 2)


# Names -> modules


@pytest.mark.parametrize("name", networks.ACTIVATIONS)
def test_activation_names_map_to_modules(name):
    """A new one needs a formula in the table above."""
    network = built([4, 5, 2], [name])
    (V, W), (V0, W0) = coefs_and_intercepts(network)
    X = np.random.default_rng(0).normal(size=(6, 4))
    assert_allclose(network.forward(X), FORMULAS[name](X @ V + V0) @ W + W0, rtol=1e-12)


def test_activation_names_include_those_of_sklearn():
    """Its solvers' users find all four."""
    assert set(networks.ACTIVATIONS) >= {"identity", "logistic", "tanh", "relu"}
    assert set(networks.ACTIVATIONS) == set(FORMULAS)


def test_build_alternates_layers_and_activations():
    """A network begins and ends in a layer: the loss owns the output activation."""
    modules = built().modules
    tanh, relu = networks.ACTIVATIONS["tanh"], networks.ACTIVATIONS["relu"]
    assert [type(module) for module in modules] == [Linear, tanh, Linear, relu, Linear]
    coefs, intercepts = coefs_and_intercepts(built())
    assert [W.shape for W in coefs] == list(pairwise(SIZES))
    assert [W0.shape for W0 in intercepts] == [(k,) for k in SIZES[1:]]


def test_build_without_hidden_layers_is_one_linear():
    """A linear model."""
    (layer,) = built([4, 2], []).modules
    assert layer.W.shape == (4, 2)


def test_restore_does_not_copy_weights():
    """The same arrays, so that what was built computes the same again."""
    coefs, intercepts = coefs_and_intercepts(built())
    network = networks.restore(coefs, intercepts, ["tanh", "relu"])
    X = np.random.default_rng(0).normal(size=(6, 4))
    assert_array_equal(network.forward(X), built().forward(X))
    for given, held in zip([coefs, intercepts], coefs_and_intercepts(network), strict=True):
        assert all(a is b for a, b in zip(given, held, strict=True))


def test_restore_rejects_lists_of_different_lengths():
    """Silently dropping a layer would be another network."""
    coefs, intercepts = coefs_and_intercepts(built())
    with pytest.raises(ValueError, match=r"longer|shorter"):
        networks.restore(coefs, intercepts, ["tanh"])


# Initial weights


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("initialization", ["auto", *networks.INITIALIZATIONS])
def test_build_depends_on_seed_only_and_has_one_dtype(initialization, dtype):
    """For all initializations."""
    a, b = (built(initialization=initialization, dtype=dtype).parameters for _ in range(2))
    assert {array.dtype for array in a} == {np.dtype(dtype)}
    for one, same in zip(a, b, strict=True):
        assert_array_equal(one, same)


@pytest.mark.parametrize("name", networks.INITIALIZATIONS)
def test_named_initializations_draw_the_weights_layer_by_layer(name):
    """By the engine's function of that name; offsets are zero."""
    coefs, intercepts = coefs_and_intercepts(built(initialization=name))
    rng = np.random.RandomState(0)
    for fans, W, W0 in zip(pairwise(SIZES), coefs, intercepts, strict=True):
        assert_array_equal(W, getattr(initializers, name)(rng, fans, "float64"))
        assert_array_equal(W0, np.zeros(fans[1]))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("activation", ["identity", "logistic", "tanh", "relu"])
def test_auto_initialization_equals_sklearn(activation, dtype):
    """From the same seed, bit for bit: its first step is too small to change them."""
    X = np.random.default_rng(0).normal(size=(10, SIZES[0])).astype(dtype)
    theirs = neural_network.MLPRegressor(
        hidden_layer_sizes=SIZES[1:-1],
        activation=activation,
        solver="sgd",
        learning_rate_init=1e-40,
        max_iter=1,
        random_state=0,
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        theirs.fit(X, X[:, : SIZES[-1]])
    coefs, intercepts = coefs_and_intercepts(built(activations=[activation] * 2, dtype=dtype))
    all_theirs = theirs.coefs_ + theirs.intercepts_
    for ours, expected in zip(coefs + intercepts, all_theirs, strict=True):
        assert ours.dtype == expected.dtype
        assert_array_equal(ours, expected)


def test_auto_initialization_depends_on_activation_of_each_layer():
    """Logistic units begin narrower, by the square root of 3; outputs go by the last of them."""
    mixed, _ = coefs_and_intercepts(built(activations=["relu", "logistic"]))
    wide, _ = coefs_and_intercepts(built(activations=["relu", "relu"]))
    for W, wider, ratio in zip(mixed, wide, [1, np.sqrt(3), np.sqrt(3)], strict=True):
        assert_allclose(wider / W, ratio)


# Initializers of the user


def test_callable_initialization_draws_weights_with_zero_offsets():
    """It is called once per layer, with the rng of `build`."""
    asked = []

    def draw(rng, shape, dtype):
        asked.append((rng, shape, dtype))
        return np.full(shape, float(len(asked)))

    rng = np.random.RandomState(0)
    coefs, intercepts = coefs_and_intercepts(built(initialization=draw, rng=rng, dtype="float32"))
    assert asked == [(rng, fans, "float32") for fans in pairwise(SIZES)]
    for number, (W, W0) in enumerate(zip(coefs, intercepts, strict=True), 1):
        assert_array_equal(W, np.full(W.shape, number))
        assert_array_equal(W0, np.zeros(W0.shape))
    assert {array.dtype for array in coefs + intercepts} == {np.dtype("float32")}


@pytest.mark.parametrize("convert", [np.ndarray.tolist, lambda W: W.astype("float32"), np.asarray])
def test_result_of_callable_initialization_is_copied(convert):
    """Lists and other types will do, and the user's array stays the user's."""
    mine = convert(np.ones((4, 2)))
    (layer,) = built([4, 2], [], lambda rng, shape, dtype: mine).modules
    assert layer.W.dtype == np.float64
    layer.W += 1
    assert_array_equal(mine, np.ones((4, 2)))


@pytest.mark.parametrize(
    ("draw", "message"),
    [
        (lambda rng, shape, dtype: np.ones(shape[::-1]), r"of shape \(4, 2\); got shape \(2, 4\)"),
        (lambda rng, shape, dtype: np.ones(shape[1]), r"of shape \(4, 2\); got shape \(2,\)"),
        (lambda rng, shape, dtype: 1.0, r"of shape \(4, 2\); got shape \(\)"),
        (lambda rng, shape, dtype: np.full(shape, np.nan), "values that are not finite"),
        (lambda rng, shape, dtype: np.full(shape, np.inf), "values that are not finite"),
    ],
    ids=["transposed", "flat", "number", "nan", "inf"],
)
def test_invalid_result_of_callable_initialization_is_an_error(draw, message):
    """The message says which shape is wanted, and what came."""
    with pytest.raises(ValueError, match="initialization must give finite weights") as error:
        built([4, 2], [], draw)
    assert error.match(message)


@pytest.mark.parametrize("name", networks.ACTIVATIONS)
def test_activations_that_split(name):
    """Those, and no others, let numbers through by pairs of units."""
    x = np.linspace(-5, 5, 11)
    f = networks.ACTIVATIONS[name]()
    splits = np.allclose(f.forward(x) - f.forward(-x), x)
    assert splits == (name in networks.SPLITTING_ACTIVATIONS)


@pytest.mark.parametrize("name", sorted(networks.SPLITTING_ACTIVATIONS))
@pytest.mark.parametrize("sizes", [(4,), (4, 7), (9, 4, 5)])
def test_a_network_that_is_linear(name, sizes):
    """It computes the linear function whose weights it was given."""
    rng = np.random.RandomState(0)
    layers = networks.build(
        [3, *sizes, 2], [name] * len(sizes), "he_normal", rng=rng, dtype="float64"
    )
    W, W0, u = rng.randn(3, 2), rng.randn(2), rng.randn(20, 3)
    networks.set_linear(layers, W, W0)
    assert_allclose(layers.forward(u), u @ W + W0, rtol=1e-12, atol=1e-12)
    assert not networks.can_be_linear([3], [name], 2)
