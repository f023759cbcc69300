"""What both estimators share: translate parameters into parts, train, publish."""

import inspect
import math
from abc import ABCMeta, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from numbers import Integral, Real
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Self, TypeVar

import numpy as np
from sklearn import get_config
from sklearn.base import BaseEstimator
from sklearn.utils import Tags
from sklearn.utils.validation import check_is_fitted

from sknn import networks
from sknn.engine import (
    Embed,
    History,
    Linear,
    Loss,
    Module,
    Objective,
    Optimizer,
    Sequential,
    raw_outputs,
)
from sknn.engine.training import OnEpoch
from sknn.engine.types import Array
from sknn.estimators import door, parts, saving, validation
from sknn.estimators.blueprint import Blueprint
from sknn.estimators.hooks import Hooks
from sknn.estimators.intake import Intake, Numbers
from sknn.estimators.memory import (
    Memory,
    beside,
    numbers_only,
    recall_stopping,
    recalled_generator,
    recalled_state,
    remembered,
    with_fresh_counters,
)
from sknn.estimators.reach import within_reach
from sknn.estimators.report import print_end, print_epoch, print_refit, warn_of
from sknn.estimators.scales import warn_of_scales
from sknn.estimators.sklearn_private import (
    CallbackSupportMixin,
    Interval,
    Options,
    StrOptions,
    fit_context,
)
from sknn.estimators.threads import OneThread
from sknn.estimators.validation import Validation
from sknn.stamp import Stamped
from sknn.targets import Target

#: Ends of training that `refit` follows.
REFITTED = ("converged", "stuck", "completed", "exhausted")


Estimator = TypeVar("Estimator", bound="BaseMLP")


