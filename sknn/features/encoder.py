"""The encoder: learns what a table's columns are like, and writes tables as matrices of floats."""

from itertools import chain
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, OneToOneFeatureMixin, TransformerMixin

from sknn._version import VersionedState
from sknn.features import expansion, feature_names, levels, numeric
from sknn.features.choice import categorical_mask, is_categorical
from sknn.features.compact import TableReader
from sknn.features.encoder_settings import check_settings, row_weights
from sknn.features.value_counts import distribution


class TableEncoder(VersionedState, TableReader, TransformerMixin, BaseEstimator):
    """Write a table of numbers, text and missing values as a matrix that networks learn from.

    It gives, in this order:

    - each column of numbers that varies, standardised, 0 where missing;
    - for those of more than four different numbers the piecewise-linear encoding of Gorishniy,
      Rubachev and Babenko (2022), "On Embeddings for Numerical Features in Tabular Deep Learning":
      between neighbouring quantiles of training a column that rises from 0 to `bin_scale` (none
      at all if that would be more than a hundred columns of the table);
    - for those with missing values in training whether they are missing;
    - for each categorical column a place for every level, one for rare or unseen levels, and one
      for "missing"; 1 in one of them and 0 elsewhere.

    Columns of numbers that never vary, and columns without a single value, are left out and never
    looked at again. The target has no part in anything.

    Parameters
    ----------
    categorical_features : "from_dtype", None or array-like of bool, int or str, \
default="from_dtype"
        Which columns are categorical:

        - "from_dtype": those of a categorical type, of text, and of True and False;
        - a boolean mask, column numbers, or names; numbers are levels there;
        - None: none is. Columns of text are an error then.
    n_bins : int or "auto", default="auto"
        The largest number of pieces of a number; 0 for none. "auto" is 48, or so many fewer that
        all numbers have about 256 together (but at least 2), and so many fewer that each has 64
        rows (but at least 4).
    bin_scale : float, default=1.0
        What every piece rises to, above 0. The lower they are, the more slowly networks learn from
        them, and the smoother is what they learn.
    min_frequency : int, default=5
        Levels with less weight in training (fewer rows) share the place for rare levels.
    max_cat_to_onehot : int or None, default=None
        Categorical columns with more places than this are not spread out: the last columns of the
        output hold the numbers of their places, counted through all these columns, so that each
        has rows of its own in one table for `sknn.engine.Embedding`. None: there is no such column.
    sparse_output : bool, default=False
        Whether `transform` gives a CSR matrix.
    dtype : {"float32", "float64"}, default="float64"
        The type of what `transform` gives.

    Attributes
    ----------
    n_features_in_ : int
        How many columns the table has.
    feature_names_in_ : array of str of shape (`n_features_in_`,)
        Their names, if all have names that are text.
    is_categorical_ : array of bool of shape (`n_features_in_`,)
        Which of them are categorical.
    column_types_ : list of str
        What each of them holds: "numeric", "boolean", "string" or "empty".
    numeric_features_ : array of int of shape (p,)
        The columns of numbers that are kept.
    center_, scale_ : arrays of shape (p,)
        Their weighted means and standard deviations (1 for a deviation of 0).
    bin_edges_ : list of p arrays
        Where their pieces begin and end.
    missing_indicator_features_ : array of int
        Which of the p columns have a place for "missing".
    categorical_features_ : array of int of shape (q + e,)
        The categorical columns that are kept, those that are not spread out last.
    categories_ : list of q + e lists of str or arrays
        Their levels.
    n_embedded_features_ : int
        e: how many of them are not spread out.
    n_embeddings_ : int
        How many places those have together: the rows of a table for `sknn.engine.Embedding`.
    unused_outputs_ : array of bool of shape (n_features_out,)
        Which columns of the output are 0 in every row of training.
    unused_embeddings_ : array of bool of shape (`n_embeddings_`,)
        Which places of the columns that are not spread out are never used in training.

    Notes
    -----
    Rows of weight 0 are absent, and weight 2 is a row that stands twice. If the mean weight is
    below 1, weights are divided by their mean, so that shares do not make every level rare.

    Examples
    --------
    >>> from sknn import TableEncoder
    >>> table = [[1.0, "red"], [2.0, "blue"], [3.0, "red"], [float("nan"), None]]
    >>> encoder = TableEncoder(min_frequency=1).fit(table)
    >>> encoder.get_feature_names_out().tolist()
    ['x0', 'x0_missing', 'x1_blue', 'x1_red', 'x1_rare', 'x1_missing']
    >>> encoder.transform([[2.0, "red"], [2.0, "green"], [None, None]])
    array([[0., 0., 0., 1., 0., 0.],
           [0., 0., 0., 0., 1., 0.],
           [0., 1., 0., 0., 0., 1.]])
    """

    def __init__(
        self,
        categorical_features: Any = "from_dtype",
        *,
        n_bins: int | str = "auto",
        bin_scale: float = 1.0,
        min_frequency: int = 5,
        max_cat_to_onehot: int | None = None,
        sparse_output: bool = False,
        dtype: Any = "float64",
    ) -> None:
        self.categorical_features = categorical_features
        self.n_bins = n_bins
        self.bin_scale = bin_scale
        self.min_frequency = min_frequency
        self.max_cat_to_onehot = max_cat_to_onehot
        self.sparse_output = sparse_output
        self.dtype = dtype

    def __sklearn_tags__(self) -> Any:
        """Tell that missing values and categories are welcome, and that `dtype` decides."""
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        tags.input_tags.categorical = True
        tags.transformer_tags.preserves_dtype = []
        return tags

    def fit(self, X: Any, y: Any = None, sample_weight: ArrayLike | None = None) -> Self:
        """Learn from a table; a fit that raises changes nothing.

        Parameters
        ----------
        X : frame, array or list of rows, shape (n, n_features)
            The table; missing are None, NaN and what the frame calls missing.
        y : object
            Ignored.
        sample_weight : array-like of shape (n,), optional
            Weights of the rows, 0 or more.

        Returns
        -------
        self : TableEncoder
            The encoder itself, fitted.

        Raises
        ------
        TypeError
            If a column holds what is neither number nor text, or both; the message names it.
        ValueError
            If a column holds infinities, or a parameter makes no sense.

        Warns
        -----
        UserWarning
            If a categorical column has many levels and all of them are rare.
        """
        fitted = type(self)(**self.get_params(deep=False))
        ignore_overflow = fitted._learn(X, sample_weight)
        for name in [name for name in vars(self) if name.endswith("_")]:
            delattr(self, name)
        learned = {name: value for name, value in vars(fitted).items() if name.endswith("_")}
        self.__dict__.update(learned)
        levels.warn_of_rare(ignore_overflow, self.min_frequency, stacklevel=2)
        return self

    def _learn(self, X: Any, sample_weight: ArrayLike | None) -> list[str]:
        """Do what `fit` does, on an encoder that may be left half done.

        Return what messages call the columns to warn of.
        """
        check_settings(self)
        ignore_overflow = []
        table = self._table(X, reset=True)
        w = row_weights(sample_weight, table.n_rows)
        chosen = categorical_mask(self.categorical_features, table.names, self.n_features_in_)
        number: dict[int, numeric.Number] = {}
        category: dict[int, levels.Category] = {}
        self.column_types_ = []
        self.is_categorical_ = np.zeros(self.n_features_in_, dtype=bool)
        for j in range(self.n_features_in_):
            column = table.column(j)
            self.is_categorical_[j] = is_categorical(column, j, chosen)
            of = distribution(column.cells, w)
            self.column_types_.append(column.kind if len(of.values) else "empty")
            if not len(of.values):
                continue
            if self.is_categorical_[j]:
                category[j] = levels.learn(of, self.min_frequency)
                ignore_overflow += [column.label] * category[j].says_nothing
            elif (learned := numeric.learn(column, of, self.n_bins)) is not None:
                number[j] = learned
        rows = table.n_rows if w is None else float(w.sum())
        unseen = [*self._keep_numbers(number, rows), *self._keep_levels(category)]
        self.unused_outputs_ = np.array(unseen, dtype=bool)
        return ignore_overflow

    def _keep_numbers(self, learned: dict[int, numeric.Number], rows: float) -> list[bool]:
        """Keep what was learned of numbers; tell which of their wide columns are always 0."""
        all_numbers = list(learned.values())
        too_wide = sum(len(one.edges) > 0 for one in all_numbers) > numeric.WIDE
        self.numeric_features_ = np.array(list(learned), dtype=np.intp)
        self.center_ = np.array([one.center for one in all_numbers], dtype=np.float64)
        self.scale_ = np.array([one.scale for one in all_numbers], dtype=np.float64)
        self.bin_edges_ = [np.empty(0) if too_wide else one.edges for one in all_numbers]
        if isinstance(self.n_bins, str):
            self.bin_edges_ = numeric.thinned(self.bin_edges_, rows)
        self.missing_indicator_features_ = np.flatnonzero([one.missing for one in all_numbers])
        pieces = self._bin_columns()
        constant = [not one.varies for one in all_numbers]
        return constant + [False] * (
            pieces.stop - pieces.start + len(self.missing_indicator_features_)
        )

    def _keep_levels(self, learned: dict[int, levels.Category]) -> list[bool]:
        """Keep what was learned of categories; tell which of their wide columns are always 0."""
        most = np.inf if self.max_cat_to_onehot is None else self.max_cat_to_onehot
        one_hot = [j for j, one in learned.items() if len(one.unseen) <= most]
        embedded = [j for j in learned if j not in one_hot]
        self.categorical_features_ = np.array(one_hot + embedded, dtype=np.intp)
        self.categories_ = [learned[j].levels for j in one_hot + embedded]
        self.unused_embeddings_ = np.array(_unseen(learned, embedded), dtype=bool)
        self.n_embedded_features_ = len(embedded)
        self.n_embeddings_ = len(self.unused_embeddings_)
        return _unseen(learned, one_hot) + [False] * len(embedded)

    def transform(self, X: Any) -> Any:
        """Write a table as a matrix.

        Parameters
        ----------
        X : frame, array or list of rows, shape (n, n_features)
            The table; columns as in `fit`.

        Returns
        -------
        wide : array or CSR matrix of shape (n, n_features_out)
            ``expansion_layer().forward(encode_compact(X))``.
        """
        compact = self.encode_compact(X)
        if not self.sparse_output:
            return expansion.dense(self.expansion_layer(), compact, len(self.unused_outputs_))
        places = self._n_places()[: len(self.categories_) - self.n_embedded_features_]
        width = len(self.unused_outputs_) - places.sum() - self.n_embedded_features_
        return expansion.csr(self._expand(None, places[:0], 0), compact, places, width)

    def get_feature_names_out(self, input_features: Any = None) -> NDArray[Any]:
        """Return the names of the output's columns.

        Parameters
        ----------
        input_features : array-like of str, optional
            Names of the table's columns; they must be those of `fit` if it saw names.

        Returns
        -------
        names : array of str
            Such as "age", "age_20..24", "age_missing", "city_Paris", "city_rare", "city_missing",
            and "street_place" where places are not spread out. None stands twice.
        """
        # this mixin checks the names and returns them, which is all that is wanted of it
        columns = OneToOneFeatureMixin.get_feature_names_out(self, input_features)
        number = [columns[j] for j in self.numeric_features_]
        pieces = [feature_names.of_pieces(*of) for of in zip(number, self.bin_edges_, strict=True)]
        missing = [f"{number[i]}_missing" for i in self.missing_indicator_features_]
        category = [(columns[j], self.column_types_[j]) for j in self.categorical_features_]
        one_hot = len(category) - self.n_embedded_features_
        places = [
            feature_names.of_places(name, kept, kind)
            for (name, kind), kept in zip(category[:one_hot], self.categories_, strict=False)
        ]
        embedded = [f"{name}_place" for name, _ in category[one_hot:]]
        return feature_names.unique(
            [*number, *chain(*pieces), *missing, *chain(*places), *embedded]
        )


def _unseen(learned: dict[int, levels.Category], columns: list[int]) -> list[bool]:
    """Return for each place of some columns whether training had nothing for it."""
    return list(chain.from_iterable(learned[j].unseen for j in columns))
