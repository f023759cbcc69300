"""Fitted estimators as nodes: what stands before the network, the network, its answers."""

from collections.abc import Sequence
from typing import Any

from sknn.estimators._inputs import TabularInputs
from sknn.estimators._model import ModelSpec, fitted_network
from sknn.estimators.base import BaseMLP
from sknn.features import TableEncoder
from sknn.persistence.onnx.activations import Raw
from sknn.persistence.onnx.graph import Graph, Output, Value
from sknn.persistence.onnx.modules import forward
from sknn.persistence.onnx.outputs import answers
from sknn.persistence.onnx.tables import compact


def encoder_of(mlp: BaseMLP) -> TableEncoder | None:
    """Return the encoder of a fitted estimator for tables; None for one that takes numbers."""
    input_encoding = ModelSpec.of_fitted(vars(mlp)).inputs
    return input_encoding.encoder if isinstance(input_encoding, TabularInputs) else None


def write(graph: Graph, mlp: BaseMLP, inputs: Sequence[Value]) -> list[Output]:
    """Add the nodes of a fitted estimator.

    Parameters
    ----------
    graph : Graph
        Where they are added.
    mlp : BaseMLP
        Fitted.
    inputs : list of Value
        One, float32 of shape (n, m); for a table its columns.

    Returns
    -------
    outputs : list of Output
        Of `answers`.
    """
    spec: Any = ModelSpec.of_fitted(vars(mlp))
    encoder = encoder_of(mlp)
    u = inputs[0] if encoder is None else compact(graph, encoder, inputs, spec.dtype)
    z = forward(graph, fitted_network(spec, vars(mlp)), u)
    return answers(graph, Raw(z, spec.target, spec.loss, spec.members))
