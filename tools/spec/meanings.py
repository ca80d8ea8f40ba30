"""Parses docstrings: the description of a message, and the meanings of its members.

Docstrings of the protocol package have a summary, possibly more paragraphs, and a section `Fields:`. The section's
entries are `name: meaning` or `name, name: meaning`, and continue with more indentation. A subclass inherits its
parents' meanings. Members that have the same meaning everywhere are in `GLOSSARY`, and need no entry.
"""

import inspect
import re
from typing import Final

import msgspec

GLOSSARY: Final = {
    "torrent": "the torrent's id.",
    "gen": "the engine's generation.",
}

_ENTRY: Final = re.compile(r"(?P<names>[a-z_0-9]+(?:, [a-z_0-9]+)*): (?P<meaning>.*)")


def about(kind: type) -> str:
    """The description of a message: the docstring's paragraphs before the fields. Each paragraph is on one line."""
    text, _, _ = inspect.cleandoc(kind.__doc__ or "").partition("\nFields:\n")
    return "\n\n".join(" ".join(paragraph.split()) for paragraph in text.strip().split("\n\n"))


def summary(kind: type) -> str:
    """The first paragraph of a message's description, without its full stop."""
    return about(kind).split("\n\n")[0].removesuffix(".")


def meanings(kind: type[msgspec.Struct]) -> dict[str, str]:
    """The meaning of each member that has one."""
    found = dict(GLOSSARY)
    for each in reversed(kind.__mro__):
        if "__doc__" in vars(each):
            found |= _fields(inspect.cleandoc(vars(each)["__doc__"] or ""))
    names = {field.encode_name for field in msgspec.structs.fields(kind)}
    return {name: meaning for name, meaning in found.items() if name in names}


def entries(kind: type) -> set[str]:
    """The names that have an entry in the class's own docstring."""
    return set(_fields(inspect.cleandoc(kind.__doc__ or "")))


def _fields(text: str) -> dict[str, str]:
    found: dict[str, str] = {}
    current: list[str] = []
    inside = False
    for line in text.splitlines():
        if line and not line.startswith(" "):
            inside = line == "Fields:"
            continue
        if not inside or not line.strip():
            continue
        if line.startswith("        "):
            for name in current:
                found[name] += " " + line.strip()
            continue
        entry = _ENTRY.fullmatch(line.strip())
        assert entry, f"not `name: meaning`: {line!r}"
        current = entry["names"].split(", ")
        found |= dict.fromkeys(current, entry["meaning"])
    return found
