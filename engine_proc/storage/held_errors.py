"""Holds errors of torrents during a check of their files, because the check may find the actual cause. Pure."""

from protocol.wire.events.torrent_events import TorrentError


class HeldErrors:
    """Holds the latest error of each torrent. Times are monotonic seconds that the caller passes."""

    def __init__(self, *, patience_s: float) -> None:
        self._patience_s = patience_s
        self._held: dict[str, tuple[TorrentError, float]] = {}

    def hold(self, error: TorrentError, now: float) -> None:
        """Holds an error until the files of its torrent have been checked."""
        self._held[error.torrent] = (error, now)

    def looked(self, torrent: str, *, sound: bool) -> TorrentError | None:
        """Ends the hold after a torrent's files were checked.

        Returns the torrent's error. Returns None if the check has found the cause.
        """
        held = self._held.pop(torrent, None)
        return held[0] if held is not None and sound else None

    def forget(self, torrent: str) -> None:
        """Discards the error of a torrent that was removed."""
        self._held.pop(torrent, None)

    def overdue(self, now: float) -> list[TorrentError]:
        """Removes and returns errors whose check has taken too long."""
        late = [torrent for torrent, (_, since) in self._held.items() if now - since > self._patience_s]
        return [self._held.pop(torrent)[0] for torrent in late]
