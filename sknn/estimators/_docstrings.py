"""Docstrings of classes that share most of their parameters: shared entries are written once."""

import inspect
import re
from collections.abc import Callable
from typing import Any, TypeVar

Class = TypeVar("Class", bound=type[Any])


def inherit_entries(base: type[Any]) -> Callable[[Class], Class]:
    """Return a class decorator that completes a docstring by that of another class.

    Parameters of the signature and declared attributes that the class does not describe are
    described as in `base`, with the defaults of its own signature. The references are those of
    `base`.
    """

    def complete(cls: Class) -> Class:
        if cls.__doc__ is None or base.__doc__ is None:  # python -OO
            return cls
        text, other = inspect.cleandoc(cls.__doc__), inspect.cleandoc(base.__doc__)
        for title in ("Parameters", "Attributes"):
            own, entries = _entries(_section(text, title)), _entries(_section(other, title))
            if title == "Parameters":
                signature = inspect.signature(cls).parameters.values()
                entries = {p.name: _with_default((entries | own)[p.name], p) for p in signature}
            else:
                declared = {
                    name for one in cls.__mro__ for name in getattr(one, "__annotations__", ())
                }
                entries = {name: entries[name] for name in entries if name in declared} | own
            text = text.replace(_section(text, title), "\n".join(entries.values()), 1)
        references = f"References\n----------\n{_section(other, 'References')}\n\nExamples\n"
        cls.__doc__ = text.replace("Examples\n", references, 1)
        return cls

    return complete


def _section(text: str, title: str) -> str:
    """Return the body of a section."""
    _, _, body = text.partition(f"{title}\n{'-' * len(title)}\n")
    return re.split(r"\n\n[A-Z][\w ]+\n-+\n", body, maxsplit=1)[0]


def _entries(section: str) -> dict[str, str]:
    """Return the entries of a section by name."""
    entries = re.split(r"\n(?=\w+ : )", section)
    return {entry.partition(" : ")[0]: entry for entry in entries}


def _with_default(entry: str, parameter: inspect.Parameter) -> str:
    """Return an entry with the default of the signature."""
    default = repr(parameter.default).replace("'", '"')
    head, *rest = entry.split("\n")
    return "\n".join([re.sub(r"default=.*", lambda _: f"default={default}", head), *rest])
