"""Copies libtorrent's reports about corrupt data from peers: failed pieces, and banned peers.

If one peer has sent all of a corrupt piece, libtorrent bans that peer from the torrent. If several peers sent the
piece, libtorrent later compares blocks, and bans the peers that sent wrong blocks. `peer_ban_alert` reports bans, but
any peer can cause thousands of other alerts of the same category. So Ouzel does not request that category. Resume data
has the banned peers, and is made soon after a failure.
"""

from typing import Any, Final

from engine_proc.session.alerts import Alert, PeersBanned, PieceFailed, PiecesPassed

BANNED_MAX: Final = 20
"""The maximum number of banned peers in a report about a torrent."""


class Failures:
    """Tracks failed pieces and banned peers of one session. Torrents without failed pieces use no memory here.

    Args:
        more: receives alerts that have no native alert of their own.
    """

    def __init__(self, more: list[Alert]) -> None:
        self._more = more
        self._pieces: dict[str, int | None] = {}
        """By torrent, its number of pieces after the last failure; None until the next status."""
        self._banned: dict[str, tuple[str, ...]] = {}

    def failed(self, torrent: str, native: Any) -> PieceFailed:
        """Copies a `hash_failed_alert`."""
        self._pieces[torrent] = None
        return PieceFailed(torrent, native.piece_index)

    def observe(self, torrent: str, status: Any) -> None:
        """Compares the number of complete pieces with the previous number, if pieces of the torrent have failed."""
        if torrent not in self._pieces:
            return
        before, now = self._pieces[torrent], status.num_pieces
        if before is not None and now > before:
            del self._pieces[torrent]
            self._more.append(PiecesPassed(torrent))
        else:
            self._pieces[torrent] = now

    def resume_data(self, torrent: str, params: Any) -> None:
        """Reads the banned peers in a torrent's resume data."""
        banned = params.banned_peers
        if not banned and torrent not in self._banned:
            return
        peers = tuple(f"[{host}]:{port}" if ":" in host else f"{host}:{port}" for host, port in banned[:BANNED_MAX])
        if peers != self._banned.get(torrent):
            self._banned[torrent] = peers
            self._more.append(PeersBanned(torrent, peers))

    def drop(self, torrent: str) -> None:
        """Removes a torrent."""
        self._pieces.pop(torrent, None)
        self._banned.pop(torrent, None)
