"""Regression: real targets and their scaling, predictions of members, and R2."""

import warnings
from collections.abc import Sequence
from numbers import Real
from typing import Any, ClassVar, Literal, Self, overload

import numpy as np
from sklearn.utils import Tags
from sklearn.utils.validation import check_consistent_length

from sknn.engine import Loss
from sknn.engine._typing import Array
from sknn.estimators import _builders
from sknn.estimators._messages import FitWarning, target_warnings
from sknn.estimators._model import ModelSpec
from sknn.estimators._prediction import calibrated_model, fitted_model
from sknn.estimators._sklearn_compat import (
    Interval,
    RegressorMixin,
    StrOptions,
    available_if,
    fit_context,
)
from sknn.estimators._validation.data import ValidatedData
from sknn.estimators._validation.floats import ignore_overflow
from sknn.estimators._validation.settings import as_floats
from sknn.estimators._validation.targets import targets_to_score
from sknn.estimators._validation.weights import scoring_weights
from sknn.estimators._validation_score import masked_r2_score, mean_masked_loss
from sknn.estimators.base import BaseMLP
from sknn.features.named_columns import split_columns
from sknn.targets import RealTarget, Target
from sknn.targets.conformal import interval_ends

#: Losses that need non-negative targets.
OF_POSITIVE_NUMBERS = ("poisson", "gamma")


