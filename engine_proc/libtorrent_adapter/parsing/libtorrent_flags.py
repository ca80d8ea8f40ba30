"""Converts options to libtorrent's flags and limits, and back."""

from typing import Any, Final

import libtorrent
import msgspec

from protocol.wire.desired import DEFAULT_OPTIONS, DesiredTorrent, TorrentOptions

lt: Any = libtorrent
"""Untyped: the binding's type stubs lack some flags."""

_FLAGS: Final = lt.torrent_flags
_PAUSED: Final = _FLAGS.paused
_AUTO_MANAGED: Final = _FLAGS.auto_managed
_QUEUED: Final = _PAUSED | _AUTO_MANAGED
_NOT_USED: Final = {"pex": _FLAGS.disable_pex, "dht": _FLAGS.disable_dht, "lsd": _FLAGS.disable_lsd}
_NO_USE: Final = _FLAGS.disable_pex | _FLAGS.disable_dht | _FLAGS.disable_lsd
OPTION_FLAGS: Final = _NO_USE | _FLAGS.super_seeding
"""The flags that options determine."""
NO_LIMIT: Final = 2**24 - 1
"""The number that libtorrent stores if there is no limit."""


def flags_of(options: TorrentOptions) -> int:
    """Returns the flags in `OPTION_FLAGS` that have to be set."""
    if options is DEFAULT_OPTIONS:
        return 0
    flags: int = _FLAGS.super_seeding if options.super_seeding else 0
    for name, flag in _NOT_USED.items():
        if not getattr(options, name):
            flags |= flag
    return flags


def paused(flags: int) -> bool:
    """Whether a torrent is paused. A torrent in the queue never counts as paused."""
    return bool(flags & _QUEUED == _PAUSED)


def queued(flags: int) -> bool:
    """Whether a torrent waits in libtorrent's queue."""
    return bool(flags & _QUEUED == _QUEUED)


def observed_options(
    desired: DesiredTorrent, flags: int, max_connections: int, max_uploads: int, *, managed: bool
) -> TorrentOptions:
    """Returns the desired options, with libtorrent's values.

    Super seeding is always returned as desired, because libtorrent switches it off for incomplete torrents.

    Args:
        managed: whether libtorrent's queue decides when the torrent runs.
    """
    options = desired.options
    limits = _limit(max_connections), _limit(max_uploads)
    if (
        flags & _NO_USE == flags_of(options) & _NO_USE
        and limits == (options.max_connections, options.max_uploads)
        and managed == desired.managed
    ):
        return options
    own = {} if managed == desired.managed else {"auto_managed": managed, "force_start": False}
    used = {name: not flags & flag for name, flag in _NOT_USED.items()}
    return msgspec.structs.replace(options, max_connections=limits[0], max_uploads=limits[1], **used, **own)


def is_managed(flags: int) -> bool:
    """Whether libtorrent's queue decides when a torrent runs."""
    return bool(flags & _AUTO_MANAGED)


def queue_position(status: Any) -> int | None:
    """The place of a torrent in libtorrent's queue; None if it is complete."""
    position: int = status.queue_position
    return position if position >= 0 else None


def _limit(limit: int) -> int:
    return limit if 0 < limit < NO_LIMIT else 0
