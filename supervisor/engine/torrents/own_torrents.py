"""The torrents of one slot, as a view of the catalogue. Pure."""

from collections.abc import Mapping
from typing import Protocol

from protocol.wire.desired import DesiredTorrent, TorrentOptions


class OwnTorrents(Protocol):
    """Finds the records of one slot. Today there is one slot, which has all records of the catalogue."""

    @property
    def torrents(self) -> Mapping[str, DesiredTorrent]:
        """The torrents that the engine has to load, by id."""

    @property
    def leaving(self) -> Mapping[str, DesiredTorrent]:
        """The torrents that are being removed, by id."""

    def resolve(self, torrent: str) -> str:
        """The id of the torrent with this info-hash. Without such a torrent, the info-hash itself."""

    def category_of(self, desired: DesiredTorrent) -> str | None:
        """The name of a torrent's category; None without a category."""

    def options_of(self, desired: DesiredTorrent) -> TorrentOptions:
        """A torrent's options as clients see them, with the name of the bandwidth group."""
