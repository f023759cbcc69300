"""`HiddenFeatures`: activations of a hidden layer as features for other estimators."""

from numbers import Integral
from typing import Any, ClassVar, Self

import numpy as np
from sklearn.base import (
    BaseEstimator,
    ClassNamePrefixFeaturesOutMixin,
    MetaEstimatorMixin,
    TransformerMixin,
    clone,
)
from sklearn.utils import Tags, get_tags
from sklearn.utils.validation import check_is_fitted

from sknn.engine._typing import Array
from sknn.estimators._sklearn_compat import HasMethods, fit_context
from sknn.inspection._fitted_network import check_network
from sknn.inspection._layer_outputs import layer_outputs


class HiddenFeatures(
    ClassNamePrefixFeaturesOutMixin, TransformerMixin, MetaEstimatorMixin, BaseEstimator
):
    """Transformer whose output is the activations of a hidden layer.

    Parameters
    ----------
    estimator : MLPClassifier, MLPRegressor, TabularMLPClassifier or TabularMLPRegressor
        The network.
    layer : int, default=-1
        Which hidden layer: 0 is the first, -1 the last.
    prefit : bool, default=False
        Whether `estimator` is already fitted and used as it is; `fit` is then not needed. If False,
        `fit` trains a clone.

    Attributes
    ----------
    estimator_ : estimator
        The fitted network; `estimator` itself if `prefit`.
    n_features_in_ : int
        Number of features of X.
    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of the features, if X had names that are all strings.

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from sklearn.neighbors import KNeighborsClassifier
    >>> from sklearn.pipeline import make_pipeline
    >>> from sknn import MLPClassifier
    >>> from sknn.inspection import HiddenFeatures
    >>> X, y = load_digits(return_X_y=True)
    >>> quick = {"learning_rate": "one_cycle", "learning_rate_init": 0.01, "max_iter": 10}
    >>> mlp = MLPClassifier((32, 8), random_state=0, **quick)
    >>> model = make_pipeline(HiddenFeatures(mlp), KNeighborsClassifier()).fit(X[:1500], y[:1500])
    >>> model[:-1].transform(X[:2]).shape
    (2, 8)
    """

    _parameter_constraints: ClassVar[dict[str, Any]] = {
        "estimator": [HasMethods(["fit", "predict"])],
        "layer": [Integral],
        "prefit": ["boolean"],
    }

    def __init__(self, estimator: Any, *, layer: int = -1, prefit: bool = False) -> None:
        self.estimator = estimator
        self.layer = layer
        self.prefit = prefit

    @fit_context(prefer_skip_nested_validation=False)  # the network validates its own
    def fit(self, X: Any, y: Any = None, **fit_params: Any) -> Self:
        """Train a clone of the network; with `prefit` only check the given one.

        Parameters
        ----------
        X : {array-like, sparse matrix, frame} of shape (n_samples, n_features)
            The inputs.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            The targets.
        **fit_params : dict
            Passed to the `fit` of the network.

        Returns
        -------
        self : HiddenFeatures

        Raises
        ------
        TypeError
            If `estimator` is not a network of this package.
        ValueError
            If there is no such layer, or the network cannot be fitted.
        """
        network = self.estimator if self.prefit else clone(self.estimator).fit(X, y, **fit_params)
        self._n_units(check_network(network, "HiddenFeatures"))
        self.estimator_ = network
        return self

    def transform(self, X: Any) -> Array:
        """Return the activations of the layer.

        Parameters
        ----------
        X : {array-like, sparse matrix, frame} of shape (n_samples, n_features)
            The inputs.

        Returns
        -------
        A : ndarray of shape (n_samples, n_units)
            In the type of the network; the units of several members are concatenated.
        """
        check_is_fitted(self)
        network = self._network()
        self._n_units(network)
        A = layer_outputs(network, X)[:-1][self.layer].A
        return A if A.ndim == 2 else np.concatenate(list(A), axis=1)

    def __sklearn_is_fitted__(self) -> bool:
        """Return whether there is a fitted network."""
        return self.prefit or hasattr(self, "estimator_")

    def __sklearn_tags__(self) -> Tags:
        """Return the input tags of the network; y is required."""
        tags = super().__sklearn_tags__()
        inner = get_tags(self.estimator)
        tags.input_tags = inner.input_tags
        tags.target_tags.required = True
        tags.transformer_tags.preserves_dtype = []
        return tags

    @property
    def n_features_in_(self) -> int:
        """Number of features of X."""
        return int(self._network_attribute("n_features_in_"))

    @property
    def feature_names_in_(self) -> Any:
        """Names of the features, if X had names that are all strings."""
        return self._network_attribute("feature_names_in_")

    @property
    def _n_features_out(self) -> int:
        """Number of output features."""
        return self._n_units(self._network())

    def _network(self) -> Any:
        """Return the fitted network."""
        if self.prefit and not hasattr(self, "estimator_"):
            return check_network(self.estimator, "HiddenFeatures")
        return self.estimator_

    def _network_attribute(self, name: str) -> Any:
        """Return an attribute of the fitted network."""
        if not self.__sklearn_is_fitted__():
            raise AttributeError(
                f"{type(self).__name__} is not fitted, so it has no {name}. Call fit first."
            )
        return getattr(self._network(), name)

    def _n_units(self, network: Any) -> int:
        """Return the number of units of the layer, of all members together."""
        hidden = network.intercepts_[:-1]
        if not -len(hidden) <= self.layer < len(hidden):
            raise ValueError(
                f"layer must be from {-len(hidden)} to {len(hidden) - 1}, as the network has "
                f"{len(hidden)} hidden layers; got {self.layer}."
            )
        return int(hidden[self.layer].size)
