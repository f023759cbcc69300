"""Nodes of a fitted estimator: encoder, network and predictions."""

from collections.abc import Sequence
from typing import Any

from sknn.estimators._inputs import TabularInputs
from sknn.estimators._model import ModelSpec, fitted_network
from sknn.estimators.base import BaseMLP
from sknn.features import TableEncoder
from sknn.persistence.onnx.encoder_nodes import compact
from sknn.persistence.onnx.graph import Graph, Output, Value
from sknn.persistence.onnx.network_nodes import forward
from sknn.persistence.onnx.output_activations import RawOutputs
from sknn.persistence.onnx.outputs import add_outputs, class_scores


def encoder_of(mlp: BaseMLP) -> TableEncoder | None:
    """Return the encoder of a fitted tabular estimator, None for the others."""
    inputs = ModelSpec.of_fitted(vars(mlp)).inputs
    return inputs.encoder if isinstance(inputs, TabularInputs) else None


def add_estimator(
    graph: Graph, mlp: BaseMLP, inputs: Sequence[Value], raw_scores: bool = False
) -> list[Output]:
    """Add the nodes of a fitted estimator, and return its outputs.

    The inputs are one value, float32 of shape (n, m), or the columns of a table. With `raw_scores`
    a classifier of one column of labels gives the scores of all classes, not probabilities.
    """
    spec: Any = ModelSpec.of_fitted(vars(mlp))
    encoder = encoder_of(mlp)
    u = inputs[0] if encoder is None else compact(graph, encoder, inputs, spec.dtype)
    z = forward(graph, fitted_network(spec, vars(mlp)), u)
    raw = RawOutputs(z, spec.target, spec.loss, spec.members)
    outputs = add_outputs(graph, raw)
    return class_scores(graph, raw, outputs[0]) if raw_scores else outputs
