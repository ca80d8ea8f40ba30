"""The trackers of every torrent, and since when they fail. Pure.

Engines report these data. Most torrents have the same trackers as other torrents, and most trackers work. Such a
torrent is only one entry in a table, and many entries share one value. An engine's death changes no status. The last
status of each tracker stays until the next engine announces again.
"""

from collections.abc import Callable, Sequence
from typing import Final, NamedTuple
from urllib.parse import parse_qsl

import msgspec

from protocol.internal.link_events import TrackerReport
from protocol.internal.link_queries import TrackerReading
from protocol.text.redacted import redacted
from protocol.wire.desired import DesiredTorrent
from protocol.wire.events.torrent_events import TrackerStatusChanged
from protocol.wire.peer_rows import TrackerRow, TrackerStatus

FAILURES: Final = 2
"""The number of failures in a row after which clients are notified. It applies to a tracker that has worked before."""
FAILURES_AGAIN: Final = 6
"""The number of such failures for a tracker that has failed and recovered before. With libtorrent's delays, 6 failures
take twenty minutes.
"""
TOLD_MAX: Final = 10
"""The maximum number of failing trackers that clients are told for one torrent. A torrent may have hundreds of
trackers.
"""
BURST: Final = 5000.0
PER_S: Final = 1.0
"""The token bucket for notifications about all torrents. The burst is BURST, and the rate is PER_S a second.

Thousands of torrents may have the same dead trackers. Without the bucket, their notifications would evict other events
from the event log.
"""
SHARED_MAX: Final = 10_000
"""The maximum number of different shared values."""
UPDATING_S: Final = 2.0
"""For how long the status `updating` is valid."""


class Known(NamedTuple):
    """A torrent's trackers.

    The values are the URL and tier of each tracker, all URLs, and the URLs of working trackers. A tracker works if its
    last announce worked. `shown` is the tracker that began to work last. If no tracker has worked, it is the first
    tracker. The shown tracker may fail now.
    """

    sources: tuple[tuple[str, int], ...]
    urls: frozenset[str]
    working: frozenset[str] = frozenset()
    shown: str | None = None


class _Failing(NamedTuple):
    """The failure of one tracker. `told` says whether clients were notified."""

    message: str
    since_us: int
    told: bool


