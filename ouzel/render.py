"""What people see: tables, lines and bars. Every text from outside is cleaned of control characters. Draws nothing.

Longer than other files, since it is one list: how each thing that is shown looks.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Final

from rich.console import Group, RenderableType
from rich.progress_bar import ProgressBar
from rich.table import Table as Grid
from rich.text import Text

from ouzel.calls import Added
from ouzel.event import Resnapshot
from ouzel.printable import clean
from ouzel.silence import DaemonAnswers, DaemonSilent, Heard
from ouzel.table import Table, still
from ouzel.units import format_count, format_limit, format_rate, format_share, format_size, format_span
from protocol.crashes import CrashReport, CrashSummary
from protocol.results import DamagedReport, DamagedRestored
from protocol.rows import (
    FileRow,
    HealthReport,
    HealthStatus,
    Reason,
    SandboxReport,
    SettingsReport,
    StatsReport,
    TorrentDetail,
    TorrentRow,
    TorrentState,
)

ID_DIGITS: Final = 8
_STATUS_STYLES: Final = {
    HealthStatus.HEALTHY: "green",
    HealthStatus.DEGRADED: "yellow",
    HealthStatus.UNHEALTHY: "bold red",
}
_STATE_STYLES: Final = {
    TorrentState.DOWNLOADING: "cyan",
    TorrentState.FINISHED: "green",
    TorrentState.SEEDING: "green",
    TorrentState.PAUSED: "dim",
    TorrentState.ERROR: "red",
    TorrentState.MISSING_STORAGE: "red",
    TorrentState.QUARANTINED: "red",
}
_AT_REST: Final = (TorrentState.FINISHED, TorrentState.SEEDING, TorrentState.PAUSED)
_OLD_MS: Final = 5000
_ACTIVE_FIRST: Final = (TorrentState.DOWNLOADING, TorrentState.CHECKING, TorrentState.FETCHING_METADATA)


def added(result: Added) -> str:
    """What came of an add."""
    lines = [f"{'already there' if result.duplicate else 'added'}: {result.torrent}"]
    if result.shares_files_with:
        lines.append(f"it shares files with {', '.join(result.shares_files_with)}: whichever writes last has them")
    return "\n".join(lines)


def name_of(row: TorrentRow) -> str:
    """A torrent's name, or its id while it has none."""
    return clean(row.name or row.torrent)


def moves(row: TorrentRow) -> bool:
    """Whether a rate and a time that is left say anything of it: not where it is complete or paused."""
    return row.progress < 1 and row.state not in _AT_REST


def torrents(rows: Sequence[TorrentRow], *, ages: bool = False) -> Grid:
    """One line a torrent. The name gives way where the terminal is narrow.

    Args:
        rows: the torrents.
        ages: say how old a row is where the engine told nothing for long; rows of a stream do not know.
    """
    grid = _grid("ID", "NAME", "STATE", "DONE", "SIZE", "DOWN", "UP", "PEERS")
    for column in grid.columns[3:]:
        column.justify = "right"
    for column in (grid.columns[0], *grid.columns[2:]):
        column.no_wrap = True
    troubled = any(row.error for row in rows)
    if troubled:
        grid.add_column("ERROR", style="red")
    aged = ages and any(_is_old(row) for row in rows)
    if aged:
        grid.add_column("AGE", style="dim", no_wrap=True)
    for row in rows:
        grid.add_row(
            Text(clean(row.torrent[:ID_DIGITS])),
            Text(name_of(row), overflow="ellipsis", no_wrap=True),
            Text(row.state, style=_STATE_STYLES.get(row.state, "")),
            format_share(row.progress),
            format_size(row.size),
            format_rate(row.download_bps),
            format_rate(row.upload_bps),
            str(row.peers),
            *([Text(clean(row.error or ""))] if troubled else []),
            *([f"{format_span(row.age_ms)} old" if row.age_ms is not None and _is_old(row) else ""] if aged else []),
        )
    return grid


def torrent(detail: TorrentDetail) -> Grid:
    """All that is known of one torrent."""
    rules = detail.rules
    selection = [f"{rule} {clean(glob)}" for rule in ("include", "exclude") for glob in getattr(rules, rule)]
    if rules.skip_fluff:
        selection.append("skip fluff")
    selection += [f"file {index}: priority {priority}" for index, priority in detail.priorities.items()]
    applied = "yes" if detail.applied_revision >= detail.revision else "not yet"
    return _pairs(
        ("id", detail.torrent),
        ("name", clean(detail.name)),
        ("state", detail.state + (" (paused)" if detail.paused and detail.state != TorrentState.PAUSED else "")),
        ("error", clean(detail.error or "none")),
        (
            "done",
            f"{format_share(detail.progress)}, {format_size(detail.bytes_done)} of {format_size(detail.bytes_total)}",
        ),
        (
            "size",
            f"{format_size(detail.size)} in {format_count('?' if detail.files is None else detail.files, 'file')}",
        ),
        ("rates", f"{format_rate(detail.download_bps)} down, {format_rate(detail.upload_bps)} up"),
        ("limits", _limits(detail.download_limit_bps, detail.upload_limit_bps)),
        ("peers", f"{detail.peers}, of them {format_count(detail.seeds, 'seed')}"),
        ("totals", f"{format_size(detail.downloaded)} downloaded, {format_size(detail.uploaded)} uploaded"),
        ("wasted", format_size(detail.wasted)),
        ("save path", clean(detail.save_path)),
        ("labels", clean(", ".join(detail.labels)) or "none"),
        ("order", "sequential" if detail.sequential else "rarest first"),
        ("selection", ", ".join(selection) or "all files"),
        ("trackers", clean(", ".join(detail.trackers)) or "none"),
        ("web seeds", clean(", ".join(detail.web_seeds)) or "none"),
        ("added", _moment(detail.added_us)),
        ("applied", applied),
        ("seen", "never" if detail.age_ms is None else f"{format_span(detail.age_ms)} ago"),
    )


