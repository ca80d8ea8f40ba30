"""The metrics from `health` and `stats`, and the gateway's own metrics. Pure."""

from collections import Counter
from collections.abc import Mapping
from typing import Final, NamedTuple

from gateway.metrics.metric import Kind, Metric, one
from protocol.wire.reports import EngineState, HealthReport, HealthStatus, StatsReport
from protocol.wire.rows import TorrentState


class Scrape(NamedTuple):
    """Facts about one scrape, and about the gateway.

    Fields:
        up: whether the daemon has answered.
        took_s: the time for the daemon's answers in seconds.
        resident_bytes: the resident memory of the gateway.
        event_lag: the number of events that the gateway's mirror has not applied yet. None without a mirror.
    """

    up: bool
    took_s: float
    resident_bytes: int
    event_lag: int | None = None


def _ratio(stats: StatsReport) -> float | None:
    session = stats.session
    return session.all_time_uploaded / session.all_time_downloaded if session.all_time_downloaded else None


def _seconds(milliseconds: int | None) -> float | None:
    return None if milliseconds is None else milliseconds / 1000


OF_SCRAPE: Final[tuple[Metric[Scrape], ...]] = (
    Metric("ouzel_up", Kind.GAUGE, "1 while the supervisor answers, otherwise 0.", lambda scrape: one(scrape.up)),
    Metric(
        "ouzel_scrape_seconds",
        Kind.GAUGE,
        "Time that the daemon took for this scrape.",
        lambda scrape: one(scrape.took_s),
    ),
    Metric(
        "ouzel_gateway_resident_memory_bytes",
        Kind.GAUGE,
        "Resident memory of the gateway.",
        lambda scrape: one(scrape.resident_bytes),
    ),
    Metric(
        "ouzel_gateway_event_lag_events",
        Kind.GAUGE,
        "Events that the gateway has not applied yet. Absent with `--only metrics`.",
        lambda scrape: one(scrape.event_lag),
    ),
)
"""The metrics that each scrape has, even while the daemon is away."""

OF_CPU: Final[tuple[Metric[Mapping[str, float]], ...]] = (
    Metric(
        "ouzel_cpu_seconds_total",
        Kind.COUNTER,
        "CPU time by process. That of the engine is the sum over all engines.",
        lambda cpu: [((process,), seconds) for process, seconds in cpu.items()],
        ("process",),
    ),
)
"""The metrics from the CPU times of the processes, after `AddingUp`."""

OF_HEALTH: Final[tuple[Metric[HealthReport], ...]] = (
    Metric(
        "ouzel_build_info",
        Kind.GAUGE,
        "Always 1. The label has the supervisor's version.",
        lambda health: [((health.supervisor.version,), 1)],
        ("version",),
    ),
    Metric(
        "ouzel_supervisor_uptime_seconds",
        Kind.GAUGE,
        "Time since the supervisor started.",
        lambda health: one(_seconds(health.supervisor.uptime_ms)),
    ),
    Metric(
        "ouzel_health_status",
        Kind.GAUGE,
        "1 for the present status of the service, and 0 for the others.",
        lambda health: [((status.value,), status is health.status) for status in HealthStatus],
        ("status",),
    ),
    Metric(
        "ouzel_health_problems",
        Kind.GAUGE,
        "Problems in `ouzel health` by component. Components without a problem are absent.",
        lambda health: [((name,), count) for name, count in Counter(r.component for r in health.reasons).items()],
        ("component",),
    ),
    Metric(
        "ouzel_engine_up",
        Kind.GAUGE,
        "1 while the slot's engine is ready for commands, otherwise 0.",
        lambda health: [((str(each.slot),), each.state is EngineState.RUNNING) for each in health.engines],
        ("slot",),
    ),
    Metric(
        "ouzel_engine_generation",
        Kind.GAUGE,
        "The generation of the slot's present or last engine. Each new process has a higher one.",
        lambda health: [((str(each.slot),), each.gen) for each in health.engines],
        ("slot",),
    ),
    Metric(
        "ouzel_engine_uptime_seconds",
        Kind.GAUGE,
        "Time since the slot's engine was started; 0 without one.",
        lambda health: [((str(each.slot),), each.uptime_ms / 1000) for each in health.engines],
        ("slot",),
    ),
    Metric(
        "ouzel_restore_done_torrents",
        Kind.GAUGE,
        "Torrents of the present or last restore that the engine has loaded.",
        lambda health: one(health.restore.done),
    ),
    Metric(
        "ouzel_restore_wanted_torrents",
        Kind.GAUGE,
        "Torrents of the present or last restore that the engine has to load.",
        lambda health: one(health.restore.total),
    ),
)
"""The metrics from `health`."""

