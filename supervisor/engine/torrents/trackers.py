"""The trackers of every torrent, as reported by engines, and since when they fail. Pure.

Most torrents share their trackers with many others, and most trackers work: what is kept of such a torrent is an entry
in a table, and a value that is shared with all others like it. What an engine told outlives it: the next one begins
with asking, and what a tracker said last holds until it says something else, so an engine's death is no news of it.
"""

from collections.abc import Callable, Sequence
from typing import Final, NamedTuple
from urllib.parse import parse_qsl

from protocol.internal.link_events import TrackerReport
from protocol.internal.link_queries import TrackerReading
from protocol.text.redacted import redacted
from protocol.wire.events import TrackerStatusChanged
from protocol.wire.rows import TrackerRow, TrackerStatus

FAILURES: Final = 2
"""In a row: after so many clients hear that a tracker fails which has worked."""
FAILURES_AGAIN: Final = 6
"""The same of one that has failed and come back before. With libtorrent's pauses between, that is twenty minutes."""
TOLD_MAX: Final = 10
"""Trackers of one torrent of which clients hear that they fail, at the same time; a torrent may have hundreds."""
BURST: Final = 5000.0
PER_S: Final = 1.0
"""Of all torrents together so many at once and then so many a second: 50,000 events are kept for replay, and thousands
of torrents may have the same dead trackers."""
SHARED_MAX: Final = 10_000
"""Different sets of trackers that are shared, at the most."""
UPDATING_S: Final = 2.0
"""For how long it holds that a tracker is being asked."""


class _Known(NamedTuple):
    """What is known of a torrent's trackers: URL and tier of each, the URLs, and those that worked last."""

    sources: tuple[tuple[str, int], ...]
    urls: frozenset[str]
    working: frozenset[str] = frozenset()


class _Failing(NamedTuple):
    """One tracker's trouble; `told` is whether clients were."""

    message: str
    since_us: int
    told: bool


