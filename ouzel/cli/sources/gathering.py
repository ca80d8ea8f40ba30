"""Opens the sources of `ouzel add` one by one. So an invalid source does not affect the others."""

import os
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, assert_never

from ouzel.cli.sources.sources import (
    SUFFIXES,
    BadSource,
    Local,
    Magnet,
    Source,
    StandardInput,
    Url,
    of_argument,
    of_content,
)
from protocol.wire.commands.upload_commands import UPLOAD_BYTES_MAX

MAX_LINES_BYTES: Final = 64 * 1024 * 1024
"""The maximum size of standard input, or of a file with links."""


@dataclass(frozen=True)
class Found:
    """One torrent to add, or the problem of a source.

    Fields:
        named: the file, URL or link that the user has typed.
        magnet: the magnet link. If there is no problem, either `magnet` or `metainfo` is set.
        metainfo: the content of the .torrent file.
        problem: why the source cannot be added; None if it can be added.
    """

    named: str
    magnet: str | None = None
    metainfo: bytes | None = None
    problem: BadSource | None = None


def gather(arguments: Iterable[str]) -> Iterator[Found]:
    """Yields the torrents of all arguments, in order. Opens each file or URL only when its turn comes."""
    for argument in arguments:
        try:
            sources = of_argument(argument)
        except BadSource as error:
            yield Found(argument, problem=_naming(argument, error))
            continue
        for source in sources:
            yield from _open(argument, source)


def may_be_several(arguments: Sequence[str]) -> bool:
    """Whether the arguments may yield more than one torrent."""
    if len(arguments) != 1:
        return True
    try:
        sources = of_argument(arguments[0])
    except BadSource:
        return False
    match sources:
        case [Magnet() | Url()]:
            return False
        case [Local(path=path)]:
            return _is_directory(path) or path.lower().endswith(".magnet")
        case _:
            return True


def wants_network(arguments: Iterable[str]) -> bool:
    """Whether one of the arguments is a URL."""
    for argument in arguments:
        try:
            if any(isinstance(source, Url) for source in of_argument(argument)):
                return True
        except BadSource:
            continue
    return False


def _open(named: str, source: Source) -> Iterator[Found]:
    match source:
        case Magnet(link=link):
            yield Found(named.strip() if "\n" not in named.strip() else link, magnet=link)
        case Url(url=url):
            yield from _fetch(url)
        case Local(path=path):
            yield from _directory(Path(path)) if _is_directory(path) else _file(path)
        case StandardInput():
            yield from _contents("-", _read_input)
        case _:
            assert_never(source)


def _is_directory(path: str) -> bool:
    return os.path.isdir(path)  # noqa: PTH112  # Path.is_dir raises an error if the name is too long


def _directory(path: Path) -> Iterator[Found]:
    try:
        inside = sorted(each for each in path.iterdir() if each.suffix.lower() in SUFFIXES)
        # FIFOs and the like are left out, since they would block. Dangling links are kept, so that they are reported.
        inside = [each for each in inside if each.is_file() or not each.exists()]
    except OSError as error:
        yield Found(str(path), problem=BadSource(f"{str(path)!r} cannot be read: {error.strerror}"))
        return
    if not inside:
        yield Found(
            str(path), problem=BadSource(f"{str(path)!r} has no {' and no '.join(f'*{s}' for s in SUFFIXES)} in it")
        )
    for each in inside:
        yield from _file(str(each))


def _file(path: str) -> Iterator[Found]:
    def read() -> bytes:
        most = MAX_LINES_BYTES if path.lower().endswith(".magnet") else UPLOAD_BYTES_MAX
        try:
            if (size := Path(path).stat().st_size) > most:
                raise BadSource(f"{path!r} is not a torrent file: it has {size} bytes, and {most} is the most")
            with Path(path).open("rb") as file:
                content = file.read(most + 1)  # works for a pipe, too, which has no size
        except (OSError, ValueError) as error:
            why = error.strerror if isinstance(error, OSError) else str(error)
            raise BadSource(
                f"{path!r} is no magnet link, info-hash or URL, and cannot be read as a .torrent file: {why}"
            ) from None
        if len(content) > most:
            raise BadSource(f"{path!r} is not a torrent file: it has more than {most} bytes")
        return content

    yield from _contents(path, read)


def _contents(named: str, read: Callable[[], bytes]) -> Iterator[Found]:
    """Yields the torrents in a file or in standard input. Lines may be links, but not names of further files."""
    try:
        content = of_content(read())
    except BadSource as error:
        yield Found(named, problem=error if repr(named) in str(error) else _naming(named, error))
        return
    if isinstance(content, bytes):
        yield Found(named, metainfo=content)
        return
    for source in content:
        match source:
            case Magnet(link=link):
                yield Found(link, magnet=link)
            case Url(url=url):
                yield from _fetch(url)
            case Local() | StandardInput():
                yield Found(named, problem=BadSource(f"{named!r} names another file, which is not followed"))
            case _:
                assert_never(source)


def _fetch(url: str) -> Iterator[Found]:
    from ouzel.cli.sources.fetch import fetch  # imported only here: TLS takes a third of a command's start-up time

    try:
        fetched = fetch(url, max_bytes=UPLOAD_BYTES_MAX)
        content = of_content(fetched.content) if fetched.magnet is None else of_argument(fetched.magnet)
    except BadSource as error:
        yield Found(url, problem=error if url in str(error) else _naming(url, error))
        return
    if isinstance(content, bytes):
        yield Found(url, metainfo=content)
        return
    for source in content:
        if isinstance(source, Magnet):
            yield Found(url, magnet=source.link)
        else:
            problem = f"{url} leads to what is neither a .torrent file nor a magnet link"
            yield Found(url, problem=BadSource(problem, name="not_fetched"))


def _read_input() -> bytes:
    try:
        content = sys.stdin.buffer.read(MAX_LINES_BYTES + 1)
    except OSError as error:  # a directory, or the file does not exist
        raise BadSource(f"it cannot be read: {error.strerror}") from None
    if len(content) > MAX_LINES_BYTES:
        raise BadSource(f"it has more than {MAX_LINES_BYTES} bytes")
    return content


def _naming(named: str, error: BadSource) -> BadSource:
    subject = "standard input" if named == "-" else repr(named)
    return BadSource(f"{subject}: {error}", name=error.name)
