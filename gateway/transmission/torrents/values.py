"""The values of a torrent's fields.

A torrent with impossible values causes no error, and the list keeps its other torrents. Pure.
"""

from collections.abc import Sequence
from typing import Any, Final

import structlog

from gateway.mirror.torrent import Torrent
from gateway.transmission.details import NOTHING, Known
from gateway.transmission.torrents.torrent_fields import Getter, Scope
from protocol.wire.rows import TorrentRow, TorrentState

log = structlog.get_logger()

BAD: Final = (ArithmeticError, AttributeError, LookupError, TypeError, ValueError)
"""What impossible values may raise."""


def values_of(getters: Sequence[Getter], torrent: Torrent, scope: Scope, known: Known) -> list[Any]:
    """Returns the values of fields. A field that fails has the value of an empty torrent in state `error`."""
    try:
        return [get(torrent, scope, known) for get in getters]
    except BAD as error:
        log.warning("bad_row", torrent=torrent.row.torrent, problem=repr(error))
        return [_value(get, torrent, scope, known) for get in getters]


def _value(get: Getter, torrent: Torrent, scope: Scope, known: Known) -> Any:
    try:
        return get(torrent, scope, known)
    except BAD:
        return get(_empty(torrent.row.torrent), scope, NOTHING)


def _empty(torrent: str) -> Torrent:
    row = TorrentRow(
        torrent=torrent,
        name=torrent,
        state=TorrentState.ERROR,
        progress=0.0,
        bytes_done=0,
        bytes_total=0,
        size=0,
        downloaded=0,
        uploaded=0,
        wasted=0,
        download_bps=0,
        upload_bps=0,
        peers=0,
        seeds=0,
        save_path="",
        labels=[],
        paused=False,
        sequential=False,
        download_limit_bps=0,
        upload_limit_bps=0,
        error=None,
        added_us=0,
        age_ms=None,
    )
    return Torrent(row, 0, 0)
