"""The torrents that an engine has reported as stuck. Pure."""

from typing import Final

from protocol.internal.watch_events import StuckIn, TorrentStuck

_WORDS: Final = {
    StuckIn.CHECKING: "no more of it was checked for {minutes} minutes",
    StuckIn.METADATA: "for {minutes} minutes",
}


class StuckTorrents:
    """The stuck torrents of a slot."""

    def __init__(self) -> None:
        self._why: dict[str, str] = {}

    def apply(self, event: TorrentStuck) -> None:
        """Applies an engine's report."""
        if event.what is None:
            self._why.pop(event.torrent, None)
            return
        again = ", and it is loaded again because of that" if event.reloaded else ""
        self._why[event.torrent] = _WORDS[event.what].format(minutes=event.since_s // 60) + again

    def why(self, torrent: str) -> str | None:
        """A text which says what does not move, and for how long. None if the torrent is not stuck."""
        return self._why.get(torrent)

    def discard(self, torrent: str) -> None:
        """Drops a torrent that was removed."""
        self._why.pop(torrent, None)

    def clear(self) -> None:
        """Drops all torrents, because the engine was lost."""
        self._why.clear()
