"""Classification: labels, their probabilities, class weights and label smoothing."""

import warnings
from collections.abc import Callable
from dataclasses import replace
from numbers import Real
from typing import Any, ClassVar, Self

import numpy as np
from sklearn.utils import Tags
from sklearn.utils.validation import check_is_fitted

from sknn.engine import Loss
from sknn.engine._typing import Array
from sknn.estimators import _builders
from sknn.estimators._builders import TrainingSettings
from sknn.estimators._class_weights import class_weighting
from sknn.estimators._classes import check_same_classes, learn_classes
from sknn.estimators._model import ModelSpec
from sknn.estimators._parameters import Auto, ClassWeight
from sknn.estimators._prediction import calibrated_model, fitted_model
from sknn.estimators._prediction_plan import plan_of
from sknn.estimators._sklearn_compat import (
    ClassifierMixin,
    Interval,
    StrOptions,
    available_if,
    fit_context,
)
from sknn.estimators._validation.data import ValidatedData
from sknn.estimators._validation.targets import as_labels, targets_to_score
from sknn.estimators._validation.weights import normalized_weights, scoring_weights
from sknn.estimators._validation_score import accuracy
from sknn.estimators.base import BaseMLP
from sknn.features.named_columns import split_columns
from sknn.targets import (
    BinaryTarget,
    ClassTarget,
    MulticlassTarget,
    MultioutputTarget,
    Target,
    class_numbers,
)
from sknn.targets.conformal import check_class_coverage, class_scores, class_sets


