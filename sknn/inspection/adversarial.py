"""Adversarial inputs: the smallest changes that a model minds the most."""

from numbers import Integral, Real
from typing import Any

import numpy as np
from sklearn.utils.validation import check_consistent_length

from sknn.engine import iter_batches
from sknn.engine._typing import Array
from sknn.estimators._model import FittedModel, ModelSpec
from sknn.estimators._validation.data import ValidatedData
from sknn.estimators._validation.targets import targets_to_score
from sknn.inspection.gradients import total_blame
from sknn.inspection.models import need_network
from sknn.inspection.norms import NORMS
from sknn.targets import BinaryTarget, MulticlassTarget, RealTarget, Target

#: The steps of several are this share of epsilon together, so that the edge is reached, and
#: walked along.
REACH = 2.5


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
    """Return inputs near X that the model is wrong about.

    One step of length `epsilon` along the gradient of the loss (its sign, for the norm "inf") is
    the fast gradient sign method [1]_. Several steps, each followed by the way back to no more
    than `epsilon`, are its iterated form [2]_, without a random start; a step is
    ``min(1, 2.5 / steps) * epsilon`` long.

    Parameters
    ----------
    estimator : MLPClassifier or MLPRegressor
        Fitted.
    X : array-like of shape (n_samples, n_features)
        The inputs.
    y : array-like of shape (n_samples,) or (n_samples, n_outputs), default=None
        What is right, which the model is led away from. None: what it predicts; a regressor needs
        y.
    epsilon : float
        How large a change may be, in the units of X; 0 gives X.
    norm : {"inf", "2"}, default="inf"
        What is bounded: the change of every input, or the Euclidean length of all changes of a
        sample.
    steps : int, default=1
        How many steps are made.
    target : label, number or array-like, default=None
        What the model is led towards, in place of away from y: one for all samples, or one for
        each.
    bounds : tuple (low, high), default=None
        What inputs may be: numbers, or arrays of shape (n_features,). For images (0, 1) or (0, 16).

    Returns
    -------
    X_adversarial : ndarray of shape (n_samples, n_features)
        ``X + r`` with ``|r| <= epsilon``.

    Raises
    ------
    TypeError
        If the estimator is another, or X sparse. A table's categories cannot be moved a little, and
        one epsilon for columns in different units means nothing.
    ValueError
        If a parameter makes no sense, or X is outside the bounds.

    Notes
    -----
    With several members their losses are averaged. Where a loss is flat, as hinge losses are beyond
    the margin, the raw outputs are pushed away from y all the same.

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
    >>> fooled = adversarial(model, X, y, epsilon=2, bounds=(0, 16))
    >>> bool(model.score(X, y) > 0.9), bool(model.score(fooled, y) < 0.5)
    (True, True)
    """
    fitted = need_network(estimator, "adversarial")._fitted_model(X)
    X = _numbers(fitted)
    _check_settings(epsilon, norm, steps)
    low, high = _bounds(bounds, X)
    Y, sign = _goal(fitted, y, target)
    measure, step = NORMS[str(norm)], sign * min(1, REACH / steps) * float(epsilon)
    r = np.zeros_like(X)
    for _ in range(steps):
        r = r + step * measure.step(_slopes(fitted, X + r, Y, away=sign > 0))
        r = np.clip(X + measure.within(r, float(epsilon)), low, high) - X
    return np.clip(X + r, low, high)


def _numbers(fitted: FittedModel) -> Array:
    """Return the inputs as a dense array of floats."""
    if fitted.spec.inputs is not None:
        raise TypeError(
            "adversarial is for MLPClassifier and MLPRegressor: a table's categories cannot be "
            "moved a little, and one epsilon for columns in different units means nothing."
        )
    X = fitted.X
    if not isinstance(X, np.ndarray):
        raise TypeError("adversarial changes every input: pass a dense array, X.toarray().")
    return X if X.dtype.kind == "f" else X.astype(np.float64)


