"""Adversarial examples: small perturbations that increase the loss."""

from collections.abc import Callable, Mapping
from numbers import Integral, Real
from typing import Any, NamedTuple

import numpy as np
from sklearn.utils.validation import check_consistent_length

from sknn.engine import iter_batches
from sknn.engine._typing import Array
from sknn.estimators._fitted_model import FittedModel, ModelPart
from sknn.estimators._model import ModelSpec
from sknn.estimators._prediction import fitted_model
from sknn.estimators._validation.data import ValidatedData
from sknn.estimators._validation.targets import targets_to_score
from sknn.inspection._fitted_network import check_network
from sknn.inspection.gradients import sum_members
from sknn.targets import BinaryTarget, MulticlassTarget, RealTarget, Target

#: All steps of an iterated attack together are this multiple of epsilon long, so that the boundary
#: is reached and can be followed.
RELATIVE_PATH_LENGTH = 2.5


class Norm(NamedTuple):
    """Steepest ascent and projection for a norm, applied to each row of a matrix."""

    steepest: Callable[[Array], Array]  # for each row g the r of norm 1 with the largest g @ r
    project: Callable[[Array, float], Array]  # the nearest rows of norm at most epsilon


def _lengths(r: Array) -> Array:
    """Return the Euclidean length of each row, without overflow, as a column; 1 for 0."""
    largest = np.abs(r).max(axis=1, keepdims=True)
    largest[largest == 0] = 1
    return largest * np.maximum(np.linalg.norm(r / largest, axis=1, keepdims=True), 1)


NORMS: Mapping[str, Norm] = {
    "inf": Norm(np.sign, lambda r, epsilon: np.clip(r, -epsilon, epsilon)),
    "2": Norm(
        lambda g: g / _lengths(g), lambda r, epsilon: r * np.minimum(1, epsilon / _lengths(r))
    ),
}


def adversarial(
    estimator: Any,
    X: Any,
    y: Any = None,
    *,
    epsilon: float,
    norm: Any = "inf",
    steps: int = 1,
    target: Any = None,
    bounds: tuple[Any, Any] | None = None,
) -> Array:
    """Return inputs near X that increase the loss of the model.

    One step of length `epsilon` along the gradient of the loss (along its sign for the norm "inf")
    is the fast gradient sign method [1]_. Several steps, each followed by the projection onto the
    ball of radius `epsilon`, are projected gradient descent [2]_, here without a random start; each
    is ``min(1, 2.5 / steps) * epsilon`` long.

    Parameters
    ----------
    estimator : MLPClassifier or MLPRegressor
        A fitted estimator.
    X : array-like of shape (n_samples, n_features)
        The inputs.
    y : array-like of shape (n_samples,) or (n_samples, n_outputs), default=None
        The true targets, whose loss is increased. None: the predictions, for classifiers only.
    epsilon : float
        Largest norm of the perturbation, in the units of X; 0 returns X.
    norm : {"inf", "2"}, default="inf"
        The largest change of an input, or the Euclidean length of all changes of a sample.
    steps : int, default=1
        Number of gradient steps.
    target : label, number or array-like, default=None
        Targets whose loss is decreased, instead of increasing that of y: one for all or for each.
    bounds : tuple (low, high), default=None
        Range of valid inputs, such as (0, 1) for images: numbers, or arrays of shape (n_features,).

    Returns
    -------
    X_adversarial : ndarray of shape (n_samples, n_features)
        ``X + r`` with ``norm(r) <= epsilon``.

    Raises
    ------
    TypeError
        If the estimator is of another class, or X is sparse. Tabular estimators are not supported:
        categories cannot be perturbed, and one epsilon does not suit columns in different units.
    ValueError
        If a parameter is invalid, or X is outside the bounds.

    Notes
    -----
    The losses of several members are averaged. Where the loss of a classifier is flat, as hinge
    losses are beyond the margin, the raw outputs are moved away from y.

    References
    ----------
    .. [1] Goodfellow, Shlens and Szegedy (2015), "Explaining and Harnessing Adversarial Examples".
    .. [2] Madry, Makelov, Schmidt, Tsipras and Vladu (2018), "Towards Deep Learning Models
       Resistant to Adversarial Attacks".

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from sknn import MLPClassifier
    >>> from sknn.inspection import adversarial
    >>> X, y = load_digits(return_X_y=True)
    >>> quick = {"learning_rate": "one_cycle", "learning_rate_init": 0.01, "max_iter": 10}
    >>> model = MLPClassifier((32,), random_state=0, **quick).fit(X, y)
    >>> X_adversarial = adversarial(model, X, y, epsilon=2, bounds=(0, 16))
    >>> bool(model.score(X, y) > 0.9), bool(model.score(X_adversarial, y) < 0.5)
    (True, True)
    """
    fitted = fitted_model(check_network(estimator, "adversarial"), X)
    part = fitted.parts[0]
    X = _dense_inputs(part)
    _check_settings(epsilon, norm, steps)
    low, high = _bounds(bounds, X)
    Y, sign = _targets(fitted, y, target)
    ball, step = NORMS[str(norm)], sign * min(1, RELATIVE_PATH_LENGTH / steps) * float(epsilon)
    r = np.zeros_like(X)
    for _ in range(steps):
        r = r + step * ball.steepest(_input_gradients(part, X + r, Y, increase=sign > 0))
        r = np.clip(X + ball.project(r, float(epsilon)), low, high) - X
    return np.clip(X + r, low, high)


