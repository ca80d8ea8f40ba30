"""Placeholders in the arguments of hooks. For example, `{name}` stands for the torrent's name. Pure."""

from collections.abc import Mapping
from string import Formatter
from typing import Final

PLACEHOLDERS: Final = ("event", "torrent", "name", "save_path", "path", "labels", "file", "error")
"""All placeholders. `docs/hooks.md` has their meaning."""


def problem(text: str) -> str | None:
    """Why a text with placeholders is wrong; None if the text is right."""
    try:
        parsed = list(Formatter().parse(text))
    except ValueError as error:
        return f"{text!r}: {error}; a brace itself is written twice"
    for _, field, form, conversion in parsed:
        if field is None:
            continue
        if field not in PLACEHOLDERS or form or conversion:
            listed = ", ".join(f"{{{each}}}" for each in PLACEHOLDERS)
            return f"{text!r} has a placeholder that is none of {listed}; a brace itself is written twice"
    return None


def filled(text: str, values: Mapping[str, str]) -> str:
    """The text with the values in place of its placeholders. Values are inserted unchanged, including braces."""
    return "".join(
        literal + (values[field] if field is not None else "") for literal, field, _, _ in Formatter().parse(text)
    )
