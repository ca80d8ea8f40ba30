"""Collects changes of trackers, which are reported with the next heartbeat.

The tracker book decides which changes are reported. This module queries the session for details that the alerts lack.
"""

import contextlib
from collections.abc import Sequence
from typing import Final

from engine_proc.session.alerts import TrackerAnswered, TrackerAsked, TrackerFailed
from engine_proc.session.peer_sources import TrackerState
from engine_proc.session.session_port import LibtSession, TorrentFault, UnknownTorrent
from engine_proc.trackers.tracker_book import TrackerBook
from protocol.internal.link_events import TrackerReport, TrackersKnown

LEGS_LOOKED_AT: Final = 5
"""After this number of consecutive failures, and its multiples, the present legs are read from libtorrent."""


class TrackerNews:
    """The changes of trackers in one session."""

    def __init__(self, session: LibtSession) -> None:
        self._session = session
        self._book = TrackerBook()
        self._news: list[TrackerReport] = []

    def added(self, torrent: str) -> None:
        """Notes that a torrent was added to the session."""
        self._book.known(torrent, self._session.held_trackers(torrent))

    def changed(self, torrent: str) -> None:
        """Notes that a torrent's trackers were changed, and are held."""
        self._book.changed(torrent, self._session.held_trackers(torrent))

    def forget(self, torrent: str) -> None:
        """Removes a torrent."""
        self._book.discard(torrent)

    def feed(self, alert: TrackerAsked | TrackerAnswered | TrackerFailed) -> None:
        """Handles an alert about a tracker."""
        self._news += self._book.apply(alert)
        if isinstance(alert, TrackerFailed):
            self._look_at_legs(alert)

    def read_back(self, torrent: str, states: Sequence[TrackerState]) -> None:
        """Handles the state of a torrent's trackers, as read back from the session."""
        for state in states:
            if state.legs:
                self._news += self._book.prune(torrent, state.reading.url, state.legs)

    def known(self) -> list[TrackersKnown]:
        """The trackers of torrents that were added since the last call."""
        return self._book.news()

    def take(self) -> list[TrackerReport]:
        """Removes and returns the changes to report."""
        news, self._news = self._news, []
        return news

    def _look_at_legs(self, alert: TrackerFailed) -> None:
        """If a tracker repeatedly fails on only one leg, checks whether the other legs still exist.

        The machine may have lost a leg's address. In that case, the leg makes no announces any more, but its last
        answer would count forever.
        """
        if alert.times % LEGS_LOOKED_AT == 0 and self._book.open(alert.torrent, alert.url):
            with contextlib.suppress(UnknownTorrent, TorrentFault):
                for state in self._session.trackers(alert.torrent):
                    if state.reading.url == alert.url:
                        self._news += self._book.prune(alert.torrent, alert.url, state.legs)