class Trackers:
    """All torrents'. Times are monotonic seconds, and microseconds since 1970 for people, given by the caller.

    Args:
        on_all_failing: called with a torrent and since when each of its trackers fails; None once one does not.
    """

    def __init__(self, on_all_failing: Callable[[str, float | None], None] = lambda torrent, since: None) -> None:
        self._on_all_failing = on_all_failing
        self._known: dict[str, _Known] = {}
        self._shared: dict[_Known, _Known] = {}
        self._failing: dict[str, dict[str, _Failing]] = {}
        self._relapsing: set[tuple[str, str]] = set()
        """Torrents and trackers that clients heard of as failing, and then as working again."""
        self._all_failing: dict[str, float] = {}
        """Since when every tracker of a torrent fails, where that is so."""
        self._budget = BURST
        self._filled_at = 0.0
        self._readings: dict[str, tuple[float, dict[str, TrackerReading]]] = {}
        """When numbers were told, and which, of torrents that clients asked for."""

    def known(self, torrents: Sequence[str], sources: Sequence[tuple[str, int]]) -> None:
        """These torrents have just these trackers, each with its tier."""
        given, urls = tuple(sources), frozenset(url for url, _ in sources)
        for torrent in torrents:
            before = self._known.get(torrent)
            if before is not None and before.sources == given:
                continue
            working = before.working & urls if before is not None else frozenset[str]()
            self._keep(torrent, _Known(given, urls, working))
            for url in self._failing.get(torrent, {}).keys() - urls:
                self._works(torrent, url)
            if not self._all_fail(torrent):
                self._end_all_failing(torrent)

    def apply(self, event: TrackerReport, now: float, now_us: int) -> TrackerStatusChanged | None:
        """A tracker works, or fails. Returns what there is to tell clients."""
        torrent, url = event.torrent, event.url
        known = self._known.get(torrent)
        if known is None or url not in known.urls:
            return None  # one that the torrent does not have any more
        if event.works:
            before = self._works(torrent, url)
            self._end_all_failing(torrent)
            self._keep(torrent, known._replace(working=known.working | {url}))
            if before is None or not before.told:
                return None
            self._relapsing.add((torrent, url))
            return TrackerStatusChanged(torrent=torrent, url=url, status=TrackerStatus.WORKING)
        return self._fails(event, known, now, now_us)

    def _fails(self, event: TrackerReport, known: _Known, now: float, now_us: int) -> TrackerStatusChanged | None:
        torrent, url = event.torrent, event.url
        failing = self._failing.setdefault(torrent, {})
        before = failing.get(url)
        worked = url in known.working
        if worked:
            self._keep(torrent, known._replace(working=known.working - {url}))
        relapsed = (torrent, url) in self._relapsing
        news = before is None or not before.told
        if news:
            known_to_work = worked or before is not None
            wanted = FAILURES_AGAIN if relapsed else FAILURES if known_to_work else 1
            news = event.times >= wanted and sum(each.told for each in failing.values()) < TOLD_MAX and self._may(now)
        since_us = now_us if before is None else before.since_us
        failing[url] = _Failing(event.message, since_us, news or (before is not None and before.told))
        if torrent not in self._all_failing and self._all_fail(torrent):
            self._all_failing[torrent] = now
            self._on_all_failing(torrent, now)
        if not news:
            return None
        return TrackerStatusChanged(torrent=torrent, url=url, status=TrackerStatus.ERROR, message=event.message)

    def read(self, torrent: str, readings: Sequence[TrackerReading], now: float) -> None:
        """An engine has told the numbers of a torrent's trackers."""
        self.known([torrent], [(reading.url, reading.tier) for reading in readings])
        self._readings[torrent] = now, {reading.url: reading for reading in readings}

    def discard(self, torrent: str) -> None:
        """The torrent was removed."""
        known = self._known.pop(torrent, None)
        for url, _ in () if known is None else known.sources:
            self._relapsing.discard((torrent, url))
        self._end_all_failing(torrent)
        for table in (self._failing, self._readings):
            table.pop(torrent, None)

    def rows(self, torrent: str, now: float) -> list[TrackerRow]:
        """A torrent's trackers, by tier."""
        known = self._known.get(torrent)
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

    def numbers_age_s(self, torrent: str, now: float) -> float | None:
        """How long ago an engine told the numbers of a torrent's trackers; None if none has."""
        found = self._readings.get(torrent)
        return None if found is None else now - found[0]

    def count_failing(self, for_s: float, now: float) -> int:
        """How many torrents have had no tracker that works for so long; only ones that have trackers."""
        return sum(now - since >= for_s for since in self._all_failing.values())

    def failing_since(self, torrent: str) -> float | None:
        """Since when each of a torrent's trackers fails; None where one does not, or it has none."""
        return self._all_failing.get(torrent)

    def trouble(self, torrent: str) -> str | None:
        """What is wrong with the trackers of a torrent where each of them fails, in words; None otherwise."""
        if torrent not in self._all_failing:
            return None
        failing = self._failing[torrent]
        url = next(url for url, _ in self._known[torrent].sources if url in failing)
        first = f"{redacted(url)}: {failing[url].message}"
        return first if len(failing) == 1 else f"all {len(failing)} fail, as {first}"

    def any(self, torrent: str) -> bool:
        """Whether a torrent is known to have a tracker."""
        known = self._known.get(torrent)
        return known is not None and bool(known.sources)

    def _may(self, now: float) -> bool:
        """Whether one more failure may be told now; one that may not can be with the next one of that tracker."""
        self._budget = min(BURST, self._budget + PER_S * max(0.0, now - self._filled_at))
        self._filled_at = now
        if self._budget < 1:
            return False
        self._budget -= 1
        return True

    def _works(self, torrent: str, url: str) -> _Failing | None:
        """Ends a tracker's trouble, which is returned."""
        failing = self._failing.get(torrent)
        if failing is None:
            return None
        before = failing.pop(url, None)
        if not failing:
            del self._failing[torrent]
        return before

    def _end_all_failing(self, torrent: str) -> None:
        if self._all_failing.pop(torrent, None) is not None:
            self._on_all_failing(torrent, None)

    def _all_fail(self, torrent: str) -> bool:
        known = self._known.get(torrent)
        return known is not None and len(self._failing.get(torrent, ())) == len(known.urls) > 0

    def _keep(self, torrent: str, known: _Known) -> None:
        if len(self._shared) >= SHARED_MAX:
            self._shared.clear()  # those that hold one keep it
        self._known[torrent] = self._shared.setdefault(known, known)


def trackers_of_link(magnet: str) -> list[str]:
    """The trackers that a magnet link names."""
    named = parse_qsl(magnet.partition("?")[2], encoding="utf-8", errors="replace")
    return [value for name, value in named if value and (name == "tr" or name.startswith("tr."))]
