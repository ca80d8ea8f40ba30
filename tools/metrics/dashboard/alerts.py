"""The alerts, in the order of docs/alerts.md."""

from typing import Final

from tools.metrics.dashboard.alert import Alert, Severity

CRITICAL, WARNING, INFO = Severity.CRITICAL, Severity.WARNING, Severity.INFO

_BY: Final = "sum by (job, instance, le)"


def _histogram(name: str, fast: str, slow: str) -> dict[str, str]:
    """Series of a histogram with a bound of 0.05 s, and all other durations between 5 s and 30 s."""
    return {
        f'{name}_bucket{{le="0.05"}}': fast,
        f'{name}_bucket{{le="5.0"}}': fast,
        f'{name}_bucket{{le="30.0"}}': slow,
        f'{name}_bucket{{le="+Inf"}}': slow,
    }


OF_SERVICE: Final = (
    Alert(
        "OuzelMetricsMissing",
        'up{job="ouzel"} == 0 or absent(up{job="ouzel"})',
        "2m",
        CRITICAL,
        "Prometheus gets no metrics of Ouzel",
        "The gateway {{ $labels.instance }} does not answer scrapes. Downloads may go on.",
        {"up": "1x10 0x50"},
        {"up": "1x58 0x0 1x10"},
    ),
    Alert(
        "OuzelDown",
        "ouzel_up == 0",
        "1m",
        CRITICAL,
        "The supervisor of Ouzel does not answer",
        "The gateway {{ $labels.instance }} runs, and the supervisor does not answer it.",
        {"ouzel_up": "1x50 0x20"},
        {"ouzel_up": "1x59 0 1x20"},
    ),
    Alert(
        "OuzelSupervisorRestarts",
        "resets(ouzel_supervisor_uptime_seconds[30m]) > 2",
        "0m",
        WARNING,
        "The supervisor of Ouzel was restarted repeatedly",
        "It was restarted {{ $value }} times in 30 minutes.",
        {"ouzel_supervisor_uptime_seconds": "0+60x35 0+60x5 0+60x5 0+60x20"},
        {"ouzel_supervisor_uptime_seconds": "0+60x35 0+60x5 0+60x20"},
    ),
    Alert(
        "OuzelEngineDown",
        "ouzel_engine_up == 0",
        "1m",
        CRITICAL,
        "Ouzel has no engine",
        "The engine of slot {{ $labels.slot }} does not run, so nothing is transferred.",
        {'ouzel_engine_up{slot="0"}': "1x50 0x20"},
        {'ouzel_engine_up{slot="0"}': "1x59 0 1x20"},
    ),
    Alert(
        "OuzelEngineCrashes",
        "increase(ouzel_engine_crashes_total[15m]) > 2",
        "0m",
        WARNING,
        "Engines of Ouzel crash repeatedly",
        "{{ $value | humanize }} engines ended unexpectedly in 15 minutes.",
        {"ouzel_engine_crashes_total": "0x50 0+1x20"},
        {"ouzel_engine_crashes_total": "0x50 1x20"},
    ),
    Alert(
        "OuzelEngineHang",
        "increase(ouzel_engine_hangs_total[30m]) > 0",
        "0m",
        WARNING,
        "An engine of Ouzel did not answer",
        "The supervisor killed {{ $value | humanize }} engines in 30 minutes, because they did not answer.",
        {"ouzel_engine_hangs_total": "0x50 1x20"},
        {"ouzel_engine_hangs_total": "0x20 1x50"},
    ),
    Alert(
        "OuzelFailoverSlow",
        f"histogram_quantile(1, {_BY} (increase(ouzel_engine_failover_seconds_bucket[30m]))) > 5",
        "0m",
        WARNING,
        "Ouzel was without an engine for more than 5 seconds",
        "The longest failover of 30 minutes took up to {{ $value | humanizeDuration }}.",
        _histogram("ouzel_engine_failover_seconds", "0x70", "0x50 1x20"),
        _histogram("ouzel_engine_failover_seconds", "0x50 1x20", "0x50 1x20"),
    ),
    Alert(
        "OuzelHealthProblem",
        'ouzel_health_problems{component!="resume_dir"} > 0',
        "15m",
        WARNING,
        "Ouzel reports a problem: {{ $labels.component }}",
        "`ouzel health` has {{ $value }} problems of the component {{ $labels.component }}.",
        {'ouzel_health_problems{component="storage"}': "1x70"},
        {'ouzel_health_problems{component="storage"}': "_x50 1x20"},
    ),
    Alert(
        "OuzelRestoreStuck",
        "ouzel_restore_done_torrents < ouzel_restore_wanted_torrents and changes(ouzel_restore_done_torrents[5m]) == 0",
        "5m",
        WARNING,
        "The restore of torrents does not go on",
        "{{ $value }} torrents are loaded, and more have to be. The number has not changed for 10 minutes.",
        {"ouzel_restore_done_torrents": "40x70", "ouzel_restore_wanted_torrents": "100x70"},
        {"ouzel_restore_done_torrents": "0+1x70", "ouzel_restore_wanted_torrents": "100x70"},
    ),
    Alert(
        "OuzelSnapshotStale",
        "ouzel_snapshot_age_seconds > 60",
        "2m",
        WARNING,
        "Ouzel's figures are old",
        "The engine's last report is {{ $value | humanizeDuration }} old.",
        {"ouzel_snapshot_age_seconds": "0+60x70"},
        {"ouzel_snapshot_age_seconds": "1x70"},
    ),
)
"""The alerts about the service and its engines."""

