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
from sknn.estimators._early_stopping import masked_r2_score, mean_masked_loss
from sknn.estimators._messages import FitWarning, target_warnings
from sknn.estimators._sklearn_compat import (
    Interval,
    RegressorMixin,
    StrOptions,
    available_if,
    fit_context,
)
from sknn.estimators._validation.data import (
    ValidatedData,
    ignore_overflow,
    scoring_weights,
)
from sknn.estimators._validation.settings import as_floats
from sknn.estimators._validation.targets import targets_to_score
from sknn.estimators.base import BaseMLP
from sknn.targets import RealTarget, Target

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
        a constant rate, n calls on the same data equal `fit` with ``max_iter=n``, bit for bit, also
        if the estimator is pickled in between. Callbacks are not called.

        Parameters
        ----------
        X : {array-like, sparse matrix, frame} of shape (n_samples, n_features)
            Training inputs, as for `fit`.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            Targets, as for `fit`.
        sample_weight : array-like of shape (n_samples,), default=None
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
            Whether to return the standard deviation over the members as well; needs
            ``n_members > 1``. It says how far the networks differ, not how far y may be from the
            prediction; see the notes.

        Returns
        -------
        y : ndarray of shape (n_samples,) or (n_samples, n_outputs)
            Output activations, averaged over the members. Several quantiles are the last axis:
            (n_samples, n_quantiles) or (n_samples, n_outputs, n_quantiles).
        std : ndarray of the same shape
            Standard deviation of the members' predictions; only if `return_std`.

        Raises
        ------
        ValueError
            If `return_std` is True and there is a single network.

        Notes
        -----
        ``mean - z * std`` to ``mean + z * std`` is no prediction interval: the members share the
        noise of y and the training rows, and none of that is in `std`. With z for 90 %, it covered
        11 to 34 % of the test rows. For an interval, fit with
        ``loss="quantile", quantile=[0.05, 0.95]``.
        """
        fitted = self._fitted_model(X)
        spec = fitted.spec
        if not return_std:
            return fitted.predictions(spec.decode, fitted.outputs())
        if spec.n_members == 1:
            raise ValueError(
                "return_std=True needs several members, got n_members=1. Fit with n_members=8, for "
                "example."
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
            The result of `predict` for each of the `n_members` networks.
        """
        fitted = self._fitted_model(X)
        members = fitted.spec.split_members(fitted.member_outputs())
        return np.stack([fitted.predictions(fitted.spec.decode, z) for z in members])

    def score(self, X: Any, y: Any, sample_weight: Any = None) -> float:
        """Return R2, the coefficient of determination.

        Unknown targets (NaN among several columns) are ignored. For several quantiles, the score
        is the negative mean pinball loss.

        Parameters
        ----------
        X : {array-like, sparse matrix, frame} of shape (n_samples, n_features)
            The inputs, as for `fit`.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            True targets.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the samples.

        Returns
        -------
        score : float
            R2 of `predict`, averaged over the columns of y.
        """
        y = targets_to_score(y, numeric=True)
        w = scoring_weights(sample_weight, y)
        fitted = self._fitted_model(X)
        spec, z = fitted.spec, fitted.outputs()
        check_consistent_length(z, y)
        with ignore_overflow():  # the worst score is minus infinity
            if spec.loss.units_per_output > 1:
                Y = spec.encode_targets(ValidatedData(X, y, w), "y")
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

    def _check_targets(self, data: ValidatedData, loss: Loss) -> None:
        if loss.out_activation != "exp" or loss.interval_y_true != (0.0, True):
            return
        empty = np.flatnonzero(~np.nan_to_num(data.y.reshape(len(data.y), -1)).any(axis=0))
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
        standardized = target.standardized(data.y, data.w, loss)
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
        return target.standardized(data.y, data.w, target.loss(name, self._loss_settings(name)))

    def _loss_settings(self, name: str | Loss) -> dict[str, Any]:
        if name == "quantile":
            return {"quantiles": as_floats(self.quantile)}
        return {"delta": float(self.huber_delta)} if name == "huber" else {}
