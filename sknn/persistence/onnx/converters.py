"""Converters of the estimators of this package for skl2onnx."""

from dataclasses import replace
from typing import Any

import numpy as np
from sklearn.base import is_classifier, is_regressor

from sknn._optional import import_optional
from sknn.estimators import (
    MLPClassifier,
    MLPRegressor,
    TabularMLPClassifier,
    TabularMLPRegressor,
)
from sknn.estimators.base import BaseMLP
from sknn.features import TableEncoder
from sknn.persistence.onnx.encoder_nodes import column_names, column_types, encoded
from sknn.persistence.onnx.estimator_nodes import add_estimator, encoders_of
from sknn.persistence.onnx.graph import (
    ML,
    ML_VERSION,
    Graph,
    Output,
    Value,
    check_opset,
    element_type,
)
from sknn.persistence.onnx.meta_estimators import (
    check_meta_estimators,
    holds,
    is_meta_estimator,
    last_step,
)

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
    for estimator in (*ESTIMATORS, TableEncoder):
        # set by pipelines and meta-estimators; "zipmap" has no effect, probabilities are one tensor
        options = {"zipmap": [True, False, "columns"], "raw_scores": [True, False]}
        skl2onnx.update_registered_converter(
            estimator,
            f"Sknn{estimator.__name__}",
            _set_types,
            _convert,
            parser=_parse,
            options=options if is_classifier(estimator()) else {},
        )


def _parse(scope: Any, model: Any, inputs: Any, custom_parsers: Any = None) -> Any:
    """Declare the outputs of an estimator."""
    operator = scope.declare_local_operator(f"Sknn{type(model).__name__}", model)
    operator.inputs = inputs
    for one in _outputs(Graph(), operator):
        operator.outputs.append(scope.declare_local_variable(one.name, _type(one)))
    return operator.outputs


def _set_types(operator: Any) -> None:
    """Set the types of the outputs."""
    for variable, one in zip(operator.outputs, _outputs(Graph(), operator), strict=False):
        variable.type = _type(one)


def _convert(scope: Any, operator: Any, container: Any) -> None:
    """Copy the nodes of an estimator to the container of skl2onnx."""
    check_opset(container.target_opset)
    for model in _models(scope):
        check_meta_estimators(model)
    graph = Graph()
    outputs = _outputs(graph, operator, container)
    names = {variable.full_name: variable.full_name for variable in operator.inputs}
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


def _models(scope: Any) -> list[Any]:
    """Return the models that skl2onnx has met so far."""
    return [operator.raw_operator for operator in scope.operators.values()]


def _is_nested(scope: Any, mlp: BaseMLP) -> bool:
    """Return whether an estimator is a part of a meta-estimator."""
    return any(
        is_meta_estimator(model) and holds(model, lambda one: one is mlp)
        for model in _models(scope)
        if model is not mlp
    )


def _raw_scores(mlp: BaseMLP, scope: Any, *containers: Any) -> bool:
    """Return whether options, or the model around an estimator, ask for a score of each class."""
    if not is_classifier(mlp):
        return False
    for model in _models(scope):
        if last_step(model) is mlp:
            for source in (scope, *containers):
                options = source.get_options(model, {"raw_scores": False}, fail=False)
                if options and options["raw_scores"]:
                    return True
    return not hasattr(mlp, "predict_proba") and _is_nested(scope, mlp)


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


def _outputs(graph: Graph, operator: Any, *containers: Any) -> list[Output]:
    """Add the nodes of an estimator or encoder.

    Some models put the options of their parts into the container only, which exists in `_convert`.
    A single column of predictions gets shape (n, 1). Meta-estimators get the type of their input.
    """
    model, inputs = operator.raw_operator, [one.full_name for one in operator.inputs]
    if isinstance(model, TableEncoder):
        return [encoded(graph, model, _columns(graph, [model], inputs))]
    encoders = encoders_of(model)
    if not encoders:
        X = [graph.cast(one, "float32") for one in inputs]
        given = X if len(X) == 1 else [graph.add("Concat", *X, axis=-1)]
    else:
        given = _columns(graph, encoders, inputs)
    raw_scores = _raw_scores(model, operator.scope_inst, *containers)
    outputs = add_estimator(graph, model, given, raw_scores)
    if is_regressor(model) and not outputs[0].shape:
        column = graph.add("Reshape", outputs[0].value, np.array([-1, 1]))
        outputs = [replace(outputs[0], value=column, shape=(1,))]
    types = import_optional("skl2onnx.common.data_types", "register")
    is_double = isinstance(operator.inputs[0].type, types.DoubleTensorType)
    if is_double and _is_nested(operator.scope_inst, model):
        outputs = [_as_double(graph, one) for one in outputs]
    return outputs


def _as_double(graph: Graph, output: Output) -> Output:
    if output.dtype != "float32":
        return output
    return replace(output, value=graph.cast(output.value, "float64"), dtype="float64")


def _columns(graph: Graph, encoders: list[TableEncoder], inputs: list[Value]) -> list[Value]:
    """Return the columns of a table, which may be given as one matrix."""
    types = column_types(*encoders)
    if len(inputs) != len(types):
        if len(inputs) > 1:
            names = ", ".join(column_names(encoders[0]))
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
    names = {"float32": "Float", "float64": "Double", "int64": "Int64", "str": "String"}
    return getattr(types, f"{names[output.dtype]}TensorType")([None, *output.shape])
