"""What classifiers share: labels, their probabilities and weights."""

from collections.abc import Callable
from numbers import Real
from typing import Any, ClassVar, Self

import numpy as np
from sklearn.base import ClassifierMixin
from sklearn.utils import Tags
from sklearn.utils.class_weight import compute_class_weight
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import check_is_fitted

from sknn.engine import Loss
from sknn.engine._typing import Array
from sknn.estimators import _builders as parts
from sknn.estimators import _validation
from sknn.estimators._early_stopping import accuracy
from sknn.estimators._fit import partial_fit, transact
from sknn.estimators._messages import warn_of
from sknn.estimators._sklearn_compat import Interval, StrOptions, fit_context
from sknn.estimators.base import BaseMLP
from sknn.estimators.labels import as_lists, check_labels, given_labels, has_columns, read_target
from sknn.estimators.reach import checked_finite
from sknn.targets import (
    TARGETS,
    BinaryTarget,
    ClassTarget,
    MulticlassTarget,
    MultioutputTarget,
    Target,
    class_numbers,
    label_target,
)


def _has_probabilities(mlp: Any) -> bool:
    """Tell whether the loss gives probabilities; the error says which do."""
    if hasattr(mlp, "_model_spec"):
        loss: Any = mlp._fitted_spec().loss
    elif isinstance(mlp.loss, Loss):
        loss = mlp.loss
    else:
        loss = BinaryTarget.losses["log_loss" if mlp.loss == "auto" else mlp.loss]
    if loss.has_probabilities:
        return True
    raise AttributeError(
        f"loss={mlp.loss!r} gives no probabilities; use loss='log_loss' or 'brier', or "
        "decision_function."
    )


