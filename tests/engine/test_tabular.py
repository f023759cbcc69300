"""Wide columns: what each kind becomes, and embeddings as layers on what is never made."""

import copy
import pickle

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from sknn.engine import Embedding, Linear, Objective, Sequential, SquaredError, TabularEncoding
from tests.engine.gradients import check_backward, check_weight_grad
from tests.generators import OwnGenerator

NAN = np.nan


@pytest.fixture
def rng():
    """Return a generator; every test has the same."""
    return OwnGenerator()


def example(dtype=np.float64):
    """Return an expansion of two numbers, two categories and a column that is passed on."""
    start, stop = np.array([[-1, 0, 1], [0, 1, 3]], dtype)
    return TabularEncoding(
        2,
        [0, 0, 1],
        start,
        stop,
        missing_indicator_features=[1],
        n_categories=[2, 3],
        n_passthrough=1,
    )


NO_MORE = {"missing_indicator_features": [], "n_categories": []}

TABLE = np.array(
    [
        [-0.25, 2.0, 0, 2, 7],
        [9.0, NAN, 1, 0, 8],
        [NAN, -9.0, 5, -1, 9],
    ]
)
WIDE = np.array(
    [
        # numbers, bins of both, missing, first category, second category, passed on
        [-0.25, 2, 0.75, 0, 0.5, 0, 1, 0, 0, 0, 1, 7],
        [9, 0, 1, 1, 0, 1, 0, 1, 1, 0, 0, 8],
        [0, -9, 1, 0, 0, 0, 0, 0, 0, 0, 0, 9],
    ]
)


def tables(rng, n, rows=(4, 3), others=2):
    """Draw a matrix whose last columns are row numbers, no two columns sharing a row."""
    codes = [rng.integers(size, size=n) + sum(rows[:i]) for i, size in enumerate(rows)]
    return np.column_stack([rng.normal(size=(n, others)), *codes])


def one_hot(codes, rows):
    """Return zeros with a single 1 in each row."""
    return (codes[..., None] == np.arange(rows)).astype(float)


# TabularEncoding


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_encoding_of_all_column_types(dtype):
    """Numbers beyond all bins, missing ones, and codes that have no place."""
    v = example(dtype).forward(TABLE.astype(dtype))
    assert v.dtype == dtype
    assert_array_equal(v, WIDE.astype(dtype))


