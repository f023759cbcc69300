"""Gradients of the outputs with respect to the inputs."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from sknn.engine._typing import Array
from sknn.estimators._fitted_model import ModelPart
from sknn.estimators._model import ModelSpec
from sknn.estimators._prediction import fitted_model
from sknn.estimators._validation.predictions import checked_finite
from sknn.inspection._fitted_network import check_network
from sknn.inspection._output_selection import OutputSelection, select_output
from sknn.targets import RealTarget


def input_gradient(estimator: Any, X: Any, target: Any = None) -> Array:
    """Return the gradient of one output with respect to the inputs, sample by sample.

    The output is a column of `decision_function` for classifiers and of `predict` for regressors,
    in the units of y. With several members it is that of their average.

    Parameters
    ----------
    estimator : MLPClassifier, MLPRegressor, TabularMLPClassifier or TabularMLPRegressor
        A fitted estimator.
    X : {array-like, sparse matrix, frame} of shape (n_samples, n_features)
        The inputs, as for `predict`.
    target : label, int, tuple or array-like of shape (n_samples,), default=None
        Which output, one for all samples or one for each:

        - two classes: the label; None is the second;
        - more classes: the label; None is the predicted class of each sample;
        - multilabel: the index of the label;
        - several columns of labels: a tuple ``(column, label)``;
        - regression: the index of the output, or of the quantile; with several of both a tuple
          ``(output, quantile)``.

    Returns
    -------
    dX : ndarray of shape (n_samples, n_features)
        The derivatives, dense, in the type of the network (float64 if y was standardised). For
        tables they are with respect to the raw numbers, through standardisation and
        piecewise-linear encoding: 0 where a number is missing and in columns that the encoder
        drops, NaN in categorical columns, which have no derivative.

    Raises
    ------
    TypeError
        If the estimator is of another class.
    NotFittedError
        If it is not fitted.
    ValueError
        If there is no such target, or there are several and it is None.

    Notes
    -----
    At a kink (ReLU at 0, the edge of a bin) it is the derivative from one side.

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
    fitted = fitted_model(check_network(estimator, "input_gradient"), X)
    spec = fitted.spec
    selection = select_output(spec.target, spec.loss, target, fitted.parts[0].X.shape[0])
    outputs = [checked_finite(part.raw_predict) for part in fitted.parts]
    gradients = zip(fitted.parts, output_gradients(spec, outputs, selection), strict=True)
    dX: Array = np.sum([_part_input_gradient(part, dz) for part, dz in gradients], axis=0)
    return dX if selection.scale is None else dX * selection.scale


def saliency(estimator: Any, X: Any, target: Any = None) -> Array:
    """Return the absolute value of `input_gradient`: how sensitive the output is to each input.

    Simonyan, Vedaldi and Zisserman (2014), "Deep Inside Convolutional Networks: Visualising Image
    Classification Models and Saliency Maps", section 3.

    Parameters
    ----------
    estimator : MLPClassifier, MLPRegressor, TabularMLPClassifier or TabularMLPRegressor
        A fitted estimator.
    X : {array-like, sparse matrix, frame} of shape (n_samples, n_features)
        The inputs, as for `predict`.
    target : label, int, tuple or array-like of shape (n_samples,), default=None
        Which output, as in `input_gradient`.

    Returns
    -------
    saliency : ndarray of shape (n_samples, n_features)
        0 or more; NaN in categorical columns. To compare inputs on different scales, multiply it by
        their standard deviations.

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


def output_gradients(
    spec: ModelSpec, outputs: Sequence[Array], selection: OutputSelection
) -> list[Array]:
    """Return the gradient of the selected output with respect to the raw outputs of each part.

    Parameters
    ----------
    spec : ModelSpec
        The specification of all networks.
    outputs : sequence of arrays of shape (n, k) or (g, n, k)
        The raw outputs of each part of the model.
    selection : OutputSelection
        Which output.
    """
    joined = [z.reshape(-1, *z.shape[-2:]) for z in outputs]
    z = outputs[0] if len(outputs) == 1 else np.concatenate(joined)
    da = selection.of_rows(spec.average_members(z))
    dz = spec.split_members(_raw_output_gradient(spec, z, da))
    parts = np.split(dz, np.cumsum([len(one) for one in joined])[:-1])
    return [part.reshape(z.shape) for part, z in zip(parts, outputs, strict=True)]


def _part_input_gradient(part: ModelPart, dz: Array) -> Array:
    """Return the gradient with respect to X, summed over the networks, batch by batch."""
    batches, start = [], 0
    for u in part.iter_batches():
        stop = start + u.shape[0]
        values = part.network.trace(u)
        du = part.network.gradients(values, dz[..., start:stop, :])[0]
        batches.append(sum_members(du))
        start = stop
    dX = np.concatenate(batches)
    return dX if part.spec.inputs is None else part.spec.inputs.feature_gradient(dX)


def _raw_output_gradient(spec: ModelSpec, z: Array, da: Array) -> Array:
    """Propagate a gradient of the averaged outputs, (n, k), to the raw outputs of all members."""
    y, loss, members = spec.target, spec.loss, spec.members or 1
    if isinstance(y, RealTarget):  # predict averages the output activations of the members
        return loss.inverse_link_backward(z, np.broadcast_to(da / members, z.shape))
    return da if members == 1 else y.average_members_backward(z, da, loss)


def sum_members(du: Array) -> Array:
    """Sum an input gradient over the members, if it has a member axis."""
    total: Array = du.sum(axis=0) if du.ndim == 3 else du
    return total
