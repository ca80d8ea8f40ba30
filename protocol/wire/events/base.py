"""The base classes of all events."""

import msgspec


class Fact(msgspec.Struct, frozen=True, kw_only=True, tag_field="type", gc=False):
    """The base of all events. No event is part of a reference cycle, so the garbage collector need not track events."""


class TorrentFact(Fact, frozen=True, kw_only=True):
    """The base of all events about one torrent."""

    torrent: str
