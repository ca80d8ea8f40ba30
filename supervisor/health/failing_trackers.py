"""Counts the torrents all of whose trackers have been failing for long, for `health`. Pure.

Times are monotonic seconds. What is failing but not for long yet is kept in the order in which it began, so that time
costs nothing but for those whose time has come.
"""

from collections.abc import Callable
from typing import Final

from supervisor.health.torrent_troubles import named

LONG_S: Final = 3600.0


class FailingTrackers:
    """The torrents that no tracker has answered lately."""

    def __init__(self) -> None:
        self._recent: dict[str, float] = {}
        self._lasting: dict[str, None] = {}

    def note(self, torrent: str, since: float | None) -> None:
        """All trackers of a torrent fail since then, or not all of them (None). Later ones are noted later."""
        if since is None:
            self._recent.pop(torrent, None)
            self._lasting.pop(torrent, None)
        elif torrent not in self._lasting:
            self._recent.setdefault(torrent, since)

    def problem(self, now: float, name_of: Callable[[str], str]) -> str | None:
        """What `health` says."""
        while self._recent:
            torrent, since = next(iter(self._recent.items()))
            if now - since < LONG_S:
                break
            del self._recent[torrent]
            self._lasting[torrent] = None
        if not self._lasting:
            return None
        return (
            f"all trackers fail, for an hour or more, of {len(self._lasting)} torrents: "
            f"{named(self._lasting, name_of)}; `ouzel show ID` has what they say: see that this machine reaches them"
            " (network, DNS, firewall, proxy), or that their passkeys still hold"
        )
