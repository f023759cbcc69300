"""TableEncoder: tables of numbers, text and missing values -> matrices of floats."""

import warnings
from typing import Any, Self

from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, OneToOneFeatureMixin, TransformerMixin

from sknn._version import VersionedState
from sknn.features.compact import checked_columns
from sknn.features.encoder_settings import row_weights
from sknn.features.feature_names import bin_names, make_unique, one_hot_names
from sknn.features.learning import LearningMixin
from sknn.features.statistics import TableStatistics

#: Warning of `partial_fit` after `fit`.
FORGOTTEN = (
    "The encoder was fitted by fit, which keeps no statistics to continue with: its rows are "
    "forgotten. Call partial_fit of a new encoder for the first rows, too."
)


class TableEncoder(VersionedState, LearningMixin, TransformerMixin, BaseEstimator):
    """Encode a table of numbers, text and missing values as a matrix of floats.

    The output has, in this order:

    - the numeric columns, standardized, 0 where missing; bounded by `max_absolute_value`;
    - the bins of numeric columns with more than four distinct values, whose edges are quantiles.
      The bin [a, b) is ``bin_scale * clip((x - a) / (b - a), 0, 1)``: the piecewise-linear
      encoding of Gorishniy, Rubachev and Babenko (2022), "On Embeddings for Numerical Features in
      Tabular Deep Learning". With more than 100 such columns there are no bins at all. A value in
      more than a tenth of the rows (and twice as many as a value has on average), such as a zero
      that means "none", takes no part in the quantiles. It is an edge itself, as are the values
      next to it, so that the network can tell it from all others;
    - for numeric columns with missing values in fit a missing indicator, 1 or 0;
    - the one-hot encoding of categorical columns: one column for each category, one for
      infrequent or unknown categories, one for missing values;
    - the codes of categorical columns with more than `max_cat_to_onehot` codes.

    Numeric columns that are constant in fit, and columns without values, are dropped and their
    cells ignored from then on. The encoding does not depend on y.

    Parameters
    ----------
    categorical_features : "from_dtype", None or array-like of bool, int or str, \
default="from_dtype"
        Which columns are categorical:

        - "from_dtype": columns of a categorical dtype, of strings and of booleans;
        - column indices or names: these, and columns of strings; the categories may be numbers;
        - a boolean mask, which must be True for columns of strings;
        - None: none; columns of strings raise an error.
    n_bins : int or "auto", default="auto"
        The largest number of bins of a numeric column between quantiles; 0 for no bins at all.
        "auto" is 48, or fewer so that all columns have at most 256 together (but at least 2 each)
        and each bin about 64 rows (but at least 4 bins). The edges at frequent values are added to
        these.
    bin_scale : float, default=1.0
        The largest value of a bin's column, above 0. The lower it is, the more slowly networks
        learn from bins, and the smoother is what they learn.
    min_frequency : int, default=5
        Categories with less weight in fit (fewer rows) are infrequent.
    max_cat_to_onehot : int or None, default=None
        Categorical columns with more codes than this are not one-hot encoded: each is one of the
        last columns of the output, with codes offset by the number of codes of those before it, so
        that all can share one table of `sknn.engine.Embedding`. None: all are one-hot encoded.
    max_absolute_value : float or None, default=None
        A bound c, above 0, of the numeric columns: a standardized number z becomes
        ``z / sqrt(1 + (z / c)**2)``, which is close to z near 0. It limits the effect of outliers,
        and of numbers far outside the range of fit. None: no bound.
    sparse_output : bool, default=False
        Whether `transform` returns a CSR matrix.
    dtype : {"float32", "float64"}, default="float64"
        The type of the output.

    Attributes
    ----------
    n_features_in_ : int
        Number of columns of the table.
    feature_names_in_ : array of str of shape (`n_features_in_`,)
        Their names, if all names are strings.
    is_categorical_ : array of bool of shape (`n_features_in_`,)
        Which of them are categorical.
    column_types_ : list of str
        The type of each: "numeric", "boolean", "string" or "empty".
    numeric_features_ : array of int of shape (p,)
        Indices of the numeric columns in the output.
    center_, scale_ : arrays of shape (p,)
        Their weighted means and standard deviations (1 for a deviation of 0).
    bin_edges_ : list of p arrays
        Their bin edges; empty for a column without bins.
    missing_indicator_features_ : array of int
        Which of the p columns have a missing indicator.
    categorical_features_ : array of int of shape (q + e,)
        Indices of the categorical columns in the output: one-hot encoded ones, then embedded ones.
    categories_ : list of q + e lists of str or arrays
        Their categories, sorted, without infrequent ones.
    empty_string_features_ : array of int
        Indices of the columns with the empty string as a category, infrequent or not.
    n_embedded_features_ : int
        e, the number of categorical columns that are not one-hot encoded.
    n_embeddings_ : int
        The number of codes of these together: the rows of a table for `sknn.engine.Embedding`.
    unused_outputs_ : array of bool of shape (n_features_out,)
        Which columns of the output are 0 in every row of fit.
    unused_embeddings_ : array of bool of shape (`n_embeddings_`,)
        Which codes of embedded columns occur in no row of fit.

    Notes
    -----
    A row of weight 0 is absent, and weight 2 is the row twice. If the mean weight is below 1,
    weights are divided by their mean, so that normalized weights do not make every category
    infrequent.

    All categories are counted, and up to 2**18 distinct values of a numeric column. Of a column
    with more, the mean and the deviation are those of all rows, whose moments are merged block by
    block [1]_; the edges of its bins are quantiles, and frequent values, of a uniform sample of
    2**17 to 2**18 rows that are chosen by a hash of the row number, and the smallest and the
    largest number. The rank q of such a quantile has the standard error
    ``sqrt(q * (1 - q) / n_sample)``, at most 0.0014.

    References
    ----------
    .. [1] Chan, Golub and LeVeque (1983), "Algorithms for Computing the Sample Variance: Analysis
       and Recommendations", The American Statistician 37 (3).

    Examples
    --------
    >>> from sknn import TableEncoder
    >>> table = [[1.0, "red"], [2.0, "blue"], [3.0, "red"], [float("nan"), None]]
    >>> encoder = TableEncoder(min_frequency=1).fit(table)
    >>> encoder.get_feature_names_out().tolist()
    ['x0', 'x0_missing', 'x1_blue', 'x1_red', 'x1_infrequent', 'x1_missing']
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
        max_absolute_value: float | None = None,
        sparse_output: bool = False,
        dtype: Any = "float64",
    ) -> None:
        self.categorical_features = categorical_features
        self.n_bins = n_bins
        self.bin_scale = bin_scale
        self.min_frequency = min_frequency
        self.max_cat_to_onehot = max_cat_to_onehot
        self.max_absolute_value = max_absolute_value
        self.sparse_output = sparse_output
        self.dtype = dtype

    def __sklearn_tags__(self) -> Any:
        """Declare support for missing values and categories; the output has type `dtype`."""
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        tags.input_tags.categorical = True
        tags.transformer_tags.preserves_dtype = []
        return tags

    def fit(self, X: Any, y: Any = None, sample_weight: ArrayLike | None = None) -> Self:
        """Learn the encoding of a table; a fit that raises leaves the encoder unchanged.

        Parameters
        ----------
        X : frame, array or list of rows, shape (n, n_features)
            The table; None, NaN and the frame's missing values are missing.
        y : object
            Ignored.
        sample_weight : array-like of shape (n,), optional
            Weights of the rows, 0 or more.

        Returns
        -------
        self : TableEncoder
            The fitted encoder.

        Raises
        ------
        TypeError
            If a column holds values other than numbers, booleans and strings, or several of these.
        ValueError
            If a column holds infinities, or a parameter is invalid.

        Warns
        -----
        UserWarning
            If a categorical column has many categories and all of them are infrequent; or if more
            than 90 % of the distinct values of a column of text are numbers, but not all of them.
        """
        fitted = type(self)(**self.get_params(deep=False))
        messages = fitted._learn(X, sample_weight)
        self._assign(fitted)
        for message in messages:
            warnings.warn(message, UserWarning, stacklevel=2)
        return self

    def partial_fit(self, X: Any, y: Any = None, sample_weight: ArrayLike | None = None) -> Self:
        """Learn the encoding of all rows so far, of which these are the next.

        After each call the encoder is that of `fit` on the rows of all calls together, bit for bit,
        however they are divided among the calls. A call that raises leaves it unchanged. `fit`
        starts from nothing, and keeps no statistics for further calls.

        Parameters
        ----------
        X : frame, array or list of rows, shape (n, n_features)
            The next rows of the table.
        y : object
            Ignored.
        sample_weight : array-like of shape (n,), optional
            Weights of the rows, 0 or more; 1 if left out.

        Returns
        -------
        self : TableEncoder
            The fitted encoder.

        Raises
        ------
        TypeError
            As in `fit`, also if the type of a column differs from that of earlier calls.
        ValueError
            As in `fit`; or if `categorical_features` has changed.

        Warns
        -----
        UserWarning
            As in `fit`; or if the encoder was fitted by `fit`, whose rows are forgotten.

        Examples
        --------
        >>> from sknn import TableEncoder
        >>> encoder = TableEncoder(min_frequency=1)
        >>> for batch in [[[1.0, "red"]], [[2.0, "blue"]]]:
        ...     encoder = encoder.partial_fit(batch)
        >>> encoder.get_feature_names_out().tolist()
        ['x0', 'x1_blue', 'x1_red', 'x1_infrequent', 'x1_missing']
        """
        messages: list[str] = []
        fitted = type(self)(**self.get_params(deep=False))
        statistics: TableStatistics | None = vars(self).get("_statistics")
        if statistics is None:
            if "column_types_" in vars(self):
                messages.append(FORGOTTEN)
            X = checked_columns(fitted, X, reset=True)
            statistics = fitted._new_statistics()
        else:
            X = checked_columns(self, X, reset=False)
            fitted.__dict__.update(statistics.features)
            statistics = statistics.copy()
            statistics.check_setting(self.categorical_features)
        statistics.add(fitted._table(X), row_weights(sample_weight, X.shape[0]))
        messages += fitted._learn_statistics(statistics.copy())
        self._assign(fitted)
        self._statistics = statistics
        for message in messages:
            warnings.warn(message, UserWarning, stacklevel=2)
        return self

    def _assign(self, fitted: Self) -> None:
        """Replace all fitted attributes by those of another encoder."""
        for name in [name for name in vars(self) if name.endswith("_") or name == "_statistics"]:
            delattr(self, name)
        learned = {name: value for name, value in vars(fitted).items() if name.endswith("_")}
        self.__dict__.update(learned)

    def transform(self, X: Any) -> Any:
        """Encode a table.

        Parameters
        ----------
        X : frame, array or list of rows, shape (n, n_features)
            The table, with the columns of `fit`.

        Returns
        -------
        encoded : array or CSR matrix of shape (n, n_features_out)
            ``expansion_layer().forward(encode_compact(X))``.
        """
        compact = self.encode_compact(X)
        expand = self._expand_csr if self.sparse_output else self._expand_dense
        return expand(compact, len(self.unused_outputs_))

    def get_feature_names_out(self, input_features: Any = None) -> NDArray[Any]:
        """Return the names of the output columns.

        Bin names are half-open intervals; the last bin of a column includes the largest number of
        fit and is closed, as in `numpy.histogram`. Duplicate names get underscores appended.

        Parameters
        ----------
        input_features : array-like of str, optional
            Names of the table's columns; they must be those of `fit` if it had names.

        Returns
        -------
        names : array of str
            For example "age", "age_bin[18,20)", "age_bin[20,24]", "age_missing", "city_Paris",
            "city_infrequent", "city_missing", and "street_code" for an embedded column.
        """
        # the method of this mixin validates the names and returns them
        columns = OneToOneFeatureMixin.get_feature_names_out(self, input_features)
        numeric = [columns[j] for j in self.numeric_features_]
        names = [*numeric]
        for name, edges in zip(numeric, self.bin_edges_, strict=True):
            names += bin_names(name, edges)
        names += [f"{numeric[i]}_missing" for i in self.missing_indicator_features_]
        q = self._n_one_hot()
        for j, categories in zip(self.categorical_features_[:q], self.categories_, strict=False):
            names += one_hot_names(columns[j], categories, self.column_types_[j])
        names += [f"{columns[j]}_code" for j in self.categorical_features_[q:]]
        return make_unique(names)
