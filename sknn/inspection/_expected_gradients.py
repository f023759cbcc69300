"""Expected gradients: gradients times differences on the ways from background rows to samples."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import issparse

from sknn.engine import Linear, Sequential
from sknn.engine._typing import Array
from sknn.estimators._fitted_model import ModelPart
from sknn.estimators._model import ModelSpec
from sknn.inspection._output_selection import OutputSelection
from sknn.inspection.gradients import output_gradients, sum_members

#: Numbers of points on the way from a background row to a sample, those of a Gauss-Legendre rule:
#: the next one is for samples whose contributions do not sum to the output.
N_POINTS = 2, 4, 8

#: With few background rows there are more points, up to this number: the integral over a single way
#: has an error that those over many ways average out.
MAX_POINTS = 128

#: Sums may differ from the outputs by this fraction of the standard deviation of the background's.
TOLERANCE = 0.02

#: Outputs of the widest layer at a time: more do not fit into the cache of a core.
CHUNK_SIZE = 2**18


class Ways:
    """The ways from background rows to samples, in the inputs of the first layer of a part."""

    def __init__(self, samples: ModelPart, background: ModelPart) -> None:
        modules = samples.network.modules
        first = next(i for i, module in enumerate(modules) if isinstance(module, Linear))
        self.samples, self.background = samples, background
        self.encoding = Sequential(modules[:first]) if first else None
        self.layer, self.rest = modules[first], Sequential(modules[first + 1 :])
        inputs = samples.spec.inputs
        self.is_of_feature = None  # 1 for the inputs of each feature
        if inputs is not None:
            n_features = inputs.encoder.n_features_in_
            self.is_of_feature = np.eye(n_features)[inputs.columns_of_inputs()]

    @property
    def width(self) -> int:
        """The number of units of the widest layer, of all members."""
        layers = [self.layer, *self.rest.modules]
        return max(one.W0.size for one in layers if isinstance(one, Linear))

    def inputs(self, part: ModelPart, rows: Any) -> Array:
        """Return the inputs of some of the samples, or of the background rows, (..., n, m)."""
        u = part.X[rows]
        u = np.asarray(u.toarray() if issparse(u) else u, part.spec.dtype)
        return u if self.encoding is None else self.encoding.forward(u)

    def points(self, u: Array, v: Array, positions: Array) -> Array:
        """Return the outputs of the first layer, which is linear, at all points of all ways."""
        Z, Z0 = self.layer.forward(u)[..., :, None, None, :], self.layer.forward(v)
        Z0 = Z0[..., None, :, None, :]
        points: Array = (Z - Z0) * positions[:, None].astype(Z.dtype)
        points += Z0
        return points.reshape(*Z.shape[:-4], -1, Z.shape[-1])

    def contributions(self, u: Array, v: Array, weights: Array, dZ: Array) -> Array:
        """Return the sums over all ways, (n, n_features), of gradients times differences.

        `dZ` is the gradient with respect to `points`.
        """
        k, difference = dZ.shape[-1], u[..., :, None, :] - v[..., None, :, :]
        of_ways = weights.astype(dZ.dtype) @ dZ.reshape(*dZ.shape[:-2], -1, len(weights), k)
        du = self.layer.backward(u, dZ, of_ways)
        if du.ndim > difference.ndim - 1:  # members that share their inputs
            du = du.sum(axis=0)
        products = np.einsum("...ijk,...ijk->...ik", du.reshape(difference.shape), difference)
        of_inputs = sum_members(products).astype(np.float64)
        return of_inputs if self.is_of_feature is None else of_inputs @ self.is_of_feature


def numbers_of_points(n_gradients: int) -> list[int]:
    """Return the numbers of points to try on a way, which may have so many gradients."""
    numbers = list(N_POINTS)
    while 2 * numbers[-1] <= min(n_gradients, MAX_POINTS):
        numbers.append(2 * numbers[-1])
    return numbers


def refined(
    contributions: Callable[[NDArray[np.intp], int], Array],
    samples: NDArray[np.intp],
    sums: Array,
    tolerance: Array,
    numbers: Sequence[int],
) -> Array:
    """Return contributions, by rules with more points where their sums are not those given."""
    values = contributions(samples, numbers[0])
    for n_points in numbers[1:]:
        errors = np.abs(values.sum(axis=1, keepdims=True) - sums)
        inexact = np.flatnonzero(errors > tolerance)
        if len(inexact):
            values[inexact] = contributions(samples[inexact], n_points)
    return values


def mean_contributions(
    spec: ModelSpec,
    ways: Sequence[Ways],
    drawn: NDArray[np.intp],
    coefficients: Array,
    samples: NDArray[np.intp],
    n_points: int,
) -> Array:
    """Return the contributions of samples, averaged over their ways, a few samples at a time."""
    nodes, weights = np.polynomial.legendre.leggauss(n_points)
    positions, weights = (1 + nodes) / 2, weights / (2 * len(drawn))
    step = max(1, CHUNK_SIZE // (len(drawn) * n_points * max(way.width for way in ways)))
    background = [way.inputs(way.background, drawn) for way in ways]
    found = []
    for start in range(0, len(samples), step):
        own = samples[start : start + step]
        ends = [(way.inputs(way.samples, own), v) for way, v in zip(ways, background, strict=True)]
        points = [way.points(*uv, positions) for way, uv in zip(ways, ends, strict=True)]
        parts = zip(ways, ends, _gradients(spec, ways, points, coefficients), strict=True)
        found.append(sum(way.contributions(*uv, weights, dZ) for way, uv, dZ in parts))
    return np.concatenate(found)


def _gradients(
    spec: ModelSpec, ways: Sequence[Ways], points: Sequence[Array], coefficients: Array
) -> list[Array]:
    """Return the gradient of an output with respect to those of the first layer of each part."""
    traces = [way.rest.trace(Z) for way, Z in zip(ways, points, strict=True)]
    n = points[0].shape[-2]
    selection = OutputSelection(np.broadcast_to(coefficients, (n, len(coefficients))))
    gradients = output_gradients(spec, [values[-1] for values in traces], selection)
    parts = zip(ways, traces, gradients, strict=True)
    return [way.rest.gradients(values, dz)[0] for way, values, dz in parts]
