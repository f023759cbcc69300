"""Nodes of the outputs: labels with probabilities or scores, or regression predictions."""

import math
from collections.abc import Callable, Mapping
from dataclasses import replace

import numpy as np

from sknn.engine import NLL, NLLM
from sknn.engine._typing import Array
from sknn.persistence.onnx.graph import Graph, Output, Value
from sknn.persistence.onnx.output_activations import (
    RawOutputs,
    activate,
    decision_function,
    unsupported_loss,
)
from sknn.targets import (
    BinaryTarget,
    MulticlassTarget,
    MultilabelTarget,
    MultioutputTarget,
    RealTarget,
    Target,
)

#: Shape of one value per sample.
FLAT = np.array([-1])


def add_outputs(graph: Graph, raw: RawOutputs) -> list[Output]:
    """Add the nodes from the raw outputs to the predictions.

    The outputs are "label" and "probabilities" or "scores" (for each column of labels), or
    "predictions". A ValueError says if the loss or the labels cannot be exported.
    """
    return OUTPUTS[type(raw.target)](graph, raw)


def class_scores(graph: Graph, raw: RawOutputs, label: Output) -> list[Output]:
    """Write labels and `decision_function`, a column for each class: of two classes -z and z."""
    if raw.members is None or not raw.loss.has_probabilities:
        z = decision_function(graph, raw)
    else:
        z = _mean_logits(graph, raw)
    k = raw.target.n_outputs
    if isinstance(raw.target, BinaryTarget):
        z, k = graph.add("Concat", graph.add("Neg", z), z, axis=-1), 2
    return [label, Output("scores", z, "float32", (k,))]


def _mean_logits(graph: Graph, raw: RawOutputs) -> Value:
    """Write the raw outputs of the members' mean probabilities, as `average_members`."""
    if isinstance(raw.target, BinaryTarget):
        yes, no = (_log_sigmoid(graph, z) for z in (raw.z, graph.add("Neg", raw.z)))
        return graph.add("Sub", _logsumexp(graph, yes, 0), _logsumexp(graph, no, 0))
    is_sigmoid = type(raw.loss).inverse_link is NLL.inverse_link
    z = _log_sigmoid(graph, raw.z) if is_sigmoid else raw.z
    total = _logsumexp(graph, graph.add("LogSoftmax", z, axis=-1), 0)
    log_p = graph.add("Sub", total, math.log(raw.members or 1))
    if not is_sigmoid:
        return log_p
    k = raw.target.n_outputs
    rows = graph.add("Reshape", log_p, np.array([-1, 1, k]))
    others = graph.add("Add", rows, np.where(np.eye(k, dtype=bool), -1e9, 0.0))
    return graph.add("Sub", log_p, _logsumexp(graph, others, 2))


def _log_sigmoid(graph: Graph, z: Value) -> Value:
    return graph.add("Neg", graph.add("Softplus", graph.add("Neg", z)))


def _logsumexp(graph: Graph, z: Value, axis: int) -> Value:
    """Write ``log sum exp(z)`` as the mean of z - log_softmax(z), weighted by softmax(z).

    ONNX's operator for it has another form from version 18 on.
    """
    each = graph.add("Sub", z, graph.add("LogSoftmax", z, axis=axis))
    weighted = graph.add("Mul", graph.add("Softmax", z, axis=axis), each)
    return graph.add("ReduceSum", weighted, np.array([axis]), keepdims=0)


def _regression(graph: Graph, raw: RawOutputs) -> list[Output]:
    """Add nodes for predictions in the units of y, with the shape of `predict`."""
    target, q = raw.target, raw.loss.units_per_output
    output = activate(graph, raw, raw.z)
    if target.scale is not None:
        output = graph.add("Mul", output, np.repeat(target.scale, q))
        output = graph.add("Add", output, np.repeat(target.center, q))
    shape = tuple(axis for axis in (target.n_outputs, q) if axis > 1)
    output = graph.add("Reshape", output, np.array([-1, *shape]))
    return [Output("predictions", output, "float32", shape)]


