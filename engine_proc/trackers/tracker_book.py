"""Stores the answers of trackers for each torrent, and determines the changes to report to the supervisor. Pure.

libtorrent announces a torrent to a tracker separately for each listening address and each info-hash version. Each such
combination is a *leg*, which works or fails independently. For example, a machine may have an IPv6 address but no IPv6
route. Then one of two legs always fails. So the status of a tracker is:

- working, if any leg works;
- failing, if all legs have failed;
- unknown, in all other cases.

The status may be unknown for long, because a leg tries the trackers one after the other. If no address of the tracker
is reachable from a leg's address, libtorrent skips the leg. A skipped leg counts only if there is no other leg.

The book stores the last reported status. Torrents with only working trackers share their state. So each of 10,000 such
torrents needs only an entry in a table.
"""

from collections.abc import Sequence
from enum import Enum
from typing import Final, NamedTuple, assert_never

from engine_proc.session.alerts import TrackerAnswered, TrackerAsked, TrackerFailed
from protocol.internal.link_events import TrackerReport, TrackersKnown

TIMES_TOLD: Final = (1, 2, 6)
"""The numbers of consecutive failures at which a failure is reported. A new message is always reported."""

SHARED_MAX: Final = 1000
"""The maximum number of shared states."""

KNOWN_AT_ONCE: Final = 500
"""The maximum number of torrents in one message. The supervisor handles a message without interruption."""


class Answer(Enum):
    """The outcome of the last announce of a leg."""

    NONE = "none"
    WORKS = "works"
    FAILED = "failed"
    SKIPPED = "skipped"


class _Leg(NamedTuple):
    """A leg, and its last answer. `said`: whether the message is the tracker's."""

    key: str
    answer: Answer
    message: str = ""
    times: int = 0
    said: bool = False


class _Tracker(NamedTuple):
    """One tracker of one torrent: its legs, and its last reported status (None before the first report)."""

    url: str
    legs: tuple[_Leg, ...] = ()
    told: tuple[bool, str, int] | None = None

    @property
    def works(self) -> bool:
        return self.told == _WORKS and all(leg.answer in (Answer.WORKS, Answer.SKIPPED) for leg in self.legs)


_WORKS: Final = (True, "", 0)
_LOCAL: Final = ("127.", "::1 ")
_Trackers = tuple[_Tracker, ...]