class Classification(ClassifierMixin, BaseMLP):
    """A multilayer perceptron for labels."""

    _parameter_constraints: ClassVar[dict[str, Any]] = {
        **BaseMLP._parameter_constraints,
        "loss": [StrOptions({"auto", *BinaryTarget.losses}), Loss],
        "label_smoothing": [Interval(Real, 0, 1, closed="left")],
        "class_weight": [dict, StrOptions({"balanced"}), None],
    }

    @available_if(parts.learns_streams)
    @fit_context(prefer_skip_nested_validation=False)  # so that the user's setting can be seen
    def partial_fit(self, X: Any, y: Any, sample_weight: Any = None, classes: Any = None) -> Self:
        """Train for one epoch more on this data, beginning where the last call ended.

        The first call draws the weights, unless `fit` was called before. Constructor parameters
        are read at every call, so a changed `learning_rate_init` counts; the architecture and the
        loss cannot change. With a constant rate, n calls on the same data are ``fit`` with
        ``max_iter=n``, bit for bit, also with a pickle in between. No callbacks are run.

        Parameters
        ----------
        X : {array-like, sparse matrix, frame} of shape (n_samples, n_features)
            The inputs, one sample a row, as for `fit`.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            The targets.
        sample_weight : array-like of shape (n_samples,), default=None
            How much each sample counts. Weights are used as given (1 is one sample), since the
            mean weight of a chunk says nothing of the stream's.
        classes : array-like of shape (n_classes,), default=None
            All labels that will ever come (of several columns a list, with those of each).
            Needed at the first call, unless the target is multilabel; later it may be left out.

        Returns
        -------
        self : estimator
            The estimator.

        Raises
        ------
        ValueError, TypeError
            If a parameter or the data cannot be used; the estimator is left as it was.
        """
        self._check_same_classes(classes)
        history = transact(self, partial_fit, X, y, sample_weight, classes)
        warn_of(history, stacklevel=3, solver=parts.solver_name(self), out_of_epochs=False)
        return self

    def decision_function(self, X: Any) -> Array:
        """Return the raw outputs of the network, before the output activation.

        Parameters
        ----------
        X : {array-like, sparse matrix, frame} of shape (n_samples, n_features)
            The inputs, as for `fit`.

        Returns
        -------
        z : ndarray of shape (n_samples,) or (n_samples, n_outputs), or a list of these
            How much speaks for the second of two classes, or for each class or label. Several
            columns of labels have a list, an array for each.
        """
        z, spec = self._raw_predict(X)
        return spec.target.decision(z)

    @available_if(_has_probabilities)
    def predict_proba(self, X: Any) -> Array:
        """Predict the probability of each class; exists for losses that give one.

        Parameters
        ----------
        X : {array-like, sparse matrix, frame} of shape (n_samples, n_features)
            The inputs, as for `fit`.

        Returns
        -------
        p : ndarray of shape (n_samples, n_classes), or a list of these
            Probabilities in the order of `classes_`; rows sum to 1 unless the target is
            multilabel, where each column is the probability of its label. Several columns of
            labels have a list, an array for each.
        """
        z, spec = self._raw_predict(X)
        target: Any = spec.target
        return checked_finite(target.proba, spec.loss, z)

    @available_if(_has_probabilities)
    def predict_log_proba(self, X: Any) -> Array:
        """Predict the logarithm of each probability, finite where the probability rounds to 0.

        Parameters
        ----------
        X : {array-like, sparse matrix, frame} of shape (n_samples, n_features)
            The inputs, as for `fit`.

        Returns
        -------
        log_p : ndarray of shape (n_samples, n_classes), or a list of these
            Logarithms of what `predict_proba` returns.
        """
        z, spec = self._raw_predict(X)
        target: Any = spec.target
        return checked_finite(target.log_proba, spec.loss, z, lowest=-np.inf)

    def predict_members(self, X: Any) -> Any:
        """Predict with each member by itself: how sure is it, and do they agree.

        Parameters
        ----------
        X : {array-like, sparse matrix, frame} of shape (n_samples, n_features)
            The inputs, as for `fit`.

        Returns
        -------
        p : ndarray of shape (n_members, n_samples, n_classes), or a list of these
            For each of the `n_members` networks what `predict_proba` would return; for losses
            without probabilities what `decision_function` would.
        """
        z, spec = self._member_outputs(X)
        target: Any = spec.target
        answers = [
            checked_finite(target.proba, spec.loss, one)
            if spec.loss.has_probabilities
            else target.decision(one)
            for one in spec.each(z)
        ]
        if isinstance(answers[0], list):
            return [np.stack(column) for column in zip(*answers, strict=True)]
        return np.stack(answers)

    def score(self, X: Any, y: Any, sample_weight: Any = None) -> float:
        """Return the accuracy: the share of the rows that are right, in all columns of y.

        Parameters
        ----------
        X : {array-like, sparse matrix, frame} of shape (n_samples, n_features)
            The inputs, as for `fit`.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            The true labels.
        sample_weight : array-like of shape (n_samples,), default=None
            How much each sample counts.

        Returns
        -------
        score : float
        """
        check_is_fitted(self)
        check_labels(y)
        if self._model_spec["target"] != MultioutputTarget.kind:
            return super().score(X, y, _validation.scoring_weights(sample_weight, y))
        y = _validation.scored(y)
        return accuracy(y, self.predict(X), _validation.scoring_weights(sample_weight, y))

    def __sklearn_tags__(self) -> Tags:
        """Say that several labels or columns of labels at once are welcome."""
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_label = True
        tags.target_tags.multi_output = True
        return tags

    def _check_same_classes(self, classes: Any) -> None:
        """Refuse other classes than those that training began with."""
        if classes is None or not hasattr(self, "classes_"):
            return
        if as_lists(self.classes_) != as_lists(classes):
            raise ValueError(
                f"`classes={classes!r}` is not the same as on last call to partial_fit, was: "
                f"{self.classes_!r}"
            )

    def _new_target(self, y: Array) -> ClassTarget:
        return read_target(y)

    def _new_stream_target(self, y: Array, classes: Any) -> ClassTarget:
        """Take the classes from what was given; a multilabel y tells them itself."""
        if y.ndim == 1:
            if classes is None:
                raise ValueError("classes must be passed on the first call to partial_fit.")
            return label_target(given_labels(classes))
        if has_columns(classes):
            return MultioutputTarget([given_labels(column) for column in classes])
        target = read_target(y)
        if isinstance(target, MultioutputTarget):
            raise ValueError(
                "classes must be passed on the first call to partial_fit: for several columns of "
                "labels a list with the labels of each."
            )
        if classes is not None and as_lists(classes) != as_lists(target.classes):
            raise ValueError(
                f"classes must be the numbers of the {y.shape[1]} columns of a multilabel y, or "
                f"left out; got {classes!r}."
            )
        return target

    def _smoothing(self, loss: Loss) -> float:
        if self.label_smoothing and not loss.has_probabilities:
            raise ValueError(
                f"label_smoothing smooths probabilities, which loss={self.loss!r} does not give: "
                "use loss='log_loss' or 'brier', or label_smoothing=0."
            )
        return float(self.label_smoothing)

    def _weighing(
        self, rows: _validation.ValidatedData, target: Target, *, stream: bool
    ) -> Callable[[_validation.ValidatedData], _validation.ValidatedData]:
        """Multiply weights by those of the classes, which these rows may balance."""
        if self.class_weight is None:
            return super()._weighing(rows, target, stream=stream)
        if not isinstance(target, BinaryTarget | MulticlassTarget):
            raise ValueError(
                "class_weight is for one column of classes that exclude each other; weigh the rows "
                "of another y by sample_weight."
            )
        if stream and self.class_weight == "balanced":
            raise ValueError(
                "class_weight='balanced' is not supported for partial_fit, which does not know how "
                "many rows of each class will come: pass a dict of weights, for example from "
                "sklearn.utils.class_weight.compute_class_weight('balanced', classes=classes, y=y)."
            )
        classes = target.classes
        weights = np.ones(len(classes))
        present = np.unique(class_numbers(classes, rows.y))
        known = slice(None) if isinstance(self.class_weight, dict) else present
        weights[known] = compute_class_weight(
            self.class_weight, classes=classes[known], y=rows.y, sample_weight=rows.w
        )
        if not (np.isfinite(weights) & (weights >= 0)).all():
            raise ValueError(f"class_weight must be finite and 0 or more, got {self.class_weight}.")
        return lambda rows: rows.weighted(weights[class_numbers(classes, rows.y)])

    def _fitted_target(self) -> ClassTarget:
        target: ClassTarget = TARGETS[self._model_spec["target"]](self.classes_)
        return target
