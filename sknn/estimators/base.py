"""The base of all estimators: their parameters, fit, predict and save, and what they may change."""

from abc import ABCMeta, abstractmethod
from collections.abc import Callable
from numbers import Integral, Real
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.utils import Tags
from sklearn.utils.validation import check_is_fitted

from sknn._version import VersionedState
from sknn.engine import Loss, Module, Optimizer, Sequential
from sknn.engine import network as networks
from sknn.engine._typing import Array
from sknn.estimators import _builders as parts
from sknn.estimators import _saving as saving
from sknn.estimators import _validation
from sknn.estimators._callbacks import FitCallbacks, course_of
from sknn.estimators._fit import fit, transact
from sknn.estimators._fitted_model import FittedModel
from sknn.estimators._inputs import InputEncoding, Numbers
from sknn.estimators._layer_table import REFERENCE, EstimatorTables
from sknn.estimators._messages import print_end, warn_of
from sknn.estimators._model import ModelSpec
from sknn.estimators._sklearn_compat import (
    CallbackSupportMixin,
    Interval,
    Options,
    StrOptions,
    fit_context,
)
from sknn.estimators._training_state import Memory
from sknn.estimators.publishing import sharing
from sknn.estimators.scales import warn_of_scales
from sknn.targets import Target


class BaseMLP(VersionedState, CallbackSupportMixin, BaseEstimator, metaclass=ABCMeta):
    """Training and prediction of multilayer perceptrons; the two estimators add what y means."""

    coefs_: list[Array]
    intercepts_: list[Array]
    loss_curve_: list[float]
    learning_rates_: list[float]
    best_loss_: float
    best_validation_score_: float | None
    validation_scores_: list[float] | None
    validation_loss_curve_: list[float] | None
    n_iter_: int
    t_: int
    _training_state: Memory
    #: Whether the offsets of the output begin at the mean of y, or the shares of the classes.
    _starts_at_the_mean: ClassVar[bool] = False
    #: What batch_size="auto" stands for.
    _auto_batch_size: ClassVar[int] = 200
    _model_spec: dict[str, Any]

    #: scikit-learn's page of an estimator links to these addresses; to none if it is empty.
    _doc_link_module = "sknn"
    _doc_link_template = REFERENCE

    _parameter_constraints: ClassVar[dict[str, Any]] = {
        "hidden_layer_sizes": ["array-like", Interval(Integral, 1, None, closed="left")],
        "activation": [StrOptions(set(networks.ACTIVATIONS)), Module, list, tuple],
        "loss": [StrOptions({"auto"}), Loss],
        "solver": [StrOptions({"lbfgs", *parts.OPTIMIZERS}), Optimizer],
        "alpha": [Interval(Real, 0, None, closed="left")],
        "batch_size": [StrOptions({"auto"}), Interval(Integral, 1, None, closed="left")],
        "learning_rate": [StrOptions(set(parts.LEARNING_RATES)), callable],
        "learning_rate_init": [Interval(Real, 0, None, closed="neither")],
        "power_t": [Interval(Real, 0, None, closed="left")],
        "max_iter": [Interval(Integral, 1, None, closed="left")],
        "n_members": [Interval(Integral, 1, None, closed="left")],
        "shuffle": ["boolean"],
        "random_state": ["random_state"],
        "tol": [Interval(Real, 0, None, closed="left")],
        "verbose": ["verbose"],
        "warm_start": ["boolean"],
        "momentum": [Interval(Real, 0, 1, closed="both")],
        "nesterovs_momentum": ["boolean"],
        "beta_1": [Interval(Real, 0, 1, closed="left")],
        "beta_2": [Interval(Real, 0, 1, closed="left")],
        "epsilon": [Interval(Real, 0, None, closed="neither")],
        "n_iter_no_change": [
            Interval(Integral, 1, None, closed="left"),
            Options(Real, {np.inf}),
        ],
        "early_stopping": [StrOptions({"auto"}), "boolean"],
        "validation_fraction": [Interval(Real, 0, 1, closed="left")],
        "scoring": [None, str, callable],
        "refit": ["boolean"],
        "max_fun": [Interval(Integral, 1, None, closed="left")],
        "max_time": [None, Interval(Real, 0, None, closed="neither")],
        "weight_decay": [Interval(Real, 0, None, closed="left")],
        "weight_decay_loss_power": [Interval(Real, 0, None, closed="left")],
        "clip_gradient_norm": [None, Interval(Real, 0, None, closed="neither")],
        "dropout": [Interval(Real, 0, 1, closed="left"), "array-like"],
        "initialization": [StrOptions({"auto", *networks.INITIALIZATIONS}), callable],
        "dtype": [StrOptions({"auto", "float32", "float64"})],
    }

    @fit_context(prefer_skip_nested_validation=True)
    def fit(
        self,
        X: Any,
        y: Any,
        sample_weight: Any = None,
        *,
        X_val: Any = None,
        y_val: Any = None,
        sample_weight_val: Any = None,
    ) -> Self:
        """Fit the network to data, beginning anew unless `warm_start` says otherwise.

        Parameters
        ----------
        X : {array-like, sparse matrix, frame} of shape (n_samples, n_features)
            The inputs, one sample a row: numbers, in a frame too. The estimators of tables
            (`TabularMLP*`) take frames, arrays and lists of rows with columns of any kind, but no
            sparse matrix.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            The targets: labels, columns of labels or 0/1 indicators in classification, real
            numbers in regression, where a NaN among several columns is a target not known.
        sample_weight : array-like of shape (n_samples,), default=None
            How much each sample counts, 0 or more; only ratios matter. A row of weight 0 is as
            good as absent, though it must be valid. A row of weight 2 pulls like two rows (with
            mini-batches on average, since two rows may fall into two batches). In the estimators
            of tables the size matters, too: weights above 1 on average are numbers of rows where
            these are counted, that is for rare levels and what is "auto" (epochs, decay).
        X_val, y_val, sample_weight_val : array-likes, default=None
            Rows to validate on after every epoch, in place of a part of X that is held back. They
            decide when to stop if `early_stopping` is True or "auto"; else they are only watched.
            They must look as the network sees them. A pipeline transforms X_val like X if it has
            ``transform_input=["X_val"]``, metadata routing is enabled and the estimator has
            ``set_fit_request(X_val=True, y_val=True)``. Nothing transforms y_val: if
            :class:`~sklearn.compose.TransformedTargetRegressor` scales y, scale y_val likewise.

        Returns
        -------
        self : estimator
            The fitted estimator.

        Raises
        ------
        ValueError, TypeError
            If a parameter or the data cannot be used; the estimator is left as it was.

        Warns
        -----
        ConvergenceWarning
            If training ran out of epochs before the loss settled, or diverged.
        """
        given, given_val = (X, y, sample_weight), (X_val, y_val, sample_weight_val)
        known = not self.refit and isinstance(self.max_iter, Integral)
        course = course_of(self, (*given, *given_val))
        hooks = FitCallbacks(
            self, *given, epochs=int(self.max_iter) if known else None, course=course
        )
        history = transact(self, fit, given, given_val, hooks)
        hooks.fit_ends()
        if self.verbose:
            print_end(history)
        warn_of(history, stacklevel=3, solver=parts.solver_name(self))
        return self

    def predict(self, X: Any) -> Array:
        """Predict the targets.

        Parameters
        ----------
        X : {array-like, sparse matrix, frame} of shape (n_samples, n_features)
            The inputs, as for `fit`.

        Returns
        -------
        y : ndarray of shape (n_samples,) or (n_samples, n_outputs)
            In classification the class with the largest raw output; of two classes the second
            where its raw output is above 0; of labels 1 where theirs is above 0, else 0. In
            regression the output activations, in the type of the network; several quantiles come
            last, (n_samples, n_quantiles) or (n_samples, n_outputs, n_quantiles).
        """
        z, spec = self._raw_predict(X)
        return spec.predictions(z)

    def save(self, file: Any, *, training_state: bool = False) -> None:
        """Write the fitted estimator to a file that holds no code; `sknn.load` reads it.

        Parameters
        ----------
        file : str, path or binary file
            Where to. A path gets the new file only when it is complete: whatever happens, there is
            the old one or the new one.
        training_state : bool, default=False
            Whether to keep what `partial_fit`, or `fit` with `warm_start`, needs to go on exactly:
            the optimizer's memory and the generator. It is about twice the size of the weights.

        Raises
        ------
        NotFittedError
            If there is nothing to save.
        TypeError
            If a parameter is an object, such as a function; the message names it.

        Notes
        -----
        Class labels of type object become text of fixed width. Callbacks and metadata requests are
        not kept.
        """
        saving.save(self, file, training_state=training_state)

    def _store(self, parameters: dict[str, Any]) -> None:
        """Keep each constructor parameter under its own name, as scikit-learn asks."""
        self.__dict__.update({name: parameters[name] for name in parameters if name != "self"})

    if TYPE_CHECKING:  # what `_store` sets

        def __getattr__(self, name: str) -> Any: ...

    def __sklearn_tags__(self) -> Tags:
        """Say that sparse input is welcome."""
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags

    def _get_params_html(self, deep: bool = True, doc_link: str = "") -> EstimatorTables:
        """Return the tables for scikit-learn's HTML page, which calls this for each estimator."""
        parameters = super()._get_params_html(deep=deep)
        return EstimatorTables(self, parameters, parameters.non_default)

    def _checked(self, X: Any, y: Any, *, reset: bool) -> tuple[Any, Any]:
        """Check X and y, and learn or compare the names and the number of X's columns."""
        return _validation.checked_numbers(self, X, y, reset=reset)

    def _new_input_encoding(self, rows: _validation.ValidatedData) -> InputEncoding:
        """Learn from training rows how X becomes inputs of the network."""
        return Numbers(rows.X.shape[1])

    def _warn_of_inputs(
        self, rows: _validation.ValidatedData, input_encoding: Any, *, stacklevel: int
    ) -> None:
        """Warn of training rows that a network can learn little from.

        The stacklevel counts the frames between here and the line to blame, not this function's.
        """
        names = getattr(self, "feature_names_in_", None)
        warn_of_scales(rows.X, names, stacklevel=stacklevel + 1)

    def _epochs(self, rows: _validation.ValidatedData) -> int:
        """Read how many epochs there are at most."""
        return int(self.max_iter)

    def _decay(self, rows: _validation.ValidatedData) -> float:
        """Read the decay of the weights."""
        return float(self.weight_decay)

    def _standardized(self, target: Target, rows: _validation.ValidatedData) -> Target:
        """Return the target as the network sees it."""
        return target

    @abstractmethod
    def _new_target(self, y: Array) -> Target:
        """Learn what y means."""

    @abstractmethod
    def _new_stream_target(self, y: Array, classes: Any) -> Target:
        """Learn what y means from the first chunk of a stream, and from the classes given."""

    @abstractmethod
    def _fitted_target(self) -> Target:
        """Make the target of the fitted network from plain attributes."""

    def _weighing(
        self, rows: _validation.ValidatedData, target: Target, *, stream: bool
    ) -> Callable[[_validation.ValidatedData], _validation.ValidatedData]:
        """Learn from the rows how any rows are to be weighted."""
        return lambda rows: rows

    def _smoothing(self, loss: Loss) -> float:
        """Return how much labels are smoothed."""
        return 0.0

    def _new_spec(self, target: Target, dtype: str, input_encoding: InputEncoding) -> ModelSpec:
        """Translate the parameters that decide what the network is."""
        sizes = networks.hidden_sizes(self.hidden_layer_sizes)
        name = target.loss_name(self.loss)
        settings = self._loss_settings().get(name, {}) if isinstance(name, str) else {}
        return ModelSpec(
            target=target,
            loss_name=name,
            loss_settings=settings,
            hidden_sizes=sizes,
            activations=networks.hidden_activations(self.activation, len(sizes)),
            dtype=dtype,
            input_encoding=input_encoding,
            n_members=int(self.n_members),
        )

    def _loss_settings(self) -> dict[str, dict[str, Any]]:
        """Return the settings of those losses that have any, by their names."""
        return {}

    def _fitted_spec(self) -> ModelSpec:
        """Rebuild the blueprint of the fitted network."""
        sizes = [W.shape[-1] for W in self.coefs_[:-1]]
        return ModelSpec.from_plain(self._model_spec, self._fitted_target(), sizes)

    def _fitted_network(self, spec: ModelSpec) -> Sequential:
        """Rebuild the fitted network."""
        return spec.network(self.coefs_, self.intercepts_, self._model_spec["embedding"])

    def _raw_predict(self, X: Any) -> tuple[Array, ModelSpec]:
        """Return what the fitted network says, all members together, and how that is to be read."""
        fitted = self._fitted_model(X)
        return fitted.outputs(), fitted.spec

    def _member_outputs(self, X: Any) -> tuple[Array, ModelSpec]:
        """Run the fitted network on validated inputs, with a member axis if it has one."""
        fitted = self._fitted_model(X)
        return fitted.member_outputs(), fitted.spec

    def _fitted_model(self, X: Any) -> FittedModel:
        """Return the fitted network and what it is for, with inputs that are validated.

        A fit in another thread exchanges all attributes at once, so all are taken at once here.
        """
        fitted = sharing(self, self.__dict__)
        check_is_fitted(fitted)
        spec = fitted._fitted_spec()
        X, check = fitted._prediction_inputs(X, spec)
        return FittedModel(fitted._fitted_network(spec), spec, X, check)

    def _prediction_inputs(self, X: Any, spec: ModelSpec) -> tuple[Any, Any]:
        """Check X, and return it with what refuses pieces of it that cannot be used."""
        return _validation.prediction_rows(self, X, spec.dtype)