def _dense_inputs(part: ModelPart) -> Array:
    """Return the inputs as a dense array of floats."""
    if part.spec.inputs is not None:
        raise TypeError(
            "adversarial needs an MLPClassifier or MLPRegressor, got a tabular estimator: "
            "categories cannot be perturbed, and one epsilon does not suit columns in different "
            "units."
        )
    X = part.X
    if not isinstance(X, np.ndarray):
        raise TypeError("adversarial needs a dense array, got a sparse matrix: pass X.toarray().")
    return X if X.dtype.kind == "f" else X.astype(np.float64)


def _check_settings(epsilon: Any, norm: Any, steps: Any) -> None:
    if not (isinstance(epsilon, Real) and 0 <= float(epsilon) < np.inf):
        raise ValueError(f"epsilon must be a finite number of at least 0, got {epsilon!r}.")
    if str(norm) not in NORMS:
        raise ValueError(f"norm must be one of {list(NORMS)}, got {norm!r}.")
    if not isinstance(steps, Integral) or isinstance(steps, bool) or steps < 1:
        raise ValueError(f"steps must be an integer of at least 1, got {steps!r}.")


def _bounds(bounds: Any, X: Array) -> tuple[Any, Any]:
    """Return the range of valid inputs, in the dtype of X."""
    if bounds is None:
        return -np.inf, np.inf
    if not (isinstance(bounds, tuple | list) and len(bounds) == 2):
        raise ValueError(f"bounds must be a pair (low, high), got {bounds!r}.")
    low, high = (np.asarray(bound, X.dtype) for bound in bounds)
    outside = (np.clip(X, low, high) != X).any(axis=1)
    if outside.any():
        raise ValueError(
            f"X is outside the bounds in {outside.sum()} rows, the first at index "
            f"{outside.argmax()}. Clip X, or widen the bounds."
        )
    return low, high


def _targets(fitted: FittedModel, y: Any, target: Any) -> tuple[Array, float]:
    """Return the encoded targets, and 1.0 to increase their loss, -1.0 to decrease it."""
    spec, X = fitted.spec, fitted.parts[0].X
    is_regression = isinstance(spec.target, RealTarget)
    if y is not None and target is not None:
        raise ValueError("Got both y and target: give y to increase its loss, or target.")
    if target is not None:
        y = _broadcast_target(spec.target, target, X.shape[0])
    elif y is None and is_regression:
        raise ValueError("A regressor needs y or target, got neither.")
    elif y is None:
        y = spec.decode(fitted.outputs())
    y = targets_to_score(y, numeric=is_regression)
    check_consistent_length(X, y)
    Y = spec.encode_targets(ValidatedData(X, y, None), "y")
    return Y, 1.0 if target is None else -1.0


def _broadcast_target(y: Target, target: Any, n: int) -> Array:
    """Return one target for each of n samples."""
    columns = len(getattr(y, "columns", range(y.n_outputs)))
    single = y.kind in (BinaryTarget.kind, MulticlassTarget.kind) or columns == 1
    shape = (n,) if single else (n, columns)
    try:
        return np.broadcast_to(np.asarray(target), shape)
    except ValueError as error:
        actual = np.shape(target)
        raise ValueError(f"target must broadcast to shape {shape}, got shape {actual}.") from error


def _input_gradients(part: ModelPart, X: Array, Y: Array, *, increase: bool) -> Array:
    """Return the gradient of each sample's loss by its inputs, times a positive factor."""
    network, spec = part.network, part.spec
    batches, start = [], 0
    for u in iter_batches(network, X, spec.dtype, part.check):
        rows = slice(start, start + len(u))
        values = network.trace(u)
        z = values[-1].astype(np.float64)
        dz = _normalized_loss_gradient(spec, z, Y[rows], increase=increase)
        batches.append(sum_members(network.gradients(values, dz.astype(u.dtype))[0]))
        start = rows.stop
    return np.concatenate(batches).astype(X.dtype, copy=False)


def _normalized_loss_gradient(spec: ModelSpec, z: Array, Y: Array, *, increase: bool) -> Array:
    """Return dL/dZ / max |dL/dZ| of each sample, in float64 so that it does not underflow."""
    dz = spec.loss_for(Y).gradient(z, Y.astype(np.float64))
    others = tuple(axis for axis in range(dz.ndim) if axis != dz.ndim - 2)
    largest = np.abs(dz).max(axis=others, keepdims=True)
    dz = dz / np.where(largest > 0, largest, 1)
    if not (increase and hasattr(spec.target, "classes")):
        return dz
    away_from_y = np.where(np.mean(spec.loss.codes) < Y, -1.0, 1.0)
    return np.where(largest > 0, dz, away_from_y)
