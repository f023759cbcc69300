"""Nodes of a network: for each type of module, a function that adds its nodes."""

import math
from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

import numpy as np

from sknn.engine import (
    ELU,
    GELU,
    SELU,
    Dropout,
    Embedding,
    Exp,
    Identity,
    LeakyReLU,
    Linear,
    Mish,
    Module,
    ReLU,
    Sequential,
    Sigmoid,
    SiLU,
    Softplus,
    Step,
    TabularEncoding,
    Tanh,
)
from sknn.engine.rescaling import QuantileRescaling
from sknn.engine.tabular import MAX_CLIP_RATIO
from sknn.persistence.onnx.graph import Graph, Value

#: Adds the nodes of a module to a graph, given its input, and returns its output.
Writer: TypeAlias = Callable[[Graph, Any, Value], Value]


def forward(graph: Graph, network: Sequential, u: Value) -> Value:
    """Add the nodes of a network with a float32 input; with members the output has a member axis.

    A ValueError names the modules that cannot be exported.
    """
    unknown = {type(module).__name__ for module in network.modules if type(module) not in WRITERS}
    if unknown:
        known = ", ".join(sorted(module.__name__ for module in WRITERS))
        raise ValueError(
            f"{', '.join(sorted(unknown))} cannot be exported to ONNX. Supported modules: {known}."
        )
    for module in network.modules:
        u = WRITERS[type(module)](graph, module, u)
    return u


def _identity(graph: Graph, module: Module, u: Value) -> Value:
    return u


def _operator(operator: str) -> Writer:
    """Return the function that adds a module that is one operator without settings."""
    return lambda graph, module, u: graph.add(operator, u)


def _linear(graph: Graph, module: Linear, u: Value) -> Value:
    offsets = module.W0 if module.W0.ndim == 1 else module.W0[..., None, :]
    return graph.add("Add", graph.add("MatMul", u, module.W), offsets)


def _sigmoid(graph: Graph, module: Sigmoid, u: Value) -> Value:
    return graph.add("Sigmoid", u if module.slope == 1 else graph.add("Mul", u, module.slope))


def _leaky_relu(graph: Graph, module: LeakyReLU, u: Value) -> Value:
    return graph.add("LeakyRelu", u, alpha=module.slope)


def _elu(graph: Graph, module: ELU, u: Value) -> Value:
    return graph.add("Elu", u, alpha=module.alpha)


def _selu(graph: Graph, module: SELU, u: Value) -> Value:
    return graph.add("Selu", u, alpha=module.alpha, gamma=module.scale)


def _gelu(graph: Graph, module: GELU, u: Value) -> Value:
    """``u (1 + erf(u / sqrt(2))) / 2``: ONNX has an operator for it only from version 20 on."""
    erf = graph.add("Erf", graph.add("Mul", u, math.sqrt(0.5)))
    return graph.add("Mul", graph.add("Mul", u, 0.5), graph.add("Add", erf, 1.0))


def _silu(graph: Graph, module: SiLU, u: Value) -> Value:
    return graph.add("Mul", u, graph.add("Sigmoid", u))


def _mish(graph: Graph, module: Mish, u: Value) -> Value:
    """``u tanh(softplus(u))``: ONNX has an operator for it only from version 18 on."""
    return graph.add("Mul", u, graph.add("Tanh", graph.add("Softplus", u)))


def _step(graph: Graph, module: Step, u: Value) -> Value:
    return graph.cast(graph.add("GreaterOrEqual", u, float(module.threshold)), "float32")


def _tabular_encoding(graph: Graph, module: TabularEncoding, u: Value) -> Value:
    """Add nodes for the encoded columns, computed in the input's type and cast to float32."""
    p, q = module.n_numeric, len(module.n_categories)
    dtype = module.bin_start.dtype.name
    parts = []
    if p:
        x = graph.columns(u, np.arange(p))
        missing = graph.add("IsNaN", x)
        x = graph.add("Where", missing, graph.constant(0, dtype), x)
        parts.append(_bounded(graph, module, x))
        if len(module.bin_feature):
            parts.append(_bins(graph, module, x))
        if len(module.missing_indicator_features):
            parts.append(graph.columns(missing, module.missing_indicator_features))
    if q:
        codes = graph.columns(u, np.repeat(np.arange(p, p + q), module.n_categories))
        parts.append(graph.add("Equal", codes, graph.constant(module.one_hot_codes[:, 0], dtype)))
    if module.n_passthrough:
        parts.append(graph.columns(u, np.arange(p + q, p + q + module.n_passthrough)))
    return graph.add("Concat", *(graph.cast(part, "float32") for part in parts), axis=-1)


