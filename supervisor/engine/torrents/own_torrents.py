"""Which torrents are an engine's own: a view of the catalogue. Pure."""

from collections.abc import Mapping
from typing import Protocol

from protocol.wire.desired import DesiredTorrent


class OwnTorrents(Protocol):
    """The records of one slot. With one slot it is the catalogue itself."""

    @property
    def torrents(self) -> Mapping[str, DesiredTorrent]:
        """Those that the engine is to have, by id."""

    @property
    def leaving(self) -> Mapping[str, DesiredTorrent]:
        """Those that are being removed, by id."""

    def resolve(self, torrent: str) -> str:
        """The id of the torrent that has this info-hash, or the same where none has."""