OF_DATA: Final = (
    Alert(
        "OuzelResumeDirectory",
        'ouzel_health_problems{component="resume_dir"} > 0',
        "1m",
        CRITICAL,
        "Ouzel has a problem with its resume directory",
        "Changes may not be accepted, or a record is damaged. `ouzel health` has {{ $value }} problems.",
        {'ouzel_health_problems{component="resume_dir"}': "_x50 1x20"},
        {'ouzel_health_problems{component="resume_dir"}': "_x20 1 _x50"},
    ),
    Alert(
        "OuzelFreeSpaceLow",
        "ouzel_free_space_bytes < 0.05 * ouzel_root_size_bytes",
        "5m",
        WARNING,
        "Little space is left in {{ $labels.root }}",
        "{{ $value | humanize1024 }}B are free. Downloads stop when the file system is full.",
        {'ouzel_free_space_bytes{root="/srv"}': "40x70", 'ouzel_root_size_bytes{root="/srv"}': "1000x70"},
        {'ouzel_free_space_bytes{root="/srv"}': "60x70", 'ouzel_root_size_bytes{root="/srv"}': "1000x70"},
    ),
    Alert(
        "OuzelTorrentQuarantined",
        "ouzel_quarantined_torrents > 0",
        "1m",
        WARNING,
        "Ouzel has quarantined a torrent",
        "{{ $value }} torrents are not loaded, because they crash the engine.",
        {"ouzel_quarantined_torrents": "0x50 1x20"},
        {"ouzel_quarantined_torrents": "0x70"},
    ),
    Alert(
        "OuzelTorrentUnreadable",
        "ouzel_unreadable_torrents > 0",
        "1m",
        WARNING,
        "Ouzel cannot read the record of a torrent",
        "{{ $value }} torrents are not loaded, because their records cannot be read.",
        {"ouzel_unreadable_torrents": "0x50 1x20"},
        {"ouzel_unreadable_torrents": "0x70"},
    ),
    Alert(
        "OuzelTorrentError",
        'ouzel_torrents{state=~"error|missing_storage"} > 0',
        "10m",
        WARNING,
        "Torrents are in the state {{ $labels.state }}",
        "{{ $value }} torrents have stopped because of a problem with their files.",
        {'ouzel_torrents{state="error"}': "2x70"},
        {'ouzel_torrents{state="error"}': "0x52 1x18", 'ouzel_torrents{state="paused"}': "2x70"},
    ),
    Alert(
        "OuzelSlowAcks",
        f"histogram_quantile(0.9, {_BY} (rate(ouzel_ack_seconds_bucket[10m]))) > 1",
        "10m",
        WARNING,
        "Ouzel accepts changes slowly",
        "A tenth of the changes took {{ $value | humanizeDuration }} or longer to become durable.",
        _histogram("ouzel_ack_seconds", "0x70", "0+5x70"),
        _histogram("ouzel_ack_seconds", "0+5x70", "0+5x70"),
    ),
)
"""The alerts about records, torrents and space."""

