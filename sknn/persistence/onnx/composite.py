"""Conversion of models that contain estimators of this package, by skl2onnx."""

import copy
from typing import Any

import numpy as np
from sklearn.base import is_classifier, is_regressor
from sklearn.ensemble import VotingClassifier, VotingRegressor
from sklearn.multioutput import MultiOutputClassifier, MultiOutputRegressor
from sklearn.pipeline import Pipeline
from sklearn.utils.validation import check_is_fitted

from sknn._optional import import_optional
from sknn.estimators.base import BaseMLP
from sknn.features import TableEncoder
from sknn.persistence.onnx.converters import register
from sknn.persistence.onnx.encoder_nodes import column_names, column_types
from sknn.persistence.onnx.estimator_nodes import encoders_of
from sknn.persistence.onnx.graph import (
    PREFIX,
    Graph,
    Output,
    Value,
    element_type,
    rename_outputs,
)
from sknn.persistence.onnx.meta_estimators import (
    check_meta_estimators,
    has_parts,
    holds,
    holds_network,
    is_search,
    last_step,
    predictor_of,
)

#: Estimators with settings that skl2onnx cannot read.
VOTING = (VotingClassifier, VotingRegressor)


def convert(model: Any, X: Any, opset: int) -> Any:
    """Convert a fitted model that contains estimators of this package with skl2onnx."""
    if X is None:
        raise ValueError(
            "to_onnx needs a few rows X for the input types of the model, got None: call "
            "to_onnx(model, X[:1])."
        )
    check_is_fitted(model)
    model = _readable(model)
    check_meta_estimators(model)
    register()
    graph = _skl2onnx_graph(model, X, opset)
    last = last_step(model)
    if holds_network(last):
        _set_outputs(graph, last)
        _check(graph, model)
    return graph


def _skl2onnx_graph(model: Any, X: Any, opset: int) -> Any:
    skl2onnx = import_optional("skl2onnx", "to_onnx")
    options = {id(model): {"zipmap": False}} if is_classifier(model) else None
    types = _table_types(model, X)
    try:
        return skl2onnx.to_onnx(
            model,
            None if types else X[:1],
            initial_types=types,
            target_opset=opset,
            options=options,
        )
    except (RuntimeError, NameError, NotImplementedError) as error:
        raise ValueError(
            f"skl2onnx cannot convert this {type(model).__name__}. {_advice(model)} {error}"
        ) from error


def _advice(model: Any) -> str:
    """Return what can be done if skl2onnx has no converter of a step, or not for its input."""
    as_array = "If it takes several inputs for one, pass X as an array."
    if not (isinstance(model, Pipeline) and isinstance(model[-1], BaseMLP)):
        return as_array
    return (
        f"{as_array} ONNX has no dates, and no functions of Python: where a step takes them, run "
        "the steps before the network outside the graph, and export the network alone, "
        "to_onnx(model[-1], model[:-1].transform(X))."
    )


def _table_types(model: Any, X: Any) -> Any:
    """Return the inputs of a model that begins with the encoding of a table.

    They are those of the encoder, whatever the types in the first row of X; None for others.
    """
    types: Any = import_optional("skl2onnx.common.data_types", "to_onnx")
    while isinstance(model, Pipeline):
        model = model[0]
    encoders = encoders_of(model) if isinstance(model, BaseMLP) else [model]
    names = list(getattr(X, "columns", []))
    if not encoders or not isinstance(encoders[0], TableEncoder):
        return None
    if not names or names != column_names(encoders[0]):
        return None
    kinds = {"str": types.StringTensorType, "float64": types.DoubleTensorType}
    columns = zip(names, column_types(*encoders), strict=True)
    return [(name, kinds[kind]([None, 1])) for name, kind in columns]


def _check(graph: Any, model: Any) -> None:
    """Check a graph; some converters of skl2onnx write invalid ones, for inputs of float64."""
    onnx = import_optional("onnx", "to_onnx")
    try:
        onnx.checker.check_model(graph, full_check=True)
    except (onnx.checker.ValidationError, onnx.shape_inference.InferenceError) as error:
        raise ValueError(
            f"skl2onnx converts this {type(model).__name__} to an invalid graph. Pass rows X of "
            f"type float32. {error}"
        ) from error


