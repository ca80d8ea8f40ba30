from typing import Any

import structlog

from protocol.wire.events.event import LifecycleEvent
from protocol.wire.events.session_events import HealthChanged
from protocol.wire.events.torrent_events import (
    Completed,
    ErrorCleared,
    Quarantined,
    StateChanged,
    TorrentAdded,
    TorrentError,
    TorrentRemoved,
)
from protocol.wire.reports import HealthStatus
from protocol.wire.rows import TorrentState
from supervisor.events.event_logger import LASTS_S, EventLogger
from supervisor.log.line_budget import TELL_S, LineBudget

T = "a" * 40


class Told:
    """An event logger, its clock, and its lines."""

    def __init__(self, **arguments: Any) -> None:
        self.now = 0.0
        self.lines: list[dict[str, Any]] = []
        log = structlog.wrap_logger(
            structlog.PrintLogger(),
            processors=[structlog.processors.add_log_level, self._keep],
            wrapper_class=structlog.make_filtering_bound_logger(0),
        )
        self.logger = EventLogger(log, clock=lambda: self.now, **arguments)

    def _keep(self, _: Any, __: str, fields: Any) -> Any:
        self.lines.append(dict(fields))
        raise structlog.DropEvent

    def take(self, *events: LifecycleEvent) -> "Told":
        for event in events:
            self.logger.log_event(event)
        return self

    def wait(self, seconds: float) -> "Told":
        self.now += seconds
        self.logger.tick()
        return self

    @property
    def events(self) -> list[str]:
        return [line["event"] for line in self.lines]


def failed(message: str = "no", *, name: str = "storage") -> TorrentError:
    """An error of the torrent."""
    return TorrentError(torrent=T, name=name, message=message, recoverable=False)


def now_in(state: TorrentState, previous: TorrentState = TorrentState.ERROR) -> StateChanged:
    """The torrent's new state."""
    return StateChanged(torrent=T, state=state, previous=previous)


def added(*, added_us: int = 1) -> TorrentAdded:
    """The torrent's addition."""
    return TorrentAdded(torrent=T, name="n", save_path="/s", paused=False, labels=[], added_us=added_us)


def test_a_failure_is_told_once() -> None:
    """However often engines find it again; a different failure is logged."""
    told = Told().take(failed(), failed(), failed("worse"))
    assert [line["problem"] for line in told.lines] == ["no", "worse"]


def test_a_recovery_is_told_once_it_lasts() -> None:
    """By either kind of event."""
    for well in (ErrorCleared(torrent=T), now_in(TorrentState.SEEDING)):
        told = Told().take(failed(), well).wait(LASTS_S / 2)
        assert told.events == ["torrent_failed"]
        assert told.wait(LASTS_S).events == ["torrent_failed", "torrent_recovered"]
        assert told.logger.failing == 0
        assert told.wait(LASTS_S).take(failed()).events[2:] == ["torrent_failed"]


def test_one_that_fails_again_at_once_has_not_recovered() -> None:
    """`resume` and a new engine have it checked again, and nothing has changed."""
    told = Told().take(failed(), ErrorCleared(torrent=T), now_in(TorrentState.QUEUED)).wait(LASTS_S / 2)
    assert told.take(failed()).wait(2 * LASTS_S).events == ["torrent_failed"]


def test_a_torrent_that_waits_for_a_disk_is_told_of_once() -> None:
    """Although the free space in the message differs each time."""
    told = Told().take(failed("1 byte free", name="disk_full"), failed("2 bytes free", name="disk_full"))
    assert told.events == ["torrent_waits"]


def test_what_never_failed_does_not_recover() -> None:
    """A torrent without an error, or with an error that was only published."""
    told = Told().take(ErrorCleared(torrent=T), now_in(TorrentState.SEEDING), failed(name="engine_lost"))
    assert told.wait(2 * LASTS_S).events == []


def test_one_that_is_removed_or_quarantined_does_not_recover() -> None:
    """Their own lines cover this."""
    for end in (TorrentRemoved(torrent=T, delete_files=False), Quarantined(torrent=T, reason="r")):
        told = Told().take(failed(), ErrorCleared(torrent=T), end).wait(2 * LASTS_S)
        assert "torrent_recovered" not in told.events
        assert told.logger.failing == 0


def test_a_client_s_pause_is_told() -> None:
    """And its end; within the same limit as other lines."""
    told = Told()
    told.logger.paused(T, True)
    told.logger.paused(T, False)
    assert [(line["event"], line["level"], line["torrent"]) for line in told.lines] == [
        ("torrent_paused", "info", T),
        ("torrent_resumed", "info", T),
    ]


def test_torrents_of_before_are_not_added() -> None:
    """If the directory could be listed only late, thousands are published to clients, and none logged here."""
    assert Told(began_us=10).take(added(added_us=9)).events == []
    assert Told(began_us=10).take(added(added_us=10)).events == ["torrent_added"]


def test_thousands_at_once_are_a_few_hundred_lines_and_a_number() -> None:
    """A client's burst displaces no other line."""
    told = Told(budget=LineBudget(burst=3, per_s=0.1)).take(*[added()] * 10, Completed(torrent=T, bytes_done=1))
    assert told.events == ["torrent_added"] * 3 + ["torrent_completed"]
    told.wait(TELL_S)
    assert told.lines[4] == {"event": "lines_left_out", "level": "info", "of": "torrent_added", "lines": 7}


def test_the_end_says_what_was_left_out() -> None:
    """At once."""
    told = Told(budget=LineBudget(burst=0, per_s=0)).take(added())
    told.logger.close()
    assert told.events == ["lines_left_out"]


def test_health_is_told_by_what_it_was() -> None:
    """The first status, and each change."""
    healthy = HealthChanged(status=HealthStatus.HEALTHY, reasons=[])
    unhealthy = HealthChanged(status=HealthStatus.UNHEALTHY, reasons=[])
    told = Told().take(healthy, unhealthy, healthy)
    assert [(line["level"], line["status"]) for line in told.lines] == [
        ("info", "healthy"),
        ("error", "unhealthy"),
        ("info", "healthy"),
    ]
