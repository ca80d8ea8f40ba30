"""The part of the session port that is about peers."""

from collections.abc import Sequence
from typing import NamedTuple, Protocol

from protocol.wire.rows import PeerRow


class Peers(NamedTuple):
    """The peers of a torrent: rows of the fastest ones, a bounded number, and the number of all."""

    rows: Sequence[PeerRow]
    connected: int


class PeersPort(Protocol):
    """The calls of a libtorrent session about peers. `LibtSession` has the errors that any of them may raise."""

    def peers(self, torrent: str) -> Peers:
        """The peers that a torrent is connected to, or is connecting to. A round trip."""
        ...

    def ban(self, addresses: Sequence[str]) -> None:
        """Bans IP addresses, in place of those that were banned before.

        Connections to them end, and no new ones are made or accepted.
        """
        ...