OF_PROCESSES: Final = (
    Alert(
        "OuzelMemoryHigh",
        "ouzel_memory_held_bytes / ouzel_memory_limit_bytes > 0.9",
        "10m",
        WARNING,
        "The memory of Ouzel's {{ $labels.process }} is near its watermark",
        "It uses {{ $value | humanizePercentage }} of the watermark. Above it, the process is replaced.",
        {'ouzel_memory_held_bytes{process="engine"}': "95x70", 'ouzel_memory_limit_bytes{process="engine"}': "100x70"},
        {'ouzel_memory_held_bytes{process="engine"}': "85x70", 'ouzel_memory_limit_bytes{process="engine"}': "100x70"},
    ),
    Alert(
        "OuzelLoopLag",
        f"histogram_quantile(0.9, {_BY} (rate(ouzel_supervisor_loop_lag_seconds_bucket[10m]))) > 0.25",
        "10m",
        WARNING,
        "Ouzel's supervisor is slow",
        "A tenth of the time, its event loop is late by {{ $value | humanizeDuration }} or more.",
        _histogram("ouzel_supervisor_loop_lag_seconds", "0x70", "0+60x70"),
        _histogram("ouzel_supervisor_loop_lag_seconds", "0+60x70", "0+60x70"),
    ),
    Alert(
        "OuzelGatewayLag",
        "ouzel_gateway_event_lag_events > 1000",
        "5m",
        WARNING,
        "Ouzel's gateway is behind",
        "The gateway has not applied {{ $value }} events yet. Its answers are old.",
        {"ouzel_gateway_event_lag_events": "5000x70"},
        {"ouzel_gateway_event_lag_events": "5000x10 3x70"},
    ),
    Alert(
        "OuzelAnnounceQueueGrowing",
        "ouzel_announce_queue > 1000 and deriv(ouzel_announce_queue[30m]) > 0",
        "30m",
        WARNING,
        "Announces to trackers pile up",
        "{{ $value }} announces wait, and their number grows.",
        {"ouzel_announce_queue": "900+50x120"},
        {"ouzel_announce_queue": "9000-50x120"},
        at=90,
    ),
    Alert(
        "OuzelLogLinesLost",
        "increase(ouzel_log_lines_lost_total[15m]) > 0",
        "0m",
        INFO,
        "Lines of Ouzel's log were lost",
        "The {{ $labels.process }} has dropped {{ $value | humanize }} lines in 15 minutes.",
        {'ouzel_log_lines_lost_total{process="engine"}': "0x50 9x20"},
        {'ouzel_log_lines_lost_total{process="engine"}': "0x20 9x50"},
    ),
    Alert(
        "OuzelHooksFailing",
        'increase(ouzel_hook_deliveries_total{outcome!="ok"}[15m]) > 0',
        "0m",
        WARNING,
        "Hooks of Ouzel fail",
        "{{ $value | humanize }} deliveries ended as {{ $labels.outcome }} in 15 minutes.",
        {'ouzel_hook_deliveries_total{outcome="failed"}': "0x50 1x20"},
        {
            'ouzel_hook_deliveries_total{outcome="failed"}': "1x70",
            'ouzel_hook_deliveries_total{outcome="ok"}': "0+1x70",
        },
    ),
    Alert(
        "OuzelNotConnectable",
        "ouzel_connectable == 0 and on (job, instance)"
        ' sum by (job, instance) (ouzel_torrents{state=~"downloading|finished|seeding"}) > 0',
        "2h",
        INFO,
        "No peer has connected to Ouzel",
        "Peers do not reach {{ $labels.instance }} from outside, so transfers may be slow.",
        {"ouzel_connectable": "0x200", 'ouzel_torrents{state="seeding"}': "3x200"},
        {"ouzel_connectable": "0x200", 'ouzel_torrents{state="paused"}': "3x200"},
        at=180,
    ),
)
"""The alerts about processes, clients and the network."""

ALERTS: Final = (*OF_SERVICE, *OF_DATA, *OF_PROCESSES)
