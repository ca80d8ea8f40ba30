"""The metrics from `get_metrics`: what the supervisor counts about itself and about its engines. Pure."""

from collections.abc import Mapping
from typing import Final

from gateway.metrics.metric import Kind, Metric, Sample, one
from protocol.wire.metrics.metrics_report import MetricsReport

CATEGORIES_MAX: Final = 10
"""The number of categories with a series of their own. The largest categories have one."""

OTHER: Final = "other"

ENDS: Final = ("crash", "hang", "killed", "faulty", "not_started", "replaced")
"""The causes for which engines end."""

OUTCOMES: Final = (
    "ok",
    "deadline_exceeded",
    "engine_unavailable",
    "internal_error",
    "invalid_argument",
    "no_space",
    "not_permitted",
    "replay_gone",
    "stopping",
    "storage_unavailable",
    "too_many_in_flight",
    "unknown_torrent",
)
"""The outcomes of requests with a series of their own. The list is fixed, so that no counter ever goes down."""


def _requests(report: MetricsReport) -> list[Sample]:
    found = dict.fromkeys((*OUTCOMES, OTHER), 0)
    for outcome, count in report.requests.items():
        found[outcome if outcome in found else OTHER] += count
    return _labelled(found)


def _categories(report: MetricsReport) -> list[Sample]:
    sizes = sorted(report.categories.items(), key=lambda item: (-item[1], item[0]))
    found = dict(sizes[:CATEGORIES_MAX])
    if rest := sizes[CATEGORIES_MAX:]:
        found[OTHER] = found.get(OTHER, 0) + sum(count for _, count in rest)
    return _labelled(found)


def _labelled(values: Mapping[str, float]) -> list[Sample]:
    return [((name,), value) for name, value in values.items()]


def _crashes(report: MetricsReport) -> int:
    return sum(count for cause, count in report.engine_ends.items() if cause != "replaced")


TABLE: Final[tuple[Metric[MetricsReport], ...]] = (
    Metric(
        "ouzel_torrents_by_category",
        Kind.GAUGE,
        f"Torrents by category. The empty category is none. Categories after the {CATEGORIES_MAX} largest are `other`.",
        _categories,
        ("category",),
    ),
    Metric(
        "ouzel_quarantined_torrents",
        Kind.GAUGE,
        "Torrents that are not loaded, because they crash the engine.",
        lambda report: one(report.quarantined),
    ),
    Metric(
        "ouzel_unreadable_torrents",
        Kind.GAUGE,
        "Torrents with a record that cannot be read from the resume directory.",
        lambda report: one(report.unreadable),
    ),
    Metric(
        "ouzel_download_limit_bps",
        Kind.GAUGE,
        "The download limit in force, in bytes per second. 0 is no limit.",
        lambda report: one(report.download_limit_bps),
    ),
    Metric(
        "ouzel_upload_limit_bps",
        Kind.GAUGE,
        "The upload limit in force, in bytes per second. 0 is no limit.",
        lambda report: one(report.upload_limit_bps),
    ),
    Metric(
        "ouzel_engine_restarts_total",
        Kind.COUNTER,
        "Ended engines that were replaced by a new one, by the cause of the end. `replaced` is planned.",
        lambda report: [((cause,), report.engine_ends.get(cause, 0)) for cause in ENDS],
        ("cause",),
    ),
    Metric(
        "ouzel_engine_crashes_total",
        Kind.COUNTER,
        "Unexpected ends of an engine, for any cause.",
        lambda report: one(_crashes(report)),
    ),
    Metric(
        "ouzel_engine_hangs_total",
        Kind.COUNTER,
        "Engines that the supervisor killed because they did not answer.",
        lambda report: one(report.engine_ends.get("hang", 0)),
    ),
    Metric(
        "ouzel_engine_failover_seconds",
        Kind.HISTOGRAM,
        "Time from an unexpected end of the engine until the next engine was ready for commands.",
        lambda report: one(report.failovers),
    ),
    Metric(
        "ouzel_restore_seconds",
        Kind.HISTOGRAM,
        "Time from the start of a restore until the engine had all torrents.",
        lambda report: one(report.restores),
    ),
    Metric(
        "ouzel_ack_seconds",
        Kind.HISTOGRAM,
        "Time from the receipt of an accepted change until it was durable and could be acknowledged.",
        lambda report: one(report.acks),
    ),
    Metric(
        "ouzel_durable_write_seconds",
        Kind.HISTOGRAM,
        "Time to write a group of changes to the resume directory, with all fsync calls.",
        lambda report: one(report.writes),
    ),
    Metric(
        "ouzel_durable_changes_total",
        Kind.COUNTER,
        "Changes that were written in these groups. A change is one transaction.",
        lambda report: one(report.changes_written),
    ),
    Metric(
        "ouzel_supervisor_loop_lag_seconds",
        Kind.HISTOGRAM,
        "How late the supervisor's event loop was, measured once a second.",
        lambda report: one(report.loop_lag),
    ),
    Metric(
        "ouzel_requests_total",
        Kind.COUNTER,
        "Answered requests by outcome: `ok` or the name of an error. Rare errors are `other`.",
        _requests,
        ("outcome",),
    ),
    Metric(
        "ouzel_events_total",
        Kind.COUNTER,
        "Events that were published. It is the number of the latest event (`head`).",
        lambda report: one(report.events.head),
    ),
    Metric(
        "ouzel_event_log_events",
        Kind.GAUGE,
        "Events that are kept for subscribers that have missed some.",
        lambda report: one(report.events.kept),
    ),
    Metric(
        "ouzel_event_replays_total",
        Kind.COUNTER,
        "Answered requests for missed events. Subscribers that start or lag behind send them.",
        lambda report: one(report.events.replays),
    ),
    Metric(
        "ouzel_event_replayed_events_total",
        Kind.COUNTER,
        "Events in the answers to these requests. It is how far subscribers lagged behind.",
        lambda report: one(report.events.replayed),
    ),
    Metric(
        "ouzel_event_replays_refused_total",
        Kind.COUNTER,
        "Requests for events that were not kept any more. Such a subscriber has to read everything again.",
        lambda report: one(report.requests.get("replay_gone", 0)),
    ),
    Metric(
        "ouzel_event_subscribers_lost_total",
        Kind.COUNTER,
        "Connections of subscribers that were closed because of too many subscriptions.",
        lambda report: one(report.events.subscribers_lost),
    ),
    Metric(
        "ouzel_log_lines_lost_total",
        Kind.COUNTER,
        "Log lines that were dropped because the log was not read fast enough, by process.",
        lambda report: _labelled(report.log_lines_lost),
        ("process",),
    ),
    Metric(
        "ouzel_hook_deliveries_total",
        Kind.COUNTER,
        "Ended deliveries of hooks by outcome: `ok`, `failed`, or `dropped` from a full queue.",
        lambda report: _labelled(report.hooks),
        ("outcome",),
    ),
    Metric(
        "ouzel_memory_held_bytes",
        Kind.GAUGE,
        "Memory that the kernel cannot reclaim, including swapped-out memory, by process.",
        lambda report: [((each.process,), each.held_bytes) for each in report.memory if each.held_bytes is not None],
        ("process",),
    ),
    Metric(
        "ouzel_memory_limit_bytes",
        Kind.GAUGE,
        "The watermark of `ouzel_memory_held_bytes` above which the supervisor replaces the process. Absent for none.",
        lambda report: [((each.process,), each.limit_bytes) for each in report.memory if each.limit_bytes],
        ("process",),
    ),
)
"""The metrics in the order of the output."""
