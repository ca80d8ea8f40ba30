"""The part of the session port about peers and their pieces."""

from collections.abc import Sequence
from typing import NamedTuple, Protocol

from protocol.wire.peer_rows import PeerRow


class Peers(NamedTuple):
    """The peers of a torrent: rows of the fastest peers, and the number of all peers. The number of rows is limited."""

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
        """The peers to which a torrent is connected or connecting. Waits for libtorrent."""
        ...

    def pieces(self, torrent: str) -> Pieces | None:
        """The pieces that a torrent and its peers have. Waits for libtorrent several times.

        Returns None while there is no metadata, or while libtorrent compares the resume data with the files.
        """
        ...

    def block(self, filter_: object) -> None:
        """Replaces the IP filter; None means no filter. Banned addresses stay banned.

        libtorrent ends connections to blocked addresses, and prevents new connections.
        """
        ...

    def ban(self, addresses: Sequence[str]) -> None:
        """Bans these IP addresses, and no other addresses.

        libtorrent ends connections to banned addresses, and prevents new connections.
        """
        ...