def test_bins_sum_to_position(rng):
    """Pieces that follow each other, each times its length, give the number between the ends."""
    edges = np.array([-2.0, -0.5, 0.1, 3.0])
    encoding = TabularEncoding(1, [0, 0, 0], edges[:-1], edges[1:], [], [])
    x = rng.normal(size=(50, 1)) * 3
    bins = encoding.forward(x)[:, 1:]
    assert_allclose(bins @ np.diff(edges) - 2, np.clip(x[:, 0], -2, 3), rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_bins_are_scaled_by_bin_scale(dtype, rng):
    """Nothing else is another."""
    start, stop = np.array([[-1, 0], [0, 2]], dtype)
    u = np.column_stack([rng.normal(size=50), rng.integers(2, size=50)]).astype(dtype)
    low = TabularEncoding(1, [0, 0], start, stop, [0], [2], bin_scale=0.3).forward(u)
    one = TabularEncoding(1, [0, 0], start, stop, [0], [2]).forward(u)
    assert low.dtype == dtype
    assert_allclose(low, one * [1, 0.3, 0.3, 1, 1, 1], rtol=1e-6)
    assert low[:, 1:3].max() == dtype(0.3)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_numeric_features_are_bounded_smoothly(dtype):
    """By ``x / sqrt(1 + (x / c)**2)``, for every finite x, and nothing else is."""
    bins = {"bin_feature": [0], "bin_start": np.zeros(1, dtype), "bin_stop": np.ones(1, dtype)}
    encoding = TabularEncoding(1, **bins, **NO_MORE, max_absolute_value=8.0)
    largest = np.finfo(dtype).max
    x = np.array([-largest, -8.0, 0.1, 0.5, 1e9, largest, NAN], dtype)[:, None]
    v = encoding.forward(x)
    half = 8 / np.sqrt(2)
    expected = [-8, -half, 0.1 / np.hypot(1, 1 / 80), 0.5 / np.hypot(1, 1 / 16), 8, 8, 0]
    assert_allclose(v[:, 0], expected, rtol=1e-6)
    assert_array_equal(v[:, 1:], TabularEncoding(1, **bins, **NO_MORE).forward(x)[:, 1:])
    du = encoding.backward(x, v, np.ones_like(v))
    slopes = [0, 2**-1.5, 1 + (1 + 1 / 6400) ** -1.5, 1 + (1 + 1 / 256) ** -1.5, 0, 0, 0]
    assert_allclose(du[:, 0], slopes, rtol=1e-6, atol=1e-12)


def test_forward_writes_to_out():
    """In any memory layout, whatever `out` contains."""
    encoding = example()
    for order in "CF":
        out = np.full(WIDE.shape, NAN, order=order)
        assert encoding.forward(TABLE, out) is out
        assert_array_equal(out, WIDE)
        du = np.full(TABLE.shape, NAN, order=order)
        assert encoding.backward(TABLE, out, np.ones_like(out), du) is du
        assert_array_equal(du, encoding.backward(TABLE, WIDE, np.ones_like(out)))


def test_gradient_of_missing_values_and_codes_is_0():
    """Only known numbers and what is passed on have a derivative."""
    du = example().backward(TABLE, WIDE, np.ones_like(WIDE))
    assert_array_equal(du, [[2, 1.5, 0, 0, 1], [1, 0, 0, 0, 1], [0, 1, 0, 0, 1]])


@pytest.mark.parametrize("height", [1, 0.3, 2.0])
def test_backward_agrees_with_central_differences_on_a_table(height, rng):
    """With missing values, in narrow and wide bins."""
    start, stop = np.array([-2.0, 0.05, 0.1]), np.array([0.05, 0.1, 5.0])
    encoding = TabularEncoding(2, [1, 1, 1], start, stop, [0], [3], 2, height)
    u = np.column_stack([rng.choice([-1.0, 0.07, 0.3, 7.0], size=(40, 2)), np.full((40, 3), 0.5)])
    u[::3, 0] = NAN
    check_backward(encoding, u, rng)


@pytest.mark.parametrize(("x", "slope"), [(-3, 0), (-2, 0.5), (0, 0.25), (4, 0)])
def test_derivative_at_bin_edge_is_from_the_right(x, slope):
    """Rows of training lie just there, as edges are quantiles."""
    encoding = TabularEncoding(
        1, [0, 0], [-2.0, 0.0], [0.0, 4.0], missing_indicator_features=[], n_categories=[]
    )
    u = np.array([[float(x)]])
    dv = np.array([[0.0, 1.0, 1.0]])
    assert encoding.backward(u, encoding.forward(u), dv) == slope


def test_encoding_without_columns_is_empty():
    """There is nothing to trip over in what is empty."""
    nothing = np.zeros(0)
    encoding = TabularEncoding(0, nothing, nothing, nothing, nothing, nothing)
    u = np.empty((3, 0))
    assert encoding.forward(u).shape == (3, 0)
    assert encoding.backward(u, u, u).shape == (3, 0)


def test_encoding_can_be_pickled():
    """A copy computes the same; repr shows the widths."""
    encoding = pickle.loads(pickle.dumps(example()))
    assert repr(encoding) == "TabularEncoding(5 -> 12)"
    assert_array_equal(encoding.forward(TABLE), WIDE)


# Embed


@pytest.mark.parametrize("members", [(), (2,)], ids=["one", "two members"])
def test_embedding_equals_linear_on_one_hot_columns(members, rng):
    """Forwards and in its weight gradient; a row of E that no cell names gets none."""
    embed = Embedding(rng.normal(size=(*members, 9, 5)), columns=2)
    layer = Linear(embed.E, np.zeros((*members, 5)))
    u = np.stack([tables(rng, 11) for _ in range(members[0])]) if members else tables(rng, 11)
    v = embed.forward(u)
    dv = rng.normal(size=v.shape)
    dE = 0
    for column, place in [(2, slice(2, 7)), (3, slice(7, 12))]:
        codes = one_hot(u[..., column], 9)
        assert_allclose(v[..., place], layer.forward(codes), rtol=1e-12)
        dE = dE + layer.weight_grad(codes, dv[..., place])[0]
    assert_array_equal(v[..., :2], u[..., :2])
    assert_allclose(embed.weight_grad(u, dv)[0], dE, rtol=1e-12, atol=1e-14)
    assert_array_equal(dE[..., 7:, :], 0)


def test_embedding_members_accept_shared_input(rng):
    """One u without a member axis is the input of every member."""
    embed = Embedding(rng.normal(size=(2, 7, 3)), columns=2)
    u = tables(rng, 6)
    twice = np.stack([u, u])
    dv = rng.normal(size=(2, 6, 8))
    assert_array_equal(embed.forward(u), embed.forward(twice))
    assert_array_equal(embed.weight_grad(u, dv)[0], embed.weight_grad(twice, dv)[0])


def test_embedding_weight_grad_sums_over_cells(rng):
    """Central differences, with several cells on one row."""
    check_weight_grad(Embedding(rng.normal(size=(7, 3)), columns=2), tables(rng, 20), rng)


def test_embedding_clips_indices():
    """Indices out of range are those of the first or last row."""
    embed = Embedding(np.array([[1.0], [2.0]]), columns=1)
    assert_array_equal(embed.forward(np.array([[-3.0], [0], [1], [1e300]])), [[1], [1], [2], [2]])


def test_forward_and_backward_overwrite_out(rng):
    """Forward and backward fill what they are given."""
    embed = Embedding(rng.normal(size=(7, 3)), columns=2)
    u = tables(rng, 6)
    v = embed.forward(u)
    dv = rng.normal(size=v.shape)
    out, du = np.full_like(v, NAN), np.full_like(u, NAN)
    assert embed.forward(u, out) is out
    assert_array_equal(out, v)
    assert embed.backward(u, v, dv, du) is du
    assert_array_equal(du, embed.backward(u, v, dv))


def test_network_of_encoding_and_embedding_trains(rng):
    """An expansion, a table and a layer: J falls along its gradient, with arrays used again."""
    encoding = TabularEncoding(
        2, [0, 1], np.array([-1.0, 0]), np.array([1.0, 2]), [0], [], n_passthrough=2
    )
    table = Embedding(rng.normal(size=(7, 3)), columns=2)
    layer = Linear(rng.normal(size=(11, 1)), np.zeros(1))
    objective = Objective(Sequential([encoding, table, layer]), SquaredError())
    X, Y = tables(rng, 30), rng.normal(size=(30, 1))
    values = []
    for _ in range(20):
        values.append(objective.value_and_gradient(X, Y))
        objective.parameters.vector -= 0.02 * objective.parameters.gradient
    assert (np.diff(values) < 0).all()
    fresh = Objective(copy.deepcopy(objective.network), SquaredError())
    again = [o.value_and_gradient(X, Y) for o in (objective, fresh)]
    assert again[0] == pytest.approx(again[1], rel=1e-12)