def _readable(model: Any) -> Any:
    """Return a model of the same predictions that skl2onnx can read; the model does not change."""

    def is_unreadable(one: Any) -> bool:
        return isinstance(one, (*VOTING, Pipeline)) or is_search(one)

    if not holds(model, is_unreadable):
        return model
    return _simplify(copy.deepcopy(model))


def _simplify(value: Any) -> Any:
    """Replace searches by their best estimators, and settings of other models, in place.

    Pipelines lose the steps that do nothing. Voting estimators need the weights of those that were
    not dropped, as an array; their setting of `transform` does not matter here.
    """
    if isinstance(value, BaseMLP):
        return value
    if is_search(value):
        return _simplify(predictor_of(value))
    if type(value) in (list, tuple):
        return type(value)(_simplify(one) for one in value)
    if has_parts(value):
        for name, part in vars(value).items():
            vars(value)[name] = _simplify(part)
    if isinstance(value, Pipeline):
        value.steps = [step for step in value.steps if step[1] not in (None, "passthrough")]
    if isinstance(value, VOTING) and hasattr(value, "estimators_"):
        if value.weights is not None:
            pairs = zip(value.weights, value.estimators, strict=True)
            value.weights = np.array([w for w, (_, part) in pairs if part != "drop"])
        value.flatten_transform = False
    return value


def _set_outputs(model: Any, last: Any) -> None:
    """Give a graph the outputs that `to_onnx` promises for the last step of a model, in place."""
    graph, nodes = model.graph, Graph(f"{PREFIX}output/")
    given = list(graph.output)
    if isinstance(last, BaseMLP) and not (is_regressor(last) and _n_columns(given[0]) == 1):
        return
    values = [f"{PREFIX}output/raw_{i}" for i in range(len(given))]
    for one, value in zip(given, values, strict=True):
        _rename_value(graph, one.name, value)
    if is_regressor(last):
        shape = (len(last.estimators_),) if isinstance(last, MultiOutputRegressor) else ()
        outputs = [_reshaped(nodes, "predictions", values[0], shape)]
    else:
        dtype = "str" if given[0].type.tensor_type.elem_type == element_type("str") else "int64"
        outputs = _class_outputs(graph, nodes, last, values, dtype)
    nodes.append_to(graph, rename_outputs([one.name for one in graph.input], outputs))


def _class_outputs(
    graph: Any, nodes: Graph, model: Any, values: list[Value], dtype: str
) -> list[Output]:
    """Write labels, and probabilities if there are any, of a meta-estimator."""
    labels, p = values
    if isinstance(model, MultiOutputClassifier):
        [sequence] = [node for node in graph.node if node.output[0] == p]
        graph.node.remove(sequence)
        outputs = []
        for i, (part, classes) in enumerate(zip(sequence.input, model.classes_, strict=True)):
            label = nodes.add("Reshape", nodes.columns(labels, [i]), np.array([-1]))
            outputs.append(Output(f"label_{i}", label, dtype, ()))
            outputs.append(_reshaped(nodes, f"probabilities_{i}", part, (len(classes),)))
        return outputs
    k = len(model.classes_)
    outputs = [Output("label", labels, dtype, (k,) if getattr(model, "multilabel_", False) else ())]
    if hasattr(model, "predict_proba"):
        outputs.append(_reshaped(nodes, "probabilities", p, (k,)))
    return outputs


def _reshaped(nodes: Graph, name: str, value: Value, shape: tuple[int, ...]) -> Output:
    """Write an output of float32."""
    value = nodes.add("Reshape", nodes.cast(value, "float32"), np.array([-1, *shape]))
    return Output(name, value, "float32", shape)


def _n_columns(output: Any) -> int:
    """Return the length of the second axis of a declared output; 0 without one."""
    axes = output.type.tensor_type.shape.dim
    return int(axes[1].dim_value) if len(axes) == 2 else 0


def _rename_value(graph: Any, name: str, new: str) -> None:
    """Rename a value wherever it is written or read."""
    for node in graph.node:
        for side in (node.input, node.output):
            side[:] = [new if one == name else one for one in side]
