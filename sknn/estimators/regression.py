"""What regressors share: real numbers, their units and their scores."""

from numbers import Real
from typing import Any, ClassVar, Self

import numpy as np
from sklearn.base import RegressorMixin
from sklearn.utils import Tags
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import check_consistent_length, check_is_fitted

from sknn.engine import Loss
from sknn.engine._typing import Array
from sknn.estimators import _builders as parts
from sknn.estimators import _validation
from sknn.estimators._early_stopping import masked_r2_score, mean_masked_loss
from sknn.estimators._fit import partial_fit, transact
from sknn.estimators._messages import warn_of
from sknn.estimators._sklearn_compat import Interval, StrOptions, fit_context
from sknn.estimators.base import BaseMLP
from sknn.estimators.reach import checked_finite, ignore_overflow
from sknn.targets import RealTarget, Target

#: Losses whose targets must not be negative.
OF_POSITIVE_NUMBERS = ("poisson", "gamma")


class Regression(RegressorMixin, BaseMLP):
    """A multilayer perceptron for real numbers."""

    _parameter_constraints: ClassVar[dict[str, Any]] = {
        **BaseMLP._parameter_constraints,
        "loss": [StrOptions({"auto", *RealTarget.losses}), Loss],
        "quantile": [Interval(Real, 0, 1, closed="neither"), "array-like"],
        "huber_delta": [Interval(Real, 0, None, closed="neither")],
        "standardize_y": ["boolean"],
    }

    @available_if(parts.learns_streams)
    @fit_context(prefer_skip_nested_validation=False)  # so that the user's setting can be seen
    def partial_fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:
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

        Returns
        -------
        self : estimator
            The estimator.

        Raises
        ------
        ValueError, TypeError
            If a parameter or the data cannot be used; the estimator is left as it was.
        """
        history = transact(self, partial_fit, X, y, sample_weight, None)
        warn_of(history, stacklevel=3, solver=parts.solver_name(self), out_of_epochs=False)
        return self

    def predict(self, X: Any, return_std: bool = False) -> Any:
        """Predict the targets.

        Parameters
        ----------
        X : {array-like, sparse matrix, frame} of shape (n_samples, n_features)
            The inputs, as for `fit`.
        return_std : bool, default=False
            Whether to tell how far the members are apart, too; needs two or more.

        Returns
        -------
        y : ndarray of shape (n_samples,) or (n_samples, n_outputs)
            The output activations, the mean of all members', in the type of the network (float64
            with `standardize_y`); several quantiles come last, (n_samples, n_quantiles) or
            (n_samples, n_outputs, n_quantiles).
        std : ndarray of the same shape
            The standard deviation of the members' predictions; only if `return_std`.

        Raises
        ------
        ValueError
            If `return_std` is asked of a single network.
        """
        if not return_std:
            return super().predict(X)
        check_is_fitted(self)
        if self._model_spec["n_members"] == 1:
            raise ValueError(
                "return_std=True needs members that differ: fit with n_members=8, for example."
            )
        predictions = self.predict_members(X)
        return checked_finite(predictions.mean, 0), checked_finite(predictions.std, 0)

    def predict_members(self, X: Any) -> Array:
        """Predict the targets with each member by itself.

        Parameters
        ----------
        X : {array-like, sparse matrix, frame} of shape (n_samples, n_features)
            The inputs, as for `fit`.

        Returns
        -------
        y : ndarray of shape (n_members, n_samples) or more
            For each of the `n_members` networks what `predict` would return.
        """
        z, spec = self._member_outputs(X)
        return np.stack([spec.predictions(one) for one in spec.each(z)])

    def score(self, X: Any, y: Any, sample_weight: Any = None) -> float:
        """Return R2, the share of the variance that the predictions explain.

        Targets that are not known (NaN among several columns) are left out.

        Several quantiles have no R2: their score is minus the mean pinball loss, so that higher is
        better here too.

        Parameters
        ----------
        X : {array-like, sparse matrix, frame} of shape (n_samples, n_features)
            The inputs, as for `fit`.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            The targets.
        sample_weight : array-like of shape (n_samples,), default=None
            How much each sample counts.

        Returns
        -------
        score : float
        """
        y = _validation.scored(y, numeric=True)
        w = _validation.scoring_weights(sample_weight, y)
        z, spec = self._raw_predict(X)
        check_consistent_length(z, y)
        Y = (
            spec.targets(_validation.ValidatedData(X, y, w), "y")
            if spec.loss.units_per_output > 1
            else y
        )
        with ignore_overflow():  # the worst score is minus infinity
            if spec.loss.units_per_output > 1:
                return -mean_masked_loss(spec, z, Y, w)
            return masked_r2_score(y, spec.predictions(z), w)

    def __sklearn_tags__(self) -> Tags:
        """Say that several targets at once are welcome."""
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        tags.target_tags.positive_only = (
            isinstance(self.loss, str) and self.loss in OF_POSITIVE_NUMBERS
        )
        return tags

    def _new_target(self, y: Array) -> RealTarget:
        ignore_overflow = np.flatnonzero(np.isnan(y.reshape(len(y), -1)).all(axis=0))
        if ignore_overflow.size:
            raise ValueError(
                f"No target is known in column {ignore_overflow[0]} of y: all are NaN."
            )
        return self._new_stream_target(y, None)

    def _new_stream_target(self, y: Array, classes: Any) -> RealTarget:
        return RealTarget(1 if y.ndim == 1 else y.shape[1])

    def _fitted_target(self) -> RealTarget:
        return RealTarget(self._model_spec["n_outputs"], **self._model_spec["target_settings"])

    def _standardized(self, target: Target, rows: _validation.ValidatedData) -> Target:
        if not (self.standardize_y and isinstance(target, RealTarget)):
            return target
        settings = self._loss_settings().get(str(target.loss_name(self.loss)), {})
        return target.standardized(
            rows.y, rows.w, target.loss(target.loss_name(self.loss), settings)
        )

    def _loss_settings(self) -> dict[str, dict[str, Any]]:
        levels = _validation.numbers(self.quantile)
        return {"quantile": {"quantiles": levels}, "huber": {"delta": float(self.huber_delta)}}
