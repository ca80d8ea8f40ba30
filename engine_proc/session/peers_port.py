"""The part of the session port that is about peers, and about the pieces that they have."""

from collections.abc import Sequence
from typing import NamedTuple, Protocol

from protocol.wire.peer_rows import PeerRow


class Peers(NamedTuple):
    """The peers of a torrent: rows of the fastest ones, a bounded number, and the number of all."""

    rows: Sequence[PeerRow]
    connected: int


class Pieces(NamedTuple):
    """The pieces that a torrent and its peers have; `protocol.wire.results.PieceReport` has the formats."""

    number: int
    have: bytes
    availability: bytes


class PeersPort(Protocol):
    """The calls of a libtorrent session about peers and pieces. `LibtSession` says which errors they may raise."""

    def peers(self, torrent: str) -> Peers:
        """The peers that a torrent is connected to, or is connecting to. A round trip."""
        ...

    def pieces(self, torrent: str) -> Pieces | None:
        """The pieces that a torrent and its peers have. Some round trips.

        Returns None while they are unknown: there is no metadata, or libtorrent still compares the resume data with the
        files.
        """
        ...

    def block(self, filter_: object) -> None:
        """Blocks the addresses of a filter, in addition to the banned ones; None means no filter.

        Connections to them end, and no new ones are made or accepted.
        """
        ...

    def ban(self, addresses: Sequence[str]) -> None:
        """Bans IP addresses, in place of those that were banned before.

        Connections to them end, and no new ones are made or accepted.
        """
        ...
