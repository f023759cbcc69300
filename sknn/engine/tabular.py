"""Columns of a table made wide inside the network: numbers in pieces, categories in places.

A table is kept compact, a number a cell, and every batch is expanded when it is used: what a
network reads may be fifty times as wide as what is kept.
"""

from collections.abc import Sequence

import numpy as np
from scipy import sparse

from sknn.engine._typing import Array
from sknn.engine.modules import Module
from sknn.engine.products import product


class TabularEncoding(Module):
    """Writes each column of a compact table as several; nothing of it is trained.

    The input has first the numbers, NaN where missing: in units of their spread around their
    centre, so that 0 is the centre. Then come the codes of categories, each to be written as a row
    of zeros with a single 1; then what is passed on as it is. The output has

    - the numbers, 0 where missing;
    - their pieces ``height * clip((x - start) / (stop - start), 0, 1)``, which let the next layer
      bend at every `start` and `stop`: the piecewise-linear encoding of Gorishniy, Rubachev and
      Babenko (2022), "On Embeddings for Numerical Features in Tabular Deep Learning", section 3.1.
      There the outermost pieces of a number go on beyond its ends; here they are clipped too;
    - for some of the numbers whether they are missing, 1 or 0;
    - the places of each category: 1 at its code, and nowhere if it has no such place;
    - what is passed on.

    Parameters
    ----------
    numbers : int
        How many numbers there are.
    piece_of : array of int of shape (t,)
        For each piece, the column of its number.
    start, stop : arrays of shape (t,)
        Where each piece leaves 0 and where it reaches its height; ``start < stop``. Of the type of
        the input, forward is fastest.
    may_miss : array of int
        The columns of the numbers that have a place for "missing".
    places : array of int of shape (q,)
        How many places each category has.
    passed_on : int, default=0
        How many columns are passed on.
    height : float, default=1.0
        What every piece rises to.

    Examples
    --------
    >>> import numpy as np
    >>> from sknn.engine import Expand
    >>> halves = {"piece_of": [0, 0], "start": [-2.0, 0.0], "stop": [0.0, 2.0]}
    >>> expand = TabularEncoding(1, **halves, may_miss=[0], places=[3])
    >>> expand.forward(np.array([[1.0, 2.0], [np.nan, 0.0]]))
    array([[1. , 1. , 0.5, 0. , 0. , 0. , 1. ],
           [0. , 1. , 0. , 1. , 1. , 0. , 0. ]])
    """

    def __init__(
        self,
        numbers: int,
        piece_of: Array,
        start: Array,
        stop: Array,
        may_miss: Array,
        places: Array,
        passed_on: int = 0,
        height: float = 1.0,
    ) -> None:
        self.numbers = int(numbers)
        self.piece_of = np.asarray(piece_of, dtype=np.intp)
        self.start, self.stop = np.asarray(start)[:, None], np.asarray(stop)[:, None]
        self.height = float(height)
        self.run = (self.stop - self.start) / self.height
        self.may_miss = np.asarray(may_miss, dtype=np.intp)
        self.places = np.asarray(places, dtype=np.intp)
        self.passed_on = int(passed_on)
        self.ends = self._ends(np.asarray(stop))
        self.codes = _runs(self.places).astype(self.start.dtype)[:, None]
        self.source = self._source()

    def _ends(self, stop: Array) -> tuple[Array, Array]:
        """Return where the first piece of each number starts and where its last one stops."""
        low, high = np.zeros((2, self.numbers, 1), self.start.dtype)
        np.minimum.at(low[:, 0], self.piece_of, self.start[:, 0])
        np.maximum.at(high[:, 0], self.piece_of, stop)
        return low, high

    def _source(self) -> Array:
        """Return for each column of the output the column of the input that it is made of."""
        categories = np.arange(len(self.places)) + self.numbers
        passed_on = np.arange(self.passed_on) + self.numbers + len(self.places)
        parts = [np.arange(self.numbers), self.piece_of, self.may_miss]
        return np.concatenate([*parts, np.repeat(categories, self.places), passed_on])

    def __repr__(self) -> str:
        """Return the numbers of columns before and after."""
        before = self.numbers + len(self.places) + self.passed_on
        return f"TabularEncoding({before} -> {len(self.source)})"

    def _parts(self, wide: Array) -> list[Array]:
        """Return the numbers, pieces, indicators and places, of the output or its derivative."""
        sizes = [self.numbers, len(self.start), len(self.may_miss), len(self.codes)]
        stops = np.cumsum(sizes)
        rows = zip(stops - sizes, stops, strict=True)
        return [wide[..., start:stop, :] for start, stop in rows]

    def forward(self, u: Array, out: Array | None = None) -> Array:
        """Return the wide columns; each is contiguous, as that is by far the fastest to write."""
        *members, n, _ = u.shape
        if out is None:
            out = np.empty((*members, len(self.source), n), u.dtype).swapaxes(-1, -2)
        wide, narrow = out.swapaxes(-1, -2), u.swapaxes(-1, -2).copy()
        x = narrow[..., : self.numbers, :]
        missing = np.isnan(x)
        x[missing] = 0
        numbers, pieces, indicators, places = self._parts(wide)
        known = x.copy()
        np.clip(x, *self.ends, out=x)  # so that no piece overflows
        np.take(narrow, self.source, axis=-2, out=wide, mode="clip")  # which needs no buffer
        numbers[...] = known
        np.subtract(pieces, self.start, out=pieces)
        np.divide(pieces, self.run, out=pieces)
        np.clip(pieces, 0, self.height, out=pieces)
        indicators[...] = missing[..., self.may_miss, :]
        np.equal(places, self.codes, out=places)
        return out

    def backward(self, u: Array, v: Array, dv: Array, out: Array | None = None) -> Array:
        """Return the derivative for the known numbers and what is passed on; 0 for all else.

        Where a piece begins its derivative is the one to the right.
        """
        du = np.empty((*dv.shape[:-1], u.shape[-1]), u.dtype) if out is None else out
        du[...] = 0
        x = np.take(u.swapaxes(-1, -2), self.piece_of, axis=-2)
        d_numbers, d_pieces, *_ = self._parts(dv.swapaxes(-1, -2))
        slopes = np.equal.outer(np.arange(self.numbers), self.piece_of) / self.run[:, 0]
        inside = (x >= self.start) & (x < self.stop)  # not so where missing
        dx = d_numbers + slopes.astype(u.dtype, copy=False) @ (d_pieces * inside)
        known = ~np.isnan(u[..., : self.numbers])
        np.multiply(dx.swapaxes(-1, -2), known, out=du[..., : self.numbers])
        passed_on = u.shape[-1] - self.passed_on
        du[..., passed_on:] = dv[..., dv.shape[-1] - self.passed_on :]
        return du