def files(rows: Iterable[FileRow]) -> Grid:
    """One line a file."""
    grid = _grid("INDEX", "PRIORITY", "DONE", "SIZE", "PATH")
    rows = list(rows)
    renamed = any(row.torrent_path is not None for row in rows)
    if renamed:
        grid.add_column("IN THE TORRENT", style="dim")
    for row in rows:
        done = format_share(row.bytes_done / row.size) if row.size else "100.0%"
        priority = "skipped" if row.priority == 0 else str(row.priority)
        own = [Text(clean(row.torrent_path or ""))] if renamed else []
        grid.add_row(str(row.index), priority, done, format_size(row.size), Text(clean(row.path)), *own)
    return grid


def health(report: HealthReport) -> Group:
    """A line, and one for each reason."""
    engine = report.engine
    head = Text.assemble(
        (report.status.value, _STATUS_STYLES.get(report.status, "")),
        f" - engine {clean(engine.state)}",
        f" (generation {engine.gen}, up {format_span(engine.uptime_ms)}, {format_count(engine.restarts, 'restart')})",
        f", supervisor {clean(report.supervisor.version)} up {format_span(report.supervisor.uptime_ms)}",
    )
    if report.restore.done < report.restore.total:
        head.append(f", {report.restore.done} of {format_count(report.restore.total, 'torrent')} restored")
    return Group(
        head,
        *[
            Text(f"  {reason.severity.value}: {reason_line(reason)}, since {_moment(reason.since_us)}")
            for reason in report.reasons
        ],
        *([] if report.sandbox is None else [Text(f"  {sandbox_line(report.sandbox)}")]),
    )


def sandbox_line(report: SandboxReport) -> str:
    """What the kernel holds the engine to."""
    landlock = f"Landlock {report.landlock}" if report.landlock else "no Landlock"
    problem = f"; {report.problem}" if report.problem else ""
    return clean(f"sandbox {report.mode}: {landlock}, {'' if report.seccomp else 'no '}seccomp{problem}")


def reason_line(reason: Reason) -> str:
    """One problem."""
    return clean(f"{reason.component} {reason.subject}: {reason.message}")


def health_line(table: Table) -> Text:
    """The status in one line, with its reasons; or that the daemon does not answer."""
    if table.silent_since_us is not None:
        return Text(_silence(table.silent_since_us), "bold red")
    line = Text.assemble((table.status.value, _STATUS_STYLES.get(table.status, "")), f" - engine {clean(table.engine)}")
    for reason in table.reasons:
        line.append(f"; {reason_line(reason)}")
    return line


def limits(report: SettingsReport) -> Text:
    """Limits in words."""
    return Text(_limits(report.download_bps, report.upload_bps))


def stats(report: StatsReport) -> Grid:
    """The session and both processes."""
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
    pairs.append(("torrents", ", ".join(f"{count} {state}" for state, count in report.torrents.items()) or "none"))
    return _pairs(*pairs)


def crashes(found: Sequence[CrashSummary]) -> Grid:
    """One line a death, the latest first."""
    grid = _grid("NAME", "WHEN", "ENDED", "AFTER", "WHY")
    for column in grid.columns[:4]:
        column.no_wrap = True
    for each in found:
        grid.add_row(
            Text(clean(each.name)),
            _moment(each.time_us),
            Text(clean(_ending(each))),
            format_span(each.uptime_ms),
            Text(clean(each.killed_for or "")),
        )
    return grid


def damaged(found: Sequence[DamagedReport]) -> Grid:
    """One line a file that was put aside."""
    grid = _grid("NAME", "WHEN", "SIZE", "CAN BE RESTORED")
    for column in grid.columns[:3]:
        column.no_wrap = True
    for each in found:
        problem = "yes" if each.problem is None else f"no: {each.problem}"
        grid.add_row(Text(clean(each.name)), _moment(each.put_aside_us), format_size(each.size), Text(clean(problem)))
    return grid


def restored(what: DamagedRestored) -> Text:
    """What is in force again."""
    return Text(clean(f"restored {', '.join(what.files)}"))


