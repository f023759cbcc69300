"""Output activations as nodes, and the mean of the members.

Members are averaged in what they answer (probabilities, numbers), where the mean is plain, and not
in raw outputs, as `Loss.average_members` and `Target.average_members` do: it comes to the same.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from sknn.engine import NLL, NLLM, Loss, Poisson, Quantile
from sknn.persistence.onnx.graph import Graph, Value


@dataclass(frozen=True)
class Raw:
    """Raw outputs of a network, and what they mean.

    Attributes
    ----------
    z : Value
        Of shape (n, k), or (g, n, k) of g members.
    target : Target
        What they answer.
    loss : Loss
        Whose output activation they need.
    members : int or None
        g, if there are members.
    """

    z: Value
    target: Any
    loss: Any
    members: int | None


def _identity(graph: Graph, raw: Raw, z: Value) -> Value:
    return z


def _sigmoid(graph: Graph, raw: Raw, z: Value) -> Value:
    return graph.add("Sigmoid", z)


def _softmax(graph: Graph, raw: Raw, z: Value) -> Value:
    return graph.add("Softmax", z, axis=-1)


def _exp(graph: Graph, raw: Raw, z: Value) -> Value:
    return graph.add("Exp", z)


def _quantiles(graph: Graph, raw: Raw, z: Value) -> Value:
    """Add to the first number of each output the softplus of every further one."""
    q = raw.loss.units_per_output
    is_first = np.arange(raw.target.n_outputs * q) % q == 0
    parts = graph.add("Where", is_first, z, graph.add("Softplus", z))
    running_sums = np.kron(np.eye(raw.target.n_outputs), np.triu(np.ones((q, q))))
    return graph.add("MatMul", parts, running_sums)


#: What writes the output activation of a loss, by the method that computes it.
ACTIVATIONS: Mapping[Any, Callable[[Graph, Raw, Value], Value]] = {
    Loss.inverse_link: _identity,
    NLL.inverse_link: _sigmoid,
    NLLM.inverse_link: _softmax,
    Poisson.inverse_link: _exp,
    Quantile.inverse_link: _quantiles,
}


def activated(graph: Graph, raw: Raw, z: Value) -> Value:
    """Return the output activations, the mean of the members'."""
    write = ACTIVATIONS.get(type(raw.loss).inverse_link)
    if write is None:
        raise unknown(raw.loss)
    return mean(graph, raw, write(graph, raw, z))


def mean(graph: Graph, raw: Raw, each: Value) -> Value:
    """Return the mean over the members."""
    if raw.members is None:
        return each
    total = graph.add("ReduceSum", each, np.array([0]), keepdims=0)
    return graph.add("Mul", total, 1.0 / raw.members)


def scores(graph: Graph, raw: Raw) -> Value:
    """Return the raw outputs, of members their mean."""
    return raw.z if raw.members is None else activated(graph, raw, raw.z)


def unknown(loss: Loss) -> ValueError:
    """Return the error that says that a loss cannot be exported."""
    return ValueError(
        f"{type(loss).__name__} cannot be exported to ONNX: its inverse_link is not that of a loss of "
        "sknn. Inherit inverse_link from one of those."
    )
