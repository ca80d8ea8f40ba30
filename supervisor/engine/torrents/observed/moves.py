"""The moves of torrents' files, as rows show them. Pure."""

from protocol.wire.desired import DesiredTorrent
from protocol.wire.rows import Moving


class MovesSeen:
    """The progress of moves, as the engine has reported it."""

    def __init__(self) -> None:
        self._progress: dict[str, float] = {}

    def report(self, torrent: str, done: int, total: int) -> None:
        """Stores the number of copied bytes, and the number of bytes to copy. 0 means not known yet."""
        self._progress[torrent] = done / total if total else self._progress.get(torrent, 0.0)

    def discard(self, torrent: str) -> None:
        """Drops the progress of a move that has ended, or of a torrent that was removed."""
        self._progress.pop(torrent, None)

    def of(self, desired: DesiredTorrent) -> Moving | None:
        """The move to another save path that is in progress. None without a move, or if the move is being cancelled."""
        move = desired.move
        if move is None or move.phase == "undoing" or move.save_path == desired.save_path:
            return None
        return Moving(save_path=move.save_path, progress=self._progress.get(desired.torrent, 0.0))
