"""Nodes of the outputs: labels with probabilities or scores, or regression predictions."""

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


def _regression(graph: Graph, raw: RawOutputs) -> list[Output]:
    """Write predictions in the units of y, with the shape of `predict`."""
    target, q = raw.target, raw.loss.units_per_output
    output = activate(graph, raw, raw.z)
    if target.scale is not None:
        output = graph.add("Mul", output, np.repeat(target.scale, q))
        output = graph.add("Add", output, np.repeat(target.center, q))
    shape = tuple(axis for axis in (target.n_outputs, q) if axis > 1)
    output = graph.add("Reshape", output, np.array([-1, *shape]))
    return [Output("predictions", output, "float32", shape)]


def _binary(graph: Graph, raw: RawOutputs) -> list[Output]:
    """Write the second class where its raw output is above 0."""
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
    """Write the class with the largest raw output; sigmoids are normalised to probabilities."""
    if raw.loss.has_probabilities:
        name, logits, loss = "probabilities", raw.z, raw.loss
        if type(loss).inverse_link is NLL.inverse_link:
            negative_log_sigmoid = graph.add("Softplus", graph.add("Neg", raw.z))
            logits, loss = graph.add("Neg", negative_log_sigmoid), NLLM()
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
    """Write 1 for each label whose raw output is above 0, else 0."""
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
    """Write the outputs of each column of labels, numbered from 0."""
    outputs, first = [], 0
    for i, (target, loss) in enumerate(zip(raw.target.columns, raw.loss.losses, strict=True)):
        own = graph.columns(raw.z, np.arange(first, first + target.n_outputs))
        first += target.n_outputs
        for one in add_outputs(graph, RawOutputs(own, target, loss, raw.members)):
            outputs.append(replace(one, name=f"{one.name}_{i}"))
    return outputs


def _is_positive(graph: Graph, value: Value) -> Value:
    """Return 1 where a value is above 0, else 0."""
    return graph.cast(graph.add("Greater", value, 0.0), "int64")


def _label(graph: Graph, classes: Array, number: Value) -> Output:
    """Write the classes with given indices, as int64 or strings."""
    kinds = {type(label) for label in classes.tolist()}
    if kinds == {str}:
        labels, dtype = classes.astype(str), "str"
    elif all(issubclass(kind, int | float) for kind in kinds) and (classes % 1 == 0).all():
        labels, dtype = classes.astype(np.int64), "int64"
        if labels.tolist() != classes.tolist():
            raise ValueError(
                f"Labels in ONNX must be strings or fit in int64, got up to {classes[-1]}. Turn "
                "them into text before training."
            )
    else:
        raise ValueError(
            f"Labels in ONNX must be strings or integers, got {classes}. Encode them with a "
            "LabelEncoder before training."
        )
    return Output("label", graph.add("Gather", graph.constant(labels), number), dtype, ())


#: Writers of the outputs, by the kind of target.
OUTPUTS: Mapping[type[Target], Callable[[Graph, RawOutputs], list[Output]]] = {
    RealTarget: _regression,
    BinaryTarget: _binary,
    MulticlassTarget: _multiclass,
    MultilabelTarget: _multilabel,
    MultioutputTarget: _multioutput,
}