class Regression(RegressorMixin, BaseMLP):
    """Base of the regressors."""

    quantile: float | Sequence[float]
    huber_delta: float
    standardize_y: bool

    _parameter_constraints: ClassVar[dict[str, Any]] = {
        **BaseMLP._parameter_constraints,
        "loss": [StrOptions({"auto", *RealTarget.losses}), Loss],
        "quantile": [Interval(Real, 0, 1, closed="neither"), "array-like"],
        "huber_delta": [Interval(Real, 0, None, closed="neither")],
        "standardize_y": ["boolean"],
    }

    @available_if(_builders.supports_partial_fit)
    @fit_context(prefer_skip_nested_validation=False)  # `_partial_fit` reads the user's setting
    def partial_fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:
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

        Returns
        -------
        self : estimator
            The fitted estimator.

        Raises
        ------
        ValueError, TypeError
            If a parameter or the data are invalid; the estimator is left unchanged.
        """
        for message, category in self._partial_fit(X, y, sample_weight, None):
            warnings.warn(message, category, stacklevel=3)
        return self

    @overload
    def predict(self, X: Any, return_std: Literal[False] = False) -> Array: ...

    @overload
    def predict(self, X: Any, return_std: Literal[True]) -> tuple[Array, Array]: ...

    def predict(self, X: Any, return_std: bool = False) -> Any:
        """Predict the targets.

        Parameters
        ----------
        X : {array-like, sparse matrix, frame} of shape (n_samples, n_features)
            The inputs, as for `fit`.
        return_std : bool, default=False
            Whether to return the standard deviation over the networks as well; needs several, by
            `n_members` or `cv`. It says how far the networks differ, not how far y may be from the
            prediction; see the notes.

        Returns
        -------
        y : ndarray of shape (n_samples,) or (n_samples, n_outputs)
            Output activations, averaged over the members. Several quantiles are the last axis:
            (n_samples, n_quantiles) or (n_samples, n_outputs, n_quantiles).
        std : ndarray of the same shape
            Standard deviation of the networks' predictions; only if `return_std`.

        Raises
        ------
        ValueError
            If `return_std` is True and there is a single network.

        Notes
        -----
        ``mean - z * std`` to ``mean + z * std`` is no prediction interval: the members share the
        noise of y and the training rows, and none of that is in `std`. With z for 90 %, it covered
        11 to 34 % of the test rows. For an interval, fit with ``cv=5`` and use `predict_interval`.
        """
        fitted = fitted_model(self, X)
        spec = fitted.spec
        if not return_std:
            return fitted.predictions(spec.decode, fitted.outputs())
        if spec.n_members == 1:
            raise ValueError(
                "return_std=True needs several networks that predict, got n_members=1. Fit with "
                "n_members=8, for example, or with cv=5 and refit=False."
            )
        members = np.stack([spec.decode(z) for z in fitted.member_outputs()])
        return fitted.predictions(members.mean, 0), fitted.predictions(members.std, 0)

    def predict_members(self, X: Any) -> Array:
        """Predict the targets with each member of the ensemble.

        Parameters
        ----------
        X : {array-like, sparse matrix, frame} of shape (n_samples, n_features)
            The inputs, as for `fit`.

        Returns
        -------
        y : ndarray of shape (n_members, n_samples) or more
            The result of `predict` for each of the `n_members` networks; with `cv` but without
            `refit`, for those of all folds, fold after fold.
        """
        fitted = fitted_model(self, X)
        members = fitted.spec.split_members(fitted.member_outputs())
        return np.stack([fitted.predictions(fitted.spec.decode, z) for z in members])

    def predict_interval(self, X: Any, *, coverage: float = 0.9) -> Array:
        """Predict intervals that cover y with a given probability; needs a fit with `cv`.

        The intervals are those of CV+ [1]_: the predictions of the networks of each fold, plus and
        minus the absolute residuals of the training rows that these networks did not see. If the
        loss is "quantile" with several quantiles, the lowest and the highest are calibrated instead
        [2]_, and the width of the intervals varies more from row to row.

        Parameters
        ----------
        X : {array-like, sparse matrix, frame} of shape (n_samples, n_features)
            The inputs, as for `fit`.
        coverage : float, default=0.9
            The wanted probability, in (0, 1), of each output. With n training rows it can be at
            most n / (n + 1).

        Returns
        -------
        ends : ndarray of shape (n_samples, 2) or (n_samples, n_outputs, 2)
            Lower and upper ends, in the units of y; 0 or more for "poisson" and "gamma".

        Raises
        ------
        ValueError
            If the estimator was fitted without `cv`, the folds do not hold out each row exactly
            once, or `coverage` is not in (0, 1) or too high for the number of rows.

        Notes
        -----
        With ``alpha = 1 - coverage`` and n training rows of positive weight, y of a new row is in
        its interval with a probability of at least ``1 - 2 alpha - sqrt(2 / n)``, and in practice
        of about ``1 - alpha``. This holds on average over training sets and new rows, not for
        each x, if

        - the training rows and the new row are exchangeable, for example independent draws from
          one distribution (no time series, no groups, no shift). Rows that are sorted need
          shuffled folds, ``cv=KFold(5, shuffle=True, random_state=0)``: an integer does not
          shuffle;
        - no earlier step of a pipeline has learned from y, and scalers or encoders that have seen
          the rows of all folds do not depend much on each;
        - nothing was chosen on the rows that calibrate. With ``early_stopping=True`` the number of
          epochs is chosen on rows held back from the training rows of each fold. With
          ``early_stopping="cv"`` it is chosen on the fold itself, and the coverage is approximate.
          The same is true if other parameters were chosen by scores of the same rows.

        Rows count once, whatever their weight.

        References
        ----------
        .. [1] Barber, Candes, Ramdas and Tibshirani (2021), "Predictive inference with the
           jackknife+".
        .. [2] Romano, Patterson and Candes (2019), "Conformalized quantile regression".

        Examples
        --------
        >>> import numpy as np
        >>> from sknn import MLPRegressor
        >>> rng = np.random.RandomState(0)
        >>> X = rng.uniform(-1, 1, (200, 1))
        >>> y = X[:, 0] + rng.normal(0, 0.1, 200)
        >>> model = MLPRegressor((16,), solver="lbfgs", cv=5, random_state=0).fit(X, y)
        >>> model.predict_interval([[0.5]], coverage=0.9).round(1)
        array([[0.3, 0.6]])
        """
        fitted, calibration = calibrated_model(self, X, "predict_interval")
        loss = fitted.spec.loss
        z = fitted.fold_outputs()
        predictions = np.stack([fitted.spec.decode(one) for one in z]).astype(np.float64)
        predictions = predictions.reshape(*z.shape[:2], -1, loss.units_per_output)
        lower, upper = predictions.min(axis=-1), predictions.max(axis=-1)
        scores, fold = calibration["scores"], calibration["fold"]
        ends = []
        for j, column in enumerate(scores.T):
            known = ~np.isnan(column)
            ends.append(
                interval_ends(lower[..., j], upper[..., j], column[known], fold[known], coverage)
            )
        result = np.maximum(np.stack(ends, axis=1), loss.interval_y_true[0])
        result = _rounded_outwards(result, fitted.dtype)
        return result[:, 0] if len(ends) == 1 else result

    def score(self, X: Any, y: Any, sample_weight: Any = None) -> float:
        """Return R2, the coefficient of determination.

        Unknown targets (NaN among several columns) are ignored. For several quantiles, the score
        is the negative mean pinball loss.

        Parameters
        ----------
        X : {array-like, sparse matrix, frame} of shape (n_samples, n_features)
            The inputs, as for `fit`.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs), or str
            True targets, or the name of their column.
        sample_weight : array-like of shape (n_samples,) or str, default=None
            Weights of the samples, or the name of their column.

        Returns
        -------
        score : float
            R2 of `predict`, averaged over the columns of y.
        """
        X, y, sample_weight = split_columns(X, y, sample_weight)
        y = targets_to_score(y, numeric=True)
        w = scoring_weights(sample_weight, y)
        fitted = fitted_model(self, X)
        z = fitted.outputs()
        check_consistent_length(z, y)
        return self._default_score(fitted.spec, z, y, w)

    def _default_score(self, spec: ModelSpec, z: Array, y: Array, w: Array | None) -> float:
        with ignore_overflow():  # the worst score is minus infinity
            if spec.loss.units_per_output > 1:
                Y = spec.encode_targets(ValidatedData(None, y, w), "y")
                return -mean_masked_loss(spec, z, Y, w)
            return masked_r2_score(y, spec.decode(z), w)

    def __sklearn_tags__(self) -> Tags:
        """Declare that multioutput targets are supported."""
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        tags.target_tags.positive_only = (
            isinstance(self.loss, str) and self.loss in OF_POSITIVE_NUMBERS
        )
        return tags

    def _target(self, y: Array, classes: Any = None, *, stream: bool = False) -> RealTarget:
        """Return the target for the number of columns of y."""
        if not stream:
            unknown = np.flatnonzero(np.isnan(y.reshape(len(y), -1)).all(axis=0))
            if unknown.size:
                raise ValueError(
                    f"No target is known in column {unknown[0]} of y: all are NaN. Drop the column."
                )
        return RealTarget(1 if y.ndim == 1 else y.shape[1])

    def _check_fold(self, data: ValidatedData, rows: ValidatedData, target: Target) -> None:
        self._target(data.y)

    def _check_targets(self, data: ValidatedData, loss: Loss) -> None:
        if loss.out_activation != "exp" or loss.interval_y_true != (0.0, True):
            return
        empty = np.flatnonzero((data.moments.lowest == 0) & (data.moments.highest == 0))
        if empty.size:
            column = f"column {empty[0]} of y" if data.y.ndim > 1 else "y"
            raise ValueError(
                f"loss={self.loss!r} needs targets whose sum is above 0, but {column} holds zeros "
                "only in the training rows: the best constant prediction, 0, has no logarithm. "
                "Drop these targets, or use loss='squared_error'."
            )

    def _target_warnings(self, target: Target, data: ValidatedData) -> list[FitWarning]:
        if self.standardize_y or not isinstance(target, RealTarget):
            return []
        name = self._loss_name(target)
        loss = target.loss(name, self._loss_settings(name))
        standardized = target.standardized(data.moments, loss)
        return target_warnings(
            standardized,
            loss,
            mean_is_free=self._fits_intercept_first,
            large_is_free=not _builders.is_stochastic(self),
        )

    def _scaled_target(self, target: Target, data: ValidatedData) -> Target:
        if not (self.standardize_y and isinstance(target, RealTarget)):
            return target
        name = self._loss_name(target)
        return target.standardized(data.moments, target.loss(name, self._loss_settings(name)))

    def _loss_settings(self, name: str | Loss) -> dict[str, Any]:
        if name == "quantile":
            return {"quantiles": as_floats(self.quantile)}
        return {"delta": float(self.huber_delta)} if name == "huber" else {}


def _rounded_outwards(ends: Array, dtype: str) -> Array:
    """Convert the ends of intervals, so that none becomes narrower.

    Raises
    ------
    ValueError
        If a finite end overflows.
    """
    with ignore_overflow():
        rounded = ends.astype(dtype)
        beyond = np.nextafter(rounded, np.array([-np.inf, np.inf], dtype))
        narrower = np.stack([rounded[..., 0] > ends[..., 0], rounded[..., 1] < ends[..., 1]], -1)
        rounded = np.where(narrower, beyond, rounded)
    if (np.isinf(rounded) & np.isfinite(ends)).any():
        raise ValueError(
            f"The ends of intervals overflow {dtype}. Set dtype='float64', or divide y by a "
            "constant."
        )
    return rounded
