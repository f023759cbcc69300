"""Layers: a small table of what a fitted network consists of, for people to look at."""

from collections.abc import Mapping
from html import escape
from typing import Any, NamedTuple

#: Closes what scikit-learn's page of an estimator has opened; the table goes before it.
END = "</div></div></div></div></div>"


class Layer(NamedTuple):
    """A row of the table.

    Parameters
    ----------
    name : str
        Such as "hidden 1".
    shape : tuple of int
        Of the weights: inputs and outputs, after the members if there are several.
    parameters : int
        Weights and offsets, of all members.
    activation : str
        What follows.
    """

    name: str
    shape: tuple[int, ...]
    parameters: int
    activation: str


def layers_of(fitted: Mapping[str, Any]) -> list[Layer]:
    """Return the layers that fitted attributes tell of, the embedding of levels first."""
    plan, coefs = fitted["_plan"], fitted["coefs_"]
    names = [*(f"hidden {i + 1}" for i in range(len(coefs) - 1)), "output"]
    activations = [*map(_name, plan["activations"]), str(fitted["out_activation_"])]
    sizes = [W.size + W0.size for W, W0 in zip(coefs, fitted["intercepts_"], strict=True)]
    shapes = [W.shape for W in coefs]
    E = plan["embedding"]
    rows = [] if E is None else [Layer("embedding", E.shape, E.size, "identity")]
    return [*rows, *map(Layer, names, shapes, sizes, activations)]


def with_layers(page: str, fitted: Mapping[str, Any]) -> str:
    """Return scikit-learn's page of an estimator, in HTML, with a table of its layers."""
    layers = layers_of(fitted)
    cells = [
        (one.name, " x ".join(map(str, one.shape)), f"{one.parameters:,}", one.activation)
        for one in layers
    ]
    total = sum(one.parameters for one in layers)
    head = _row(("layer", "shape", "parameters", "activation"), "th")
    body = "".join(_row(row, "td") for row in [*cells, ("in all", "", f"{total:,}", "")])
    table = (
        '<div class="estimator-table"><details><summary>Layers</summary>'
        f'<table class="parameters-table"><tbody>{head}{body}</tbody></table></details></div>'
    )
    place = page.rfind(END)
    return page + table if place < 0 else page[:place] + table + page[place:]


def _row(texts: tuple[str, ...], tag: str) -> str:
    return f"<tr>{''.join(f'<{tag}>{escape(text)}</{tag}>' for text in texts)}</tr>"


def _name(activation: Any) -> str:
    """Return the name of an activation, or how to write one of the user's own."""
    return activation if isinstance(activation, str) else repr(activation)
