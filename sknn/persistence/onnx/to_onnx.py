"""`to_onnx`: convert a fitted model to an ONNX graph."""

from typing import Any

from sklearn.utils.validation import check_is_fitted

from sknn._optional import import_optional
from sknn.estimators.base import BaseMLP
from sknn.persistence.onnx.composite import convert
from sknn.persistence.onnx.encoder_nodes import column_names, column_types
from sknn.persistence.onnx.estimator_nodes import add_estimator, encoders_of
from sknn.persistence.onnx.graph import Graph, check_opset, rename_outputs
from sknn.persistence.onnx.meta_estimators import is_search, predictor_of

#: Default opset version.
OPSET = 18


def to_onnx(model: Any, X: Any = None, *, opset: int = OPSET) -> Any:
    """Convert a fitted model to one ONNX graph, from raw inputs to predictions.

    Needs the package onnx, and skl2onnx for models other than the estimators of this package:
    ``pip install "sknn[onnx]"``.

    Parameters
    ----------
    model : estimator
        A fitted estimator of this package, or a pipeline or a meta-estimator that contains one,
        which skl2onnx converts. For a search its best
        estimator is converted, or its ensemble.
    X : array or frame, default=None
        A few rows that determine the types and names of the inputs. Needed only for models that
        skl2onnx converts.
    opset : int, default=18
        Opset version, 13 or more.

    Returns
    -------
    graph : onnx.ModelProto
        Its inputs are

        - "X", float32 of shape (n, n_features), for `MLPClassifier` and `MLPRegressor`;
        - one for each column of a table, with its name and shape (n, 1): strings ("" where
          missing), or float64 (NaN where missing) for numbers and booleans. Without column names
          they are "x0", "x1" and so on;
        - those that skl2onnx derives from X, for other models; if these begin with the encoding of
          a table, those of the table.

        The outputs of a classifier are "label", int64 or string of shape (n,), or (n, n_labels)
        with 0 and 1 for multilabel; and "probabilities", float32 of shape (n, n_classes) or (n,
        n_labels), or, if the loss has none, "scores": the `decision_function`. Several columns of
        labels have "label_0", "label_1" and so on. A regressor has "predictions", float32 with the
        shape of `predict`. If a column of the table has the name of an output, the output gets a
        trailing underscore.

    Raises
    ------
    ValueError
        If a part of the model cannot be exported, or if skl2onnx does not convert a meta-estimator
        to what it predicts.
    ImportError
        If a package is missing.

    Notes
    -----
    The graph computes in float32, so its predictions differ from those of a float64 model in the
    seventh digit. Members, and the networks of the folds of `cv`, are averaged in the graph.

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
    check_opset(opset)
    while is_search(model):
        model = predictor_of(model)
    if not isinstance(model, BaseMLP):
        return convert(model, X, opset)
    check_is_fitted(model)
    graph, inputs = Graph(), _inputs(model)
    names = [name for name, *_ in inputs]
    outputs = rename_outputs(names, add_estimator(graph, model, names))
    return graph.model(inputs, outputs, opset)


def _inputs(mlp: BaseMLP) -> list[tuple[str, str, tuple[int, ...]]]:
    """Return name, type and shape, without the first axis, of each input."""
    encoders = encoders_of(mlp)
    if not encoders:
        return [("X", "float32", (mlp.n_features_in_,))]
    columns = zip(column_names(encoders[0]), column_types(*encoders), strict=True)
    return [(name, dtype, (1,)) for name, dtype in columns]
