"""BaseMLP: parameters, fit, partial_fit, predict and save of all estimators."""

import warnings
from abc import ABCMeta, abstractmethod
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any, ClassVar, Self

from sklearn import get_config
from sklearn.utils import Tags

from sknn._version import VersionedState
from sknn.engine import Loss
from sknn.engine._typing import Array
from sknn.estimators import _builders, _saving
from sknn.estimators._absent import ExplainsAbsent, why_absent
from sknn.estimators._auto_settings import Fitted, auto_trials, fit_best_settings
from sknn.estimators._batches import predict_batches
from sknn.estimators._builders import TrainingSettings
from sknn.estimators._callbacks import FitCallbacks, FitProgress, source_pass
from sknn.estimators._cross_fitting import with_out_of_fold
from sknn.estimators._fit import FitSteps, fit_networks, run_steps
from sknn.estimators._fit_inputs import FitInputs, GivenData, SharedRows, validate_fit
from sknn.estimators._fit_plan import FitPlan, InitialModel
from sknn.estimators._fit_progress import progress, save_checkpoint
from sknn.estimators._fit_result import COMPLETE, FitResult
from sknn.estimators._folds import Folds, split_folds
from sknn.estimators._inputs import TabularInputs
from sknn.estimators._interrupts import is_one_of_many_fits
from sknn.estimators._layer_table import REFERENCE, EstimatorTables
from sknn.estimators._messages import (
    EXAMINED_ROWS,
    GROUPS_UNUSED,
    OUTCOMES,
    SPENT,
    FitWarning,
    scale_warnings,
    training_warnings,
)
from sknn.estimators._model import ModelSpec
from sknn.estimators._parameters import MLPParameters
from sknn.estimators._planning import plan_cross_fit, plan_epoch, plan_fit
from sknn.estimators._prediction import fitted_model, numeric_rows
from sknn.estimators._prediction_plan import forget_plans
from sknn.estimators._refit import refit
from sknn.estimators._search_space import numeric_space
from sknn.estimators._sklearn_compat import (
    CALLBACKS,
    CallbackSupportMixin,
    ClassifierMixin,
    KnownParamNames,
    fit_context,
)
from sknn.estimators._training_state import restore_on_error, states_to_plain
from sknn.estimators._validation.data import ValidatedData
from sknn.estimators._validation.source_rows import OnPass
from sknn.targets import Target


