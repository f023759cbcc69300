"""DaskMLP: parameters, fit, lazy predictions and the local estimator of the Dask estimators."""

import warnings
from copy import copy
from numbers import Integral, Real
from typing import Any, ClassVar, Self

from sklearn.base import clone
from sklearn.utils import Tags
from sklearn.utils.validation import check_is_fitted

from sknn.dask._cluster import Cluster, client_of
from sknn.dask._collections import Partitions, check_inputs, load_partition
from sknn.dask._fit import RoundSettings, fit_parts
from sknn.dask._prediction import predict_lazily, score_partition
from sknn.dask._rounds import OuterOptimizer
from sknn.engine._typing import Array
from sknn.estimators._encoder_parameter import clone_encoder
from sknn.estimators._messages import OUTCOMES
from sknn.estimators._sharding.planning import check_parameters
from sknn.estimators._sklearn_compat import Interval, KnownParamNames, StrOptions, available_if
from sknn.estimators._training_state import restore_on_error
from sknn.estimators._validation_score import PartScore, merge_scores
from sknn.estimators.base import BaseMLP
from sknn.estimators.classification import Classification, has_probabilities


class DaskMLP(KnownParamNames):
    """Base of the estimators that train on a Dask cluster."""

    # constructor parameters that the local estimator has not
    client: Any
    n_rounds: int | None
    local_steps: int | str
    outer_learning_rate: float
    outer_momentum: float
    random_state: Any
    verbose: bool | int

    # fitted attributes, those of the local estimator
    n_rounds_: int
    coefs_: list[Array]
    intercepts_: list[Array]
    loss_: float
    best_loss_: float
    loss_curve_: list[float]
    learning_rates_: list[float]
    validation_scores_: list[float] | None
    validation_loss_curve_: list[float] | None
    best_validation_score_: float | None
    best_iteration_: int | Array
    n_iter_: int
    t_: int
    member_loss_curves_: Array
    member_validation_scores_: Array
    member_validation_loss_curves_: Array
    n_layers_: int
    n_outputs_: int
    out_activation_: str
    n_features_in_: int
    feature_names_in_: Array
    _fitted: BaseMLP
    _no_inputs: list[str]

    #: The class of the local estimator.
    _local_class: ClassVar[type[BaseMLP]]

    _parameter_constraints: ClassVar[dict[str, Any]] = {
        "n_rounds": [None, Interval(Integral, 1, None, closed="left")],
        "local_steps": [StrOptions({"auto"}), Interval(Integral, 1, None, closed="left")],
        "outer_learning_rate": [Interval(Real, 0, None, closed="neither")],
        "outer_momentum": [Interval(Real, 0, 1, closed="left")],
    }

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:
        """Fit the network to the partitions of a Dask collection.

        Parameters
        ----------
        X : Dask DataFrame or Dask Array of shape (n_samples, n_features)
            Training inputs. Each partition that has rows is a shard, and its size should be much
            larger than a mini-batch. Rows are mixed within a partition only: shuffle a collection
            that is sorted.
        y : str, Dask Series, DataFrame or Array of shape (n_samples,) or (n_samples, n_outputs)
            Targets, with the partitions of X; or the name of a column of X, which then is no input,
            as is a column of X that is passed itself.
        sample_weight : str, Dask Series or Array of shape (n_samples,), default=None
            Non-negative weights of the samples, as in the local estimator; or the name of a column.

        Returns
        -------
        self : estimator
            The fitted estimator.

        Raises
        ------
        ValueError, TypeError
            If a parameter or the data are invalid; the estimator is left unchanged.
        KeyboardInterrupt
            On Ctrl-C before the end of the first epoch; otherwise the last one is kept.

        Warns
        -----
        ConvergenceWarning
            As the local estimator does.
        """
        local, settings = self._local_estimator(), self._round_settings()
        check_parameters(local)
        partitions = Partitions(X, y, sample_weight, type(local).__name__)
        cluster = Cluster(client_of(self.client))
        with restore_on_error(self.random_state), cluster:
            loaded = cluster.compute(load_partition, local, partitions.delayed())
            result, notes, n_rounds = fit_parts(local, loaded, cluster, settings)
        if partitions.names:
            result.attributes["_named_columns"] = partitions.names
        local._add_training_state(result)
        notes = [*notes, *local._publish(result)]
        for name in [name for name in vars(self) if name.endswith("_")]:
            delattr(self, name)
        fitted = {name: value for name, value in vars(local).items() if name.endswith("_")}
        vars(self).update(fitted, n_rounds_=n_rounds, _fitted=local, _no_inputs=partitions.names)
        if self.verbose:
            print(f"ended after {result.n_epochs} epochs: {OUTCOMES[result.history.outcome]}")
        for message, category in notes:
            warnings.warn(message, category, stacklevel=2)
        return self

    def predict(self, X: Any) -> Any:
        """Predict the targets, lazily.

        Parameters
        ----------
        X : Dask DataFrame or Dask Array of shape (n_samples, n_features)
            The inputs, as for `fit`; columns that were targets or weights there are ignored.

        Returns
        -------
        y : Dask Series, DataFrame or Array of shape (n_samples,) or (n_samples, n_outputs)
            What the local estimator predicts for each partition, of the kind of X.
        """
        return self._predict_lazily(X, "predict")

    def score(self, X: Any, y: Any, sample_weight: Any = None) -> float:
        """Return the score of the local estimator for all rows: the accuracy, or R2.

        Parameters
        ----------
        X : Dask DataFrame or Dask Array of shape (n_samples, n_features)
            The inputs.
        y : str, Dask Series, DataFrame or Array of shape (n_samples,) or (n_samples, n_outputs)
            True targets, as for `fit`.
        sample_weight : str, Dask Series or Array of shape (n_samples,), default=None
            Weights of the samples.

        Returns
        -------
        score : float
            The score. For several quantiles it is the mean over the partitions of the negative
            pinball loss, weighted by their rows.
        """
        check_is_fitted(self)
        local = self._fitted
        partitions = Partitions(X, y, sample_weight, type(local).__name__)
        with Cluster(client_of(self.client)) as cluster:
            scored = cluster.compute(
                score_partition, local, partitions.delayed(), no_inputs=self._no_inputs
            )
            parts: list[PartScore] = [one for one in cluster.gather(scored) if one is not None]
        if not parts:
            raise ValueError("There is no row of positive weight to score.")
        return merge_scores(parts, by_loss=False)["validation_score"]

    def to_local(self) -> Any:
        """Return the fitted local estimator, which needs no Dask: to save, to export, to deploy.

        Returns
        -------
        model : estimator
            An `MLPClassifier`, for example, with the same parameters and attributes.
        """
        check_is_fitted(self)
        return copy(self._fitted)

    def __sklearn_tags__(self) -> Tags:
        """Return the tags of the local estimator."""
        return self._local_class(**self._local_parameters()).__sklearn_tags__()

    def __sklearn_clone__(self) -> Self:
        """Return an unfitted estimator with the same parameters and the same client."""
        parameters = self.get_params(deep=False)
        client = parameters.pop("client")
        copies = {
            name: clone_encoder(value) if name == "encoder" else clone(value, safe=False)
            for name, value in parameters.items()
        }
        make: Any = type(self)
        unfitted: Self = make(client=client, **copies)
        return unfitted

    def __getstate__(self) -> dict[str, Any]:
        """Return the state of a pickle: without the client, as a connection is no data."""
        state: Any = super().__getstate__()
        return {**state, "client": None}

    def _store(self, parameters: dict[str, Any]) -> None:
        """Set each constructor parameter under its own name, as scikit-learn requires."""
        vars(self).update({name: parameters[name] for name in parameters if name != "self"})

    def _local_parameters(self) -> dict[str, Any]:
        """Return the parameters of the local estimator."""
        own = {"client", *DaskMLP._parameter_constraints}
        return {
            name: value for name, value in self.get_params(deep=False).items() if name not in own
        }

    def _local_estimator(self) -> BaseMLP:
        """Return a local estimator with the same parameters, which are validated."""
        self._validate_params()
        local = self._local_class(**self._local_parameters())
        local._validate_params()
        return local

    def _round_settings(self) -> RoundSettings:
        """Return how training is divided into rounds.

        Raises
        ------
        ValueError
            If two parameters say so.
        """
        if self.n_rounds is not None and not isinstance(self.local_steps, str):
            raise ValueError(
                f"n_rounds={self.n_rounds} and local_steps={self.local_steps} both divide the "
                "max_iter epochs into rounds: leave one of them at its default."
            )
        outer = OuterOptimizer(float(self.outer_learning_rate), float(self.outer_momentum))
        return RoundSettings(self.n_rounds, self.local_steps, outer)

    def _predict_lazily(self, X: Any, method: str) -> Any:
        check_is_fitted(self)
        X = check_inputs(X, "the local estimator, to_local()")
        unused = [name for name in self._no_inputs if name in getattr(X, "columns", ())]
        return predict_lazily(X.drop(columns=unused) if unused else X, self._fitted, method)