class BaseMLP(Stamped, CallbackSupportMixin, BaseEstimator, metaclass=ABCMeta):
    """Training and prediction of multilayer perceptrons; the two estimators add what y means."""

    coefs_: list[Array]
    intercepts_: list[Array]
    loss_curve_: list[float]
    best_loss_: float
    best_validation_score_: float | None
    validation_scores_: list[float] | None
    validation_loss_curve_: list[float] | None
    n_iter_: int
    t_: int
    _memory: Memory
    #: Whether the offsets of the output begin at the mean of y, or the shares of the classes.
    _starts_at_the_mean: ClassVar[bool] = False
    #: What batch_size="auto" stands for.
    _auto_batch_size: ClassVar[int] = 200
    _plan: dict[str, Any]

    #: The HTML repr tells what the parameters mean, and links to where that is written.
    _doc_link_module = "sknn"
    _doc_link_template = "{address}"

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
        "decay_by_loss": [Interval(Real, 0, None, closed="left")],
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
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            The inputs, one sample a row.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            The targets: labels, columns of labels or 0/1 indicators in classification, real
            numbers in regression, where a NaN among several columns is a target not known.
        sample_weight : array-like of shape (n_samples,), default=None
            How much each sample counts, 0 or more; only ratios matter. A row of weight 0 is as
            good as absent, though it must be valid. A row of weight 2 pulls like two rows (with
            mini-batches on average, since two rows may fall into two batches).
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
        hooks = Hooks(self, *given, epochs=int(self.max_iter) if known else None)
        history = self._transact("_fit", given, given_val, hooks)
        hooks.fit_ends()
        if self.verbose:
            print_end(history)
        warn_of(history, stacklevel=3, solver=parts.solver_name(self))
        return self

    def predict(self, X: Any) -> Array:
        """Predict the targets.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            The inputs.

        Returns
        -------
        y : ndarray of shape (n_samples,) or (n_samples, n_outputs)
            In classification the class with the largest raw output; of two classes the second
            where its raw output is above 0; of labels 1 where theirs is above 0, else 0. In
            regression the output activations, in the type of the network; several quantiles come
            last, (n_samples, n_quantiles) or (n_samples, n_outputs, n_quantiles).
        """
        z, blueprint = self._raw_outputs(X)
        return blueprint.predictions(z)

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

    def _doc_link_url_param_generator(self) -> dict[str, str]:
        """Find the docstring, which comes with the package."""
        return {"address": Path(inspect.getfile(type(self))).as_uri()}

    def _checked(self, X: Any, y: Any, *, reset: bool) -> tuple[Any, Any]:
        """Check X and y, and learn or compare the names and the number of X's columns."""
        return door.checked_numbers(self, X, y, reset=reset)

    def _new_intake(self, rows: door.Rows) -> Intake:
        """Learn from training rows how X becomes inputs of the network."""
        warn_of_scales(rows.X, getattr(self, "feature_names_in_", None), stacklevel=7)
        return Numbers(rows.X.shape[1])

    def _epochs(self, rows: door.Rows) -> int:
        """Read how many epochs there are at most."""
        return int(self.max_iter)

    def _decay(self, rows: door.Rows) -> float:
        """Read the decay of the weights."""
        return float(self.weight_decay)

    def _standardized(self, target: Target, rows: door.Rows) -> Target:
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
        self, rows: door.Rows, target: Target, *, stream: bool
    ) -> Callable[[door.Rows], door.Rows]:
        """Learn from the rows how any rows are to be weighted."""
        return lambda rows: rows

    def _smoothing(self, loss: Loss) -> float:
        """Return how much labels are smoothed."""
        return 0.0

    def _transact(self, method: str, *args: Any) -> History:
        """Train a draft of this estimator, and become it if it gets through.

        Until then nobody sees anything of it: other threads predict with what was fitted before,
        and whatever raises leaves no trace.
        """
        draft = _sharing(self, self.__dict__.copy())
        with door.generator_as_it_was(self.random_state):
            history: History = getattr(draft, method)(*args)
        self.__dict__ = draft.__dict__
        return history

    def _fit(
        self, given: tuple[Any, Any, Any], given_val: tuple[Any, Any, Any], hooks: Hooks
    ) -> History:
        """Train afresh, or from where the last call ended if `warm_start` says so."""
        if self.warm_start and self.refit:
            raise ValueError("refit=True trains afresh, warm_start=True goes on: choose one.")
        resume = self.warm_start and hasattr(self, "coefs_")
        rows = door.training_rows(self, *given, reset=not resume)
        held_back = door.validation_rows(self, *given_val)
        target = self._fitted_target() if resume else self._new_target(rows.y)
        weighted = self._weighing(rows, target, stream=False)
        rows = everything = weighted(rows)
        rng = recalled_generator(self._memory if resume else {}, self.random_state)
        stops = validation.stops_early(self, len(rows.y), given=held_back is not None)
        if held_back is not None:
            with door.blaming_validation():
                held_back = weighted(held_back)
        elif stops:
            rows, held_back = validation.split(self, rows, beside(rng))
        if resume:
            start = self._resume(rng)
            start.memory = with_fresh_counters(start.memory)
            self._clear_record()
        else:
            start = self._begin(rows, target, rng)
        start.hooks, start.deadline = hooks, parts.deadline(self)
        start.course, start.decay = self._epochs(rows), self._decay(rows)
        history = self._train(start, rows, held_back, stops=stops, epochs=start.course)
        if self.refit and stops and history.outcome in REFITTED:
            history = self._refit(everything, start, history)
        if not self.warm_start:
            self._memory = numbers_only(self._memory, start.rng)
        return history

    def _refit(self, rows: door.Rows, before: "_Start", found: History) -> History:
        """Train afresh on all rows; what was found before is kept if that is not finished."""
        kept = self.__dict__.copy()
        if self.verbose:
            print_refit(self.best_iteration_)
        try:
            history = self._train_again(rows, before, epochs=self.best_iteration_)
        except KeyboardInterrupt:
            history = History()
            history.outcome = "interrupted"
        if history.outcome in REFITTED:  # as many epochs as were asked for
            history.outcome = found.outcome
            return history
        self.__dict__ = kept
        found.outcome = history.outcome
        return found

    def _train_again(self, rows: door.Rows, before: "_Start", epochs: int) -> History:
        """Train afresh on all rows for a number of epochs, keeping what validation found."""
        rng = recalled_generator({}, self.random_state)
        start = self._begin(rows, self._new_target(rows.y), rng)
        start.hooks, start.deadline, start.stalls = before.hooks, before.deadline, False
        start.course, start.decay = before.course, before.decay
        found = (self.validation_scores_, self.validation_loss_curve_, self.best_validation_score_)
        history = self._train(start, rows, None, stops=False, epochs=epochs)
        self.validation_scores_, self.validation_loss_curve_, self.best_validation_score_ = found
        self.best_iteration_ = epochs
        return history

    def _partial_fit(self, X: Any, y: Any, sample_weight: Any, classes: Any) -> History:
        """Train for one epoch more, the very first included."""
        resume = hasattr(self, "coefs_")
        if resume and not get_config()["skip_parameter_validation"]:
            self._validate_params()  # scikit-learn does so at the first call only
        rows = door.training_rows(self, X, y, sample_weight, reset=not resume)
        target = self._fitted_target() if resume else self._new_stream_target(rows.y, classes)
        rows = self._weighing(rows, target, stream=True)(rows)
        rng = recalled_generator(self._memory if resume else {}, self.random_state)
        start = self._resume(rng) if resume else self._begin(rows, target, rng)
        start.relative_weights = False
        start.course, start.decay = self._epochs(rows), self._decay(rows)
        return self._train(start, rows, None, stops=False, epochs=1)

    def _begin(self, rows: door.Rows, target: Target, rng: np.random.RandomState) -> "_Start":
        """Build a network with fresh weights and an empty record."""
        intake = self._new_intake(rows)
        dtype = intake.choose_dtype(self.dtype, rows.X)
        blueprint = self._new_blueprint(self._standardized(target, rows), dtype, intake)
        network = blueprint.new_network(self.initialization, rng)
        self._clear_record()
        return _Start(blueprint, network, rng, {}, is_new=True)

    def _resume(self, rng: np.random.RandomState) -> "_Start":
        """Go on with the fitted network."""
        fitted = self._fitted_blueprint()
        dtype = fitted.dtype if self.dtype == "auto" else self.dtype
        blueprint = self._new_blueprint(fitted.target, dtype, fitted.intake).continuing(fitted)
        return _Start(blueprint, self._fitted_network(blueprint), rng, self._memory)

    def _clear_record(self) -> None:
        """Begin to count epochs anew."""
        self.loss_curve_, self.best_loss_, self.t_ = [], np.inf, 0

    def _train(
        self,
        start: "_Start",
        rows: door.Rows,
        held_back: door.Rows | None,
        *,
        stops: bool,
        epochs: int,
    ) -> History:
        """Train the network, and set all fitted attributes from what came of it.

        If there are rows held back, they are watched; if `stops`, they decide.
        """
        blueprint = start.blueprint
        samples = blueprint.samples(
            rows,
            "y",
            relative_weights=start.relative_weights,
            smoothing=self._smoothing(blueprint.loss),
        )
        network = networks.with_dropout(start.network, self._dropout(blueprint))
        loss = blueprint.loss_for(samples.Y)
        if start.is_new and self._starts_at_the_mean:
            network.modules[-1].parameters[-1][...] = loss.start(samples.Y, samples.w)
        objective = Objective(network, loss, self.alpha)
        stopping = parts.stopping(self, by_score=stops)
        recall_stopping(start.memory, stopping)
        if not start.stalls:
            stopping.patience = np.inf
        trainer = parts.trainer(self, stopping, len(samples), start.course, start.decay)
        trainer.on_epoch = self._on_epoch(start, len(samples), epochs)
        by_loss, trainer.unit = not stops, blueprint.unit
        if held_back is not None:
            trainer.evaluate = evaluate = Validation(self, start, held_back)
            by_loss = by_loss or evaluate.by_loss
        stopping.tol *= trainer.unit if by_loss else 1
        trainer.keep_best = stops
        trainer.deadline = start.deadline
        name = parts.solver_name(self)
        state = recalled_state(start.memory, name, trainer.solver, objective)
        with OneThread(parts.largest_product(self, network, samples)):
            history = trainer.train(objective, samples, state=state, epochs=epochs, rng=start.rng)
        self._publish(start)
        self._record(history, len(samples))
        self._memory = remembered(state, name, stopping, self.random_state, start.rng)
        return history

    def _dropout(self, blueprint: Blueprint) -> list[float]:
        """Read how much of each hidden layer is dropped."""
        n_hidden = len(blueprint.hidden_sizes)
        shares = door.numbers(self.dropout)
        shares = shares * n_hidden if np.ndim(self.dropout) == 0 else shares
        if len(shares) != n_hidden or not all(0 <= share < 1 for share in shares):
            raise ValueError(
                f"dropout must be in [0, 1), one number for all {n_hidden} hidden layers or a list "
                f"with one for each; got {self.dropout!r}."
            )
        if any(shares) and not parts.is_stochastic(self):
            raise ValueError(
                "dropout needs a stochastic solver; lbfgs cannot follow a random loss."
            )
        return shares

    def _on_epoch(self, start: "_Start", n_samples: int, epochs: int) -> OnEpoch | None:
        """Return what is done after each epoch: print a line, call the callbacks' hooks."""
        hooks, earlier = start.hooks, len(self.loss_curve_)
        if hooks is not None:
            hooks.epoch_begins()

        def on_epoch(history: History, last: bool) -> bool:
            if self.verbose:
                print_epoch(earlier + len(history), history.rows[-1])
            if hooks is None:
                return False
            ends = hooks.epoch_ends(lambda: self._fitted_attributes(start, history, n_samples))
            if not (ends or last or len(history) == epochs):
                hooks.epoch_begins()
            return ends

        return on_epoch if self.verbose or hooks is not None else None

    def _fitted_attributes(
        self, start: "_Start", history: History, n_samples: int
    ) -> dict[str, Any]:
        """Return what makes a copy of this estimator what it would be if training ended now."""
        estimator = self._published(start)
        estimator._record(history, n_samples)
        fitted = estimator.__dict__
        return {name: fitted[name] for name in fitted if name.endswith("_") or name == "_plan"}

    def _new_blueprint(self, target: Target, dtype: str, intake: Intake) -> Blueprint:
        """Translate the parameters that decide what the network is."""
        sizes = networks.hidden_sizes(self.hidden_layer_sizes)
        name = target.loss_name(self.loss)
        settings = self._loss_settings().get(name, {}) if isinstance(name, str) else {}
        return Blueprint(
            target=target,
            loss_name=name,
            loss_settings=settings,
            hidden_sizes=sizes,
            activations=networks.hidden_activations(self.activation, len(sizes)),
            dtype=dtype,
            intake=intake,
            n_members=int(self.n_members),
        )

    def _loss_settings(self) -> dict[str, dict[str, Any]]:
        """Return the settings of those losses that have any, by their names."""
        return {}

    def _fitted_blueprint(self) -> Blueprint:
        """Rebuild the blueprint of the fitted network."""
        sizes = [W.shape[-1] for W in self.coefs_[:-1]]
        return Blueprint.from_plain(self._plan, self._fitted_target(), sizes)

    def _fitted_network(self, blueprint: Blueprint) -> Sequential:
        """Rebuild the fitted network."""
        return blueprint.network(self.coefs_, self.intercepts_, self._plan["embedding"])

    def _published(self, start: "_Start") -> Self:
        """Return a copy of this estimator that predicts with the network's present weights."""
        fitted = _sharing(self, self.__dict__.copy())
        fitted._publish(start)
        return fitted

    def _publish(self, start: "_Start") -> None:
        """Set the attributes that prediction needs: plain arrays, numbers and strings."""
        layers = [module for module in start.network.modules if isinstance(module, Linear)]
        tables = [module.E.copy() for module in start.network.modules if isinstance(module, Embed)]
        blueprint = start.blueprint
        self.__dict__.update(blueprint.target.attributes())
        self.coefs_ = [layer.W.copy() for layer in layers]
        self.intercepts_ = [layer.W0.copy() for layer in layers]
        self.n_layers_ = len(layers) + 1
        self.n_outputs_ = blueprint.n_units
        self.out_activation_ = blueprint.loss.out_activation
        self._plan = {**blueprint.to_plain(), "embedding": tables[0] if tables else None}

    def _record(self, history: History, n_samples: int) -> None:
        """Add to the attributes that tell how training went."""
        losses = history.column("loss")
        self.loss_curve_ = [*self.loss_curve_, *losses]
        self.loss_ = self.loss_curve_[-1] if self.loss_curve_ else np.inf
        self.best_loss_ = min([self.best_loss_, *losses])
        self.n_iter_ = self.best_iteration_ = len(self.loss_curve_)
        self.t_ += len(losses) * n_samples
        watched = bool(history.rows) and "validation_score" in history.rows[0]
        scores = history.column("validation_score") if watched else None
        self.validation_scores_ = scores
        self.validation_loss_curve_ = history.column("validation_loss") if watched else None
        known = [score for score in scores or [] if not math.isnan(score)]
        self.best_validation_score_ = max(known) if known else None
        self.best_iteration_ += history.kept - len(history)

    def _raw_outputs(self, X: Any) -> tuple[Array, Blueprint]:
        """Return what the fitted network says, all members together, and how that is to be read."""
        z, blueprint = self._member_outputs(X)
        return within_reach(blueprint.joined, z), blueprint

    def _member_outputs(self, X: Any) -> tuple[Array, Blueprint]:
        """Run the fitted network on validated inputs, with a member axis if it has one.

        A fit in another thread exchanges all attributes at once, so all are taken at once here.
        """
        fitted = _sharing(self, self.__dict__)
        check_is_fitted(fitted)
        blueprint = fitted._fitted_blueprint()
        X, check = fitted._prediction_inputs(X, blueprint)
        network = fitted._fitted_network(blueprint)
        return within_reach(raw_outputs, network, X, blueprint.dtype, check), blueprint

    def _prediction_inputs(self, X: Any, blueprint: Blueprint) -> tuple[Any, Any]:
        """Check X, and return it with what refuses pieces of it that cannot be used."""
        return door.prediction_rows(self, X, blueprint.dtype)


def _sharing(estimator: Estimator, attributes: dict[str, Any]) -> Estimator:
    """Return an estimator of the same class around these attributes."""
    twin = object.__new__(type(estimator))
    twin.__dict__ = attributes
    return twin


@dataclass
class _Start:
    """Where training begins: the network, what it is for, the generator, the memory.

    `course` is how many epochs the learning rate is made for, `decay` that of the weights.

    In `fit` only the ratios of weights count, in `partial_fit` they are used as given. Where the
    number of epochs is known to be right, training never stalls. The epoch that passes the deadline
    (by the monotonic clock) is the last.
    """

    blueprint: Blueprint
    network: Sequential
    rng: np.random.RandomState
    memory: Memory
    is_new: bool = False
    course: int = 1
    decay: float = 0.0
    relative_weights: bool = True
    stalls: bool = True
    deadline: float = math.inf
    hooks: Hooks | None = None
