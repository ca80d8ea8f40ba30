"""What there is to tell of trackers: it goes with the next heartbeat, so that thousands that fail wake nobody for each.

The book decides what is news; here the session is asked for what the alerts do not say.
"""

import contextlib
from collections.abc import Sequence
from typing import Final

from engine_proc.session.alerts import TrackerAnswered, TrackerAsked, TrackerFailed
from engine_proc.session.session_port import LibtSession, TorrentFault, TrackerState, UnknownTorrent
from engine_proc.trackers.tracker_book import TrackerBook
from protocol.internal.link_events import TrackerReport, TrackersKnown

LEGS_LOOKED_AT: Final = 5
"""After so many failures in a row, and then again, libtorrent is asked which legs of a tracker there are."""


class TrackerNews:
    """One session's."""

    def __init__(self, session: LibtSession) -> None:
        self._session = session
        self._book = TrackerBook()
        self._news: list[TrackerReport] = []

    def added(self, torrent: str) -> None:
        """A torrent is in the session."""
        self._book.known(torrent, self._session.held_trackers(torrent))

    def forget(self, torrent: str) -> None:
        """The torrent is gone."""
        self._book.discard(torrent)

    def feed(self, alert: TrackerAsked | TrackerAnswered | TrackerFailed) -> None:
        """Takes in what a tracker did."""
        self._news += self._book.apply(alert)
        if isinstance(alert, TrackerFailed):
            self._look_at_legs(alert)

    def read_back(self, torrent: str, states: Sequence[TrackerState]) -> None:
        """Takes in what the session said of a torrent's trackers when it was asked."""
        for state in states:
            if state.legs:
                self._news += self._book.prune(torrent, state.reading.url, state.legs)

    def known(self) -> list[TrackersKnown]:
        """Which trackers torrents have that have come since."""
        return self._book.news()

    def take(self) -> list[TrackerReport]:
        """What is to be told; it counts as told."""
        news, self._news = self._news, []
        return news

    def _look_at_legs(self, alert: TrackerFailed) -> None:
        """Where a tracker fails on one leg again and again, and not on another, looks whether that is there still.

        An address that the machine has lost cannot fail any more, and what it said last would hold for ever.
        """
        if alert.times % LEGS_LOOKED_AT == 0 and self._book.open(alert.torrent, alert.url):
            with contextlib.suppress(UnknownTorrent, TorrentFault):
                for state in self._session.trackers(alert.torrent):
                    if state.reading.url == alert.url:
                        self._news += self._book.prune(alert.torrent, alert.url, state.legs)