def _has_probabilities(mlp: "DaskClassification") -> bool:
    """Return whether `predict_proba` exists; if not, raise an error that names suitable losses."""
    local = vars(mlp).get("_fitted")
    if local is None:
        local = mlp._local_class(**mlp._local_parameters())
    assert isinstance(local, Classification)
    return has_probabilities(local)


class DaskClassification(DaskMLP):
    """Base of the classifiers that train on a Dask cluster."""

    classes_: Any

    def decision_function(self, X: Any) -> Any:
        """Return the raw outputs of the network, lazily.

        Parameters
        ----------
        X : Dask DataFrame or Dask Array of shape (n_samples, n_features)
            The inputs, as for `predict`.

        Returns
        -------
        z : Dask Series, DataFrame or Array, or a list of these
            Raw outputs, as those of the local estimator.
        """
        return self._predict_lazily(X, "decision_function")

    @available_if(_has_probabilities)
    def predict_proba(self, X: Any) -> Any:
        """Predict the probability of each class, lazily.

        Parameters
        ----------
        X : Dask DataFrame or Dask Array of shape (n_samples, n_features)
            The inputs, as for `predict`.

        Returns
        -------
        p : Dask DataFrame or Array of shape (n_samples, n_classes), or a list of these
            Probabilities of the classes, which are the names of the columns of a DataFrame. For
            several columns of labels, a list with a collection for each.
        """
        return self._predict_lazily(X, "predict_proba")


class DaskRegression(DaskMLP):
    """Base of the regressors that train on a Dask cluster."""
