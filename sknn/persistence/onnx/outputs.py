"""Answers as nodes: labels with their probabilities or scores, and numbers."""

from collections.abc import Callable, Mapping
from dataclasses import replace

import numpy as np

from sknn.engine import NLL, NLLM
from sknn.engine._typing import Array
from sknn.persistence.onnx.graph import Graph, Output, Value
from sknn.persistence.onnx.output_activations import Raw, activated, scores, unknown
from sknn.targets import (
    BinaryTarget,
    MulticlassTarget,
    MultilabelTarget,
    MultioutputTarget,
    RealTarget,
    Target,
)

#: The shape of what has a number a sample.
FLAT = np.array([-1])


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


def _numbers(graph: Graph, raw: Raw) -> list[Output]:
    """Return the predictions in the units of y and in the shape of `predict`."""
    target, q = raw.target, raw.loss.units_per_output
    answer = activated(graph, raw, raw.z)
    if target.scale is not None:
        answer = graph.add("Mul", answer, np.repeat(target.scale, q))
        answer = graph.add("Add", answer, np.repeat(target.center, q))
    shape = tuple(axis for axis in (target.n_outputs, q) if axis > 1)
    answer = graph.add("Reshape", answer, np.array([-1, *shape]))
    return [Output("predictions", answer, "float32", shape)]


def _two_classes(graph: Graph, raw: Raw) -> list[Output]:
    """Choose the second class where more speaks for it than for the first."""
    if raw.loss.has_probabilities:
        both = graph.add("Concat", graph.add("Neg", raw.z), raw.z, axis=-1)
        p = activated(graph, raw, both)
        answer = Output("probabilities", p, "float32", (2,))
        lead = graph.add("Sub", graph.columns(p, [1]), graph.columns(p, [0]))
        lead = graph.add("Reshape", raw.z if raw.members is None else lead, FLAT)
    else:
        lead = graph.add("Reshape", scores(graph, raw), FLAT)
        answer = Output("scores", lead, "float32", ())
    return [_label(graph, raw.target.classes, _is_positive(graph, lead)), answer]


def _several_classes(graph: Graph, raw: Raw) -> list[Output]:
    """Choose the class for which most speaks; sigmoids as probabilities are shares of their sum."""
    if raw.loss.has_probabilities:
        name, logits, loss = "probabilities", raw.z, raw.loss
        if type(loss).inverse_link is NLL.inverse_link:
            logits, loss = _log_sigmoid(graph, raw.z), NLLM()
        elif type(loss).inverse_link is not NLLM.inverse_link:
            raise unknown(loss)
        answer = activated(graph, replace(raw, loss=loss), logits)
        largest = raw.z if raw.members is None else answer
    else:
        name, answer = "scores", scores(graph, raw)
        largest = answer
    label = _label(graph, raw.target.classes, graph.add("ArgMax", largest, axis=-1, keepdims=0))
    return [label, Output(name, answer, "float32", (raw.target.n_outputs,))]


def _labels(graph: Graph, raw: Raw) -> list[Output]:
    """Say 1 for each label for which more speaks than against it, else 0."""
    shape = (raw.target.n_outputs,)
    if raw.loss.has_probabilities:
        name, answer = "probabilities", activated(graph, raw, raw.z)
        lead = raw.z if raw.members is None else graph.add("Sub", answer, 0.5)
    else:
        name, answer = "scores", scores(graph, raw)
        lead = answer
    label = Output("label", _is_positive(graph, lead), "int64", shape)
    return [label, Output(name, answer, "float32", shape)]


def _columns(graph: Graph, raw: Raw) -> list[Output]:
    """Answer for each column of labels by itself, numbered from 0."""
    outputs, first = [], 0
    for i, (target, loss) in enumerate(zip(raw.target.columns, raw.loss.losses, strict=True)):
        own = graph.columns(raw.z, np.arange(first, first + target.n_outputs))
        first += target.n_outputs
        for one in answers(graph, Raw(own, target, loss, raw.members)):
            outputs.append(replace(one, name=f"{one.name}_{i}"))
    return outputs


def _log_sigmoid(graph: Graph, z: Value) -> Value:
    return graph.add("Neg", graph.add("Softplus", graph.add("Neg", z)))


def _is_positive(graph: Graph, value: Value) -> Value:
    """Return 1 where a value is above 0, else 0."""
    return graph.cast(graph.add("Greater", value, 0.0), "int64")


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
ANSWERS: Mapping[type[Target], Callable[[Graph, Raw], list[Output]]] = {
    RealTarget: _numbers,
    BinaryTarget: _two_classes,
    MulticlassTarget: _several_classes,
    MultilabelTarget: _labels,
    MultioutputTarget: _columns,
}