class TrackerBook:
    """The answers of trackers in one session."""

    def __init__(self) -> None:
        self._states: dict[str, _Trackers] = {}
        self._shared: dict[_Trackers, _Trackers] = {}
        self._legs: set[str] = set()
        """The session's legs that alerts have named."""
        self._known: dict[tuple[tuple[str, int], ...], list[str]] = {}

    def known(self, torrent: str, trackers: Sequence[tuple[str, int]]) -> None:
        """Stores the trackers of a torrent, each with its tier. `news` will report them."""
        self._known.setdefault(tuple(trackers), []).append(torrent)

    def changed(self, torrent: str, trackers: Sequence[tuple[str, int]]) -> None:
        """Stores the changed trackers of a torrent, and drops all answers."""
        for torrents in self._known.values():
            if torrent in torrents:
                torrents.remove(torrent)
        self.discard(torrent)
        self.known(torrent, trackers)

    def news(self) -> list[TrackersKnown]:
        """The trackers of torrents that were added since the last call. Torrents with equal trackers are grouped."""
        known, self._known = self._known, {}
        return [
            TrackersKnown(trackers=list(trackers), torrents=torrents[start : start + KNOWN_AT_ONCE])
            for trackers, torrents in known.items()
            for start in range(0, len(torrents), KNOWN_AT_ONCE)
        ]

    def discard(self, torrent: str) -> None:
        """Removes a torrent."""
        self._states.pop(torrent, None)

    def apply(self, alert: TrackerAsked | TrackerAnswered | TrackerFailed) -> list[TrackerReport]:
        """Applies an alert. Returns the change to report, if any."""
        self._legs.add(alert.leg)
        trackers = self._states.get(alert.torrent, ())
        at = next((at for at, each in enumerate(trackers) if each.url == alert.url), None)
        tracker = _Tracker(alert.url) if at is None else trackers[at]
        match alert:
            case TrackerAsked():
                if any(leg.key == alert.leg for leg in tracker.legs):
                    return []  # the last status holds until there is another answer
                leg = _Leg(alert.leg, Answer.NONE)
            case TrackerAnswered():
                leg = _Leg(alert.leg, Answer.WORKS)
            case TrackerFailed():
                answer, times = (Answer.SKIPPED, 1) if alert.skipped else (Answer.FAILED, alert.times)
                leg = _Leg(alert.leg, answer, alert.problem, times, alert.said)
            case _:
                assert_never(alert)
        legs = (*(each for each in tracker.legs if each.key != alert.leg), leg)
        told = self._verdict(alert.url, legs) or tracker.told
        changed = _Tracker(alert.url, legs, told)
        if changed == tracker:
            return []
        others = trackers if at is None else (*trackers[:at], *trackers[at + 1 :])
        self._keep(alert.torrent, (*others, changed))
        if told is None or told == tracker.told:
            return []
        works, message, times = told
        return [TrackerReport(torrent=alert.torrent, url=alert.url, works=works, message=message, times=times)]

    def prune(self, torrent: str, url: str, legs: Sequence[str]) -> list[TrackerReport]:
        """Keeps only the answers on these legs. Other legs belong to addresses that no longer exist."""
        self._legs.intersection_update(legs)
        trackers = self._states.get(torrent, ())
        for at, tracker in enumerate(trackers):
            left = tuple(leg for leg in tracker.legs if leg.key in legs)
            if tracker.url != url:
                continue
            told = self._verdict(url, left) or tracker.told
            self._keep(torrent, (*trackers[:at], *trackers[at + 1 :], _Tracker(url, left, told)))
            if told is not None and told != tracker.told:
                works, message, times = told
                return [TrackerReport(torrent=torrent, url=url, works=works, message=message, times=times)]
        return []

    def open(self, torrent: str, url: str) -> bool:
        """Whether a tracker has failed on a leg, but is not reported as failing. If so, the caller has to read the
        present legs.
        """
        for tracker in self._states.get(torrent, ()):
            if tracker.url == url:
                failed = any(leg.answer is Answer.FAILED for leg in tracker.legs)
                return failed and (tracker.told is None or tracker.told == _WORKS)
        return False

    def _verdict(self, url: str, legs: Sequence[_Leg]) -> tuple[bool, str, int] | None:
        """Whether a tracker works, its message, and its consecutive failures. None while the status is unknown."""
        answers = [leg.answer for leg in legs]
        if Answer.WORKS in answers:
            return _WORKS
        if not answers or Answer.NONE in answers or self._unasked(legs):
            return None
        among = [leg for leg in legs if leg.answer is Answer.FAILED] or list(legs)
        local = _is_local(url)
        best = max(among, key=lambda leg: (leg.said, leg.key.startswith(_LOCAL) == local))
        times = max(leg.times for leg in among)
        return False, best.message, max((told for told in TIMES_TOLD if told <= times), default=1)

    def _unasked(self, legs: Sequence[_Leg]) -> bool:
        """Whether the session has further legs that have not announced to the tracker. Only legs with the same
        info-hash versions count.
        """
        asked = {leg.key for leg in legs}
        kinds = tuple({_kind(key) for key in asked})
        return any(key not in asked and key.endswith(kinds) for key in self._legs)

    def _keep(self, torrent: str, trackers: _Trackers) -> None:
        if all(each.works for each in trackers):
            trackers = tuple(
                each._replace(legs=tuple(sorted(each.legs, key=_key))) for each in sorted(trackers, key=_url)
            )
            if len(self._shared) >= SHARED_MAX:
                self._shared.clear()  # torrents that use a shared state keep it
            trackers = self._shared.setdefault(trackers, trackers)
        self._states[torrent] = trackers


def _key(leg: _Leg) -> str:
    return leg.key


def _url(tracker: _Tracker) -> str:
    return tracker.url


def _is_local(url: str) -> bool:
    """Whether a tracker is on this machine. If so, the leg of the loopback address counts."""
    host = url.partition("://")[2].rpartition("@")[2]
    return host.startswith(("127.", "[::1]", "localhost"))


def _kind(leg: str) -> str:
    return leg[leg.rindex(" ") :]
