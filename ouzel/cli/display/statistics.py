"""Renders the figures of the service: totals, processes, free space, and libtorrent's counters."""

from fnmatch import fnmatchcase

from rich.table import Table as Grid
from rich.text import Text

from ouzel.cli.display.printable import clean
from ouzel.cli.display.units import format_count, format_rate, format_size, format_span
from protocol.wire.metrics.metrics_report import HistogramReport, MetricsReport
from protocol.wire.reports import CountersReport, RootReport, StatsReport


def stats(report: StatsReport) -> Grid:
    """A table with the figures of the session, both processes and the download roots."""
    session = report.session
    pairs = [
        ("rates", f"{format_rate(session.download_bps)} down, {format_rate(session.upload_bps)} up"),
        ("totals", f"{format_size(session.downloaded)} downloaded, {format_size(session.uploaded)} uploaded"),
        ("peers", str(session.peers)),
        ("listen port", str(session.listen_port)),
        ("age", "never seen" if session.age_ms is None else format_span(session.age_ms)),
    ]
    for name, process in (("supervisor", report.supervisor), ("engine", report.engine)):
        used = (
            f"{format_size(process.rss_bytes)} resident, {format_span(process.cpu_ms)} of CPU, "
            f"{format_count(process.fds, 'file')} open"
        )
        pairs.append((name, used))
    if session.network_thread_load is not None:
        pairs.append(("network thread", f"{session.network_thread_load:.0%} of a CPU core"))
    pairs.append(("torrents", ", ".join(f"{count} {state}" for state, count in report.torrents.items()) or "none"))
    pairs += [("free space", _space(root)) for root in report.roots]
    return _grid(pairs)


def chosen(report: CountersReport, pattern: str | None) -> dict[str, int]:
    """The counters with names that match a glob, sorted by name. Without a glob, all counters."""
    return {
        name: value for name, value in sorted(report.counters.items()) if pattern is None or fnmatchcase(name, pattern)
    }


def counters(found: dict[str, int]) -> Grid:
    """A table of counters."""
    return _grid([(name, str(value)) for name, value in found.items()])


def metrics(report: MetricsReport) -> Grid:
    """A table with what the daemon counts about itself."""
    durations = {
        "failovers": report.failovers,
        "restores": report.restores,
        "acknowledgements": report.acks,
        "writes": report.writes,
        "loop lag": report.loop_lag,
    }
    held = {each.process: each.held_bytes for each in report.memory if each.held_bytes is not None}
    return _grid(
        [
            *((name, _durations(each)) for name, each in durations.items()),
            ("ended engines", _listed(report.engine_ends)),
            ("quarantined", str(report.quarantined)),
            ("requests", _listed(report.requests)),
            ("events", f"{report.events.head}, {report.events.kept} kept, {report.events.replayed} sent again"),
            ("hooks", _listed(report.hooks)),
            ("lost log lines", _listed(report.log_lines_lost)),
            ("memory", ", ".join(f"{format_size(size)} {process}" for process, size in held.items())),
        ]
    )


def _durations(report: HistogramReport) -> str:
    count = sum(report.counts)
    return f"{count}, {report.sum_s / count * 1000:.1f} ms on average" if count else "none"


def _listed(counts: dict[str, int]) -> str:
    return ", ".join(f"{count} {name}" for name, count in counts.items() if count) or "none"


def _space(root: RootReport) -> str:
    if root.free_bytes is None or root.size_bytes is None:
        return f"unknown: {root.path}"
    return f"{format_size(root.free_bytes)} of {format_size(root.size_bytes)}: {root.path}"


def _grid(pairs: list[tuple[str, str]]) -> Grid:
    grid = Grid.grid(padding=(0, 2))
    grid.add_column(style="bold", no_wrap=True)
    grid.add_column(overflow="fold")  # long texts are wrapped, not cut
    for name, value in pairs:
        grid.add_row(clean(name), Text(clean(value)))
    return grid
