"""Resolves what people type for a torrent: an id, a unique prefix of an id, or a unique complete name.

A hybrid torrent has two info-hashes. One info-hash is its id. The other info-hash is accepted, too.
"""

import re
from collections.abc import Iterator, Sequence
from typing import Any, Final

import msgspec
import typer

from ouzel.cli.display.printable import clean
from ouzel.client.blocking import Client
from ouzel.client.calls import Call, Page
from ouzel.errors import Refused
from ouzel.requests import result_of
from protocol.wire import codec
from protocol.wire.envelope import Reply
from protocol.wire.errors import ErrorKind, OuzelError

MIN_PREFIX: Final = 4

_WHOLE: Final = re.compile(r"^([0-9a-f]{40}|[0-9a-f]{64})$")
_PREFIX: Final = re.compile(rf"^[0-9a-f]{{{MIN_PREFIX},64}}$")


class Brief(msgspec.Struct, frozen=True, kw_only=True):
    """The id, other info-hashes and name of a torrent."""

    torrent: str
    name: str = ""
    labels: list[str] = []
    info_hash_v1: str | None = None
    info_hash_v2: str | None = None

    def begins(self, prefix: str) -> bool:
        """Whether the id or an info-hash of the torrent begins with a prefix."""
        return any(each.startswith(prefix) for each in (self.torrent, self.info_hash_v1, self.info_hash_v2) if each)


def briefs(client: Client, *, label: str | None = None) -> Iterator[Brief]:
    """The `Brief`s of all torrents, or of all with a label, sorted by id."""

    def read(reply: Reply) -> Page[Brief]:
        result = result_of(reply)
        rows = codec.convert(
            result.get("torrents"), list[Brief], within="result.torrents", error=ErrorKind.MALFORMED_FRAME
        )
        return Page(rows, result.get("cursor"))

    args: dict[str, Any] = {"fields": list(Brief.__struct_fields__), "label": label, "limit": 2500}
    page = client.run(Call("list_torrents", args, read))
    yield from page.items
    while page.cursor is not None:
        page = client.run(Call("list_torrents", args | {"cursor": page.cursor}, read))
        yield from page.items


def resolve(client: Client, given: Sequence[str]) -> list[str]:
    """Resolves arguments to complete ids, in order. Sends requests only if an argument is not a complete id.

    Raises:
        typer.BadParameter: an argument is neither an id nor a name, or fits several torrents.
        OuzelError: UNKNOWN_TORRENT if no id begins with the argument.
    """
    wanted = [text.strip() for text in given]
    if any(not text for text in wanted):
        raise typer.BadParameter("it is empty; give an id or a name, as `ouzel ls` shows it", param_hint="ID")
    if all(_WHOLE.match(text.lower()) for text in wanted):
        return [text.lower() for text in wanted]
    known = list(briefs(client))
    return [text.lower() if _WHOLE.match(text.lower()) else _only(text, known) for text in wanted]


def chosen(client: Client, given: Sequence[str], *, everything: bool, label: str | None) -> list[str]:
    """The ids of the given torrents, of all torrents, or of all with a label.

    Raises:
        typer.BadParameter: none or several of these were given, or an argument cannot be resolved.
        OuzelError: as from `resolve`.
    """
    if given and (everything or label is not None):
        raise typer.BadParameter("name torrents, or give --all or --label, not both", param_hint="ID")
    if given:
        return list(dict.fromkeys(resolve(client, given)))
    if not (everything or label is not None):
        raise typer.BadParameter("name torrents, or give --all or --label", param_hint="ID")
    return [each.torrent for each in briefs(client, label=label)]


def followed(client: Client, given: str) -> str:
    """The id of a torrent to follow. Events contain only ids.

    Raises:
        typer.BadParameter, OuzelError: as from `resolve`.
    """
    (torrent,) = resolve(client, [given])
    try:
        return client.get_torrent(torrent).torrent
    except Refused:
        return torrent  # it may be added later


def _only(text: str, known: Sequence[Brief]) -> str:
    prefix = text.lower()
    beginning = [each for each in known if each.begins(prefix)] if _PREFIX.match(prefix) else []
    called = [each for each in known if text in (each.name, clean(each.name))]
    found = list(dict.fromkeys(each.torrent for each in (*beginning, *called)))
    if len(found) == 1:
        return found[0]
    if found:
        some = ", ".join(found[:5]) + (", ..." if len(found) > 5 else "")
        what = "are called or begin with" if called else "begin with"
        raise typer.BadParameter(
            f"{len(found)} torrents {what} {clean(text)}: {some}; give more digits", param_hint="ID"
        )
    if _PREFIX.match(prefix):
        raise OuzelError(ErrorKind.UNKNOWN_TORRENT, f"no torrent's id begins with {prefix}", field="args.torrent")
    raise typer.BadParameter(
        f"{text!r} is no id and no torrent's whole name; give {MIN_PREFIX} or more of an id's hexadecimal digits, or "
        "the name, as `ouzel ls` shows them",
        param_hint="ID",
    )
