"""The result of `get_metrics`."""

import msgspec


class HistogramReport(msgspec.Struct, frozen=True, kw_only=True):
    """A histogram of durations since the supervisor started.

    Fields:
        bounds_s: the upper bounds of the buckets in seconds, ascending. A bound belongs to its bucket.
        counts: the number of durations in each bucket. The last bucket has no bound, so there is one more count.
        sum_s: the sum of all durations in seconds.
    """

    bounds_s: list[float]
    counts: list[int]
    sum_s: float


class MemoryReport(msgspec.Struct, frozen=True, kw_only=True):
    """The memory of one process.

    Fields:
        process: `supervisor` or `engine`.
        held_bytes: anonymous memory, including swapped-out pages. The kernel cannot reclaim it. Null if unknown.
        limit_bytes: the limit above which the supervisor replaces the process; 0 means no limit.
    """

    process: str
    held_bytes: int | None
    limit_bytes: int = 0


class EventLogReport(msgspec.Struct, frozen=True, kw_only=True):
    """The event log and its subscribers.

    Fields:
        head: the number of the latest event.
        kept: the number of events that can be replayed.
        replays: the number of answered requests for earlier events.
        replayed: the number of events in these answers.
        subscribers_lost: how many connections were closed because of too many subscriptions.
    """

    head: int
    kept: int
    replays: int
    replayed: int
    subscribers_lost: int


class MetricsReport(msgspec.Struct, frozen=True, kw_only=True):
    """What the supervisor counts about itself and about its engines. Counters begin at 0 with each supervisor.

    Fields:
        categories: the number of torrents by category; the empty name stands for no category.
        quarantined: the number of torrents in quarantine.
        unreadable: the number of torrents with a record that cannot be read.
        download_limit_bps, upload_limit_bps: the limits that are in force now; 0 means no limit.
        requests: the number of answered requests by outcome: `ok`, or the name of an error.
        acks: the time from the receipt of each accepted mutation until it was durable.
        writes: the time to commit each group of changes to the resume directory, with all syncs.
        changes_written: the number of transactions in these groups.
        failovers: the time from each unexpected end of an engine until the next engine was ready.
        restores: the time from the beginning of each restore until the engine had all torrents.
        loop_lag: how late the supervisor's event loop was. It is measured once a second.
        engine_ends: the number of ended engines by cause: `crash`, `hang`, `killed`, `faulty`, `not_started` or
            `replaced`. The end of the service does not count.
        events: the event log.
        log_lines_lost: the number of dropped log lines by process.
        hooks: the number of ended deliveries of hooks by outcome: `ok`, `failed` or `dropped`.
        memory: the memory of the processes.
    """

    categories: dict[str, int]
    quarantined: int
    unreadable: int
    download_limit_bps: int
    upload_limit_bps: int
    requests: dict[str, int]
    acks: HistogramReport
    writes: HistogramReport
    changes_written: int
    failovers: HistogramReport
    restores: HistogramReport
    loop_lag: HistogramReport
    engine_ends: dict[str, int]
    events: EventLogReport
    log_lines_lost: dict[str, int]
    hooks: dict[str, int]
    memory: list[MemoryReport]
