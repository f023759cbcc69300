"""Tabular: base of the estimators for tables, whose columns are encoded batch by batch."""

import math
from collections.abc import Mapping
from copy import deepcopy
from dataclasses import replace
from numbers import Integral, Real
from typing import Any, ClassVar

import numpy as np
from sklearn.base import clone
from sklearn.utils import Tags
from sklearn.utils.validation import check_is_fitted

from sknn.engine import Loss
from sknn.engine._typing import Array
from sknn.estimators._builders import STREAM_WEIGHT_DECAY, TrainingSettings, is_stochastic
from sknn.estimators._encoder_parameter import (
    check_columns,
    clone_with_encoder,
    given_encoder,
    is_fitted,
    without_statistics,
)
from sknn.estimators._fit_plan import InitialModel
from sknn.estimators._inputs import TabularInputs
from sknn.estimators._messages import FitWarning
from sknn.estimators._model import ModelSpec
from sknn.estimators._parameters import Auto
from sknn.estimators._search_space import tabular_space
from sknn.estimators._sklearn_compat import HasMethods, Interval, StrOptions
from sknn.estimators._validation.arguments import rows_to_predict
from sknn.estimators._validation.data import ValidatedData
from sknn.estimators._validation.source_rows import EncodedRows
from sknn.estimators.base import BaseMLP
from sknn.features import TableEncoder
from sknn.features.compact import checked_columns
from sknn.features.pandas_table import has_known_columns
from sknn.features.statistics import weight_scale

#: The first batch of `partial_fit` should have at least so many rows.
MIN_ROWS_TO_ENCODE = 100

#: Warnings of `partial_fit`.
FEW_ROWS = (
    "The encoding of the columns was learned from {} rows only, and stays as it is in all further "
    f"calls of partial_fit. Begin with a batch of at least {MIN_ROWS_TO_ENCODE} rows that has all "
    "frequent categories, or with fit; or set encoder to a fitted TableEncoder."
)
UNSEEN = (
    "{}: no value of this batch was a frequent category in the first call, so all are encoded "
    "alike, as unknown. Begin with fit, or with a batch that has all frequent categories: shuffle "
    "the rows of a stream that is sorted."
)
IGNORED = (
    "{}: without values, or constant, in the first call, and therefore ignored since. Begin with "
    "fit, or with a batch in which the column varies."
)

#: max_iter="auto": number of training steps, and minimum number of epochs.
AUTO_STEPS, AUTO_MIN_EPOCHS = 2500, 10

#: weight_decay="auto" for small tables.
AUTO_WEIGHT_DECAY = 10.0

#: Categorical columns that need more one-hot columns than this are embedded instead.
MAX_CAT_TO_ONEHOT = 256

#: Maximum of an encoded bin of a numeric column.
BIN_SCALE = 0.4

#: Bound of the numeric columns, in standard deviations.
MAX_ABSOLUTE_VALUE = 8.0


