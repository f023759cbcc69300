"""Nodes of output activations, and of the average over members.

Members are averaged in their output activations, as plain means; the functions `average_members` of
losses and targets average raw outputs to the same effect.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from sknn.engine import NLL, NLLM, Loss, Poisson, Quantile
from sknn.persistence.onnx.graph import Graph, Value


@dataclass(frozen=True)
class RawOutputs:
    """Raw outputs of a network, shape (n, k) or (g, n, k) with g members, and their meaning."""

    z: Value
    target: Any
    loss: Any
    members: int | None


def _operator(name: str, **settings: Any) -> Callable[[Graph, RawOutputs, Value], Value]:
    """Return the function that adds an activation that is one operator."""
    return lambda graph, raw, z: graph.add(name, z, **settings)


def _quantiles(graph: Graph, raw: RawOutputs, z: Value) -> Value:
    """Add cumulative sums of the first value and the softplus of all others, for each output."""
    q = raw.loss.units_per_output
    is_first = np.arange(raw.target.n_outputs * q) % q == 0
    parts = graph.add("Where", is_first, z, graph.add("Softplus", z))
    running_sums = np.kron(np.eye(raw.target.n_outputs), np.triu(np.ones((q, q))))
    return graph.add("MatMul", parts, running_sums)


#: Functions that add an output activation, by the method that computes it.
ACTIVATIONS: Mapping[Any, Callable[[Graph, RawOutputs, Value], Value]] = {
    Loss.inverse_link: lambda graph, raw, z: z,
    NLL.inverse_link: _operator("Sigmoid"),
    NLLM.inverse_link: _operator("Softmax", axis=-1),
    Poisson.inverse_link: _operator("Exp"),
    Quantile.inverse_link: _quantiles,
}


def activate(graph: Graph, raw: RawOutputs, z: Value) -> Value:
    """Add nodes for the output activation, averaged over the members."""
    write = ACTIVATIONS.get(type(raw.loss).inverse_link)
    if write is None:
        raise unsupported_loss(raw.loss)
    a = write(graph, raw, z)
    if raw.members is None:
        return a
    total = graph.add("ReduceSum", a, np.array([0]), keepdims=0)
    return graph.add("Mul", total, 1.0 / raw.members)


def decision_function(graph: Graph, raw: RawOutputs) -> Value:
    """Add nodes that average raw outputs over members, for losses with a linear output."""
    return raw.z if raw.members is None else activate(graph, raw, raw.z)


def unsupported_loss(loss: Loss) -> ValueError:
    """Return the error for a loss that cannot be exported."""
    return ValueError(
        f"{type(loss).__name__} cannot be exported to ONNX: its output activation is unknown. "
        "Inherit inverse_link from a loss of sknn."
    )