def has_probabilities(mlp: "Classification") -> bool:
    """Return whether `predict_proba` exists; if not, raise an error that names suitable losses."""
    fitted = vars(mlp)
    if "_model_spec" in fitted:
        loss: Any = plan_of(mlp, fitted).spec.loss
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
    """Base of the classifiers."""

    label_smoothing: float | Auto
    class_weight: ClassWeight
    classes_: Any
    oof_proba_: Any
    oof_decision_function_: Any

    _parameter_constraints: ClassVar[dict[str, Any]] = {
        **BaseMLP._parameter_constraints,
        "loss": [StrOptions({"auto", *BinaryTarget.losses}), Loss],
        "label_smoothing": [Interval(Real, 0, 1, closed="left")],
        "class_weight": [dict, StrOptions({"balanced"}), None],
    }

    @available_if(_builders.supports_partial_fit)
    @fit_context(prefer_skip_nested_validation=False)  # `_partial_fit` reads the user's setting
    def partial_fit(self, X: Any, y: Any, sample_weight: Any = None, classes: Any = None) -> Self:
        """Train for one epoch on a batch of samples, continuing from the last call.

        The first call initialises the weights, unless the estimator is fitted. Parameters such as
        `learning_rate_init` may change between calls, but not the architecture and the loss. With
        a constant rate (in `TabularMLP*` also a number as `weight_decay`), n calls on the same data
        equal `fit` with ``max_iter=n``, bit for bit, also if the estimator is pickled in between.
        Callbacks are not called.

        Parameters
        ----------
        X : {array-like, sparse matrix, frame} of shape (n_samples, n_features)
            Training inputs, as for `fit`.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs), str or callable
            Targets, as for `fit`.
        sample_weight : array-like of shape (n_samples,), str or callable, default=None
            Weights of the samples, relative to 1. Unlike in `fit`, they are not divided by their
            mean, which may differ between batches.
        classes : array-like of shape (n_classes,), default=None
            All class labels of all calls (for several columns of labels, a list with those of
            each). Required at the first call, unless y is multilabel.

        Returns
        -------
        self : estimator
            The fitted estimator.

        Raises
        ------
        ValueError, TypeError
            If a parameter or the data are invalid; the estimator is left unchanged.
        """
        check_same_classes(vars(self).get("classes_"), classes)
        for message, category in self._partial_fit(X, y, sample_weight, classes):
            warnings.warn(message, category, stacklevel=3)
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
            For two classes, the score of the second; otherwise the scores of all classes or
            labels. For several columns of labels, a list with an array for each.
        """
        fitted = fitted_model(self, X)
        z: Array = fitted.predictions(fitted.spec.target.decision, fitted.outputs())
        return z

    @available_if(has_probabilities)
    def predict_proba(self, X: Any) -> Array:
        """Predict the probability of each class; only available for losses that give one.

        Parameters
        ----------
        X : {array-like, sparse matrix, frame} of shape (n_samples, n_features)
            The inputs, as for `fit`.

        Returns
        -------
        p : ndarray of shape (n_samples, n_classes), or a list of these
            Probabilities of the classes in the order of `classes_`, which sum to 1; for
            multilabel targets, the probability of each label. For several columns of labels, a
            list with an array for each.
        """
        fitted = fitted_model(self, X)
        target: Any = fitted.spec.target
        p: Array = fitted.predictions(target.proba, fitted.spec.loss, fitted.outputs())
        return p

    @available_if(has_probabilities)
    def predict_log_proba(self, X: Any) -> Array:
        """Predict the log-probability of each class, finite where the probability underflows to 0.

        Parameters
        ----------
        X : {array-like, sparse matrix, frame} of shape (n_samples, n_features)
            The inputs, as for `fit`.

        Returns
        -------
        log_p : ndarray of shape (n_samples, n_classes), or a list of these
            Logarithms of the probabilities that `predict_proba` returns.
        """
        fitted = fitted_model(self, X)
        target: Any = fitted.spec.target
        loss, z = fitted.spec.loss, fitted.outputs()
        log_p: Array = fitted.predictions(target.log_proba, loss, z, lowest=-np.inf)
        return log_p

    @available_if(has_probabilities)
    def predict_set(self, X: Any, *, coverage: float = 0.9, by_class: bool = False) -> Array:
        """Predict sets of classes that hold y with a given probability; needs a fit with `cv`.

        A class is in the set unless its probability, by the networks of a fold, is low beside those
        that these networks gave to the true classes of the training rows that they did not see: the
        CV+ form [1]_ with the score ``1 - p`` [2]_, whose sets are small and need no random
        numbers.

        Parameters
        ----------
        X : {array-like, sparse matrix, frame} of shape (n_samples, n_features)
            The inputs, as for `fit`.
        coverage : float, default=0.9
            The wanted probability, in (0, 1). With n training rows it can be at most n / (n + 1).
        by_class : bool, default=False
            Whether the coverage holds in each class, also in rare ones: then only the training rows
            of a class calibrate it.

        Returns
        -------
        sets : ndarray of bool of shape (n_samples, n_classes)
            Whether each class, in the order of `classes_`, is in the set of each row. A set may be
            empty, as no class is likely enough; some must be if the accuracy is above `coverage`.

        Raises
        ------
        ValueError
            If the estimator was fitted without `cv`, y has several columns, the folds do not hold
            out each row exactly once, or `coverage` is not in (0, 1) or too high for the number of
            rows (with `by_class`, of the rows of the rarest class).

        Notes
        -----
        With ``alpha = 1 - coverage`` and n training rows of positive weight, the class of a new row
        is in its set with a probability of at least ``1 - 2 alpha - sqrt(2 / n)``, and in practice
        of about ``1 - alpha``. This holds on average over training sets and new rows, not for
        each x, if

        - the training rows and the new row are exchangeable, for example independent draws from
          one distribution (no time series, no groups, no shift). Rows that are sorted need
          shuffled folds, ``cv=StratifiedKFold(5, shuffle=True, random_state=0)``: an integer does
          not shuffle;
        - no earlier step of a pipeline has learned from y, and scalers or encoders that have seen
          the rows of all folds do not depend much on each;
        - nothing was chosen on the rows that calibrate. With ``early_stopping=True`` the number of
          epochs is chosen on rows held back from the training rows of each fold. With
          ``early_stopping="cv"`` it is chosen on the fold itself, and the coverage is approximate.
          The same is true if other parameters were chosen by scores of the same rows.

        Folds that are stratified by class make the bound an approximation. Rows count once,
        whatever their weight.

        References
        ----------
        .. [1] Romano, Sesia and Candes (2020), "Classification with valid and adaptive coverage".
        .. [2] Sadinle, Lei and Wasserman (2019), "Least ambiguous set-valued classifiers with
           bounded error levels".

        Examples
        --------
        >>> from sklearn.datasets import load_iris
        >>> from sknn import MLPClassifier
        >>> X, y = load_iris(return_X_y=True)
        >>> settings = {"solver": "lbfgs", "alpha": 0.01, "max_iter": 1000, "random_state": 0}
        >>> model = MLPClassifier((8,), cv=5, **settings).fit(X, y)
        >>> model.predict_set([[5.0, 3.4, 1.5, 0.2]], coverage=0.95)
        array([[ True, False, False]])
        """
        fitted, calibration = calibrated_model(self, X, "predict_set")
        spec, target = fitted.spec, fitted.spec.target
        if calibration["scores"] is None:
            raise ValueError(
                "predict_set needs a single column of classes that exclude each other, and y was "
                f"{target.kind}. Fit an estimator for each column."
            )
        assert isinstance(target, BinaryTarget | MulticlassTarget)
        z = fitted.fold_outputs().astype(np.float64)
        scores = class_scores(np.stack([target.proba(spec.loss, one) for one in z]))
        labels = calibration["labels"]
        if by_class:
            check_class_coverage(coverage, labels, target.classes.tolist())
        return class_sets(
            scores,
            calibration["scores"],
            calibration["fold"],
            coverage,
            labels if by_class else None,
        )

    def predict_members(self, X: Any) -> Any:
        """Predict class probabilities, or raw outputs, with each member of the ensemble.

        Parameters
        ----------
        X : {array-like, sparse matrix, frame} of shape (n_samples, n_features)
            The inputs, as for `fit`.

        Returns
        -------
        p : ndarray of shape (n_members, n_samples, n_classes), or a list of these
            The result of `predict_proba` for each of the `n_members` networks (with `cv` but
            without `refit`, for those of all folds, fold after fold); for losses without
            probabilities, that of `decision_function`.
        """
        fitted = fitted_model(self, X)
        spec, target = fitted.spec, fitted.spec.target
        assert isinstance(target, ClassTarget)
        predictions = [
            fitted.predictions(target.proba, spec.loss, z)
            if spec.loss.has_probabilities
            else fitted.predictions(target.decision, z)
            for z in spec.split_members(fitted.member_outputs())
        ]
        if isinstance(predictions[0], list):
            return [np.stack(column) for column in zip(*predictions, strict=True)]
        return np.stack(predictions)

    def score(self, X: Any, y: Any, sample_weight: Any = None) -> float:
        """Return the accuracy: the fraction of rows with correct predictions in all columns of y.

        Parameters
        ----------
        X : {array-like, sparse matrix, frame} of shape (n_samples, n_features)
            The inputs, as for `fit`.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs), or str
            True labels, or the name of their column.
        sample_weight : array-like of shape (n_samples,) or str, default=None
            Weights of the samples, or the name of their column.

        Returns
        -------
        score : float
            Accuracy of `predict`.
        """
        check_is_fitted(self)
        X, y, sample_weight = split_columns(X, y, sample_weight)
        y = as_labels(y)
        if self._model_spec["target"] != MultioutputTarget.kind:
            score: float = super().score(X, y, scoring_weights(sample_weight, y))
            return score
        y = targets_to_score(y)
        return accuracy(y, self.predict(X), scoring_weights(sample_weight, y))

    def _default_score(self, spec: ModelSpec, z: Array, y: Array, w: Array | None) -> float:
        return accuracy(y, spec.decode(z), normalized_weights(w, "float64", relative=True))

    def __sklearn_tags__(self) -> Tags:
        """Declare that multilabel and multioutput targets are supported."""
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_label = True
        tags.target_tags.multi_output = True
        return tags

    def _training_settings(self, data: ValidatedData, loss: Loss) -> TrainingSettings:
        smoothing = 0.05 if loss.has_probabilities else 0.0
        if not isinstance(self.label_smoothing, str):
            smoothing = float(self.label_smoothing)
        if smoothing and not loss.has_probabilities:
            raise ValueError(
                f"label_smoothing smooths probabilities, which loss={self.loss!r} does not give. "
                "Use loss='log_loss' or 'brier', or set label_smoothing=0."
            )
        return replace(super()._training_settings(data, loss), label_smoothing=smoothing)

    def _check_fold(self, data: ValidatedData, rows: ValidatedData, target: Target) -> None:
        if not isinstance(target, BinaryTarget | MulticlassTarget):
            return
        found, expected = (
            len(np.unique(class_numbers(target.classes, some.y))) for some in (data, rows)
        )
        if found < expected:
            warnings.warn(
                f"Number of classes in training fold ({found}) does not match total number of "
                f"classes ({expected}). Use a cv that is stratified, or shuffled.",
                UserWarning,
                stacklevel=7,
            )

    def _target(self, y: Array, classes: Any = None, *, stream: bool = False) -> ClassTarget:
        return learn_classes(y, classes, stream=stream)

    def _class_weighting(
        self, data: ValidatedData, target: Target, *, stream: bool = False
    ) -> Callable[[ValidatedData], ValidatedData] | None:
        if self.class_weight is None:
            return None
        return class_weighting(self.class_weight, data, target, stream=stream)
