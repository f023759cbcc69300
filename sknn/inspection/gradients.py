"""Gradients: what a model answers, differentiated by its inputs."""

from typing import Any

import numpy as np

from sknn.engine._typing import Array
from sknn.estimators._model import FittedModel, ModelSpec
from sknn.inspection._output_selection import Aim, aim
from sknn.inspection.models import need_network
from sknn.targets import RealTarget


def input_gradient(estimator: Any, X: Any, target: Any = None) -> Array:
    """Return how fast each sample's answer rises with each of its inputs.

    The answer is one number of `decision_function` for classifiers, and of `predict` for
    regressors, in the units of y. With several members it is what they say together.

    Parameters
    ----------
    estimator : MLPClassifier, MLPRegressor, TabularMLPClassifier or TabularMLPRegressor
        Fitted.
    X : {array-like, sparse matrix, frame} of shape (n_samples, n_features)
        The inputs, as the estimator takes them.
    target : label, int, tuple or array-like of shape (n_samples,), default=None
        Which number, one for all samples or one for each:

        - of two classes the label that it speaks for; None is the second;
        - of more classes the label; None is the class that is predicted, sample by sample;
        - of several labels at once (multilabel) the number of one of them;
        - of several columns of labels a tuple ``(column, label)``;
        - of several numbers the number of the output, of several quantiles that of the quantile,
          of both a tuple ``(output, quantile)``.

    Returns
    -------
    dX : ndarray of shape (n_samples, n_features)
        The derivatives, dense; in the type of the network (float64 where units are involved). For
        tables they are by the numbers as they stand there, through standardisation and
        piecewise-linear encoding: 0 where a number is missing and in columns that the encoder
        leaves out, NaN in columns of categories, which have no derivative.

    Raises
    ------
    TypeError
        If the estimator is none of these.
    NotFittedError
        If it is not fitted.
    ValueError
        If there is no such target, or there are several and none is named.

    Notes
    -----
    At a kink (ReLU at 0, the edge of a piece) the derivative from one side is taken.

    Examples
    --------
    >>> import numpy as np
    >>> from sknn import MLPRegressor
    >>> from sknn.inspection import input_gradient
    >>> X = np.random.default_rng(0).normal(size=(50, 2))
    >>> line = MLPRegressor((), solver="lbfgs", alpha=0, random_state=0).fit(X, X @ [3.0, -1.0])
    >>> input_gradient(line, X[:2]).round(3)
    array([[ 3., -1.],
           [ 3., -1.]])
    """
    fitted = need_network(estimator, "input_gradient")._fitted_model(X)
    spec, n = fitted.spec, fitted.X.shape[0]
    aimed = aim(spec.target, spec.loss, target, n)
    du = np.concatenate(_pieces(fitted, aimed))
    dX = spec.inputs.feature_gradient(du)
    return dX if aimed.units is None else dX * aimed.units


def saliency(estimator: Any, X: Any, target: Any = None) -> Array:
    """Return how much each input matters to each sample's answer: the size of `input_gradient`.

    Simonyan, Vedaldi and Zisserman (2014), "Deep Inside Convolutional Networks: Visualising Image
    Classification Models and Saliency Maps", section 3.

    Parameters
    ----------
    estimator : MLPClassifier, MLPRegressor, TabularMLPClassifier or TabularMLPRegressor
        Fitted.
    X : {array-like, sparse matrix, frame} of shape (n_samples, n_features)
        The inputs, as the estimator takes them.
    target : label, int, tuple or array-like of shape (n_samples,), default=None
        Which number, as in `input_gradient`.

    Returns
    -------
    size : ndarray of shape (n_samples, n_features)
        0 or more; NaN in columns of categories. Inputs on different scales are compared by it only
        after a multiplication by their spread.

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from sknn import MLPClassifier
    >>> from sknn.inspection import saliency
    >>> X, y = load_digits(return_X_y=True)
    >>> quick = {"learning_rate": "one_cycle", "learning_rate_init": 0.02, "max_iter": 10}
    >>> model = MLPClassifier((16,), random_state=0, **quick).fit(X / 16, y)
    >>> saliency(model, X[:1] / 16).reshape(8, 8).shape
    (8, 8)
    """
    return np.abs(input_gradient(estimator, X, target))


def _pieces(fitted: FittedModel, aimed: Aim) -> list[Array]:
    """Return the derivatives by the network's inputs, piece by piece."""
    parts, start = [], 0
    for u in fitted.iter_batches():
        rows = slice(start, start + u.shape[0])
        values = fitted.network.trace(u)
        dv = aimed.at(rows, fitted.spec.average_members(values[-1]))
        dz = _raw_blame(fitted.spec, values[-1], dv)
        parts.append(total_blame(fitted.network.gradients(values, dz)[0]))
        start = rows.stop
    return parts


def _raw_blame(spec: ModelSpec, z: Array, dv: Array) -> Array:
    """Pass the blame of answers, (n, k), back to the raw outputs of all members."""
    y, loss, members = spec.target, spec.loss, spec.members or 1
    if isinstance(y, RealTarget):  # the answer is the mean of the members' output activations
        return loss.inverse_link_backward(z, np.broadcast_to(dv / members, z.shape))
    return dv if members == 1 else y.average_members_backward(z, dv, loss)


def total_blame(du: Array) -> Array:
    """Return the blame of inputs that all members share."""
    total: Array = du.sum(axis=0) if du.ndim == 3 else du
    return total
