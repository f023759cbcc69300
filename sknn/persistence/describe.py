"""Describing: what is in a model file, without building the model."""

from collections.abc import Iterator
from typing import Any

import numpy as np

from sknn import archives
from sknn.persistence.models import whole
from sknn.stamp import blaming_file


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
    with blaming_file("The file does not describe a model"):
        return "\n\n".join("\n".join(map(_printable, lines)) for lines in sections)


def _printable(line: str) -> str:
    """Return a line without what a terminal would obey, or cannot show."""
    return "".join(one if one.isprintable() else ascii(one)[1:-1] for one in line)


def _writer(contents: archives.Contents, size: int) -> Iterator[str]:
    others = ", ".join(f"{name} {number}" for name, number in contents.versions.items())
    yield f"{contents.class_name}, {size:,} bytes, format {contents.format}"
    yield f"written with {others}"


def _layers(state: dict[str, Any]) -> Iterator[str]:
    """Yield a line a layer; inputs and outputs of the last axes, whatever the members."""
    plan, coefs = state.get("_plan", {}), state.get("coefs_", [])
    activations = [*plan.get("activations", []), state.get("out_activation_")]
    yield f"{'layer':<8}{'shape':>16}{'numbers':>14}  activation"
    total = 0
    for i, (W, W0) in enumerate(zip(coefs, state.get("intercepts_", []), strict=False)):
        shape = " x ".join(map(str, W.shape[-2:]))
        activation = activations[i] if i < len(activations) else "?"
        total += W.size + W0.size
        yield f"{i + 1:<8}{shape:>16}{W.size + W0.size:>14,}  {activation}"
    members = plan.get("n_members", 1)
    several = f" in {members} members" if members != 1 else ""
    yield f"{'in all':<8}{'':>16}{total:>14,}  {plan.get('dtype')}{several}"


def _training(state: dict[str, Any]) -> Iterator[str]:
    plan, memory = state.get("_plan", {}), state.get("_memory", {})
    yield f"inputs   {state.get('n_features_in_')} columns{_listed(state.get('feature_names_in_'))}"
    yield f"target   {plan.get('target')}{_listed(state.get('classes_'))}, loss {plan.get('loss')}"
    yield f"trained  {state.get('n_iter_')} epochs, loss {state.get('loss_')}"
    goes_on = "kept" if "optimizer" in memory.get("state", {}) else "not kept"
    yield f"training state {goes_on}"


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
