"""Torrent ids as people give them: whole, or a prefix that only one torrent has.

A hybrid torrent has two info-hashes; one of them is its id, and the other will do as well.
"""

import re
from collections.abc import Sequence
from typing import Final

import typer

from ouzel.client import Client
from ouzel.errors import Refused
from protocol.errors import ErrorKind, OuzelError

MIN_PREFIX: Final = 4

_WHOLE: Final = re.compile(r"^([0-9a-f]{40}|[0-9a-f]{64})$")
_PREFIX: Final = re.compile(rf"^[0-9a-f]{{{MIN_PREFIX},64}}$")


def resolve(client: Client, given: Sequence[str]) -> list[str]:
    """Whole ids, in the same order. The daemon is asked only where there is a prefix.

    Raises:
        typer.BadParameter: not hexadecimal, too short, or several torrents begin so.
        OuzelError: UNKNOWN_TORRENT where none does.
    """
    wanted = [text.strip().lower() for text in given]
    for text in wanted:
        if not _PREFIX.match(text):
            raise typer.BadParameter(
                f"{text!r} is no id; give {MIN_PREFIX} or more of its hexadecimal digits, as `ouzel ls` shows it",
                param_hint="ID",
            )
    if all(_WHOLE.match(text) for text in wanted):
        return wanted
    known = list(client.list_hashes())
    return [text if _WHOLE.match(text) else _only(text, known) for text in wanted]


def followed(client: Client, given: str) -> str:
    """The id of a torrent whose events are followed: they name it by nothing else.

    Raises:
        typer.BadParameter, OuzelError: as `resolve` does.
    """
    (torrent,) = resolve(client, [given])
    try:
        return client.get_torrent(torrent).torrent
    except Refused:
        return torrent  # it may come yet


def _only(prefix: str, known: Sequence[tuple[str, ...]]) -> str:
    matching = [names[0] for names in known if any(name.startswith(prefix) for name in names)]
    if not matching:
        raise OuzelError(ErrorKind.UNKNOWN_TORRENT, f"no torrent's id begins with {prefix}", field="args.torrent")
    if len(matching) > 1:
        some = ", ".join(matching[:5]) + (", ..." if len(matching) > 5 else "")
        raise typer.BadParameter(
            f"{len(matching)} torrents begin with {prefix}: {some}; give more digits", param_hint="ID"
        )
    return matching[0]
