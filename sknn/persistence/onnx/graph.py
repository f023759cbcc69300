"""A builder of ONNX graphs: nodes and constants, with values identified by name."""

from dataclasses import dataclass, replace
from typing import Any, TypeAlias

import numpy as np

from sknn._optional import import_optional
from sknn.engine._typing import Array

#: The name of a value in a graph.
Value: TypeAlias = str

#: Domain of the machine learning operators, and its version.
ML, ML_VERSION = "ai.onnx.ml", 2

#: Oldest supported opset version.
OLDEST_OPSET = 13

#: Prefix of the names of values inside the graph, which inputs do not have.
PREFIX = "sknn/"


@dataclass(frozen=True)
class Output:
    """An output of a graph.

    Attributes
    ----------
    name : str
        Public name.
    value : Value
        The value in the graph.
    dtype : {"float32", "int64", "str"}
        Its element type.
    shape : tuple of int
        Its shape without the first axis, the samples.
    """

    name: str
    value: Value
    dtype: str
    shape: tuple[int, ...]


def check_opset(opset: int) -> None:
    """Raise a ValueError if an opset version is too old."""
    if opset < OLDEST_OPSET:
        raise ValueError(f"opset must be {OLDEST_OPSET} or more, got {opset}.")


class Graph:
    """An ONNX graph under construction: nodes in topological order, and constants.

    All operators that are used here are unchanged since opset 13.

    Parameters
    ----------
    prefix : str, default="sknn/"
        Start of the names of its values.

    Attributes
    ----------
    nodes : list of (str, str, list of Value, Value, dict)
        Operator, domain, inputs, output and attributes of each node.
    constants : dict of Value to array
        Weights and settings.
    """

    def __init__(self, prefix: str = PREFIX) -> None:
        self.prefix = prefix
        self.nodes: list[tuple[str, str, list[Value], Value, dict[str, Any]]] = []
        self.constants: dict[Value, Array] = {}

    def add(self, operator: str, *inputs: Any, domain: str = "", **attributes: Any) -> Value:
        """Add a node, and return its output.

        Parameters
        ----------
        operator : str
            The ONNX operator, such as "MatMul".
        *inputs : Value, number or array
            Numbers and arrays become constants; floats become float32.
        domain : str, default=""
            Domain of the operator; "" is ONNX itself.
        **attributes : number, str or list
            Attributes of the operator.
        """
        names = [one if isinstance(one, str) else self.constant(one) for one in inputs]
        value = f"{self.prefix}{operator}_{len(self.nodes)}"
        self.nodes.append((operator, domain, names, value, attributes))
        return value

    def constant(self, array: Any, dtype: str | None = None) -> Value:
        """Add a constant, and return its value.

        Raises
        ------
        ValueError
            If a number overflows its type.
        """
        array = np.asarray(array)
        dtype = dtype or {"f": "float32", "i": "int64"}.get(array.dtype.kind)
        with np.errstate(over="ignore"):
            converted = array.astype(dtype) if dtype else array
        if converted.dtype.kind == "f" and not np.isfinite(converted).all():
            raise ValueError(
                f"A number of the model overflows {dtype}, the type of the ONNX graph. Train it on "
                "scaled data."
            )
        value = f"{self.prefix}constant_{len(self.constants)}"
        self.constants[value] = converted
        return value

    def columns(self, value: Value, indices: Any) -> Value:
        """Add the selection of columns by index."""
        return self.add("Gather", value, np.asarray(indices, dtype=np.int64), axis=-1)

    def cast(self, value: Value, dtype: str) -> Value:
        """Add a cast to another type."""
        return self.add("Cast", value, to=element_type(dtype))

    def append_to(self, graph: Any, outputs: list[Output]) -> None:
        """Append the nodes and constants to an ONNX graph, and set its outputs, in place."""
        onnx = import_optional("onnx", "to_onnx")
        graph.node.extend([_node(*node) for node in self.nodes])
        ends = [onnx.helper.make_node("Identity", [one.value], [one.name]) for one in outputs]
        graph.node.extend(ends)
        graph.initializer.extend([tensor(*pair) for pair in self.constants.items()])
        del graph.output[:]
        graph.output.extend([_tensor(one.name, one.dtype, one.shape) for one in outputs])

    def model(self, inputs: Any, outputs: list[Output], opset: int) -> Any:
        """Return the graph as a model.

        Parameters
        ----------
        inputs : list of (str, str, tuple of int)
            Names, types, and shapes without the first axis.
        outputs : list of Output
            The outputs.
        opset : int
            The opset version.

        Returns
        -------
        model : onnx.ModelProto
            Checked.
        """
        onnx = import_optional("onnx", "to_onnx")
        graph = onnx.helper.make_graph([], "sknn", [_tensor(*one) for one in inputs], [])
        self.append_to(graph, outputs)
        domains = [("", opset)]
        if any(domain == ML for _, domain, *_ in self.nodes):
            domains.append((ML, ML_VERSION))
        opsets = [onnx.helper.make_opsetid(*domain) for domain in domains]
        model = onnx.helper.make_model(
            graph,
            opset_imports=opsets,
            ir_version=onnx.helper.find_min_ir_version_for(opsets),
            producer_name="sknn",
        )
        onnx.checker.check_model(model, full_check=True)
        return model


def rename_outputs(inputs: list[str], outputs: list[Output]) -> list[Output]:
    """Append underscores to the outputs that have the name of an input."""
    renamed = []
    for output in outputs:
        while output.name in inputs:
            output = replace(output, name=output.name + "_")
        renamed.append(output)
    return renamed


def _node(
    operator: str, domain: str, inputs: list[Value], value: Value, attributes: dict[str, Any]
) -> Any:
    onnx = import_optional("onnx", "to_onnx")
    return onnx.helper.make_node(operator, inputs, [value], value, domain=domain, **attributes)


def _tensor(name: str, dtype: str, shape: tuple[int, ...]) -> Any:
    onnx = import_optional("onnx", "to_onnx")
    return onnx.helper.make_tensor_value_info(name, element_type(dtype), ["n", *shape])


def tensor(value: Value, array: Array) -> Any:
    """Return a constant as an ONNX tensor."""
    onnx = import_optional("onnx", "to_onnx")
    if array.dtype.kind == "U":
        array = array.astype(object)
    return onnx.numpy_helper.from_array(array, value)


def element_type(dtype: str) -> int:
    """Return ONNX's code of an element type."""
    onnx = import_optional("onnx", "to_onnx")
    number: int = onnx.helper.np_dtype_to_tensor_dtype(
        np.dtype(object if dtype == "str" else dtype)
    )
    return number
