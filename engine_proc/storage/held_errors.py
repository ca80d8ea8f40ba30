"""Errors of torrents whose files are being looked at: the look may find a better reason. Pure."""

from protocol.wire.events import TorrentError


class HeldErrors:
    """At most one a torrent, the latest. Times are monotonic seconds, given by the caller."""

    def __init__(self, *, patience_s: float) -> None:
        self._patience_s = patience_s
        self._held: dict[str, tuple[TorrentError, float]] = {}

    def hold(self, error: TorrentError, now: float) -> None:
        """Holds an error back until its torrent was looked at."""
        self._held[error.torrent] = (error, now)

    def looked(self, torrent: str, *, sound: bool) -> TorrentError | None:
        """A torrent was looked at: its error, unless the look has found what is behind it."""
        held = self._held.pop(torrent, None)
        return held[0] if held is not None and sound else None

    def forget(self, torrent: str) -> None:
        """The torrent is gone."""
        self._held.pop(torrent, None)

    def overdue(self, now: float) -> list[TorrentError]:
        """Errors that were held back for as long as a look may take; they are held no longer."""
        late = [torrent for torrent, (_, since) in self._held.items() if now - since > self._patience_s]
        return [self._held.pop(torrent)[0] for torrent in late]
