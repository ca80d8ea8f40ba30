"""Parses the parts of a magnet link that libtorrent cannot return: a name in any encoding, and the selection. Pure.

libtorrent's binding cannot return text that is not UTF-8. If a selection (`so=`, BEP 53) has a large number, libtorrent
drops the whole selection. So this module parses both, and removes both from libtorrent's link.
"""

import re
from typing import Final, NamedTuple
from urllib.parse import quote, unquote_to_bytes

LAST_INDEX: Final = 2**31 - 1
"""The greatest index of a file. libtorrent's file indices have 32 bits."""

_SPAN: Final = re.compile(r"([0-9]{1,20})(?:-([0-9]{1,20}))?", re.ASCII)
_LONG_RUN: Final = re.compile(rb"[\x80-\xff]{3,}")
_CYRILLIC: Final = frozenset({0xA8, 0xB8, *range(0xC0, 0x100)})


class MagnetLink(NamedTuple):
    """A parsed link.

    Fields:
        uri: the link for libtorrent. All text in it is UTF-8.
        name: the torrent's name, if it was removed from `uri`.
        only: the indices of the selected files, such as `0,2,5-7`; None without a selection.
    """

    uri: str
    name: str | None
    only: str | None


def read(magnet: str) -> MagnetLink:
    """Parses a link. Never raises an error, because libtorrent validates the link."""
    scheme, mark, query = magnet.partition("?")
    kept, name, named, spans, selects = [], None, False, [], False
    for parameter in query.split("&"):
        key, equals, value = parameter.partition("=")
        kind = key.partition(".")[0].lower()
        if kind == "so":
            found = _spans(value)
            selects = selects or bool(found)
            spans += found
            continue
        raw = unquote_to_bytes(value.replace("+", " "))
        try:
            raw.decode()
        except UnicodeDecodeError:
            if kind != "dn":
                kept.append(key + equals + quote(_percent_encoded(raw), safe=""))
            elif name is None:
                name = readable(raw)
            continue
        named = named or kind == "dn"
        kept.append(parameter)
    only = ranges(spans) if selects else None
    return MagnetLink(scheme + mark + "&".join(kept), None if named else name, only)


def ranges(spans: list[tuple[int, int]]) -> str:
    """Formats ranges of indices as in BEP 53, in order and without overlaps."""
    merged: list[tuple[int, int]] = []
    for first, last in sorted(spans):
        if merged and first <= merged[-1][1] + 1:
            merged[-1] = merged[-1][0], max(merged[-1][1], last)
        else:
            merged.append((first, last))
    return ",".join(str(first) if first == last else f"{first}-{last}" for first, last in merged)


def readable(raw: bytes) -> str:
    """Decodes text of unknown encoding for people: UTF-8, GBK, or Windows' Cyrillic or Western code page. Never fails.

    If `raw` is not UTF-8, the encoding follows from the non-ASCII bytes. Single bytes among ASCII are Western letters.
    Longer runs are Cyrillic if each byte is a letter of that code page. Otherwise, longer runs are Chinese if they are
    valid GBK.
    """
    try:
        return raw.decode()
    except UnicodeDecodeError:
        pass
    if not _LONG_RUN.search(raw):
        encodings = ["cp1252", "latin-1"]
    elif all(byte in _CYRILLIC for byte in raw if byte >= 0x80):
        encodings = ["cp1251"]
    else:
        encodings = ["gbk", "cp1251", "latin-1"]
    for encoding in encodings:
        try:
            return raw.decode(encoding)
        except UnicodeDecodeError:
            continue
    return raw.decode(errors="replace")


def _spans(value: str) -> list[tuple[int, int]]:
    """Parses ranges such as `0,2,5-7`. Ignores invalid ranges, and indices that no file can have."""
    found = []
    for each in unquote_to_bytes(value).decode(errors="replace").split(","):
        matched = _SPAN.fullmatch(each.strip())
        if matched is not None:
            first = int(matched[1])
            last = first if matched[2] is None else int(matched[2])
            if first <= min(last, LAST_INDEX):
                found.append((first, min(last, LAST_INDEX)))
    return found


def _percent_encoded(raw: bytes) -> str:
    """Decodes text, and percent-encodes each byte that is not UTF-8, as in URLs."""
    return "".join(
        f"%{ord(char) - 0xDC00:02X}" if 0xDC80 <= ord(char) <= 0xDCFF else char
        for char in raw.decode(errors="surrogateescape")
    )
