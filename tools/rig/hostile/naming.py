"""Generates many torrents with hostile names, reproducibly from a seed.

The names have characters of every Unicode plane, bytes that are not UTF-8, dots, separators, controls and direction
marks. Some names reach or exceed the maximum length of a file system. Some names differ only in case, or equal the name
of a folder.

The torrents are v1 (with and without `path.utf-8`), v2 and hybrid. They have one file or many. Resume data
(`mapped_files`) has arbitrary paths.
"""

import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Final, NamedTuple

from tools.rig.hostile import hostile
from tools.rig.hostile.hostile import PIECE_LENGTH, Entry, Hostile

FILES: Final = 250
"""The maximum number of files of a torrent."""

DEEPEST: Final = 4

_MARKS: Final = (
    "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200e\u200f\u061c\u200b\u200c\u200d\ufeff\u2028\u2029\u00ad"
)
_SEPARATORS: Final = '/\\:\u2215\u2044\uff0f\uff3c\u29f8\0|*?"<>'
_DOTS: Final = ".\u2024\u2025\u2026\uff0e\u3002\u00b7"
_SPOILT: Final = (
    b"\xff", b"\xfe", b"\x80", b"\xc0\xae", b"\xc0\x80", b"\xe0\x80\xaf", b"\xed\xa0\x80", b"\xed\xbf\xbf",
    b"\xf0\x80\x80\xaf", b"\xf4\x90\x80\x80", b"\xf8\x88\x80\x80\x80", b"\xfc\x84\x80\x80\x80\x80",
    b"\xc3", b"\xe2\x82", b"\xf0\x9f\x98", b"caf\xe9",
)  # fmt: skip
"""Invalid UTF-8: overlong, surrogates, beyond the last plane, truncated, another encoding."""

_RESERVED: Final = (
    b"con",
    b"AUX",
    b"nul.txt",
    b"lpt1",
    b"COM1",
    b"~",
    b"-",
    b"-rf",
    b"$HOME",
    b".parts",
    b"desktop.ini",
)


class Named(NamedTuple):
    """A torrent, and the number of its files.

    Fields:
        pieces: the content of each piece.
        mapped: the paths in resume data by file index, with `{root}` for the download root. It may be empty.
        by_magnet: whether the torrent is added by its magnet link. If so, the info dictionary arrives later.
    """

    made: Hostile
    files: int
    kind: str
    pieces: Sequence[bytes]
    mapped: Mapping[int, str]
    by_magnet: bool = False


def torrents(seed: int) -> Iterator[Named]:
    """Yields torrents without end."""
    rng = random.Random(seed)
    source = Names(rng)
    while True:
        made = source.torrent()
        yield made._replace(by_magnet=not made.mapped and rng.random() < 0.2)


