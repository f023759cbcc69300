"""What estimators of tables share: columns of any kind go in, encoded batch by batch."""

import math
from numbers import Integral, Real
from typing import Any, ClassVar

import numpy as np
from sklearn.utils import Tags
from sklearn.utils.validation import check_is_fitted

from sknn.estimators import _builders as parts
from sknn.estimators import _validation
from sknn.estimators._inputs import Columns
from sknn.estimators._model import ModelSpec
from sknn.estimators._sklearn_compat import Interval, StrOptions
from sknn.estimators.base import BaseMLP
from sknn.features import TableEncoder
from sknn.features.categorical import warn_of_rare
from sknn.features.compact import checked_columns

#: How many steps max_iter="auto" makes, and how many epochs at least.
STEPS, FEWEST = 2500, 10

#: weight_decay="auto" is this.
DECAY = 10.0

#: Categorical columns with more places have a few trained numbers for each instead of an input.
MAX_CAT_TO_ONEHOT = 256

#: How high pieces of numbers rise.
BIN_SCALE = 0.4


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
        input_encoding: Any = self._fitted_spec().input_encoding
        encoder: TableEncoder = input_encoding.encoder
        return encoder

    def __sklearn_tags__(self) -> Tags:
        """Say that missing values and categories are welcome, and sparse input is not."""
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = False
        tags.input_tags.allow_nan = True
        tags.input_tags.categorical = True
        return tags

    def _checked(self, X: Any, y: Any, *, reset: bool) -> tuple[Any, Any]:
        return _validation.checked_table(self, X, y, reset=reset)

    def _prediction_inputs(self, X: Any, spec: ModelSpec) -> tuple[Any, None]:
        X = checked_columns(self, X, reset=False)
        return spec.input_encoding.inputs(X, spec.dtype), None

    def _new_input_encoding(self, rows: _validation.ValidatedData) -> Columns:
        encoder = TableEncoder(
            self.categorical_features,
            n_bins=self.n_bins,
            bin_scale=BIN_SCALE,
            min_frequency=int(self.min_frequency),
            max_cat_to_onehot=MAX_CAT_TO_ONEHOT,
        )
        ignore_overflow = encoder._learn(rows.X, rows.counts) or ()
        return Columns(encoder, ignore_overflow)

    def _warn_of_inputs(
        self, rows: _validation.ValidatedData, input_encoding: Any, *, stacklevel: int
    ) -> None:
        warn_of_rare(input_encoding.ignore_overflow, self.min_frequency, stacklevel=stacklevel + 1)

    def _epochs(self, rows: _validation.ValidatedData) -> int:
        if not isinstance(self.max_iter, str):
            return int(self.max_iter)
        steps = max(1.0, np.round(total_weight(rows) / parts.batch_size(self)))  # may be infinite
        return min(max(math.ceil(STEPS / steps), FEWEST), self._most_epochs)

    def _decay(self, rows: _validation.ValidatedData) -> float:
        if not isinstance(self.weight_decay, str):
            return float(self.weight_decay)
        return DECAY * min(1.0, self._decayed / total_weight(rows))


def total_weight(rows: _validation.ValidatedData) -> float:
    """Return how many rows these stand for; weights that are shares of 1 count as rows."""
    n = len(rows.y)
    if rows.counts is None:
        return n
    with np.errstate(over="ignore"):
        return max(n, float(rows.counts.sum()))
