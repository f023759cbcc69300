"""Answers as nodes: output activations, the mean of the members, labels and numbers.

Members are averaged where their mean is plain, in what they answer (probabilities, numbers), not in
raw outputs as `Loss.joined` does, which comes to the same.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from sknn.engine import NLL, NLLM, Loss, Poisson, Quantile
from sknn.engine.types import Array
from sknn.persistence.onnx.graph import Graph, Output, Value
from sknn.targets import (
    BinaryTarget,
    MulticlassTarget,
    MultilabelTarget,
    MultioutputTarget,
    RealTarget,
    Target,
)


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


def answers(graph: Graph, raw: Raw) -> list[Output]:
    """Add the nodes from the raw outputs to the answers.

    Parameters
    ----------
    graph : Graph
        Where they are added.
    raw : Raw
        What the network ends in.

    Returns
    -------
    outputs : list of Output
        "label" and "probabilities" or "scores" (an output each for every column of labels), or
        "predictions".

    Raises
    ------
    ValueError
        If the loss or the labels cannot be written; the message says which.
    """
    return ANSWERS[type(raw.target)](graph, raw)


def _identity(graph: Graph, raw: Raw, z: Value) -> Value:
    return z


def _sigmoid(graph: Graph, raw: Raw, z: Value) -> Value:
    return graph.add("Sigmoid", z)


def _softmax(graph: Graph, raw: Raw, z: Value) -> Value:
    return graph.add("Softmax", z, axis=-1)


def _exp(graph: Graph, raw: Raw, z: Value) -> Value:
    return graph.add("Exp", z)


def _quantiles(graph: Graph, raw: Raw, z: Value) -> Value:
    """The first number of each output, plus the softplus of every further one."""
    q = raw.loss.units_per_output
    is_first = np.arange(raw.target.n_outputs * q) % q == 0
    parts = graph.add("Where", is_first, z, graph.add("Softplus", z))
    running_sums = np.kron(np.eye(raw.target.n_outputs), np.triu(np.ones((q, q))))
    return graph.add("MatMul", parts, running_sums)


#: What writes the output activation of a loss, by the method that computes it.
ACTIVATIONS: Mapping[Any, Callable[[Graph, Raw, Value], Value]] = {
    Loss.activate: _identity,
    NLL.activate: _sigmoid,
    NLLM.activate: _softmax,
    Poisson.activate: _exp,
    Quantile.activate: _quantiles,
}


def _activated(graph: Graph, raw: Raw, z: Value) -> Value:
    """Return the output activations, the mean of the members'."""
    write = ACTIVATIONS.get(type(raw.loss).activate)
    if write is None:
        raise ValueError(
            f"{type(raw.loss).__name__} loss cannot be exported to ONNX: its output activation "
            "is its own. Those of the losses of sknn can; a loss that inherits `activate` from one "
            "of them can, too."
        )
    return _mean(graph, raw, write(graph, raw, z))


def _mean(graph: Graph, raw: Raw, each: Value) -> Value:
    """Return the mean over the members."""
    if raw.members is None:
        return each
    total = graph.add("ReduceSum", each, np.array([0]), keepdims=0)
    return graph.add("Mul", total, 1.0 / raw.members)


def _numbers(graph: Graph, raw: Raw) -> list[Output]:
    """Return the predictions in the units of y and in the shape of `predict`."""
    target, q = raw.target, raw.loss.units_per_output
    answer = _activated(graph, raw, raw.z)
    if target.scale is not None:
        answer = graph.add("Mul", answer, np.repeat(target.scale, q))
        answer = graph.add("Add", answer, np.repeat(target.center, q))
    shape = tuple(axis for axis in (target.n_outputs, q) if axis > 1)
    answer = graph.add("Reshape", answer, np.array([-1, *shape]))
    return [Output("predictions", answer, "float32", shape)]


