"""Learning the encoding of a table from the statistics of its columns."""

from itertools import chain
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sknn.features.categorical import CategoryStats, learn_categories
from sknn.features.column_warnings import (
    looks_numeric,
    numeric_text_message,
    rare_categories_message,
)
from sknn.features.compact import CompactEncoderMixin, checked_columns
from sknn.features.encoder_settings import check_settings, row_weights
from sknn.features.numeric import NumericStats, bin_edges, learn_numbers
from sknn.features.statistics import TableStatistics, weight_scale


class LearningMixin(CompactEncoderMixin):
    """The methods of `TableEncoder` that learn the encoding."""

    categorical_features: Any
    n_bins: int | str
    min_frequency: int
    max_cat_to_onehot: int | None
    n_features_in_: int
    is_categorical_: NDArray[np.bool_]
    empty_string_features_: NDArray[np.intp]
    n_embeddings_: int
    unused_outputs_: NDArray[np.bool_]
    unused_embeddings_: NDArray[np.bool_]

    def _learn(self, X: Any, sample_weight: ArrayLike | None) -> list[str]:
        """Set the fitted attributes; return the messages of warnings.

        If it raises, some attributes may be set.
        """
        X = checked_columns(self, X, reset=True)
        w = row_weights(sample_weight, X.shape[0])
        statistics = self._new_statistics(n_rows=X.shape[0], weight_scale=weight_scale(w))
        statistics.add(self._table(X), w)
        return self._learn_statistics(statistics)

    def _new_statistics(self, **options: Any) -> TableStatistics:
        """Return statistics of tables with the columns that have been checked, without rows."""
        check_settings(self)
        names = ("n_features_in_", "feature_names_in_")
        features = {name: getattr(self, name) for name in names if name in vars(self)}
        return TableStatistics(features, self.categorical_features, **options)

    def _learn_statistics(self, statistics: TableStatistics) -> list[str]:
        """Set the fitted attributes from statistics of a table, and close these; see `_learn`."""
        check_settings(self)
        statistics.close()
        factor, total_weight = statistics.weighting()
        numeric: dict[int, NumericStats] = {}
        categorical: dict[int, CategoryStats] = {}
        uninformative, numeric_text = [], []
        self.__dict__.update(statistics.features)
        self.column_types_ = []
        self.is_categorical_ = np.zeros(self.n_features_in_, dtype=bool)
        for j, learned in enumerate(statistics.columns):
            column, (counts, moments) = learned.column, learned.counts()
            assert column is not None
            counts = counts if factor == 1 else counts.scaled(factor)
            self.is_categorical_[j] = learned.is_categorical
            self.column_types_.append(column.kind if len(counts.values) else "empty")
            if not len(counts.values):
                continue
            if learned.is_categorical:
                categorical[j] = learn_categories(column, counts, self.min_frequency)
                if learned.is_categorical_by_text and looks_numeric(counts.values):
                    numeric_text.append(column.label)
                elif categorical[j].is_uninformative:
                    uninformative.append(column.label)
            elif (stats := learn_numbers(column, counts, self.n_bins, moments)) is not None:
                numeric[j] = stats
        self._set_numeric(numeric, total_weight)
        self._set_categorical(categorical)
        bins, n_indicators = self._bin_columns(), len(self.missing_indicator_features_)
        unused = [stats.is_constant for stats in numeric.values()]
        unused += [False] * (bins.stop - bins.start + n_indicators)
        for j in self.categorical_features_[: self._n_one_hot()]:
            unused += categorical[j].unused
        self.unused_outputs_ = np.array(unused + [False] * self.n_embedded_features_, dtype=bool)
        messages = [
            rare_categories_message(uninformative, self.min_frequency),
            numeric_text_message(numeric_text),
        ]
        return [message for message in messages if message]

    def _set_numeric(self, numeric: dict[int, NumericStats], total_weight: float) -> None:
        """Set the attributes of the numeric columns."""
        columns = list(numeric.values())
        self.numeric_features_ = np.array(list(numeric), dtype=np.intp)
        self.center_ = np.array([stats.center for stats in columns], dtype=np.float64)
        self.scale_ = np.array([stats.scale for stats in columns], dtype=np.float64)
        self.bin_edges_ = bin_edges(columns, self.n_bins, total_weight)
        self.missing_indicator_features_ = np.flatnonzero([stats.has_missing for stats in columns])

    def _set_categorical(self, categorical: dict[int, CategoryStats]) -> None:
        """Set the attributes of the categorical columns."""
        limit = np.inf if self.max_cat_to_onehot is None else self.max_cat_to_onehot
        one_hot = [j for j, stats in categorical.items() if len(stats.unused) <= limit]
        embedded = [j for j in categorical if j not in one_hot]
        unused = list(chain.from_iterable(categorical[j].unused for j in embedded))
        self.categorical_features_ = np.array(one_hot + embedded, dtype=np.intp)
        self.categories_ = [categorical[j].categories for j in one_hot + embedded]
        empty = [j for j in one_hot + embedded if categorical[j].has_empty_string]
        self.empty_string_features_ = np.array(empty, dtype=np.intp)
        self.n_embedded_features_ = len(embedded)
        self.n_embeddings_ = len(unused)
        self.unused_embeddings_ = np.array(unused, dtype=bool)
