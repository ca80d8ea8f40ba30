"""Cleans untrusted text. The result cannot control a terminal or reverse the text beside it. Pure.

All characters that Python considers non-printable are replaced:

- controls (C0, DEL, C1)
- direction marks and other format characters
- line and paragraph separators
- tags, surrogates, and unassigned characters
"""

import re
from typing import Any, Final

import msgspec

from protocol.text.scrub import scrub_all

_NOT_ASCII: Final = re.compile(r"[^ -~]")


def clean(text: str) -> str:
    """The text in one line, with a replacement character for each non-printable character."""
    if text.isprintable():
        return text
    return "".join(each if each.isprintable() else "\N{REPLACEMENT CHARACTER}" for each in text)


def clean_lines(text: str, *, kept: str = "") -> str:
    """A text with each line cleaned. Line breaks are kept.

    Args:
        kept: further characters to keep.
    """
    return "".join(
        each if each.isprintable() or each == "\n" or each in kept else "\N{REPLACEMENT CHARACTER}" for each in text
    )


def as_json(document: Any, *, only_ascii: bool = False) -> str:
    """A document as JSON in one line. All non-printable characters are escaped.

    Args:
        only_ascii: also escape everything that is not ASCII.
    """
    try:
        text = msgspec.json.encode(document).decode()
    except UnicodeEncodeError:  # a surrogate, which stands for a byte that is not UTF-8
        text = msgspec.json.encode(scrub_all(msgspec.to_builtins(document))).decode()
    if only_ascii:
        return _NOT_ASCII.sub(lambda found: _escape(found[0]), text)
    return text if text.isprintable() else "".join(each if each.isprintable() else _escape(each) for each in text)


def _escape(character: str) -> str:
    units = character.encode("utf-16-be")
    return "".join(f"\\u{units[at]:02x}{units[at + 1]:02x}" for at in range(0, len(units), 2))
