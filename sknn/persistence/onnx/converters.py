"""Converters of the estimators of this package for skl2onnx."""

from dataclasses import replace
from typing import Any

import numpy as np
from sklearn.base import is_classifier, is_regressor
from sklearn.pipeline import Pipeline

from sknn._optional import import_optional
from sknn.estimators import (
    MLPClassifier,
    MLPRegressor,
    TabularMLPClassifier,
    TabularMLPRegressor,
)
from sknn.estimators.base import BaseMLP
from sknn.features import TableEncoder
from sknn.persistence.onnx.encoder_nodes import column_names, column_types
from sknn.persistence.onnx.estimator_nodes import add_estimator, encoder_of
from sknn.persistence.onnx.graph import ML, ML_VERSION, PREFIX, Graph, Output, Value, element_type

#: Estimators with a converter.
ESTIMATORS = (MLPClassifier, MLPRegressor, TabularMLPClassifier, TabularMLPRegressor)


def register() -> None:
    """Register the estimators of this package with skl2onnx, so that it converts models with them.

    `to_onnx` does this itself; call it before `skl2onnx.to_onnx` or `skl2onnx.convert_sklearn`.
    There, predictions of one output have shape (n, 1), as usual in skl2onnx.

    Raises
    ------
    ImportError
        If skl2onnx is not installed.
    """
    skl2onnx = import_optional("skl2onnx", "register")
    for estimator in ESTIMATORS:
        options = {"zipmap": [True, False, "columns"]} if is_classifier(estimator()) else {}
        skl2onnx.update_registered_converter(
            estimator,
            f"Sknn{estimator.__name__}",
            _set_types,
            _convert,
            parser=_parse,
            options=options,  # set by pipelines; without effect, as probabilities are one tensor
        )


def convert(model: Any, X: Any, opset: int) -> Any:
    """Convert a fitted model that contains estimators of this package with skl2onnx."""
    if X is None:
        raise ValueError(
            f"to_onnx needs a few rows X for the input types of {type(model).__name__}, got None: "
            "call to_onnx(model, X[:1])."
        )
    register()
    graph = import_optional("skl2onnx", "to_onnx").to_onnx(model, X[:1], target_opset=opset)
    last = model
    while isinstance(last, Pipeline):
        last = last[-1]
    if isinstance(last, BaseMLP) and is_regressor(last):
        _flatten(graph)
    return graph


def _parse(scope: Any, model: BaseMLP, inputs: Any, custom_parsers: Any = None) -> Any:
    """Declare the outputs of an estimator: the parser for skl2onnx."""
    operator = scope.declare_local_operator(f"Sknn{type(model).__name__}", model)
    operator.inputs = inputs
    for one in _outputs(Graph(), model, [variable.full_name for variable in inputs]):
        operator.outputs.append(scope.declare_local_variable(one.name, _type(one)))
    return operator.outputs


def _set_types(operator: Any) -> None:
    """Set the output types of an estimator: the shape calculator for skl2onnx."""
    names = [variable.full_name for variable in operator.inputs]
    outputs = _outputs(Graph(), operator.raw_operator, names)
    for variable, one in zip(operator.outputs, outputs, strict=False):
        variable.type = _type(one)


def _convert(scope: Any, operator: Any, container: Any) -> None:
    """Copy the nodes of an estimator to a container: the converter for skl2onnx."""
    graph = Graph()
    given = [variable.full_name for variable in operator.inputs]
    outputs = _outputs(graph, operator.raw_operator, given)
    names = {name: name for name in given}
    for value, array in graph.constants.items():
        names[value] = scope.get_unique_variable_name(value)
        content = [text.encode() for text in array.flat] if array.dtype.kind == "U" else array
        kind = element_type("str" if array.dtype.kind == "U" else array.dtype.name)
        container.add_initializer(names[value], kind, array.shape, np.ravel(content))
    for name, domain, inputs, value, attributes in graph.nodes:
        names[value] = scope.get_unique_variable_name(value)
        _add(container, name, domain, [names[one] for one in inputs], names[value], attributes)
    for variable, one in zip(operator.outputs, outputs, strict=False):
        _add(container, "Identity", "", [names[one.value]], variable.full_name, {})


def _add(
    container: Any,
    operator: str,
    domain: str,
    inputs: list[Value],
    value: Value,
    attributes: dict[str, Any],
) -> None:
    container.add_node(
        operator,
        inputs,
        [value],
        op_domain=domain,
        op_version=ML_VERSION if domain == ML else container.target_opset,
        name=value,
        **attributes,
    )


def _outputs(graph: Graph, mlp: BaseMLP, inputs: list[Value]) -> list[Output]:
    """Add the nodes of an estimator; a single column of predictions gets shape (n, 1)."""
    encoder = encoder_of(mlp)
    if encoder is None:
        given = [graph.cast(inputs[0], "float32")]
    else:
        given = _columns(graph, encoder, inputs)
    outputs = add_estimator(graph, mlp, given)
    if not is_regressor(mlp) or outputs[0].shape:
        return outputs
    column = graph.add("Reshape", outputs[0].value, np.array([-1, 1]))
    return [replace(outputs[0], value=column, shape=(1,))]


def _columns(graph: Graph, encoder: TableEncoder, inputs: list[Value]) -> list[Value]:
    """Return the columns of a table, which may be given as one matrix."""
    types = column_types(encoder)
    if len(inputs) != len(types):
        if len(inputs) > 1:
            names = ", ".join(column_names(encoder))
            raise ValueError(
                f"A table needs one matrix, or one input for each of {names}; got {len(inputs)} "
                "inputs."
            )
        inputs = [graph.columns(inputs[0], [j]) for j in range(len(types))]
    return [
        one if kind == "str" else graph.cast(one, kind)
        for one, kind in zip(inputs, types, strict=True)
    ]


def _type(output: Output) -> Any:
    """Return the skl2onnx type of an output."""
    types = import_optional("skl2onnx.common.data_types", "register")
    name = {"float32": "Float", "int64": "Int64", "str": "String"}[output.dtype]
    return getattr(types, f"{name}TensorType")([None, *output.shape])


def _flatten(graph: Any) -> None:
    """Change the shape of single-column predictions from (n, 1) to (n,), in place."""
    onnx = import_optional("onnx", "to_onnx")
    [output] = graph.graph.output
    axes = output.type.tensor_type.shape.dim
    if len(axes) != 2 or axes[1].dim_value != 1:
        return
    column, flat = f"{PREFIX}column", f"{PREFIX}flat"
    for node in graph.graph.node:
        node.output[:] = [column if name == output.name else name for name in node.output]
    graph.graph.initializer.append(onnx.numpy_helper.from_array(np.array([-1]), flat))
    graph.graph.node.append(onnx.helper.make_node("Reshape", [column, flat], [output.name]))
    del axes[1]