def _bounded(graph: Graph, module: TabularEncoding, x: Value) -> Value:
    if np.isinf(module.max_absolute_value):
        return x
    dtype = module.bin_start.dtype.name
    limit = MAX_CLIP_RATIO * module.max_absolute_value
    x = graph.add("Clip", x, *(graph.constant(end, dtype) for end in (-limit, limit)))
    ratio = graph.add("Div", x, graph.constant(module.max_absolute_value, dtype))
    norm = graph.add("Add", graph.add("Mul", ratio, ratio), graph.constant(1, dtype))
    return graph.add("Div", x, graph.add("Sqrt", norm))


def _bins(graph: Graph, module: TabularEncoding, x: Value) -> Value:
    dtype = module.bin_start.dtype.name
    start, run = (graph.constant(of[:, 0], dtype) for of in (module.bin_start, module.bin_width))
    slope = graph.add("Div", graph.add("Sub", graph.columns(x, module.bin_feature), start), run)
    return graph.add("Clip", slope, *(graph.constant(end, dtype) for end in (0, module.bin_scale)))


def _embedding(graph: Graph, module: Embedding, u: Value) -> Value:
    """Add nodes for the other columns, which members share, followed by the rows of E."""
    *members, rows, d = module.E.shape
    others = _slice(graph, u, 0, -module.columns)
    numbers = _slice(graph, u, -module.columns, np.iinfo(np.int64).max)
    numbers = graph.cast(graph.add("Clip", numbers, 0.0, rows - 1.0), "int64")
    looked_up = graph.add("Gather", module.E, numbers, axis=len(members))
    side_by_side = np.array([*members, -1, module.columns * d])
    if members:
        others = graph.add("Expand", others, np.array([*members, 1, 1]))
    return graph.add("Concat", others, graph.add("Reshape", looked_up, side_by_side), axis=-1)


def _slice(graph: Graph, u: Value, start: int, stop: int) -> Value:
    """Add the selection of columns from start to stop - 1; negative ones count from the end."""
    return graph.add("Slice", u, np.array([start]), np.array([stop]), np.array([-1]))


def _quantile_rescaling(graph: Graph, module: QuantileRescaling, u: Value) -> Value:
    """Add nodes for the quantiles in other units, and for the raw outputs that give these."""
    q, k = module.loss.units_per_output, module.ratio.shape[-1]
    is_first, sums = np.arange(k) % q == 0, np.kron(np.eye(k // q), np.triu(np.ones((q, q))))
    steps = graph.add("Where", is_first, u, graph.add("Softplus", u))
    a = graph.add(
        "Add", graph.add("Mul", graph.add("MatMul", steps, sums), module.ratio), module.shift
    )
    steps = graph.add("MatMul", a, np.linalg.inv(sums))
    gaps = graph.add("Max", steps, module.loss.min_gap)
    complement = graph.add("Sub", 1.0, graph.add("Exp", graph.add("Neg", gaps)))
    return graph.add("Where", is_first, steps, graph.add("Add", gaps, graph.add("Log", complement)))


#: Functions that add the nodes of a module, by its type.
WRITERS: Mapping[type[Module], Writer] = {
    Linear: _linear,
    Dropout: _identity,
    TabularEncoding: _tabular_encoding,
    Embedding: _embedding,
    QuantileRescaling: _quantile_rescaling,
    Identity: _identity,
    Sigmoid: _sigmoid,
    Tanh: _operator("Tanh"),
    ReLU: _operator("Relu"),
    LeakyReLU: _leaky_relu,
    ELU: _elu,
    SELU: _selu,
    GELU: _gelu,
    SiLU: _silu,
    Mish: _mish,
    Softplus: _operator("Softplus"),
    Exp: _operator("Exp"),
    Step: _step,
}