OF_STATS: Final[tuple[Metric[StatsReport], ...]] = (
    Metric(
        "ouzel_torrents",
        Kind.GAUGE,
        "Torrents by state.",
        lambda stats: [((state.value,), stats.torrents.get(state.value, 0)) for state in TorrentState],
        ("state",),
    ),
    Metric(
        "ouzel_session_download_bps",
        Kind.GAUGE,
        "Payload download rate of all torrents, in bytes per second.",
        lambda stats: one(stats.session.download_bps),
    ),
    Metric(
        "ouzel_session_upload_bps",
        Kind.GAUGE,
        "Payload upload rate of all torrents, in bytes per second.",
        lambda stats: one(stats.session.upload_bps),
    ),
    Metric(
        "ouzel_session_downloaded_bytes_total",
        Kind.COUNTER,
        "Payload bytes that all engines have downloaded since the supervisor started.",
        lambda stats: one(stats.session.downloaded),
    ),
    Metric(
        "ouzel_session_uploaded_bytes_total",
        Kind.COUNTER,
        "Payload bytes that all engines have uploaded since the supervisor started.",
        lambda stats: one(stats.session.uploaded),
    ),
    Metric(
        "ouzel_all_time_downloaded_bytes_total",
        Kind.COUNTER,
        "Payload bytes that were ever downloaded, also before restarts.",
        lambda stats: one(stats.session.all_time_downloaded),
    ),
    Metric(
        "ouzel_all_time_uploaded_bytes_total",
        Kind.COUNTER,
        "Payload bytes that were ever uploaded, also before restarts.",
        lambda stats: one(stats.session.all_time_uploaded),
    ),
    Metric(
        "ouzel_all_time_ratio",
        Kind.GAUGE,
        "Bytes ever uploaded for each byte ever downloaded. Absent before the first download.",
        lambda stats: one(_ratio(stats)),
    ),
    Metric("ouzel_peers", Kind.GAUGE, "Connected peers.", lambda stats: one(stats.session.peers)),
    Metric(
        "ouzel_listen_port",
        Kind.GAUGE,
        "The port on which peers can connect; 0 for none.",
        lambda stats: one(stats.session.listen_port),
    ),
    Metric(
        "ouzel_alternative_limits",
        Kind.GAUGE,
        "1 while the alternative limits are in force, otherwise 0.",
        lambda stats: one(stats.session.alternative_limits),
    ),
    Metric(
        "ouzel_snapshot_age_seconds",
        Kind.GAUGE,
        "Age of the engine's last report about the session. Absent before the first report.",
        lambda stats: one(_seconds(stats.session.age_ms)),
    ),
    Metric(
        "ouzel_network_thread_load_ratio",
        Kind.GAUGE,
        "Part of a CPU core that libtorrent's network thread uses. Absent if unknown.",
        lambda stats: one(stats.session.network_thread_load),
    ),
    Metric(
        "ouzel_resident_memory_bytes",
        Kind.GAUGE,
        "Resident memory by process. The engine's includes reclaimable pages of files.",
        lambda stats: [(("supervisor",), stats.supervisor.rss_bytes), (("engine",), stats.engine.rss_bytes)],
        ("process",),
    ),
    Metric(
        "ouzel_open_fds",
        Kind.GAUGE,
        "Open file descriptors by process.",
        lambda stats: [(("supervisor",), stats.supervisor.fds), (("engine",), stats.engine.fds)],
        ("process",),
    ),
    Metric(
        "ouzel_free_space_bytes",
        Kind.GAUGE,
        "Space that the daemon's user can still use, by download root. Absent if the root does not answer.",
        lambda stats: [((root.path,), root.free_bytes) for root in stats.roots if root.free_bytes is not None],
        ("root",),
    ),
    Metric(
        "ouzel_root_size_bytes",
        Kind.GAUGE,
        "Size of the file system, by download root.",
        lambda stats: [((root.path,), root.size_bytes) for root in stats.roots if root.size_bytes is not None],
        ("root",),
    ),
    Metric(
        "ouzel_ip_filter_rules",
        Kind.GAUGE,
        "Address ranges of the IP filter; 0 without a filter.",
        lambda stats: one(stats.ip_filter.rules if stats.ip_filter else 0),
    ),
)
"""The metrics from `stats`."""