class Trackers:
    """The trackers of all torrents. Callers pass times. Times are monotonic seconds, or microseconds since 1970 for
    people.

    Args:
        on_all_failing: called with a torrent and the time since which all its trackers fail. The time is None once a
            tracker works.
    """

    def __init__(self, on_all_failing: Callable[[str, float | None], None] = lambda torrent, since: None) -> None:
        self._on_all_failing = on_all_failing
        self.of: dict[str, Known] = {}
        """The trackers of each torrent that an engine has named."""
        self._shared: dict[Known, Known] = {}
        self._failing: dict[str, dict[str, _Failing]] = {}
        self._relapsing: set[tuple[str, str]] = set()
        """Pairs of a torrent and a tracker that has failed and then recovered. Clients were notified of both."""
        self.all_failing: dict[str, float] = {}
        """By torrent: the time since which all its trackers fail."""
        self._budget = BURST
        self._filled_at = 0.0
        self._readings: dict[str, tuple[float, dict[str, TrackerReading]]] = {}
        """By torrent: the last readings of the torrent's trackers, and the time of the request."""

    def known(self, torrents: Sequence[str], sources: Sequence[tuple[str, int]]) -> None:
        """Sets the trackers of some torrents, each with its tier."""
        given, urls = tuple(sources), frozenset(url for url, _ in sources)
        for torrent in torrents:
            before = self.of.get(torrent)
            if before is not None and before.sources == given:
                continue
            working = before.working & urls if before is not None else frozenset[str]()
            first = min(given, key=_tier)[0] if given else None
            shown = before.shown if before is not None and before.shown in working else first
            self._keep(torrent, Known(given, urls, working, shown))
            for url in self._failing.get(torrent, {}).keys() - urls:
                self._works(torrent, url)
            if not self._all_fail(torrent):
                self._end_all_failing(torrent)

    def apply(self, event: TrackerReport, now: float, now_us: int) -> TrackerStatusChanged | None:
        """Applies a report that a tracker works or fails. Returns the event to publish, or None."""
        torrent, url = event.torrent, event.url
        known = self.of.get(torrent)
        if known is None or url not in known.urls:
            return None  # the torrent does not have this tracker any more
        if event.works:
            before = self._works(torrent, url)
            self._end_all_failing(torrent)
            self._keep(torrent, known._replace(working=known.working | {url}, shown=url))
            if before is None or not before.told:
                return None
            self._relapsing.add((torrent, url))
            return TrackerStatusChanged(torrent=torrent, url=url, status=TrackerStatus.WORKING)
        return self._fails(event, known, now, now_us)

    def _fails(self, event: TrackerReport, known: Known, now: float, now_us: int) -> TrackerStatusChanged | None:
        torrent, url = event.torrent, event.url
        failing = self._failing.setdefault(torrent, {})
        before = failing.get(url)
        worked = url in known.working
        if worked:
            working = known.working - {url}
            other = next((each for each, _ in known.sources if each in working), url)
            self._keep(torrent, known._replace(working=working, shown=other if known.shown == url else known.shown))
        relapsed = (torrent, url) in self._relapsing
        news = before is None or not before.told
        if news:
            known_to_work = worked or before is not None
            wanted = FAILURES_AGAIN if relapsed else FAILURES if known_to_work else 1
            news = event.times >= wanted and sum(each.told for each in failing.values()) < TOLD_MAX and self._may(now)
        since_us = now_us if before is None else before.since_us
        failing[url] = _Failing(event.message, since_us, news or (before is not None and before.told))
        if torrent not in self.all_failing and self._all_fail(torrent):
            self.all_failing[torrent] = now
            self._on_all_failing(torrent, now)
        if not news:
            return None
        return TrackerStatusChanged(torrent=torrent, url=url, status=TrackerStatus.ERROR, message=event.message)

    def read(self, torrent: str, readings: Sequence[TrackerReading], now: float) -> None:
        """Stores the readings of a torrent's trackers that an engine has reported."""
        self.known([torrent], [(reading.url, reading.tier) for reading in readings])
        self._readings[torrent] = now, {reading.url: reading for reading in readings}

    def most_failing(self, at_least: int, count: int) -> list[tuple[str, int]]:
        """The torrents with the most failing trackers, with the number of each. Torrents with fewer than the given
        number are left out.
        """
        many = ((torrent, len(failing)) for torrent, failing in self._failing.items() if len(failing) >= at_least)
        return sorted(many, key=lambda each: -each[1])[:count]

    def discard(self, torrent: str) -> None:
        """Removes a torrent."""
        known = self.of.pop(torrent, None)
        for url, _ in () if known is None else known.sources:
            self._relapsing.discard((torrent, url))
        self._end_all_failing(torrent)
        for table in (self._failing, self._readings):
            table.pop(torrent, None)

    def rows(self, torrent: str, now: float) -> list[TrackerRow]:
        """A torrent's trackers, by tier."""
        known = self.of.get(torrent)
        if known is None:
            return []
        read_at, readings = self._readings.get(torrent, (now, {}))
        failing = self._failing.get(torrent, {})
        rows = []
        for url, tier in known.sources:
            reading = readings.get(url) or TrackerReading(url, tier)
            failure = failing.get(url)
            status = TrackerStatus.ERROR if failure is not None else TrackerStatus.NOT_CONTACTED
            if url in known.working:
                status = TrackerStatus.WORKING
            elif reading.updating and failure is None and now - read_at < UPDATING_S:
                status = TrackerStatus.UPDATING
            rows.append(
                TrackerRow(
                    url=url,
                    tier=tier,
                    status=status,
                    message=reading.message if failure is None else failure.message,
                    next_announce_us=reading.next_announce_us,
                    seeds=reading.seeds,
                    leeches=reading.leeches,
                    downloads=reading.downloads,
                    failing_since_us=None if failure is None else failure.since_us,
                )
            )
        return sorted(rows, key=lambda row: row.tier)

    def desired_rows(self, desired: DesiredTorrent, now: float, *, present: bool) -> list[TrackerRow]:
        """A torrent's trackers, with the changes that no engine has applied yet.

        Args:
            present: whether the running engine has confirmed the torrent. If not, and no engine has named trackers, the
                result has the trackers in the torrent's record.
        """
        rows = self.rows(desired.torrent, now)
        if not rows and not present:
            urls = dict.fromkeys([*urls_of_link(desired.magnet or "", "tr"), *desired.trackers])
            rows = [_uncontacted(url, 0) for url in urls]
        if desired.tracker_edits is None:
            return rows
        known = {row.url: row for row in rows}
        edited = desired.tracker_edits.apply((row.url, row.tier) for row in rows)
        return [msgspec.structs.replace(known.get(url) or _uncontacted(url, tier), tier=tier) for url, tier in edited]

    def numbers_age_s(self, torrent: str, now: float) -> float | None:
        """The age of the last readings of a torrent's trackers. None if no engine has reported readings."""
        found = self._readings.get(torrent)
        return None if found is None else now - found[0]

    def count_failing(self, for_s: float, now: float) -> int:
        """The number of torrents without a working tracker for at least this time."""
        return sum(now - since >= for_s for since in self.all_failing.values())

    def failing_since(self, torrent: str) -> float | None:
        """The time since which all trackers of a torrent fail. None if a tracker works, or if the torrent has no
        trackers.
        """
        return self.all_failing.get(torrent)

    def trouble(self, torrent: str) -> str | None:
        """The text of the problem if all trackers of a torrent fail; None otherwise."""
        if torrent not in self.all_failing:
            return None
        failing = self._failing[torrent]
        url = next(url for url, _ in self.of[torrent].sources if url in failing)
        first = f"{redacted(url)}: {failing[url].message}"
        return first if len(failing) == 1 else f"all {len(failing)} fail, as {first}"

    def any(self, torrent: str) -> bool:
        """Whether a torrent is known to have a tracker."""
        known = self.of.get(torrent)
        return known is not None and bool(known.sources)

    def _may(self, now: float) -> bool:
        """Takes a token for a notification. Returns False if there is no token. The tracker's next failure then tries
        to take a token.
        """
        self._budget = min(BURST, self._budget + PER_S * max(0.0, now - self._filled_at))
        self._filled_at = now
        if self._budget < 1:
            return False
        self._budget -= 1
        return True

    def _works(self, torrent: str, url: str) -> _Failing | None:
        """Removes and returns a tracker's failure."""
        failing = self._failing.get(torrent)
        if failing is None:
            return None
        before = failing.pop(url, None)
        if not failing:
            del self._failing[torrent]
        return before

    def _end_all_failing(self, torrent: str) -> None:
        if self.all_failing.pop(torrent, None) is not None:
            self._on_all_failing(torrent, None)

    def _all_fail(self, torrent: str) -> bool:
        known = self.of.get(torrent)
        return known is not None and len(self._failing.get(torrent, ())) == len(known.urls) > 0

    def _keep(self, torrent: str, known: Known) -> None:
        if len(self._shared) >= SHARED_MAX:
            self._shared.clear()  # torrents keep their references to the values
        self.of[torrent] = self._shared.setdefault(known, known)


def _tier(source: tuple[str, int]) -> int:
    return source[1]


def _uncontacted(url: str, tier: int) -> TrackerRow:
    return TrackerRow(url=url, tier=tier, status=TrackerStatus.NOT_CONTACTED)


def urls_of_link(magnet: str, parameter: str) -> list[str]:
    """The URLs in a parameter of a magnet link.

    The parameter `tr` has trackers, and `ws` has web seeds. Parameters may be numbered.
    """
    named = parse_qsl(magnet.partition("?")[2], encoding="utf-8", errors="replace")
    return [value for name, value in named if value and name.partition(".")[0] == parameter]
