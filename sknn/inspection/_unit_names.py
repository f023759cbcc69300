"""Names of the layers, inputs and outputs of a fitted network."""

from itertools import product
from typing import Any

from sknn.engine import Quantile
from sknn.engine._typing import Array
from sknn.estimators._inputs import TabularInputs
from sknn.estimators._model import ModelSpec
from sknn.estimators.base import BaseMLP
from sknn.targets import BinaryTarget, ClassTarget, MultioutputTarget


def layer_names(n_layers: int) -> list[str]:
    """Return "hidden 1", "hidden 2", ... and "output"."""
    return [*(f"hidden {number}" for number in range(1, n_layers)), "output"]


def column_titles(mlp: BaseMLP, member: int = 0) -> list[str]:
    """Return name, size and activation of the input and of each layer, a line each."""
    spec = _spec_of_member(mlp, member)
    names = ["input", *layer_names(len(mlp.intercepts_))]
    sizes = [spec.n_inputs, *(W0.shape[-1] for W0 in mlp.intercepts_)]
    hidden = [
        activation if isinstance(activation, str) else type(activation).__name__
        for activation in spec.activations
    ]
    activations = ["", *hidden, mlp.out_activation_]
    rows = zip(names, sizes, activations, strict=True)
    return [f"{name}\n{size}\n{activation}" for name, size, activation in rows]


def input_names(mlp: BaseMLP, member: int = 0) -> list[str]:
    """Return the names of the first layer's inputs: the encoded columns for a table."""
    inputs = _spec_of_member(mlp, member).inputs
    if not isinstance(inputs, TabularInputs):
        numbered = [f"x{j}" for j in range(mlp.n_features_in_)]
        return [str(name) for name in getattr(mlp, "feature_names_in_", numbered)]
    names = inputs.encoder.get_feature_names_out().tolist()
    n_direct = len(names) - inputs.encoder.n_embedded_features_
    embedded = product(names[n_direct:], range(inputs.embedding_width))
    return [*names[:n_direct], *(f"{name} {i}" for name, i in embedded)]


def output_names(mlp: BaseMLP) -> list[str]:
    """Return the names of the output layer's units."""
    spec = ModelSpec.of_fitted(vars(mlp))
    y = spec.target
    if isinstance(y, MultioutputTarget):
        columns = enumerate(y.columns)
        return [f"y{i}: {label}" for i, column in columns for label in _labels(column)]
    return _labels(y) if isinstance(y, ClassTarget) else _regression_names(spec)


def _labels(y: Any) -> list[str]:
    """Return the classes with an output unit; of two classes only the second has one."""
    classes = y.classes[1:] if isinstance(y, BinaryTarget) else y.classes
    return [str(label) for label in classes]


def _regression_names(spec: ModelSpec) -> list[str]:
    """Return "y", or "y0", "y1", ..., with the quantile if there are several."""
    k, loss = spec.target.n_outputs, spec.loss
    outputs = ["y"] if k == 1 else [f"y{i}" for i in range(k)]
    suffixes = [""] * loss.units_per_output
    if isinstance(loss, Quantile):
        suffixes = [f", {level:g} quantile" for level in loss.quantiles]
    return [output + suffix for output, suffix in product(outputs, suffixes)]


def member_weights(mlp: BaseMLP, member: int) -> list[Array]:
    """Return the weights of each layer of one member, arrays of shape (m, k)."""
    n_inputs = _spec_of_member(mlp, member).n_inputs
    first, *others = (W[member] if W.ndim == 3 else W for W in mlp.coefs_)
    return [first[:n_inputs], *others]


def _spec_of_member(mlp: BaseMLP, member: int) -> ModelSpec:
    """Return the specification of the networks of one member, which read the same inputs."""
    spec = ModelSpec.of_fitted(vars(mlp))
    if not 0 <= member < spec.n_members:
        raise ValueError(f"member must be from 0 to {spec.n_members - 1}, got {member!r}.")
    parts = spec.parts()
    return parts[member * len(parts) // spec.n_members]