class Tabular(BaseMLP):
    """Base of the estimators for tables."""

    categorical_features: Any
    n_bins: int | Auto
    min_frequency: int
    encoder: Any
    weight_decay_loss_power: float

    _takes_tables = True
    _fits_intercept_first = True
    _smooths_evenly = False
    _auto_batch_size = 128
    _default_scoring = "loss"
    #: Training takes up to 300 epochs on small tables, so that float32 saves time there, too.
    _float32_size = 20_000
    #: Maximum number of epochs with max_iter="auto": more would overfit small tables.
    _auto_max_epochs: ClassVar[int] = 120
    #: Above this number of rows, weight_decay="auto" is inversely proportional to their number.
    _decayed_rows: ClassVar[int] = 1000

    _parameter_constraints: ClassVar[dict[str, Any]] = {
        "categorical_features": ["array-like", StrOptions({"from_dtype"}), None],
        "n_bins": [StrOptions({"auto"}), Interval(Integral, 0, None, closed="left")],
        "min_frequency": [Interval(Integral, 1, None, closed="left")],
        "encoder": [TableEncoder, HasMethods(["transform", "fit"]), None],
        "weight_decay": [StrOptions({"auto"}), Interval(Real, 0, None, closed="left")],
        "weight_decay_loss_power": [Interval(Real, 0, None, closed="left")],
        "max_iter": [StrOptions({"auto"}), Interval(Integral, 1, None, closed="left")],
        "cv": [StrOptions({"auto"}), "cv_object"],
        "n_members": [StrOptions({"auto"}), Interval(Integral, 1, None, closed="left")],
        "dropout": [StrOptions({"auto"}), *BaseMLP._parameter_constraints["dropout"]],
    }

    @property
    def encoder_(self) -> TableEncoder | list[TableEncoder]:
        """Fitted encoder of the columns; with `cv` and without `refit`, a list of one a fold.

        It is a copy: predictions do not follow changes of it.
        """
        check_is_fitted(self)
        spec = ModelSpec.of_fitted(vars(self))
        if spec.inputs is None:
            return [deepcopy(inputs.encoder) for inputs in spec.fold_inputs]
        return deepcopy(spec.inputs.encoder)

    def __sklearn_tags__(self) -> Tags:
        """Declare that missing values and categories are supported, and sparse input is not."""
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = False
        tags.input_tags.allow_nan = True
        tags.input_tags.categorical = True
        return tags

    def _new_encoder(self) -> TableEncoder:
        """Return an encoder that is not fitted: the one given, or one with the parameters."""
        encoder = given_encoder(self)
        if encoder is not None:
            return clone(encoder)
        chosen = self.categorical_features
        chosen = chosen.to_numpy() if hasattr(chosen, "to_numpy") else chosen  # series or index
        return TableEncoder(
            chosen,
            n_bins=self.n_bins,
            bin_scale=BIN_SCALE,
            min_frequency=int(self.min_frequency),
            max_cat_to_onehot=MAX_CAT_TO_ONEHOT,
            max_absolute_value=MAX_ABSOLUTE_VALUE,
        )

    def _known_inputs(self, data: ValidatedData) -> TabularInputs | None:
        """Return the encoding of a fitted encoder, if one is given."""
        encoder = given_encoder(self)
        if encoder is None or not is_fitted(encoder):
            return None
        check_columns(encoder, data.features)
        encoder = without_statistics(encoder)
        encoder.__dict__.pop("feature_names_in_", None)
        encoder.__dict__.update(_names(data))
        return TabularInputs(encoder)

    def _learn_inputs(self, data: ValidatedData) -> tuple[TabularInputs, list[FitWarning]]:
        if (known := self._known_inputs(data)) is not None:
            return known, []
        encoder = self._new_encoder()

        def learn() -> tuple[TabularInputs, list[FitWarning]]:
            messages = _learn(encoder, data)
            return TabularInputs(encoder), [(message, UserWarning) for message in messages]

        settings = [
            (name, repr(value.tolist() if isinstance(value, np.ndarray) else value))
            for name, value in sorted(encoder.get_params(deep=False).items())
        ]
        learned: tuple[TabularInputs, list[FitWarning]] = data.derive(
            ("encoding", *settings), learn
        )
        return learned

    def __sklearn_clone__(self) -> Any:
        """Return a clone that has a fitted `encoder` itself."""
        return clone_with_encoder(self)

    def _stream_warnings(
        self, data: ValidatedData, initial: InitialModel, inputs: Array
    ) -> list[FitWarning]:
        if is_fitted(given_encoder(self)) or not data.is_in_memory:
            return []
        if initial.is_new:
            few = len(data.y) < MIN_ROWS_TO_ENCODE
            return [(FEW_ROWS.format(len(data.y)), UserWarning)] if few else []
        assert initial.spec.inputs is not None
        unseen, ignored = initial.spec.inputs.unlearned_columns(data.X, inputs)
        notes: list[FitWarning] = []
        if unseen:
            notes.append((UNSEEN.format(", ".join(unseen)), UserWarning))
        if ignored:
            notes.append((IGNORED.format(", ".join(ignored)), UserWarning))
        return notes

    def _training_settings(self, data: ValidatedData, loss: Loss) -> TrainingSettings:
        rows = data.effective_rows
        settings = replace(
            super()._training_settings(data, loss),
            weight_decay_loss_power=float(self.weight_decay_loss_power),
        )
        if isinstance(self.max_iter, str):
            steps = max(1.0, np.round(rows / settings.batch_size))  # may be infinite
            epochs = max(math.ceil(AUTO_STEPS / steps), AUTO_MIN_EPOCHS)
            if not is_stochastic(self):  # an epoch is a single step
                epochs = self._auto_max_epochs
            settings = replace(settings, epochs=min(epochs, self._auto_max_epochs))
        if isinstance(self.weight_decay, str):
            decay = AUTO_WEIGHT_DECAY * min(1.0, self._decayed_rows / rows)
            settings = replace(settings, weight_decay=decay)
        return settings

    def _stream_settings(
        self, settings: TrainingSettings, *, began_in_stream: bool
    ) -> TrainingSettings:
        if not began_in_stream:
            return settings
        decay = settings.weight_decay
        if isinstance(self.weight_decay, str):
            decay = STREAM_WEIGHT_DECAY
        return replace(settings, weight_decay=decay, is_endless=isinstance(self.max_iter, str))

    def _search_space(self) -> dict[str, Any]:
        return tabular_space(is_stochastic=is_stochastic(self))

    def _validate_predict(self, X: Any, fitted: Mapping[str, Any]) -> tuple[Any, None, Any]:
        """Return the table with its columns validated, no check, and the type of X if it has one.

        The cells are validated as they are encoded: to finite numbers, or NaN.
        """
        if isinstance(X, EncodedRows):
            return X, None, None
        if not has_known_columns(X, fitted):
            X = rows_to_predict(X, fitted)
            X = checked_columns(self._with_attributes(fitted), X, reset=False)
        return X, None, X.dtype if isinstance(X, np.ndarray) else None


def _learn(encoder: TableEncoder, data: ValidatedData) -> list[str]:
    """Fit an encoder to training rows; return the messages of warnings."""
    encoder.__dict__.update(_names(data))
    scale = weight_scale(data.w)
    statistics = encoder._new_statistics(n_rows=len(data.y), weight_scale=scale)
    for table, w in data.iter_tables():
        statistics.add(table, w)
    return encoder._learn_statistics(statistics)


def _names(data: ValidatedData) -> dict[str, Any]:
    """Return the number of columns, and their names if they have some."""
    names = ("n_features_in_", "feature_names_in_")
    return {name: value for name, value in data.features.items() if name in names}