class BaseMLP(
    MLPParameters,
    VersionedState,
    ExplainsAbsent,
    CallbackSupportMixin,
    KnownParamNames,
    metaclass=ABCMeta,
):
    """Base of the estimators: training and prediction; subclasses validate and encode X and y."""

    # fitted attributes
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
    n_iter_: int | Array
    t_: int | Array
    member_loss_curves_: Array
    member_validation_scores_: Array
    member_validation_loss_curves_: Array
    oof_prediction_: Array
    oof_score_: float
    cv_scores_: Array
    member_params_: list[dict[str, Any]]
    temperature_: float
    n_layers_: int
    n_outputs_: int
    out_activation_: str
    n_features_in_: int
    feature_names_in_: Array
    _model_spec: dict[str, Any]
    _training_state: dict[str, Any]
    _calibration: dict[str, Any]
    _fold_models: dict[str, Any]

    #: Whether X is a table with columns of any type.
    _takes_tables: ClassVar[bool] = False
    #: Whether label smoothing spreads labels evenly over the classes, and not by frequencies.
    _smooths_evenly: ClassVar[bool] = True
    #: Whether a new network starts at the best constant prediction.
    _fits_intercept_first: ClassVar[bool] = False
    #: The value of scoring=None: None is the accuracy or R2.
    _default_scoring: ClassVar[str | None] = None
    #: The value of batch_size="auto".
    _auto_batch_size: ClassVar[int] = 200
    #: The value of dropout="auto" for stochastic solvers; it is 0 for "lbfgs".
    _auto_dropout: ClassVar[float] = 0.0
    #: Numbers of epochs that cv="auto" tries before that of max_iter="auto", from short to long.
    _auto_epochs: ClassVar[tuple[int, ...]] = (8, 25, 80)
    #: With cv="auto", number of networks with the best settings, and with each if several are good.
    _auto_members: ClassVar[tuple[int, int]] = (5, 4)
    #: dtype="auto" is float32 if the encoded X has more elements than this.
    _float32_size: ClassVar[int] = 10**5

    #: Target of the links in scikit-learn's HTML display; no links if it is empty.
    _doc_link_module = "sknn"
    _doc_link_template = REFERENCE

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
        groups: Any = None,
    ) -> Self:
        """Fit the network to training data; with `warm_start`, continue from the last fit.

        Parameters
        ----------
        X : {array-like, sparse matrix, frame} of shape (n_samples, n_features), or source
            Training inputs, one row per sample. They must be numeric, except for `TabularMLP*`,
            which accept frames, arrays and lists of rows with columns of any type, but no
            sparse matrix. A source is read batch by batch, several times, and never held in memory:
            paths of Parquet files, a `pyarrow.dataset.Dataset`, a `polars.LazyFrame`, a DuckDB
            relation, a Dask DataFrame, an Ibis table, or a function that returns a new iterator of
            frames, record batches, arrays or tuples (X, y) or (X, y, sample_weight). The model is
            that of the same rows in memory.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs), str or callable
            Targets: class labels, columns of labels or 0/1 indicators in classification; real
            numbers in regression, where with several columns NaN marks an unknown target. A string
            is the name of a column of X, which is then no feature, and ignored in `predict`; a
            function makes targets of X, or of each batch. Of a source, y is one of these, or a list
            of names, or None if batches are tuples.
        sample_weight : array-like of shape (n_samples,), str or callable, default=None
            Non-negative weights of the samples. Only their ratios matter. Weight 0 drops the row
            (which must be valid); only a class of such rows stays in `classes_`. Weight 2 is the
            same as two equal rows if each step uses all rows and no dropout: exactly, up to
            rounding. With mini-batches or dropout the gradients of both have the same mean, but
            not the same noise: equal rows have steps and dropped units of their own. In
            `TabularMLP*` the size matters, too: if the mean weight is above 1, rows are counted by
            weight, for `min_frequency`, `max_iter` and `weight_decay`.
        X_val, y_val, sample_weight_val : array-likes, default=None
            Validation rows, scored after every epoch, instead of held-back rows of X. Training
            stops by their score if `early_stopping` is True or "auto". In a pipeline they must be
            transformed like X, which is done with ``transform_input=["X_val"]``, metadata routing
            enabled and ``set_fit_request(X_val=True, y_val=True)``. y_val is never transformed:
            with :class:`~sklearn.compose.TransformedTargetRegressor`, scale it like y.
        groups : array-like of shape (n_samples,), str or callable, default=None
            Group labels of the rows: the rows that `cv` (an integer, "auto", or a splitter such as
            :class:`~sklearn.model_selection.GroupKFold`) or early stopping hold back are then whole
            groups. Through meta-estimators they are passed by metadata routing, with
            ``set_fit_request(groups=True)``.

        Returns
        -------
        self : estimator
            The fitted estimator.

        Raises
        ------
        ValueError, TypeError
            If a parameter or the data are invalid, or a source gives other rows when it is read
            again; the estimator is left unchanged.
        OSError
            If there is no space for the scratch file of a source, in the folder of `tempfile`.
        KeyboardInterrupt
            On Ctrl-C before the end of the first epoch, or in a fit that a search, a
            cross-validation or an ensemble of scikit-learn runs: it ends them all. Otherwise the
            last finished epoch is kept.

        Warns
        -----
        ConvergenceWarning
            If training diverged, or reached `max_iter` before the loss converged (except with
            "cosine" and "one_cycle", which always run for `max_iter` epochs).
        """
        given, given_val = (X, y, sample_weight), (X_val, y_val, sample_weight_val)
        callbacks = None
        if CALLBACKS in vars(self):
            callbacks = FitCallbacks(self, given, (*given_val, groups))
        with restore_on_error(self.random_state):
            resumed = callbacks.load_checkpoint(verbose=bool(self.verbose)) if callbacks else None
            if resumed and resumed.finished:
                result, notes = FitResult.of_checkpoint(resumed), list[FitWarning]()
            else:
                steps = self._fit_steps(
                    given,
                    given_val,
                    groups,
                    resumed,
                    keep_progress=callbacks is not None,
                    on_pass=source_pass(callbacks, verbose=bool(self.verbose)),
                )
                plan, result, notes = run_steps(steps, callbacks, resumed)
                if callbacks is not None:
                    self._save_last_checkpoint(callbacks, plan, result)
        notes += self._publish(result)
        if callbacks is not None:
            callbacks.on_fit_end()
        if self.verbose:
            print(f"ended after {result.n_epochs} epochs: {OUTCOMES[result.history.outcome]}")
        for message, category in notes:
            warnings.warn(message, category, stacklevel=3)
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
            In classification, the class with the largest raw output; for two classes, the second
            if the raw output is above 0; for multilabel targets, 1 if it is above 0, else 0. In
            regression, the output activations. Several quantiles are the last axis: (n_samples,
            n_quantiles) or (n_samples, n_outputs, n_quantiles).
        """
        fitted = fitted_model(self, X)
        return fitted.spec.decode(fitted.outputs())

    def predict_batches(
        self, X: Any, method: str = "predict", *, batch_size: int = 2**16, **params: Any
    ) -> Iterator[Any]:
        """Predict batch by batch, so that neither X nor the predictions need be in memory.

        Parameters
        ----------
        X : {array-like, sparse matrix, frame} of shape (n_samples, n_features), or source
            The inputs, as for `fit`. Of a source only the columns of `fit` are read, if it can
            leave out others.
        method : str, default="predict"
            The method that predicts each batch, such as "predict_proba", "decision_function" or
            "predict_interval".
        batch_size : int, default=65536
            Largest number of rows of a batch.
        **params : dict
            Further arguments of the method, such as ``coverage=0.8``.

        Returns
        -------
        batches : iterator of ndarray
            The results of the method for consecutive rows, in the order of X.

        Raises
        ------
        ValueError
            If there is no such method that predicts.

        Examples
        --------
        >>> import numpy as np
        >>> from sknn import MLPRegressor
        >>> model = MLPRegressor((4,), max_iter=500, random_state=0).fit([[0.0], [1.0]], [0, 1])
        >>> batches = model.predict_batches(np.zeros((5, 1)), batch_size=2)
        >>> [len(predictions) for predictions in batches]
        [2, 2, 1]
        """
        return predict_batches(self, X, method, batch_size, params)

    def save(self, file: Any, *, training_state: bool = False) -> None:
        """Write the fitted estimator to a file that holds no code; `sknn.load` reads it.

        Parameters
        ----------
        file : str, path or binary file
            Where to write; a binary file need not be able to seek. An existing file at a path is
            replaced only once the new one is complete.
        training_state : bool, default=False
            Whether to include the state of the optimizer and of the generator, so that
            `partial_fit`, or `fit` with `warm_start`, continues exactly. It takes about twice the
            size of the weights.

        Raises
        ------
        NotFittedError
            If the estimator is not fitted.
        TypeError
            If a parameter is an object, such as a function; the message names it.

        Notes
        -----
        String class labels of dtype object are saved as fixed-width strings. Callbacks and metadata
        requests are not saved.
        """
        _saving.save(self, file, training_state=training_state)

    def search_space(self, prefix: str = "") -> dict[str, Any]:
        """Return distributions of the parameters that are worth searching.

        Parameters
        ----------
        prefix : str, default=""
            Put before each name, such as ``"mlpclassifier__"`` for a step of a pipeline.

        Returns
        -------
        space : dict
            A list of values, or a distribution, by parameter: for
            :class:`~sknn.search.BatchedRandomizedSearchCV` and scikit-learn's searches.
        """
        return {f"{prefix}{name}": values for name, values in self._search_space().items()}

    def _why_absent(self, name: str) -> str:
        return why_absent(self, name)

    def _store(self, parameters: dict[str, Any]) -> None:
        """Set each constructor parameter under its own name, as scikit-learn requires."""
        self.__dict__.update({name: parameters[name] for name in parameters if name != "self"})

    def __sklearn_tags__(self) -> Tags:
        """Declare that sparse input is supported."""
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags

    def _get_params_html(self, deep: bool = True, doc_link: str = "") -> EstimatorTables:
        """Return the tables of scikit-learn's HTML display, which calls this method."""
        parameters = super()._get_params_html(deep=deep)
        return EstimatorTables(self, parameters, parameters.non_default)

    def _with_attributes(self, fitted: Mapping[str, Any]) -> Self:
        """Return a copy of the estimator with the same parameters and these fitted attributes."""
        other = object.__new__(type(self))
        own = {name: v for name, v in vars(self).items() if name not in _saving.FITTED}
        other.__dict__ = {**own, **fitted}
        return other

    def _assign(self, fitted: Mapping[str, Any]) -> None:
        """Replace all fitted attributes at once, so that no thread sees old and new ones mixed."""
        self.__dict__ = vars(self._with_attributes(fitted))
        forget_plans(self)

    # The steps of fit

    def _fit_steps(
        self,
        given: GivenData,
        given_val: GivenData,
        groups: Any,
        resumed: FitProgress | None = None,
        *,
        keep_progress: bool = False,
        shared: SharedRows | None = None,
        on_pass: OnPass | None = None,
    ) -> FitSteps[Fitted]:
        """Plan all training; return the last plan, the result, and warnings to show at the end."""
        inputs = validate_fit(
            self,
            given,
            given_val,
            groups,
            resumed,
            keep_progress=keep_progress,
            shared=shared,
            on_pass=on_pass,
        )
        if trials := auto_trials(self, inputs):
            plan, result, notes = yield from fit_best_settings(self, trials)
        else:
            plan, folds = self._plan_networks(inputs)
            early = list(plan.jobs[0].warnings)
            if inputs.groups is not None and isinstance(self.cv, str) and not self.early_stopping:
                early.append((GROUPS_UNUSED, UserWarning))
            result, notes = (yield replace(plan, warnings=early)), []
            first = plan.jobs[0]
            if not (first.initial.is_new or resumed):
                notes = self._stream_warnings(first.data.train, first.initial, result.inputs)
            if folds is not None:
                result, more = with_out_of_fold(self, plan, folds, inputs.rows, result)
                notes += more
            by_refit = self.refit and (folds is not None or plan.config.by_score)
            if by_refit and result.history.outcome in COMPLETE:
                result = yield from refit(self, plan, inputs.rows, result)
        if result.history.outcome == "interrupted" and is_one_of_many_fits():
            raise KeyboardInterrupt
        self._add_training_state(result)
        return plan, result, notes

    def _publish(self, result: FitResult) -> list[FitWarning]:
        """Assign the result of a fit, and return the warnings about its training."""
        self._assign(result.attributes)
        ended = result.search or result
        solver = _builders.solver_name(self)
        return training_warnings(ended.history, solver, networks=ended.networks)

    def _plan_networks(self, inputs: FitInputs) -> tuple[FitPlan, Folds | None]:
        """Return the plan of the fit, and the folds of `cv`."""
        if not _builders.has_folds(self):
            return plan_fit(self, inputs), None
        classify = isinstance(self, ClassifierMixin)
        folds = split_folds(self.cv, inputs.X, inputs.rows, inputs.groups, classify=classify)
        return plan_cross_fit(self, inputs, folds), folds

    def _with_parameters(self, **parameters: Any) -> Self:
        """Return a copy of the estimator with some other parameters, and without attributes."""
        other = self._with_attributes({})
        vars(other).update(parameters)
        return other

    def _add_training_state(self, result: FitResult) -> None:
        """Add the training state to the attributes, reduced unless `warm_start` needs it.

        Networks of several folds have none, as their training cannot continue.
        """
        plain: dict[str, Any] = {"solver_state": {}}
        if result.attributes["_model_spec"]["n_folds"] == 1:
            compact = not self.warm_start
            plain = states_to_plain(result.states, self.random_state, compact=compact)
        result.attributes["_training_state"] = plain

    def _save_last_checkpoint(
        self, callbacks: FitCallbacks, plan: FitPlan, result: FitResult
    ) -> None:
        """Save the checkpoint of a fit that has ended by itself."""
        if callbacks.checkpoint and result.history.outcome in (*COMPLETE, "diverged"):
            fitted = self._with_attributes(result.attributes)
            save_checkpoint(callbacks.checkpoint, fitted, progress(plan, result, finished=True))

    def _partial_fit(self, X: Any, y: Any, sample_weight: Any, classes: Any) -> list[FitWarning]:
        """Train for one more epoch; return the warnings about it."""
        if "coefs_" in vars(self) and not get_config()["skip_parameter_validation"]:
            self._validate_params()  # scikit-learn does so at the first call only
        with restore_on_error(self.random_state):
            plan = plan_epoch(self, (X, y, sample_weight), classes)
            job = plan.jobs[0]
            steps = job.initial.states[0].solver_state.get("steps", 0)
            result = fit_networks(plan)
        plain = states_to_plain(result.states, self.random_state)
        chosen = {name: v for name, v in vars(self).items() if name == "member_params_"}
        self._assign({**result.attributes, **chosen, "_training_state": plain})
        notes = job.warnings + self._stream_warnings(job.data.train, job.initial, result.inputs)
        if _builders.is_spent(job.config.solver, steps):
            is_auto = isinstance(self.weight_decay, str)
            decay = f", weight_decay={_builders.STREAM_WEIGHT_DECAY}" if is_auto else ""
            notes.append((SPENT.format(self.learning_rate, decay), UserWarning))
        solver = _builders.solver_name(self)
        return notes + training_warnings(
            result.history, solver, networks=result.networks, warn_max_iter=False
        )

    # What subclasses define

    def _learn_inputs(self, data: ValidatedData) -> tuple[TabularInputs | None, list[FitWarning]]:
        """Learn the encoding of X from training rows; also return warnings about X."""
        names = data.features.get("feature_names_in_")
        return None, scale_warnings(data.spaced_rows(EXAMINED_ROWS), names)

    def _check_targets(self, data: ValidatedData, loss: Loss) -> None:
        """Check that the loss has a finite minimum for these targets."""

    def _check_fold(self, data: ValidatedData, rows: ValidatedData, target: Target) -> None:
        """Check that the training rows of a fold suffice for the targets of all rows; may warn."""

    def _target_warnings(self, target: Target, data: ValidatedData) -> list[FitWarning]:
        """Return warnings about the scale of y."""
        return []

    def _stream_warnings(
        self, data: ValidatedData, initial: InitialModel, inputs: Array
    ) -> list[FitWarning]:
        """Return warnings about a batch of `partial_fit` that the encoding does not suit."""
        return []

    def _search_space(self) -> dict[str, Any]:
        """Return distributions of the parameters that are worth searching."""
        return numeric_space(is_stochastic=_builders.is_stochastic(self))

    @abstractmethod
    def _target(self, y: Array, classes: Any = None, *, stream: bool = False) -> Target:
        """Determine the type of y; in `partial_fit`, from the first batch and the classes given."""

    def _scaled_target(self, target: Target, data: ValidatedData) -> Target:
        """Return the target with the scaling that the network is trained on."""
        return target

    def _class_weighting(
        self, data: ValidatedData, target: Target, *, stream: bool = False
    ) -> Callable[[ValidatedData], ValidatedData] | None:
        """Return a function that multiplies sample weights by class weights; None without these."""
        return None

    def _training_settings(self, data: ValidatedData, loss: Loss) -> TrainingSettings:
        """Choose the values of "auto" settings from the training rows."""
        epochs, decay, size = self.max_iter, self.weight_decay, self.batch_size
        return TrainingSettings(
            epochs=0 if isinstance(epochs, str) else int(epochs),
            batch_size=self._auto_batch_size if isinstance(size, str) else int(size),
            weight_decay=0.0 if isinstance(decay, str) else float(decay),
        )

    def _stream_settings(
        self, settings: TrainingSettings, *, began_in_stream: bool
    ) -> TrainingSettings:
        """Return the settings of `partial_fit`, which may have begun with `fit`."""
        return settings

    def _loss_name(self, target: Target) -> str | Loss:
        """Return the parameter `loss`; for "auto" the default loss of the target."""
        is_auto = isinstance(self.loss, str) and self.loss == "auto"
        return target.default_loss if is_auto else self.loss

    def _loss_settings(self, name: str | Loss) -> dict[str, Any]:
        """Return the settings of a loss given by name."""
        return {}

    @abstractmethod
    def _default_score(self, spec: ModelSpec, z: Array, y: Array, w: Array | None) -> float:
        """Return the score of raw outputs that `score` returns, weighted."""

    def _validate_predict(
        self, X: Any, fitted: Mapping[str, Any]
    ) -> tuple[Any, Callable[[Any], None] | None, Any]:
        """Return validated rows, a function that checks converted batches, and the type of X."""
        return numeric_rows(self, X, fitted)
