"""Describe a model file without building the model."""

from collections import Counter
from collections.abc import Iterator
from typing import Any

import numpy as np

from sknn._version import as_model_file_error
from sknn.archives import Contents
from sknn.estimators._layer_table import layers_of
from sknn.persistence.models import read_bytes, read_contents


def describe(file: Any) -> str:
    """Return a text about a model file: its class, layers, training and parameters.

    The digests are verified; only `sknn.load` checks whether the parts fit together.

    Parameters
    ----------
    file : str, path or binary file
        The file.

    Raises
    ------
    ModelFileError
        If it is not a model, or is damaged.
    OSError
        If it cannot be read.
    """
    data = read_bytes(file)
    contents = read_contents(data)
    sections = [
        _writer(contents, len(data)),
        _layers(contents.state),
        _training(contents.state),
        _parameters(contents.parameters),
    ]
    with as_model_file_error("The file does not describe a model"):
        return "\n\n".join("\n".join(map(_escape, lines)) for lines in sections)


def _escape(line: str) -> str:
    """Escape characters that a terminal would interpret, or cannot print."""
    return "".join(char if char.isprintable() else ascii(char)[1:-1] for char in line)


def _writer(contents: Contents, size: int) -> Iterator[str]:
    versions = ", ".join(f"{name} {number}" for name, number in contents.versions.items())
    yield f"{contents.class_name}, {size:,} bytes, format {contents.format}"
    yield f"written with {versions}"


def _layers(state: dict[str, Any]) -> Iterator[str]:
    layers, spec = layers_of(state), state["_model_spec"]
    yield f"{'layer':<12}{'shape':>16}{'parameters':>14}  activation"
    for layer in layers:
        shape = " x ".join(map(str, layer.shape))
        yield f"{layer.name:<12}{shape:>16}{layer.parameters:>14,}  {layer.activation}"
    members = f", {spec['n_members']} members" if spec["n_members"] != 1 else ""
    total = sum(layer.parameters for layer in layers)
    yield f"{'total':<12}{'':>16}{total:>14,}  {spec['dtype']}{members}"


def _training(state: dict[str, Any]) -> Iterator[str]:
    spec, training_state = state.get("_model_spec", {}), state.get("_training_state", {})
    encoding, names = spec.get("input_encoding"), state.get("feature_names_in_")
    if isinstance(encoding, list):  # of each fold
        encoding = encoding[0]
    types = list(encoding.get("column_types_", [])) if isinstance(encoding, dict) else []
    if names is not None and types:
        names = [f"{name}: {kind}" for name, kind in zip(names, types, strict=True)]
    yield f"inputs   {_count(state.get('n_features_in_'), 'column')}{_preview(names)}"
    if types:
        yield f"types    {', '.join(f'{n} {kind}' for kind, n in Counter(types).most_common())}"
    yield f"target   {spec.get('target')}{_preview(state.get('classes_'))}, loss {spec.get('loss')}"
    epochs = ", ".join(map(str, np.atleast_1d(state.get("n_iter_", 0)).tolist()))
    yield f"trained  {_count(epochs, 'epoch')}, loss {state.get('loss_')}"
    if "oof_score_" in state:
        yield f"cv       {_count(len(state['cv_scores_']), 'fold')}, score {state['oof_score_']}"
    members = training_state.get("members") or [training_state]
    kept = any("optimizer" in one.get("solver_state", {}) for one in members)
    yield f"training state {'kept' if kept else 'not kept'}"


def _count(number: Any, noun: str) -> str:
    return f"{number} {noun}{'' if str(number) == '1' else 's'}"


def _preview(values: Any) -> str:
    """Format the first eight values in brackets; an empty string without values."""
    if values is None or len(values) == 0:
        return ""
    shown = [str(value.tolist() if np.ndim(value) else value) for value in values[:8]]
    return f" ({', '.join(shown)}{', ...' if len(values) > len(shown) else ''})"


def _parameters(parameters: dict[str, Any]) -> Iterator[str]:
    yield "parameters"
    for name in sorted(parameters):
        yield f"  {name} = {parameters[name]!r}"
