"""HTML display of an estimator: tables of its parameters and layers."""

import inspect
import re
import reprlib
from collections.abc import Collection, Mapping
from html import escape
from typing import Any, NamedTuple

#: Address of the documentation, without a final slash. Pages have no links while it is empty.
DOCUMENTATION = ""

#: Template for the address of an estimator's reference page; empty if there is none.
REFERENCE = DOCUMENTATION and DOCUMENTATION + "/reference/generated/sknn.{estimator_name}.html"


class Layer(NamedTuple):
    """A row of the table of layers."""

    name: str
    shape: tuple[int, ...]
    parameters: int
    activation: str


def layers_of(fitted: Mapping[str, Any]) -> list[Layer]:
    """Return the layers of a fitted estimator, with the embedding of categories first."""
    plan, coefs = fitted["_model_spec"], fitted["coefs_"]
    names = [*(f"hidden {i + 1}" for i in range(len(coefs) - 1)), "output"]
    activations = [*map(_name, plan["activations"]), str(fitted["out_activation_"])]
    sizes = [W.size + W0.size for W, W0 in zip(coefs, fitted["intercepts_"], strict=True)]
    shapes = [W.shape for W in coefs]
    E = plan["embedding"]
    rows = [] if E is None else [Layer("embedding", E.shape, E.size, "identity")]
    return [*rows, *map(Layer, names, shapes, sizes, activations)]


class EstimatorTables:
    """Tables for the HTML display of an estimator: its parameters and, if fitted, its layers."""

    def __init__(
        self, estimator: Any, parameters: Mapping[str, Any], changed: Collection[str]
    ) -> None:
        self.estimator = estimator
        self.parameters = parameters
        self.changed = changed

    def _repr_html_inner(self) -> str:
        """Return the HTML; scikit-learn's display calls this method."""
        fitted = vars(self.estimator)
        layers = _layers_table(layers_of(fitted)) if "coefs_" in fitted else ""
        return self._parameters_table() + layers

    def _parameters_table(self) -> str:
        """Return a table with a row per parameter, whose tooltip is its description."""
        described = parameter_descriptions(type(self.estimator))
        rows = []
        for name, value in self.parameters.items():
            kind = "user-set" if name in self.changed else "default"
            tooltip = escape(described.get(name, ""))
            shown = escape(reprlib.repr(value))
            rows.append(
                f'<tr class="{kind}"><td class="param" title="{tooltip}">{escape(name)}</td>'
                f'<td class="value">{shown}</td></tr>'
            )
        return _table("Parameters", "".join(rows))


def parameter_descriptions(cls: type) -> dict[str, str]:
    """Return the entries of the section "Parameters" in the docstring of a class, by name."""
    _, _, text = (inspect.getdoc(cls) or "").partition("Parameters\n----------\n")
    section = re.split(r"\n\n[A-Z][\w ]+\n-+\n", text, maxsplit=1)[0]
    entries = re.split(r"^(?=\w+ : )", section, flags=re.MULTILINE)
    return {entry.partition(" : ")[0]: entry.rstrip() for entry in entries if entry.strip()}


def _layers_table(layers: list[Layer]) -> str:
    """Return a table with a row per layer and the total number of parameters."""
    cells = [
        (one.name, " x ".join(map(str, one.shape)), f"{one.parameters:,}", one.activation)
        for one in layers
    ]
    total = sum(one.parameters for one in layers)
    head = _row(("layer", "shape", "parameters", "activation"), "th")
    body = "".join(_row(row, "td") for row in [*cells, ("in all", "", f"{total:,}", "")])
    return _table("Layers", head + body)


def _table(title: str, rows: str) -> str:
    """Return a collapsible table in the style of scikit-learn's display."""
    return (
        f'<div class="estimator-table"><details><summary>{title}</summary>'
        f'<table class="parameters-table"><tbody>{rows}</tbody></table></details></div>'
    )


def _row(texts: tuple[str, ...], tag: str) -> str:
    # of scikit-learn's class, whose text is dark on its light ground in dark themes, too
    cells = "".join(f"<{tag}>{escape(text)}</{tag}>" for text in texts)
    return f'<tr class="default">{cells}</tr>'


def _name(activation: Any) -> str:
    """Return the name of an activation; for a module, its repr."""
    return activation if isinstance(activation, str) else repr(activation)
