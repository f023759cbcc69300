"""Describing: what is in a model file, without building the model."""

from collections import Counter
from collections.abc import Iterator
from typing import Any

import numpy as np

from sknn import archives
from sknn._version import as_model_file_error
from sknn.estimators._layer_table import layers_of
from sknn.persistence.models import whole


def describe(file: Any) -> str:
    """Return a page about a model file: what it is, its layers, its training, its parameters.

    The digests are checked; whether the parts fit together is only known after `sknn.load`.

    Parameters
    ----------
    file : str, path or binary file
        What `save` wrote.

    Raises
    ------
    ModelFileError
        If it is not a model, or damaged.
    OSError
        If it cannot be read.
    """
    data = whole(file)
    contents = archives.read(data)
    sections = [
        _writer(contents, len(data)),
        _layers(contents.state),
        _training(contents.state),
        _parameters(contents.parameters),
    ]
    with as_model_file_error("The file does not describe a model"):
        return "\n\n".join("\n".join(map(_printable, lines)) for lines in sections)


def _printable(line: str) -> str:
    """Return a line without what a terminal would obey, or cannot show."""
    return "".join(one if one.isprintable() else ascii(one)[1:-1] for one in line)


def _writer(contents: archives.Contents, size: int) -> Iterator[str]:
    others = ", ".join(f"{name} {number}" for name, number in contents.versions.items())
    yield f"{contents.class_name}, {size:,} bytes, format {contents.format}"
    yield f"written with {others}"


def _layers(state: dict[str, Any]) -> Iterator[str]:
    """Yield a line a layer."""
    layers, plan = layers_of(state), state["_model_spec"]
    yield f"{'layer':<12}{'shape':>16}{'numbers':>14}  activation"
    for layer in layers:
        shape = " x ".join(map(str, layer.shape))
        yield f"{layer.name:<12}{shape:>16}{layer.parameters:>14,}  {layer.activation}"
    several = f", {plan['n_members']} members" if plan["n_members"] != 1 else ""
    total = sum(layer.parameters for layer in layers)
    yield f"{'in all':<12}{'':>16}{total:>14,}  {plan['dtype']}{several}"


def _training(state: dict[str, Any]) -> Iterator[str]:
    plan, memory = state.get("_model_spec", {}), state.get("_training_state", {})
    kinds = _kinds(plan.get("input_encoding"))
    names = _labelled(state.get("feature_names_in_"), kinds)
    yield f"inputs   {_counted(state.get('n_features_in_'), 'column')}{_listed(names)}"
    if kinds:
        yield f"kinds    {', '.join(f'{n} {kind}' for kind, n in Counter(kinds).most_common())}"
    yield f"target   {plan.get('target')}{_listed(state.get('classes_'))}, loss {plan.get('loss')}"
    yield f"trained  {_counted(state.get('n_iter_'), 'epoch')}, loss {state.get('loss_')}"
    goes_on = "kept" if "optimizer" in memory.get("state", {}) else "not kept"
    yield f"training state {goes_on}"


def _kinds(input_encoding: Any) -> list[str]:
    """Return what each column of a table holds; nothing where all are plain numbers."""
    return list(input_encoding.get("column_types_", [])) if isinstance(input_encoding, dict) else []


def _labelled(names: Any, kinds: list[str]) -> Any:
    """Return names of columns with what they hold."""
    if names is None or not kinds:
        return names
    return [f"{name}: {kind}" for name, kind in zip(names, kinds, strict=True)]


def _counted(number: Any, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


def _listed(values: Any) -> str:
    """Return the first few of some values in brackets, nothing for none."""
    if values is None or len(values) == 0:
        return ""
    shown = [str(value.tolist() if np.ndim(value) else value) for value in values[:8]]
    return f" ({', '.join(shown)}{', ...' if len(values) > len(shown) else ''})"


def _parameters(parameters: dict[str, Any]) -> Iterator[str]:
    yield "parameters"
    for name in sorted(parameters):
        yield f"  {name} = {parameters[name]!r}"
