"""The part of the session port that is about the options of torrents, about deadlines, and about libtorrent's queue."""

from collections.abc import Sequence
from typing import Protocol

from protocol.wire.desired import TorrentOptions


class OptionsPort(Protocol):
    """The calls of a libtorrent session about options. `LibtSession` says which errors they may raise."""

    def set_options(self, torrent: str, options: TorrentOptions) -> None:
        """Sets the limits of connections and uploads, super seeding, and the use of PEX, DHT and LSD. A round trip.

        While a torrent is incomplete, libtorrent switches super seeding off. So this call has to be repeated once the
        torrent is complete.
        """
        ...

    def prefer_ends(self, torrent: str, preferred: bool) -> None:
        """Downloads the first and the last piece of each selected file first, or ends that.

        Does nothing while there is no metadata. A new selection ends the preference, so it has to be set again.
        """
        ...

    def set_deadline(self, torrent: str, file: int, offset: int, length: int, due_in_ms: int) -> None:
        """Requests a part of a file by a time, before other parts. Does nothing while there is no metadata."""
        ...

    def arrange_queue(self, torrents: Sequence[str]) -> None:
        """Puts these torrents in this order to the top of libtorrent's queue. Some round trips.

        Torrents that the session does not have, or that are complete, are ignored.
        """
        ...

    def enqueue(self, torrent: str) -> None:
        """Lets libtorrent's queue decide when the torrent runs. Retries a torrent that an error has stopped.

        `set_paused` takes the torrent out of the queue.
        """
        ...
