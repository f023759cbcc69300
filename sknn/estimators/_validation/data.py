"""ValidatedData: the validated inputs, targets and sample weights of rows."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from sknn.engine._typing import Array
from sknn.estimators._validation.floats import as_dtype, ignore_overflow
from sknn.estimators._validation.row_totals import RowTotals, total_weight
from sknn.estimators._validation.source_rows import SourceRows, rows_of
from sknn.features.pandas_table import table_of
from sknn.features.small_table import AnyTable, SmallTable, read_if_small
from sknn.targets import TargetMoments

if TYPE_CHECKING:
    from sknn.estimators._inputs import TabularInputs


@dataclass(frozen=True)
class ValidatedData:
    """Validated inputs, targets and sample weights."""

    all_X: Any  # the inputs of all rows as given by the user, shared by all selections of rows
    y: Any  # the targets; a single column is one-dimensional
    w: Array | None = None  # sample weights times class weights, 0 or more
    # numbers of these rows in the data as given; None if they are all
    row_numbers: Array | None = None
    groups: Array | None = None  # group labels, whose rows are held back together
    # `n_features_in_`, and `feature_names_in_` if X has names, `_named_columns` if it has targets
    features: dict[str, Any] = field(default_factory=dict)
    totals: RowTotals | None = None  # of all rows, if these are a part of them
    # all_X by dtype, and as a table
    _converted: dict[str, Any] = field(default_factory=dict, repr=False)
    _derived: dict[Any, Any] = field(default_factory=dict, repr=False, init=False)  # by `derive`

    @property
    def X(self) -> Any:
        """The inputs: all, or a copy of these rows."""
        return self.all_X if self.row_numbers is None else rows_of(self.all_X, self.row_numbers)

    @property
    def is_in_memory(self) -> bool:
        """Whether the inputs are not those of a source."""
        return not isinstance(self.all_X, SourceRows)

    def table(self, rows: Array | None) -> AnyTable:
        """Return the columns of some rows in memory, by their numbers in the data as given.

        A small table is read once for all selections of rows.
        """
        if "table" not in self._converted:
            whole = table_of(self.all_X, self.features.get("feature_names_in_"))
            self._converted["table"] = read_if_small(whole)
        table: AnyTable = self._converted["table"]
        if rows is None:
            return table
        if isinstance(table, SmallTable):
            return table.take(rows)
        return table_of(rows_of(self.all_X, rows), table.names)

    def iter_tables(self) -> Iterator[tuple[AnyTable, Array | None]]:
        """Yield the columns and the weights of these rows, in the order in which they are given.

        It is a single batch, unless the rows are those of a source.
        """
        rows, w = self.row_numbers, self.w
        if rows is not None and (np.diff(rows) < 0).any():
            order = np.argsort(rows, kind="stable")
            rows, w = rows[order], None if w is None else w[order]
        if isinstance(self.all_X, SourceRows):
            names = self.features.get("feature_names_in_")
            for X, own in self.all_X.select(rows, w):
                yield table_of(X, names), own
        else:
            yield self.table(rows), w

    def encoded(self, inputs: "TabularInputs", dtype: str) -> tuple[Array, Array | None]:
        """Return a compact matrix of the inputs, and the numbers of these rows in it; None: all."""
        if isinstance(self.all_X, SourceRows):
            return self.all_X.encoded(inputs, dtype), self.row_numbers

        def encode() -> Array:
            return inputs.encode(self.table(self.row_numbers), dtype)

        return self.derive((inputs, dtype), encode), None

    @property
    def n_rows(self) -> int:
        """The number of rows: of all, if these are a part of them."""
        return len(self.y) if self.totals is None else self.totals.n_rows

    @property
    def effective_rows(self) -> float:
        """The number of rows, or the sum of their weights if it is larger; of all rows."""
        if self.totals is not None:
            return max(self.totals.n_rows, self.totals.weight)
        return len(self.y) if self.w is None else max(len(self.y), total_weight(self.w))

    @property
    def moments(self) -> TargetMoments:
        """The mean and the deviation of real targets, of all rows."""
        if self.totals is not None and self.totals.moments is not None:
            return self.totals.moments
        return self.derive("moments", lambda: TargetMoments.of(self.y, self.w))

    @property
    def has_unknown(self) -> bool:
        """Whether some targets are known to be unknown, of all rows."""
        return self.totals is not None and self.totals.has_unknown

    def spaced_rows(self, n: int) -> Any:
        """Return the inputs of at most n rows, evenly spaced."""
        step = -(-len(self.y) // n)
        if self.row_numbers is None:
            return self.all_X[::step]
        return rows_of(self.all_X, self.row_numbers[::step])

    def as_dtype(self, dtype: str) -> tuple[Any, Array | None]:
        """Return numeric inputs in a floating type, and the numbers of these rows in them.

        All selections of rows share one converted array; None is all of its rows.

        Raises
        ------
        ValueError
            If a number in these rows overflows the type.
        """
        if dtype not in self._converted:
            try:
                self._converted[dtype] = as_dtype(self.all_X, dtype, "X")
            except ValueError:  # perhaps of a row that is not selected
                return as_dtype(self.X, dtype, "X"), None
        return self._converted[dtype], self.row_numbers

    def derive(self, key: Any, compute: Callable[[], Any]) -> Any:
        """Return what `compute` made of these rows for an equal key; fits may share the rows."""
        if key not in self._derived:
            self._derived[key] = compute()
        return self._derived[key]

    @property
    def is_positive(self) -> Array:
        """Which rows have a positive weight."""
        return np.ones(len(self.y), dtype=bool) if self.w is None else self.w > 0

    def positive(self) -> "ValidatedData":
        """Return the rows of positive weight."""
        return self if self.w is None or (self.w > 0).all() else self.take(self.w > 0)

    def take(self, rows: Array) -> "ValidatedData":
        """Return the rows selected by a boolean mask, or by row numbers in their order."""
        rows = np.flatnonzero(rows) if rows.dtype == bool else rows
        numbers = rows if self.row_numbers is None else self.row_numbers[rows]
        w = None if self.w is None else self.w[rows]
        groups = None if self.groups is None else self.groups[rows]
        return replace(self, y=self.y[rows], w=w, groups=groups, row_numbers=numbers, totals=None)

    def row_numbers_of(self, mask: Array) -> Array:
        """Return the row numbers, in the data as passed by the user, of the rows in a mask."""
        return np.flatnonzero(mask) if self.row_numbers is None else self.row_numbers[mask]

    def reweight(self, factors: Array) -> "ValidatedData":
        """Multiply the weights by factors; rows of weight 0 are dropped.

        Raises
        ------
        ValueError
            If a product overflows.
        """
        with ignore_overflow():
            w = factors if self.w is None else self.w * factors
        if not np.isfinite(w).all():
            raise ValueError(
                "Sample weights times class weights are too large: they overflow float64. Scale "
                "them down."
            )
        return replace(self, w=w, totals=None).positive()
