"""Fitted models as ONNX graphs."""

from dataclasses import replace
from typing import Any

from sklearn.utils.validation import check_is_fitted

from sknn._optional import import_optional
from sknn.estimators.base import BaseMLP
from sknn.persistence.onnx.converters import converted
from sknn.persistence.onnx.encoder_nodes import column_names, column_types
from sknn.persistence.onnx.estimator_nodes import encoder_of, write
from sknn.persistence.onnx.graph import Graph, Output

#: The version of ONNX that models are written in, and the oldest in which they can be.
OPSET, OLDEST = 18, 13


def to_onnx(model: Any, X: Any = None, *, opset: int = OPSET) -> Any:
    """Return a fitted model as one ONNX graph, from the inputs to the labels or numbers.

    Needs the package onnx, and skl2onnx for other models than the estimators of this package:
    ``pip install "sknn[onnx]"``.

    Parameters
    ----------
    model : estimator
        A fitted estimator of this package, or a pipeline or another model of scikit-learn that has
        one inside, which skl2onnx converts. A search stands for its best estimator.
    X : array or frame, default=None
        A few rows, for the types and names of the inputs of a model that skl2onnx converts; the
        estimators of this package know theirs.
    opset : int, default=18
        The version of ONNX to write, 13 or more.

    Returns
    -------
    graph : onnx.ModelProto
        Its inputs are

        - "X", float32 of shape (n, n_features), for `MLPClassifier` and `MLPRegressor`;
        - one for each column of a table, of its name and of shape (n, 1): text (empty where
          missing), or float64 (NaN where missing) for numbers and for True and False. Without
          column names they are called "x0", "x1" and so on;
        - those that skl2onnx makes of X.

        The outputs of a classifier are "label", int64 or text of shape (n,), or (n, n_labels) of 0
        and 1 for several labels; and "probabilities", float32 of shape (n, n_classes) or (n,
        n_labels), or, if the loss gives none, "scores", which are those of `decision_function`. Of
        several columns of labels each has its own, "label_0" and so on. A regressor has
        "predictions", float32 and of the shape of `predict`. Where a column of the table has one of
        these names, an underscore is added to the output's.

    Raises
    ------
    ValueError
        If a part of the model has no counterpart in ONNX; the message names it.
    ImportError
        If a package is missing.

    Notes
    -----
    All is computed in float32, so that answers differ from those of a float64 model in the seventh
    digit. Members are averaged in the graph.

    Examples
    --------
    >>> import numpy as np
    >>> from sknn import MLPRegressor, to_onnx
    >>> X = np.linspace(0, 1, 50).reshape(-1, 1)
    >>> mlp = MLPRegressor((5,), max_iter=500, random_state=0).fit(X, X.ravel())
    >>> graph = to_onnx(mlp)  # doctest: +SKIP
    >>> open("model.onnx", "wb").write(graph.SerializeToString())  # doctest: +SKIP
    """
    import_optional("onnx", "to_onnx")
    if opset < OLDEST:
        raise ValueError(f"opset must be {OLDEST} or more, got {opset}.")
    while hasattr(model, "best_estimator_"):
        model = model.best_estimator_
    if not isinstance(model, BaseMLP):
        return converted(model, X, opset)
    check_is_fitted(model)
    graph, inputs = Graph(), _inputs(model)
    names = [name for name, *_ in inputs]
    outputs = [_unlike(names, one) for one in write(graph, model, names)]
    return graph.model(inputs, outputs, opset)


def _unlike(names: list[str], output: Output) -> Output:
    """Return an output under another name, if an input has that one."""
    while output.name in names:
        output = replace(output, name=output.name + "_")
    return output


def _inputs(mlp: BaseMLP) -> list[tuple[str, str, tuple[int, ...]]]:
    """Return the names, types and axes of the inputs."""
    encoder = encoder_of(mlp)
    if encoder is None:
        return [("X", "float32", (mlp.n_features_in_,))]
    columns = zip(column_names(encoder), column_types(encoder), strict=True)
    return [(name, dtype, (1,)) for name, dtype in columns]
