"""Counts the torrents without a working tracker for `health`. Pure.

A torrent counts if all its trackers have been failing for an hour or more.

Times are monotonic seconds. Recent failures are stored in the order of their beginning. So each tick handles only
failures that have just lasted for an hour.
"""

from collections.abc import Callable
from typing import Final

from supervisor.health.torrent_troubles import named

LONG_S: Final = 3600.0


class FailingTrackers:
    """The torrents without a working tracker."""

    def __init__(self) -> None:
        self._recent: dict[str, float] = {}
        self._lasting: dict[str, None] = {}

    def note(self, torrent: str, since: float | None) -> None:
        """Sets the time since which all trackers of a torrent fail. None means that a tracker works.

        Calls come in the order of `since`.
        """
        if since is None:
            self._recent.pop(torrent, None)
            self._lasting.pop(torrent, None)
        elif torrent not in self._lasting:
            self._recent.setdefault(torrent, since)

    def problem(self, now: float, name_of: Callable[[str], str]) -> str | None:
        """The problem for `health`; None if there is none."""
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
