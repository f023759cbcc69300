"""The lower bound of training time: the matrix products alone, with the same BLAS."""

from collections.abc import Callable
from itertools import pairwise
from typing import Any

import numpy as np
from cases import Case


def floor(case: Case, X: Any, dtype: str) -> Callable[[int], None]:
    """Return a function that makes the products of so many epochs, on arrays made beforehand.

    A step makes ``Z = A W`` and ``dW = A^T dZ`` for each layer, and ``dA = dZ W^T`` for each but
    the first, which is what backpropagation cannot do without. The rows of a batch are always the
    same ones, so gathering them costs nothing here. `np.dot` makes the products; `np.matmul` would
    take longer for small ones, which would flatter whoever is compared with them.
    """
    rows, rest = divmod(case.n, case.batch)
    step = products(case, X[: case.batch].astype(dtype), dtype)
    last_step = products(case, X[:rest].astype(dtype), dtype) if rest else lambda: None

    def run(epochs: int) -> None:
        for _ in range(epochs):
            for _ in range(rows):
                step()
            last_step()

    return run


def products(case: Case, X: Any, dtype: str) -> Callable[[], None]:
    """Return a function that makes the products of one step."""
    rng = np.random.default_rng(0)

    def numbers(*shape: int) -> np.ndarray:
        return rng.standard_normal(shape, dtype=np.float32).astype(dtype)

    A = [X, *(numbers(X.shape[0], units) for units in case.sizes[1:-1])]
    Z, dZ = ([numbers(X.shape[0], units) for units in case.sizes[1:]] for _ in range(2))
    W, dW = ([numbers(m, k) for m, k in pairwise(case.sizes)] for _ in range(2))
    dA = [None, *map(np.empty_like, A[1:])]
    forward = list(zip(A, W, Z, strict=True))
    weight_grad = list(zip([a.T for a in A], dZ, dW, strict=True))
    backward = list(zip(dZ[1:], [w.T for w in W[1:]], dA[1:], strict=True))
    return (
        _sparse_step(forward, weight_grad, backward)
        if case.is_sparse
        else _step(forward + weight_grad + backward)
    )


def _step(triples: list) -> Callable[[], None]:
    """Return a function that multiplies the first two of each three into the third."""
    dot = np.dot

    def step() -> None:
        for left, right, out in triples:
            dot(left, right, out=out)

    return step


def _sparse_step(forward: list, weight_grad: list, backward: list) -> Callable[[], None]:
    """Return the same for a sparse X, whose two products SciPy makes, into new arrays."""
    (X, W, _), (Xt, dZ, _) = forward[0], weight_grad[0]
    dense = _step(forward[1:] + weight_grad[1:] + backward)

    def step() -> None:
        _ = X @ W
        _ = Xt @ dZ
        dense()

    return step