def crash(report: CrashReport) -> Group:
    """All of a report."""
    parts: list[RenderableType] = [
        _pairs(
            ("name", report.name),
            ("when", _moment(report.time_us)),
            ("ended", f"{_ending(report)}, after {format_span(report.uptime_ms)}"),
            ("killed for", clean(report.killed_for or "not by the supervisor")),
            ("engine", f"generation {report.gen}, pid {report.pid}"),
            ("versions", ", ".join(f"{clean(name)} {clean(version)}" for name, version in report.versions.items())),
        )
    ]
    sections = {
        "STACKS": report.stacks.splitlines(),
        "LAST LINES OF THE LOG": report.log,
        "FLIGHT RECORDER, THE LATEST FIRST": [
            "  ".join(f"{name}={value}" for name, value in record.items()) for record in report.flight
        ],
        "SETTINGS": [
            f"{section}.{name} = {value}"
            for section, values in report.settings.items()
            if isinstance(values, dict)
            for name, value in values.items()
        ],
    }
    for title, lines in sections.items():
        parts += [Text(f"\n{title}", style="bold"), *(Text(clean(line)) for line in lines or ["none"])]
    return Group(*parts)


def event_line(item: Heard) -> str:
    """One item of a stream, or that the daemon fell silent."""
    if isinstance(item, DaemonSilent):
        return _silence(item.since_us)
    if isinstance(item, DaemonAnswers):
        return f"the daemon answers again (it did not since {_moment(item.since_us)})"
    if isinstance(item, Resnapshot):
        count = format_count(len(item.torrents), "torrent")
        return clean(f"#{item.seq} resnapshot ({item.reason}): {count}, {item.health.status.value}")
    subject = f" {item.torrent[:ID_DIGITS]}" if item.torrent else ""
    data = " ".join(f"{name}={_brief(value)}" for name, value in item.data.items())
    return clean(f"{_moment(item.ts_us)} #{item.seq} {item.type}{subject} {data}".rstrip())


def download(table: Table, torrent: str) -> RenderableType:
    """The bar of one torrent, and the service's health below where it is not well."""
    row = table.rows.get(torrent)
    if row is None:
        return health_line(table)
    if table.silent_since_us is not None:
        row = still(row)
    left_s = (row.bytes_total - row.bytes_done) / row.download_bps if row.download_bps and moves(row) else None
    title = Text.assemble(f"{name_of(row)} ", (row.state.value, _STATE_STYLES.get(row.state, "")), no_wrap=True)
    grid = Grid.grid(padding=(0, 1))
    grid.add_row(
        ProgressBar(total=1.0, completed=row.progress, width=20),
        format_share(row.progress),
        f"{format_size(row.bytes_done)}/{format_size(row.bytes_total)}",
        format_rate(row.download_bps) if moves(row) else "",
        format_count(row.peers, "peer"),
        "" if left_s is None else f"{format_span(left_s * 1000)} left",
    )
    lines: list[RenderableType] = [title, grid]
    if row.error:
        lines.append(Text(clean(row.error), style="red"))
    if table.status is not HealthStatus.HEALTHY or table.silent_since_us is not None:
        lines.append(health_line(table))
    return Group(*lines)


def overview(table: Table, shown: Sequence[TorrentRow], height: int) -> Group:
    """A table of torrents that fits a terminal of `height` lines: the active ones first, and the service's health."""
    if table.silent_since_us is not None:
        shown = [still(row) for row in shown]
    ranked = sorted(shown, key=lambda row: (row.state not in _ACTIVE_FIRST, -row.download_bps - row.upload_bps))
    fitting = ranked[: max(1, height - 4)]
    rest = len(ranked) - len(fitting)
    more = [Text(f"and {rest} more", style="dim")] if rest else []
    return Group(torrents(fitting), *more, health_line(table))


def _ending(summary: CrashSummary) -> str:
    if summary.signal is None and summary.exit_code is None:
        return "unknown"
    return summary.signal or f"exit code {summary.exit_code}"


def _is_old(row: TorrentRow) -> bool:
    return row.age_ms is not None and row.age_ms > _OLD_MS


def _silence(since_us: int) -> str:
    return f"the daemon does not answer, since {_moment(since_us)}"


def _grid(*headers: str) -> Grid:
    grid = Grid(box=None, padding=(0, 1, 0, 0), pad_edge=False, header_style="bold")
    for header in headers:
        grid.add_column(header)
    return grid


def _pairs(*pairs: tuple[str, str]) -> Grid:
    grid = Grid.grid(padding=(0, 2))
    grid.add_column(style="bold", no_wrap=True)
    for name, value in pairs:
        grid.add_row(name, Text(clean(value)))
    return grid


def _limits(download_bps: int, upload_bps: int) -> str:
    return f"{format_limit(download_bps)} down, {format_limit(upload_bps)} up"


def _moment(time_us: int) -> str:
    return datetime.fromtimestamp(time_us / 1_000_000).astimezone().isoformat(sep=" ", timespec="seconds")


def _brief(value: object) -> str:
    text = str(value)
    return text if len(text) <= 80 else text[:79] + "\N{HORIZONTAL ELLIPSIS}"
