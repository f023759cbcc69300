"""What estimators of tables share: columns of any kind go in, encoded batch by batch."""

import math
from numbers import Integral, Real
from typing import Any, ClassVar

import numpy as np
from sklearn.utils import Tags
from sklearn.utils.validation import check_is_fitted

from sknn.estimators import door, parts
from sknn.estimators.base import BaseMLP
from sknn.estimators.blueprint import Blueprint
from sknn.estimators.intake import Columns
from sknn.estimators.sklearn_private import Interval, StrOptions
from sknn.features import TableEncoder
from sknn.features.levels import warn_of_rare
from sknn.features.reader import checked_columns

#: How many steps max_iter="auto" makes, and how many epochs at least.
STEPS, FEWEST = 2500, 10

#: weight_decay="auto" is this.
DECAY = 10.0

#: Categorical columns with more places have a few trained numbers for each instead of an input.
MOST_PLACES = 256

#: How high pieces of numbers rise.
PIECE_HEIGHT = 0.4


class Tabular(BaseMLP):
    """A multilayer perceptron for tables."""

    _starts_at_the_mean = True
    _auto_batch_size = 128
    #: Beyond so many rows weight_decay="auto" is in proportion less.
    _decayed: ClassVar[int] = 1000

    _parameter_constraints: ClassVar[dict[str, Any]] = {
        "categorical_features": ["array-like", StrOptions({"from_dtype"}), None],
        "n_bins": [StrOptions({"auto"}), Interval(Integral, 0, None, closed="left")],
        "min_frequency": [Interval(Integral, 1, None, closed="left")],
        "weight_decay": [StrOptions({"auto"}), Interval(Real, 0, None, closed="left")],
        "max_iter": [StrOptions({"auto"}), Interval(Integral, 1, None, closed="left")],
    }

    @property
    def _most_epochs(self) -> int:
        """How many epochs max_iter="auto" makes at most: on small tables more would overfit."""
        return 120

    @property
    def encoder_(self) -> TableEncoder:
        """The fitted encoder of the table."""
        check_is_fitted(self)
        intake: Any = self._fitted_blueprint().intake
        encoder: TableEncoder = intake.encoder
        return encoder

    def __sklearn_tags__(self) -> Tags:
        """Say that missing values and categories are welcome, and sparse input is not."""
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = False
        tags.input_tags.allow_nan = True
        tags.input_tags.categorical = True
        return tags

    def _checked(self, X: Any, y: Any, *, reset: bool) -> tuple[Any, Any]:
        return door.checked_table(self, X, y, reset=reset)

    def _prediction_inputs(self, X: Any, blueprint: Blueprint) -> tuple[Any, None]:
        X = checked_columns(self, X, reset=False)
        return blueprint.intake.inputs(X, blueprint.dtype), None

    def _new_intake(self, rows: door.Rows) -> Columns:
        encoder = TableEncoder(
            self.categorical_features,
            n_bins=self.n_bins,
            piece_height=PIECE_HEIGHT,
            min_frequency=int(self.min_frequency),
            max_one_hot=MOST_PLACES,
        )
        silent = encoder._learn(rows.X, rows.counts)
        return Columns(encoder, silent)

    def _warn_of_inputs(self, rows: door.Rows, intake: Any, *, stacklevel: int) -> None:
        warn_of_rare(intake.silent, self.min_frequency, stacklevel=stacklevel + 1)

    def _epochs(self, rows: door.Rows) -> int:
        if not isinstance(self.max_iter, str):
            return int(self.max_iter)
        steps = max(1.0, np.round(total_weight(rows) / parts.batch_size(self)))  # may be infinite
        return min(max(math.ceil(STEPS / steps), FEWEST), self._most_epochs)

    def _decay(self, rows: door.Rows) -> float:
        if not isinstance(self.weight_decay, str):
            return float(self.weight_decay)
        return DECAY * min(1.0, self._decayed / total_weight(rows))


def total_weight(rows: door.Rows) -> float:
    """Return how many rows these stand for; weights that are shares of 1 count as rows."""
    n = len(rows.y)
    if rows.counts is None:
        return n
    with np.errstate(over="ignore"):
        return max(n, float(rows.counts.sum()))