def _binary(graph: Graph, raw: RawOutputs) -> list[Output]:
    """Add nodes for labels, the second class where z > 0, and probabilities or scores."""
    if raw.loss.has_probabilities:
        both = graph.add("Concat", graph.add("Neg", raw.z), raw.z, axis=-1)
        p = activate(graph, raw, both)
        output = Output("probabilities", p, "float32", (2,))
        lead = graph.add("Sub", graph.columns(p, [1]), graph.columns(p, [0]))
        lead = graph.add("Reshape", raw.z if raw.members is None else lead, FLAT)
    else:
        lead = graph.add("Reshape", decision_function(graph, raw), FLAT)
        output = Output("scores", lead, "float32", ())
    return [_label(graph, raw.target.classes, _is_positive(graph, lead)), output]


def _multiclass(graph: Graph, raw: RawOutputs) -> list[Output]:
    """Add nodes for labels, by the largest z, and scores or (normalised) probabilities."""
    if raw.loss.has_probabilities:
        name, logits, loss = "probabilities", raw.z, raw.loss
        if type(loss).inverse_link is NLL.inverse_link:
            logits, loss = _log_sigmoid(graph, raw.z), NLLM()
        elif type(loss).inverse_link is not NLLM.inverse_link:
            raise unsupported_loss(loss)
        output = activate(graph, replace(raw, loss=loss), logits)
        largest = raw.z if raw.members is None else output
    else:
        name, output = "scores", decision_function(graph, raw)
        largest = output
    label = _label(graph, raw.target.classes, graph.add("ArgMax", largest, axis=-1, keepdims=0))
    return [label, Output(name, output, "float32", (raw.target.n_outputs,))]


def _multilabel(graph: Graph, raw: RawOutputs) -> list[Output]:
    """Add nodes for labels, 1 where z > 0, else 0, and probabilities or scores."""
    shape = (raw.target.n_outputs,)
    if raw.loss.has_probabilities:
        name, output = "probabilities", activate(graph, raw, raw.z)
        lead = raw.z if raw.members is None else graph.add("Sub", output, 0.5)
    else:
        name, output = "scores", decision_function(graph, raw)
        lead = output
    label = Output("label", _is_positive(graph, lead), "int64", shape)
    return [label, Output(name, output, "float32", shape)]


def _multioutput(graph: Graph, raw: RawOutputs) -> list[Output]:
    """Add nodes for each column of labels; the names of the outputs end in its number."""
    outputs, first = [], 0
    for i, (target, loss) in enumerate(zip(raw.target.columns, raw.loss.losses, strict=True)):
        own = graph.columns(raw.z, np.arange(first, first + target.n_outputs))
        first += target.n_outputs
        for one in add_outputs(graph, RawOutputs(own, target, loss, raw.members)):
            outputs.append(replace(one, name=f"{one.name}_{i}"))
    return outputs


def _is_positive(graph: Graph, value: Value) -> Value:
    """Add nodes for 1 where a value is above 0, else 0."""
    return graph.cast(graph.add("Greater", value, 0.0), "int64")


def _label(graph: Graph, classes: Array, number: Value) -> Output:
    """Add nodes for the classes with given indices, as int64 or strings."""
    kinds = {type(label) for label in classes.tolist()}
    if kinds == {str}:
        labels, dtype = classes.astype(str), "str"
    elif all(issubclass(kind, int | float) for kind in kinds) and all(map(_is_int64, classes)):
        labels, dtype = classes.astype(np.int64), "int64"
    else:
        raise ValueError(
            f"Labels in ONNX must be strings or 64-bit integers, got {classes}. Encode them with a "
            "LabelEncoder before training."
        )
    return Output("label", graph.add("Gather", graph.constant(labels), number), dtype, ())


def _is_int64(label: float) -> bool:
    return label % 1 == 0 and -(2**63) <= int(label) < 2**63


#: Functions that add the outputs, by the type of target.
OUTPUTS: Mapping[type[Target], Callable[[Graph, RawOutputs], list[Output]]] = {
    RealTarget: _regression,
    BinaryTarget: _binary,
    MulticlassTarget: _multiclass,
    MultilabelTarget: _multilabel,
    MultioutputTarget: _multioutput,
}
