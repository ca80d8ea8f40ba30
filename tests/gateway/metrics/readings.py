"""A daemon that tests play for scrapes, and the largest reading."""

from typing import Any

from gateway.metrics.libtorrent_table import TABLE
from gateway.metrics.reading import Reading
from gateway.metrics.service_table import Scrape
from ouzel.client.call import Call
from ouzel.errors import NotRunning
from protocol.wire.errors import ErrorKind
from protocol.wire.metrics.metrics_report import EventLogReport, HistogramReport, MemoryReport, MetricsReport
from protocol.wire.reports import (
    CountersReport,
    EngineReport,
    EngineSlotReport,
    EngineState,
    HealthReport,
    HealthStatus,
    ProcessReport,
    Reason,
    RestoreReport,
    RootReport,
    SessionReport,
    StatsReport,
    SupervisorReport,
)
from supervisor.metrics.histogram import LONG_S, SHORT_S

COMPONENTS = ("engine", "resume_dir", "storage", "torrents", "config", "log", "hooks", "watch", "ip_filter", "access")


def histogram(bounds_s: tuple[float, ...], each: int = 1) -> HistogramReport:
    """A histogram with this number of durations in each bucket."""
    return HistogramReport(bounds_s=list(bounds_s), counts=[each] * (len(bounds_s) + 1), sum_s=1.5)


def health(state: EngineState = EngineState.RUNNING, gen: int = 1) -> HealthReport:
    """A report with a problem in each component."""
    engine = EngineReport(state=state, pid=5, gen=gen, restarts=gen - 1, uptime_ms=1500)
    return HealthReport(
        status=HealthStatus.DEGRADED,
        reasons=[Reason(component=each, subject="x", message="broken", since_us=1) for each in COMPONENTS],
        engine=engine,
        supervisor=SupervisorReport(pid=4, version="9.9", uptime_ms=60_000),
        restore=RestoreReport(done=9, total=10),
        engines=[
            EngineSlotReport(slot=0, state=state, pid=5, gen=gen, restarts=gen - 1, uptime_ms=1500, torrents=10),
        ],
    )


def stats(downloaded: int = 70, cpu_ms: int = 2500) -> StatsReport:
    """A report with a ratio of 0.5 and two roots."""
    return StatsReport(
        session=SessionReport(
            download_bps=7,
            upload_bps=8,
            downloaded=downloaded,
            uploaded=35,
            peers=3,
            listen_port=6881,
            age_ms=250,
            all_time_downloaded=200,
            all_time_uploaded=100,
            network_thread_load=0.25,
        ),
        supervisor=ProcessReport(rss_bytes=1000, cpu_ms=900, fds=31),
        engine=ProcessReport(rss_bytes=2000, cpu_ms=cpu_ms, fds=24),
        torrents={"seeding": 7, "error": 2},
        roots=[RootReport(path="/srv/a\udcff", free_bytes=5, size_bytes=9), RootReport(path='/srv/"b"\n')],
    )


def metrics(categories: dict[str, int] | None = None) -> MetricsReport:
    """A report with every error, and more categories than have a series."""
    return MetricsReport(
        categories={f"c{each}": each for each in range(30)} if categories is None else categories,
        quarantined=1,
        unreadable=0,
        download_limit_bps=0,
        upload_limit_bps=5,
        requests={"ok": 9} | {kind.wire_name: 1 for kind in ErrorKind},
        acks=histogram(SHORT_S),
        writes=histogram(SHORT_S),
        changes_written=3,
        failovers=histogram(LONG_S),
        restores=histogram(LONG_S),
        loop_lag=histogram(SHORT_S),
        engine_ends={"crash": 2, "hang": 1, "replaced": 4},
        events=EventLogReport(head=41, kept=40, replays=2, replayed=30, subscribers_lost=1),
        log_lines_lost={"supervisor": 1, "engine": 2},
        hooks={"ok": 3, "failed": 1, "dropped": 0},
        memory=[
            MemoryReport(process="supervisor", held_bytes=10),
            MemoryReport(process="engine", held_bytes=20, limit_bytes=100),
        ],
    )


def counters(value: int) -> dict[str, int]:
    """All of libtorrent's values that metrics use, and one more."""
    names = {"net.has_incoming_connections", "dht.dht_nodes", "tracker.num_queued_tracker_announces", "net.other"}
    names |= {metric.help.split("`")[1] for metric in TABLE if "`" in metric.help}
    return dict.fromkeys(names, value)


def full(**parts: Any) -> Reading:
    """A reading with all parts except the optional ones."""
    found: dict[str, Any] = {
        "health": health(),
        "stats": stats(),
        "metrics": metrics(),
        "cpu": {"supervisor": 0.9, "engine": 2.5},
        "counters": counters(1),
    }
    return Reading(Scrape(up=True, took_s=0.01, resident_bytes=5, event_lag=0), **(found | parts))


class PlayedClient:
    """Answers calls with the reports that a test sets. Without a report, the daemon is away."""

    def __init__(self) -> None:
        self.answers: dict[str, Any] = {
            "health": health(),
            "stats": stats(),
            "get_metrics": metrics(),
            "get_counters": CountersReport(counters=counters(1), age_ms=0),
            "list_torrents": {"torrents": []},
        }

    async def run(self, call: Call[Any], *, deadline_ms: int | None = None) -> Any:
        """The answer to a call."""
        assert deadline_ms is not None
        if call.op not in self.answers:
            raise NotRunning("/run/x", "played")
        return self.answers[call.op]
