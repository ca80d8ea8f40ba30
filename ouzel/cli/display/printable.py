"""Text from torrents, peers and the daemon, so that it cannot steer a terminal or turn what is beside it around. Pure.

What is not printable to Python goes: controls (C0, DEL, C1), marks of direction and other format characters, line and
paragraph separators, tags, halves of pairs, and what has no meaning yet.
"""

import re
from typing import Any, Final

import msgspec

from protocol.text.scrub import scrub_all

_NOT_ASCII: Final = re.compile(r"[^ -~]")


def clean(text: str) -> str:
    """The text in one line, with a replacement character for each that is not printable."""
    if text.isprintable():
        return text
    return "".join(each if each.isprintable() else "\N{REPLACEMENT CHARACTER}" for each in text)


def clean_lines(text: str, *, kept: str = "") -> str:
    """The same for each line of a text.

    Args:
        kept: characters that may stay besides.
    """
    return "".join(
        each if each.isprintable() or each == "\n" or each in kept else "\N{REPLACEMENT CHARACTER}" for each in text
    )


def as_json(document: Any, *, only_ascii: bool = False) -> str:
    """JSON in one line, in which everything that is not printable is escaped, as JSON may have any character.

    Args:
        only_ascii: all else is escaped, too.
    """
    try:
        text = msgspec.json.encode(document).decode()
    except UnicodeEncodeError:  # half of a pair, which stands for a byte of a path that is not UTF-8
        text = msgspec.json.encode(scrub_all(msgspec.to_builtins(document))).decode()
    if only_ascii:
        return _NOT_ASCII.sub(lambda found: _escape(found[0]), text)
    return text if text.isprintable() else "".join(each if each.isprintable() else _escape(each) for each in text)


def _escape(character: str) -> str:
    units = character.encode("utf-16-be")
    return "".join(f"\\u{units[at]:02x}{units[at + 1]:02x}" for at in range(0, len(units), 2))
