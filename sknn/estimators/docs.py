"""Docstrings of classes that share most of their parameters: what is the same is written once."""

import inspect
import re
from collections.abc import Callable
from typing import Any, TypeVar

Class = TypeVar("Class", bound=type[Any])

#: "name : type, default=value", or several names.
ENTRY = re.compile(r"^(?P<name>\w+) : ")


def with_entries_of(base: type[Any]) -> Callable[[Class], Class]:
    """Return a decorator that completes a docstring by that of another class.

    Parameters and attributes that the class does not describe are described as there, with the
    class's own defaults, in the order of its signature. The references are the other's.
    """

    def complete(cls: Class) -> Class:
        if cls.__doc__ is None or base.__doc__ is None:  # python -OO
            return cls
        parameters = inspect.signature(cls).parameters
        own, other = inspect.cleandoc(cls.__doc__), inspect.cleandoc(base.__doc__)
        described = {**_entries(other, "Parameters"), **_entries(own, "Parameters")}
        entries = [_with_default(described[name], parameters[name]) for name in parameters]
        text = _with_section(own, "Parameters", entries)
        attributes = {**_entries(other, "Attributes"), **_entries(own, "Attributes")}
        text = _with_section(text, "Attributes", list(attributes.values()))
        start, end = _section(other, "References")
        references = f"References\n----------\n{other[start:end]}\n\nExamples\n"
        cls.__doc__ = text.replace("Examples\n", references, 1)
        return cls

    return complete


def _section(text: str, title: str) -> tuple[int, int]:
    """Return where the body of a section begins and ends."""
    heading = f"{title}\n{'-' * len(title)}\n"
    start = text.index(heading) + len(heading)
    following = re.search(r"\n\n[A-Z][\w ]+\n-+\n", text[start:])
    return start, len(text) if following is None else start + following.start()


def _entries(text: str, title: str) -> dict[str, str]:
    """Return the entries of a section by name."""
    start, end = _section(text, title)
    entries: dict[str, str] = {}
    name = ""
    for line in text[start:end].splitlines():
        begins = ENTRY.match(line)
        name = begins["name"] if begins else name
        entries[name] = line if begins else f"{entries[name]}\n{line}"
    return entries


def _with_section(text: str, title: str, entries: list[str]) -> str:
    """Return the text with another body of a section."""
    start, end = _section(text, title)
    return text[:start] + "\n".join(entries) + text[end:]


def _with_default(entry: str, parameter: inspect.Parameter) -> str:
    """Return an entry that tells the parameter's own default."""
    default = repr(parameter.default).replace("'", '"')
    head, *rest = entry.split("\n")
    return "\n".join([re.sub(r"default=.*", lambda _: f"default={default}", head), *rest])
