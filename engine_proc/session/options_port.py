"""The part of the session port about the options of torrents, deadlines, and libtorrent's queue."""

from collections.abc import Sequence
from typing import Protocol

from protocol.wire.desired import TorrentOptions


class OptionsPort(Protocol):
    """The calls of a libtorrent session about options. `LibtSession` says which errors they may raise."""

    def set_options(self, torrent: str, options: TorrentOptions) -> None:
        """Sets the limits of connections and uploads, super seeding, PEX, DHT and LSD. Waits for libtorrent.

        libtorrent switches super seeding off for incomplete torrents. So call this again once the torrent is complete.
        """
        ...

    def prefer_ends(self, torrent: str, preferred: bool) -> None:
        """Sets whether the first and the last piece of each selected file are downloaded first.

        Does nothing while there is no metadata. A new selection ends the preference, so call this again.
        """
        ...

    def set_deadline(self, torrent: str, file: int, offset: int, length: int, due_in_ms: int) -> None:
        """Sets the time by which a part of a file is wanted. Does nothing while there is no metadata."""
        ...

    def arrange_queue(self, torrents: Sequence[str]) -> None:
        """Moves these torrents, in this order, to the top of libtorrent's queue. Waits for libtorrent several times.

        Unknown and complete torrents are ignored.
        """
        ...

    def enqueue(self, torrent: str) -> None:
        """Lets libtorrent's queue decide when the torrent runs. Retries a torrent that an error has stopped.

        `set_paused` takes the torrent out of the queue.
        """
        ...