class Names:
    """Generates names, and torrents with them, from a random source."""

    def __init__(self, rng: random.Random) -> None:
        self._rng = rng
        self._used: list[bytes] = [b"a"]
        self._kinds: list[Callable[[], bytes]] = [
            self._of_a_plane, self._of_a_plane, self._of_bytes, self._spoilt, self._of_dots, self._separated,
            self._controls, self._marked, self._long, self._long, self._again,
            self._in_another_case, self._mixed, self._reserved,
        ]  # fmt: skip

    def torrent(self) -> Named:
        """Generates a torrent."""
        kind = self._rng.choice(("v1", "v1", "v1 utf-8", "v1 mapped", "v2", "v2", "hybrid", "v1 single", "v2 single"))
        name = self.name()
        if kind == "v1 single":
            made = hostile.v1_single(name, b"x", **({"name.utf-8": self.name()} if self._rng.random() < 0.5 else {}))
            return Named(made, 1, kind, [b"x"], {})
        if kind == "v2 single":
            return Named(hostile.v2(name, [Entry([name], b"x")]), 1, kind, [b"x"], {})
        entries = [self._entry(kind) for _ in range(self._rng.randint(1, self._rng.choice((5, 50, FILES, FILES))))]
        if kind.startswith("v1"):
            more = {"name.utf-8": self.name()} if kind == "v1 utf-8" else {}
            mapped = {}
            if kind == "v1 mapped":
                out = self._rng.random() < 0.3
                mapped = {index: self._mapped(out) for index in range(len(entries)) if self._rng.random() < 0.3}
            whole = b"".join(entry.content for entry in entries)
            return Named(hostile.v1(name, entries, **more), len(entries), kind, [whole] if whole else [], mapped)
        entries = sorted(_apart(entries), key=lambda entry: tuple(entry.path))
        make = hostile.v2 if kind == "v2" else hostile.hybrid
        pieces = [entry.content for entry in entries if entry.content]
        return Named(make(name, entries), len(entries), kind, pieces, {})

    def name(self) -> bytes:
        """Generates a name of a kind that torrents may have."""
        made = self._rng.choice(self._kinds)()
        if len(made) < 100:
            self._used.append(made)
            if len(self._used) > 50:
                self._used.pop(self._rng.randrange(50))
        return made

    def _entry(self, kind: str) -> Entry:
        content = b""
        if self._rng.random() < (0.05 if kind == "hybrid" else 0.5):
            length = PIECE_LENGTH if kind == "hybrid" else self._rng.randint(1, 5)
            content = self._rng.randbytes(1) * length
        in_utf8 = self._path() if kind == "v1 utf-8" and self._rng.random() < 0.7 else None
        return Entry(self._path(), content, in_utf8=in_utf8)

    def _path(self) -> list[bytes]:
        return [self.name() for _ in range(self._rng.choice((1, 1, 1, 2, 2, 3, DEEPEST)))]

    def _mapped(self, out: bool) -> str:
        """Generates a path for resume data, as text.

        The path may contain `..`, may be absolute, and may be in another folder.
        """
        names = [each.decode(errors="replace") for each in self._path()]
        if not out:
            names = [each.replace("/", "").replace("\0", "") for each in names]
            names = [each if each not in (".", "..") else "d" for each in names]
        names.insert(
            self._rng.randint(0, len(names)), self._rng.choice(("..", ".", "", "d") if out else (".", "", "d"))
        )
        return self._rng.choice(("", "/", "../") if out else ("", "", "{root}/", "{root}/d/../", "../")) + "/".join(
            names
        )

    # -- kinds of names -----------------------------------------------------------------------------------------------

    def _of_a_plane(self) -> bytes:
        plane = self._rng.randrange(17)
        return "".join(self._in(plane) for _ in range(self._rng.randint(1, 20))).encode()

    def _in(self, plane: int) -> str:
        low, high = self._rng.choice(((0x21, 0xFFFF), (0x21, 0x24F), (0xE000, 0xFFFF))) if plane == 0 else (0, 0xFFFF)
        number = plane * 0x10000 + self._rng.randint(low, high)
        return chr(number) if not 0xD800 <= number < 0xE000 else "\ufffd"

    def _of_bytes(self) -> bytes:
        return self._rng.randbytes(self._rng.randint(0, 24))

    def _spoilt(self) -> bytes:
        parts = [self._rng.choice((*_SPOILT, b".", b"a", "é".encode(), b"..")) for _ in range(self._rng.randint(1, 6))]
        return b"".join(parts)

    def _of_dots(self) -> bytes:
        return self._some("." + self._rng.choice(("", "", " ", _DOTS, _MARKS)), 6)

    def _separated(self) -> bytes:
        return self._some(_SEPARATORS + "/.a", 8)

    def _controls(self) -> bytes:
        return self._some("".join(map(chr, (*range(0x20), *range(0x7F, 0xA0)))) + "ab..", 8)

    def _marked(self) -> bytes:
        return self._some(_MARKS + "..ab", 8)

    def _some(self, letters: str, most: int) -> bytes:
        return "".join(self._rng.choice(letters) for _ in range(self._rng.randint(0, most))).encode()

    def _long(self) -> bytes:
        """Generates a name near the maximum length. It has characters of one to four bytes, and mostly an extension."""
        letter = self._rng.choice(("a", "é", "日", "\U0001f426", "\u202e", "\xad", " ", "."))
        length = self._rng.choice((230, 240, 241, 250, 254, 255, 256, 257, 300, 512, 1000)) + self._rng.randint(-3, 3)
        base = letter * (length // len(letter.encode()))
        return base.encode() + self._rng.choice(
            (b"", b".txt", b"." + b"e" * self._rng.randint(1, 300), "\u202e..".encode())
        )

    def _again(self) -> bytes:
        return self._rng.choice(self._used)

    def _in_another_case(self) -> bytes:
        name = self._rng.choice(self._used).decode(errors="replace")
        return self._rng.choice((name.upper(), name.lower(), name.swapcase(), name.title(), name + "\u200e")).encode()

    def _mixed(self) -> bytes:
        return b"".join(self._rng.choice(self._kinds[:9])() for _ in range(2))

    def _reserved(self) -> bytes:
        return self._rng.choice((b"", b" ", b".")) + self._rng.choice(_RESERVED) + self._rng.choice((b"", b" ", b"."))


def _apart(entries: list[Entry]) -> list[Entry]:
    """The entries that fit into one tree (BEP 52). Drops files with an empty name or with the path of a folder."""
    kept: dict[tuple[bytes, ...], Entry] = {}
    folders: set[tuple[bytes, ...]] = set()
    for entry in entries:
        path = tuple(entry.path)
        above = {path[:length] for length in range(1, len(path))}
        if b"" not in path and path not in folders and path not in kept and above.isdisjoint(kept):
            kept[path] = entry
            folders |= above
    return list(kept.values()) or [Entry([b"only"])]