def _check_settings(epsilon: Any, norm: Any, steps: Any) -> None:
    """Refuse what makes no sense."""
    if not (isinstance(epsilon, Real) and 0 <= float(epsilon) < np.inf):
        raise ValueError(f"epsilon must be a finite number of at least 0, got {epsilon!r}.")
    if str(norm) not in NORMS:
        raise ValueError(f"norm must be one of {list(NORMS)}, got {norm!r}.")
    if not isinstance(steps, Integral) or isinstance(steps, bool) or steps < 1:
        raise ValueError(f"steps must be an integer of at least 1, got {steps!r}.")


def _bounds(bounds: Any, X: Array) -> tuple[Any, Any]:
    """Return what inputs may be, in the type of X."""
    if bounds is None:
        return -np.inf, np.inf
    if not (isinstance(bounds, tuple | list) and len(bounds) == 2):
        raise ValueError(f"bounds must be a pair (low, high), got {bounds!r}.")
    low, high = (np.asarray(bound, X.dtype) for bound in bounds)
    outside = (np.clip(X, low, high) != X).any(axis=1)
    if outside.any():
        raise ValueError(
            f"X is outside the bounds in {outside.sum()} rows, the first of them row "
            f"{outside.argmax()} (counted from 0)."
        )
    return low, high


def _goal(fitted: FittedModel, y: Any, target: Any) -> tuple[Array, float]:
    """Return what the loss compares with, and whether it is to rise (1) or to fall (-1)."""
    spec, n = fitted.spec, fitted.X.shape[0]
    of_numbers = isinstance(spec.target, RealTarget)
    if y is not None and target is not None:
        raise ValueError("Give y to lead away from it, or target to lead towards it, not both.")
    if target is not None:
        y = _for_each_sample(spec.target, target, n)
    elif y is None and of_numbers:
        raise ValueError("A regressor predicts no class to lead away from: give y, or target.")
    elif y is None:
        y = spec.decode(fitted.outputs())
    y = targets_to_score(y, numeric=of_numbers)
    check_consistent_length(fitted.X, y)
    return spec.encode_targets(
        ValidatedData(fitted.X, y, None), "y"
    ), 1.0 if target is None else -1.0


def _for_each_sample(y: Target, target: Any, n: int) -> Array:
    """Return the same goal for each of n samples, unless it is one for each already."""
    columns = len(getattr(y, "columns", range(y.n_outputs)))
    single = y.kind in (BinaryTarget.kind, MulticlassTarget.kind) or columns == 1
    shape = (n,) if single else (n, columns)
    try:
        return np.broadcast_to(np.asarray(target), shape)
    except ValueError as error:
        raise ValueError(f"target does not make {shape} answers, one sample a row.") from error


def _slopes(fitted: FittedModel, X: Array, Y: Array, *, away: bool) -> Array:
    """Return the gradient of each sample's loss by its inputs, of any positive length."""
    network, spec = fitted.network, fitted.spec
    parts, start = [], 0
    for u in iter_batches(network, X, spec.dtype, fitted.check):
        rows = slice(start, start + len(u))
        values = network.trace(u)
        dz = _direction(spec, values[-1].astype(np.float64), Y[rows], away=away)
        parts.append(total_blame(network.gradients(values, dz.astype(u.dtype))[0]))
        start = rows.stop
    return np.concatenate(parts).astype(X.dtype, copy=False)


def _direction(spec: ModelSpec, z: Array, Y: Array, *, away: bool) -> Array:
    """Return the gradient by the raw outputs, each sample's largest number being 1.

    It is computed in float64, where a loss that is nearly 0 still has one.
    """
    dz = spec.loss_for(Y).gradient(z, Y.astype(np.float64))
    others = tuple(axis for axis in range(dz.ndim) if axis != dz.ndim - 2)
    largest = np.abs(dz).max(axis=others, keepdims=True)
    dz = dz / np.where(largest > 0, largest, 1)
    if not (away and hasattr(spec.target, "classes")):
        return dz
    against = np.where(np.mean(spec.loss.codes) < Y, -1.0, 1.0)
    return np.where(largest > 0, dz, against)