def _runs(lengths: Array) -> Array:
    """Return 0, 1, ... for each length, one run after the other."""
    starts = np.cumsum(lengths) - lengths
    return np.arange(lengths.sum()) - np.repeat(starts, lengths)


class Embedding(Module):
    """Replaces the last columns, row numbers of E, by those rows.

    It is a `Linear` without offsets on the columns written as zeros with a single 1, which are
    never made: Guo and Berkhahn (2016), "Entity Embeddings of Categorical Variables".

    Parameters
    ----------
    E : array of shape (rows, d)
        The rows, trained and not penalised: a level is seen so rarely that decay would outweigh
        what is learned of it. Columns that should not share rows have numbers of their
        own. A leading member axis, (g, rows, d), makes g tables side by side.
    columns : int
        How many of the input's last columns are row numbers. One that is too small or too large
        stands for the first or the last row.

    Examples
    --------
    >>> import numpy as np
    >>> from sknn.engine import Embed
    >>> embed = Embedding(np.array([[0.1, 0.2], [0.3, 0.4]]), columns=1)
    >>> embed.forward(np.array([[5.0, 1.0], [6.0, 0.0]]))
    array([[5. , 0.3, 0.4],
           [6. , 0.1, 0.2]])
    """

    offsets = ("E",)

    def __init__(self, E: Array, columns: int) -> None:
        self.E = E
        self.columns = int(columns)

    def __repr__(self) -> str:
        """Return how many columns become how many."""
        rows, d = self.E.shape[-2:]
        return f"Embedding({self.columns} -> {self.columns * d}, {rows} rows)"

    def _rows(self, u: Array) -> Array:
        """Return the row of every cell, counted through the tables of all members."""
        *members, rows, _ = self.E.shape
        numbers = np.clip(u[..., -self.columns :], 0, rows - 1).astype(np.intp)
        if members:
            numbers = numbers + np.arange(0, members[0] * rows, rows)[:, None, None]
        return numbers

    def forward(self, u: Array, out: Array | None = None) -> Array:
        """Return the other columns as they are, then the rows of E."""
        others, d = u.shape[-1] - self.columns, self.E.shape[-1]
        rows = self._rows(u)
        *shape, columns = rows.shape
        v = np.empty((*shape, others + columns * d), self.E.dtype) if out is None else out
        v[..., :others] = u[..., :others]
        v[..., others:] = self.E.reshape(-1, d)[rows].reshape(*shape, columns * d)
        return v

    def backward(self, u: Array, v: Array, dv: Array, out: Array | None = None) -> Array:
        """Return `dv` for the other columns and 0 for the row numbers."""
        others = u.shape[-1] - self.columns
        du = np.empty((*dv.shape[:-1], u.shape[-1]), dv.dtype) if out is None else out
        du[..., :others] = dv[..., :others]
        du[..., others:] = 0
        return du

    def weight_grad(
        self, u: Array, dv: Array, out: Sequence[Array] | None = None
    ) -> Sequence[Array]:
        """Return ``dE``: to each row, the sum of the blame of the cells that it stood in."""
        (dE,) = out or (np.empty_like(self.E),)
        d = self.E.shape[-1]
        rows = self._rows(u).ravel()
        blame = dv[..., u.shape[-1] - self.columns :].reshape(-1, d)
        entries = (np.ones(len(rows), dv.dtype), rows, np.arange(len(rows) + 1))
        one_hot = sparse.csr_matrix(entries, shape=(len(rows), self.E.size // d))
        product(one_hot.T, blame, dE.reshape(-1, d))
        return (dE,)
