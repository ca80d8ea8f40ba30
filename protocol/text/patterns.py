"""Patterns that texts in messages must match, and descriptions of them for error messages. Pure.

Without the descriptions, msgspec's error messages would show the regular expressions.
"""

import ast
import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

TORRENT_ID: Final = r"^([0-9a-f]{40}|[0-9a-f]{64})$(?!\n)"
URL: Final = r"^(udp|http|https|ws|wss)://[^\s\x00-\x20\x7f]+$(?!\n)"
WEB_SEED_URL: Final = r"^https?://[^\s\x00-\x20\x7f]+$(?!\n)"
FILE_INDEX: Final = r"^(0|[1-9][0-9]{0,6})$(?!\n)"
CRASH_NAME: Final = r"^[0-9]{8}T[0-9]{6}\.[0-9]{6}Z-gen[0-9]{1,10}$(?!\n)"
TIME_OF_DAY: Final = r"^([01][0-9]|2[0-3]):[0-5][0-9]$(?!\n)"

REQUEST_NAME: Final = r"^[A-Za-z0-9._:/-]{1,64}$(?!\n)"

TRACEPARENT: Final = r"^00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}$(?!\n)"

_SPAN: Final = "[0-9]{1,10}(-[0-9]{1,10})?"
FILE_INDICES: Final = rf"^{_SPAN}(,{_SPAN})*$(?!\n)"

IN_WORDS: Final[Mapping[str, str]] = MappingProxyType(
    {
        TORRENT_ID: "the id of a torrent: 40 or 64 of the digits 0 to 9 and a to f, in lower case",
        URL: "a URL without blanks that begins with udp://, http://, https://, ws:// or wss://",
        WEB_SEED_URL: "a URL without blanks that begins with http:// or https://",
        FILE_INDEX: "the index of a file: a whole number from 0 on, without leading zeros",
        CRASH_NAME: "the name of a crash report, such as 20240131T120000.123456Z-gen7; `list_crashes` has them",
        TIME_OF_DAY: "a time of day, such as 22:00",
        REQUEST_NAME: "1 to 64 letters, digits, `.`, `_`, `:`, `/` and `-`",
        TRACEPARENT: "a W3C trace context of version 00, such as "
        "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
        FILE_INDICES: "indices of files, such as 0,2,5-7",
    }
)

_OTHER_FORM: Final = "text of another form"
_MATCHING: Final = re.compile(r"`str` matching regex (?P<quoted>'.*'|\".*\")", re.DOTALL)


def without_patterns(problem: str) -> str:
    """Replaces the regular expression in an error message of msgspec by a description."""
    return _MATCHING.sub(_words, problem)


def _words(found: re.Match[str]) -> str:
    try:
        return IN_WORDS.get(ast.literal_eval(found["quoted"]), _OTHER_FORM)
    except (SyntaxError, ValueError):
        return _OTHER_FORM
