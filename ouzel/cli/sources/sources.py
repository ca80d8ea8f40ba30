"""Parses the arguments of `ouzel add`: links, info-hashes, URLs, files, directories, standard input.

Pure: the module opens nothing.

Only the form of an argument matters, not whether a file of that name exists. So 40 hexadecimal digits are an info-hash.
With `./` before them, they are a file.
"""

import base64
import re
from dataclasses import dataclass
from typing import Final
from urllib.parse import unquote, urlsplit

SUFFIXES: Final = (".torrent", ".magnet")
"""The suffixes of the files in a directory that are added."""

_SCHEME: Final = re.compile(r"(?P<scheme>[a-z][a-z0-9+.-]*)://", re.IGNORECASE)
_MAGNET: Final = re.compile(r"magnet:", re.IGNORECASE)
_URN: Final = re.compile(r"(?<==)urn:(?:btih|btmh):", re.IGNORECASE)
_V1: Final = re.compile(r"[0-9a-f]{40}", re.IGNORECASE)
_V1_BASE32: Final = re.compile(r"[a-z2-7]{32}", re.IGNORECASE)
_V2: Final = re.compile(r"[0-9a-f]{64}", re.IGNORECASE)
_METAINFO: Final = re.compile(rb"d\d")


class BadSource(Exception):
    """A source that cannot be added. No request was sent.

    Fields:
        name: the kind of problem, for programs: `usage` or `not_fetched`. After `not_fetched` a retry may succeed.
    """

    def __init__(self, message: str, *, name: str = "usage") -> None:
        super().__init__(message)
        self.name = name


@dataclass(frozen=True)
class Magnet:
    """A magnet link."""

    link: str


@dataclass(frozen=True)
class Url:
    """The http or https URL of a .torrent file."""

    url: str


@dataclass(frozen=True)
class Local:
    """A file or a directory."""

    path: str


@dataclass(frozen=True)
class StandardInput:
    """`-`: a .torrent file, or lines, in standard input."""


Source = Magnet | Url | Local | StandardInput


def of_argument(text: str) -> list[Source]:
    """Parses one argument. Returns several sources if the argument has lines of links, as in `"$(cat links)"`.

    Raises:
        BadSource: the argument cannot be added.
    """
    word = text.strip()
    if not word:
        raise BadSource("it is empty; name a .torrent file, a magnet link, a URL, an info-hash or a directory")
    if _MAGNET.match(word):
        return [_of_line(line) for line in word.split("\n") if line.strip()]
    if word == "-":
        return [StandardInput()]
    known = _named(word)
    # The unstripped text, since a file's name may begin or end with blanks.
    return [Local(text)] if known is None else [known]


def of_content(content: bytes) -> bytes | list[Source]:
    """Parses the content of a file or of standard input: a .torrent file, or lines with links, info-hashes and URLs.

    Empty lines, and lines that begin with `#`, are ignored. Other content is returned as a .torrent file. The daemon
    validates it.

    Raises:
        BadSource: the content is empty, or a line is invalid.
    """
    if not content.strip():
        raise BadSource("it is empty")
    if _METAINFO.match(content):
        return content
    try:
        lines = [line.strip() for line in content.decode("utf-8-sig").splitlines()]
    except UnicodeDecodeError:
        return content
    wanted = [line for line in lines if line and not line.startswith("#")]
    if not wanted or _named(wanted[0]) is None:
        return content
    return [_of_line(line) for line in wanted]


def _of_line(text: str) -> Source:
    found = _named(text.strip())
    if found is None or isinstance(found, Local):
        raise BadSource(f"the line {_brief(text.strip())!r} is neither a magnet link nor an info-hash nor a URL")
    return found


def _named(word: str) -> Source | None:
    """Parses a word by its form. Returns None if it may be a file's name."""
    if _MAGNET.match(word):
        # libtorrent requires this prefix in lower case, but accepts the hash in any case.
        return Magnet(_URN.sub(lambda urn: urn[0].lower(), "magnet:" + word[len("magnet:") :]))
    if _V1.fullmatch(word):
        return Magnet(f"magnet:?xt=urn:btih:{word.lower()}")
    if _V1_BASE32.fullmatch(word):
        return Magnet(f"magnet:?xt=urn:btih:{base64.b32decode(word.upper()).hex()}")
    if _V2.fullmatch(word):
        return Magnet(f"magnet:?xt=urn:btmh:1220{word.lower()}")
    scheme = _SCHEME.match(word)
    if scheme is None:
        return None
    match scheme["scheme"].lower():
        case "http" | "https":
            return Url(word)
        case "file":
            return _file_url(word)
        case other:
            raise BadSource(f"{other}:// is not fetched, only http:// and https:// are")


def _file_url(url: str) -> Source:
    parts = urlsplit(url)
    if parts.netloc not in ("", "localhost") or not parts.path:
        raise BadSource("a file:// URL names a file of this machine, such as file:///home/me/x.torrent")
    return Local(unquote(parts.path))


def _brief(text: str) -> str:
    return text if len(text) <= 60 else text[:59] + "\N{HORIZONTAL ELLIPSIS}"
