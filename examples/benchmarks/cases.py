"""The cases of the benchmarks, and their data."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from scipy import sparse

#: The strength of the penalty, alpha / 2 |W|^2 beside the mean loss, in every case and library.
ALPHA = 1e-6


@dataclass(frozen=True)
class Case:
    """A network, what it learns from, and how.

    Parameters
    ----------
    name : str
        What `--case` calls it.
    n, features : int
        The shape of X.
    hidden : tuple of int
        Units of the hidden layers, all ReLU.
    outputs : int
        Classes; in a regression the columns of y.
    batch : int
        Rows of a mini-batch; they are drawn anew in every epoch.
    epochs : int
        Of one `fit`.
    repeats : int, default=5
        How often each library fits it, unless `--repeats` says otherwise.
    solver : {"adam", "sgd"}, default="adam"
        Adam with 0.9, 0.999, 1e-8, or descent with Nesterov's momentum of 0.9, scikit-learn's own.
    rate : float, default=0.001
        The learning rate, constant.
    regression : bool, default=False
        Whether y is a real number and the loss the squared error.
    density : float, default=1.0
        The share of the numbers in X that are not 0; below 1, X is a CSR matrix.
    """

    name: str
    n: int
    features: int
    hidden: tuple[int, ...]
    outputs: int
    batch: int
    epochs: int
    repeats: int = 5
    solver: str = "adam"
    rate: float = 0.001
    regression: bool = False
    density: float = 1.0

    @property
    def is_sparse(self) -> bool:
        """Whether X is a CSR matrix."""
        return self.density < 1

    @property
    def is_binary(self) -> bool:
        """Whether there are two classes, which share one sigmoid unit."""
        return self.outputs == 2 and not self.regression

    @property
    def sizes(self) -> list[int]:
        """The number of units of every layer, from the inputs to the raw outputs."""
        return [self.features, *self.hidden, 1 if self.is_binary else self.outputs]

    def smaller(self) -> "Case":
        """Return a case with a quarter of the rows, for a quick look."""
        return replace(self, n=self.n // 4, repeats=3)

    def data(self, dtype: str) -> tuple[Any, np.ndarray]:
        """Return X and y: random inputs, and a rule that can be learnt, with some noise."""
        rng = np.random.default_rng(0)
        X = self._sparse_inputs(rng, dtype) if self.is_sparse else self._inputs(rng, dtype)
        rule = rng.standard_normal((self.features, self.outputs)).astype(dtype)
        Z = X @ rule
        Z /= Z.std()
        Z += 0.3 * rng.standard_normal(Z.shape)
        return (X, np.tanh(Z).squeeze()) if self.regression else (X, Z.argmax(axis=1))

    def _inputs(self, rng: np.random.Generator, dtype: str) -> np.ndarray:
        """Draw standard normal numbers."""
        return rng.standard_normal((self.n, self.features), dtype=np.float32).astype(dtype)

    def _sparse_inputs(self, rng: np.random.Generator, dtype: str) -> sparse.csr_matrix:
        """Draw so many words for each text, each with a positive number."""
        words = round(self.density * self.features)
        columns = rng.integers(self.features, size=(self.n, words))
        values = rng.random((self.n, words), dtype=np.float32).astype(dtype)
        starts = np.arange(0, self.n * words + 1, words)
        X = sparse.csr_matrix((values.ravel(), columns.ravel(), starts), (self.n, self.features))
        X.sum_duplicates()
        return X


#: Every case by its name. All are dense but the last but one.
CASES = {
    case.name: case
    for case in (
        Case("digits", 1797, 64, (100,), 10, 200, epochs=40, repeats=9),
        Case("table", 50_000, 30, (256, 256), 2, 256, epochs=5),
        Case("images", 30_000, 784, (100,), 10, 200, epochs=5),
        Case("textbook", 20_000, 784, (30,), 10, 10, epochs=5, solver="sgd"),
        Case("small", 5_000, 20, (32,), 2, 32, epochs=20, repeats=9),
        Case("wide", 20_000, 784, (1024, 1024), 10, 512, epochs=5, repeats=3),
        Case("regression", 20_000, 10, (64, 64), 1, 200, epochs=10, regression=True),
        Case("sparse", 20_000, 20_000, (100,), 20, 200, epochs=5, density=0.005),
        Case("single", 5_000, 20, (32,), 2, 1, epochs=5, solver="sgd"),
    )
}