def _two_classes(graph: Graph, raw: Raw) -> list[Output]:
    if raw.loss.has_probabilities:
        both = graph.add("Concat", graph.add("Neg", raw.z), raw.z, axis=-1)
        p = _activated(graph, raw, both)
        is_second = graph.add("Greater", *(graph.columns(p, i) for i in (1, 0)))
        answer = Output("probabilities", p, "float32", (2,))
    if raw.members is None or not raw.loss.has_probabilities:
        z = graph.add("Reshape", _scores(graph, raw), np.array([-1]))
        is_second = graph.add("Greater", z, 0.0)
    if not raw.loss.has_probabilities:
        answer = Output("scores", z, "float32", ())
    return [_label(graph, raw.target.classes, graph.cast(is_second, "int64")), answer]


def _several_classes(graph: Graph, raw: Raw) -> list[Output]:
    """The class with the largest answer; sigmoids as probabilities are shares of their sum."""
    k = raw.target.n_outputs
    if not raw.loss.has_probabilities:
        answer = decisive = _scores(graph, raw)
        name = "scores"
    else:
        sigmoids = type(raw.loss).activate is NLL.activate
        logits = _log_sigmoid(graph, raw.z) if sigmoids else raw.z
        answer = _activated(graph, replace(raw, loss=NLLM()) if sigmoids else raw, logits)
        decisive = raw.z if raw.members is None else answer
        name = "probabilities"
    number = graph.add("ArgMax", decisive, axis=-1, keepdims=0)
    return [_label(graph, raw.target.classes, number), Output(name, answer, "float32", (k,))]


def _log_sigmoid(graph: Graph, z: Value) -> Value:
    return graph.add("Neg", graph.add("Softplus", graph.add("Neg", z)))


def _labels(graph: Graph, raw: Raw) -> list[Output]:
    """A 0 or 1 for each label."""
    k = raw.target.n_outputs
    if raw.loss.has_probabilities:
        answer = Output("probabilities", _activated(graph, raw, raw.z), "float32", (k,))
    else:
        answer = Output("scores", _scores(graph, raw), "float32", (k,))
    decisive, least = (raw.z, 0.0) if raw.members is None else (answer.value, 0.5)
    least = least if raw.loss.has_probabilities else 0.0
    there = graph.cast(graph.add("Greater", decisive, least), "int64")
    return [Output("label", there, "int64", (k,)), answer]


def _columns(graph: Graph, raw: Raw) -> list[Output]:
    """The answers of each column of labels, numbered from 0."""
    outputs, first = [], 0
    for i, (target, loss) in enumerate(zip(raw.target.columns, raw.loss.losses, strict=True)):
        own = graph.columns(raw.z, np.arange(first, first + target.n_outputs))
        first += target.n_outputs
        for one in answers(graph, Raw(own, target, loss, raw.members)):
            outputs.append(replace(one, name=f"{one.name}_{i}"))
    return outputs


def _scores(graph: Graph, raw: Raw) -> Value:
    """Return the raw outputs, of members their mean."""
    return raw.z if raw.members is None else _activated(graph, raw, raw.z)


def _label(graph: Graph, classes: Array, number: Value) -> Output:
    """Look up classes by their numbers; numbers become int64, text stays text."""
    kinds = {type(label) for label in classes.tolist()}
    if kinds == {str}:
        labels, dtype = classes.astype(str), "str"
    elif all(issubclass(kind, int | float) for kind in kinds) and _are_whole(classes):
        labels, dtype = classes.astype(np.int64), "int64"
    else:
        raise ValueError(
            "Labels of ONNX are text or whole numbers; those of this model cannot be exported: "
            f"{classes}. Train it on their numbers, as a LabelEncoder gives them."
        )
    return Output("label", graph.add("Gather", graph.constant(labels), number), dtype, ())


def _are_whole(classes: Array) -> bool:
    numbers = classes.astype(np.float64)
    return bool((numbers == np.floor(numbers)).all())


#: What writes the answers to each kind of target.
ANSWERS: Mapping[type[Target], Callable[[Graph, Any], list[Output]]] = {
    RealTarget: _numbers,
    BinaryTarget: _two_classes,
    MulticlassTarget: _several_classes,
    MultilabelTarget: _labels,
    MultioutputTarget: _columns,
}
