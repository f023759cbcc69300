"""Names: what the layers, inputs and outputs of a fitted network are called."""

from itertools import product
from typing import Any

import numpy as np

from sknn.engine import Quantile
from sknn.engine._typing import Array
from sknn.estimators._inputs import TabularInputs
from sknn.estimators._model import ModelSpec
from sknn.targets import BinaryTarget, ClassTarget, MultioutputTarget


def layer_names(n_layers: int) -> list[str]:
    """Return "hidden 1", "hidden 2", ... and "output"."""
    return [*(f"hidden {number}" for number in range(1, n_layers)), "output"]


def column_titles(mlp: Any) -> list[str]:
    """Return what to write above the inputs and above each layer: name, size and activation."""
    names = ["input", *layer_names(len(mlp.intercepts_))]
    sizes = [mlp.coefs_[0].shape[-2], *(W0.shape[-1] for W0 in mlp.intercepts_)]
    hidden = [_activation_name(one) for one in ModelSpec.of_fitted(vars(mlp)).activations]
    activations = ["", *hidden, mlp.out_activation_]
    rows = zip(names, sizes, activations, strict=True)
    return [f"{name}\n{size}\n{activation}" for name, size, activation in rows]


def input_names(mlp: Any) -> list[str]:
    """Return the names of the first layer's inputs; of a table those of the encoded columns."""
    input_encoding = ModelSpec.of_fitted(vars(mlp)).inputs
    if not isinstance(input_encoding, TabularInputs):
        numbered = [f"x{j}" for j in range(mlp.n_features_in_)]
        return [str(name) for name in getattr(mlp, "feature_names_in_", numbered)]
    names = input_encoding.encoder.get_feature_names_out().tolist()
    embedded = names[len(names) - input_encoding.encoder.n_embedded_features_ :]
    wide = [f"{name} {i}" for name, i in product(embedded, range(input_encoding.embedding_width))]
    return [*names[: len(names) - len(embedded)], *wide]


def output_names(mlp: Any) -> list[str]:
    """Return the names of the output layer's units."""
    spec = ModelSpec.of_fitted(vars(mlp))
    y = spec.target
    if isinstance(y, MultioutputTarget):
        columns = enumerate(y.columns)
        return [f"y{i}: {label}" for i, column in columns for label in _labels(column)]
    return _labels(y) if isinstance(y, ClassTarget) else _of_numbers(spec)


def _labels(y: Any) -> list[str]:
    """Return the classes that have a unit; of two classes the second."""
    classes = y.classes[1:] if isinstance(y, BinaryTarget) else y.classes
    return [str(label) for label in classes]


def _of_numbers(spec: ModelSpec) -> list[str]:
    """Return "y", or "y0", "y1", ..., and what quantile it is of."""
    k, loss = spec.target.n_outputs, spec.loss
    outputs = ["y"] if k == 1 else [f"y{i}" for i in range(k)]
    parts = [""] * loss.units_per_output
    if isinstance(loss, Quantile):
        parts = [f", {level:g} quantile" for level in loss.quantiles]
    return [output + part for output, part in product(outputs, parts)]


def _activation_name(activation: Any) -> str:
    return activation if isinstance(activation, str) else type(activation).__name__


def weights_of(mlp: Any, member: int) -> list[Array]:
    """Return the weights of each layer of one member.

    Raises
    ------
    ValueError
        If there is no such member.
    """
    coefs = [W if W.ndim == 3 else W[np.newaxis] for W in mlp.coefs_]
    if not 0 <= member < len(coefs[0]):
        raise ValueError(f"member={member}, but there are {len(coefs[0])}, counted from 0.")
    return [W[member] for W in coefs]
