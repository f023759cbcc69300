"""Nodes of a fitted estimator: encoder, network and predictions."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from sknn.estimators._fitted_model import fitted_networks
from sknn.estimators._model import ModelSpec
from sknn.estimators.base import BaseMLP
from sknn.features import TableEncoder
from sknn.persistence.onnx.encoder_nodes import compact
from sknn.persistence.onnx.graph import Graph, Output, Value
from sknn.persistence.onnx.network_nodes import forward
from sknn.persistence.onnx.output_activations import RawOutputs
from sknn.persistence.onnx.outputs import add_outputs, class_scores


def encoders_of(mlp: BaseMLP) -> list[TableEncoder]:
    """Return the encoder of a fitted tabular estimator, or that of each fold; none for others."""
    parts = ModelSpec.of_fitted(vars(mlp)).parts()
    return [part.inputs.encoder for part in parts if part.inputs]


def add_estimator(
    graph: Graph, mlp: BaseMLP, inputs: Sequence[Value], raw_scores: bool = False
) -> list[Output]:
    """Add the nodes of a fitted estimator, and return its outputs.

    The inputs are one value, float32 of shape (n, m), or the columns of a table. With `raw_scores`
    a classifier of one column of labels gives the scores of all classes, not probabilities.
    """
    spec: Any = ModelSpec.of_fitted(vars(mlp))
    outputs = []
    for part, network in fitted_networks(spec, vars(mlp)):
        u = inputs[0]
        if part.inputs:
            u = compact(graph, part.inputs.encoder, inputs, spec.dtype)
        outputs.append(forward(graph, network, u))
    z = outputs[0] if len(outputs) == 1 else _joined(graph, outputs, spec)
    raw = RawOutputs(z, spec.target, spec.loss, spec.members)
    predictions = add_outputs(graph, raw)
    return class_scores(graph, raw, predictions[0]) if raw_scores else predictions


def _joined(graph: Graph, outputs: Sequence[Value], spec: ModelSpec) -> Value:
    """Add the concatenation of the raw outputs of all folds on the member axis."""
    shape = np.array([spec.n_members // spec.n_folds, -1, spec.n_units])
    members = [graph.add("Reshape", z, shape) for z in outputs]
    return graph.add("Concat", *members, axis=0)
