"""Renders tables, lines and bars for people, without writing them. All untrusted text is cleaned."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from rich.cells import cell_len
from rich.console import Group, RenderableType
from rich.progress_bar import ProgressBar
from rich.table import Table as Grid
from rich.text import Text

from ouzel.cli.display import listing, options, why
from ouzel.cli.display.goals import describe
from ouzel.cli.display.listing import ID_DIGITS, STATE_STYLES, moves, name_of
from ouzel.cli.display.printable import clean
from ouzel.cli.display.schedule import describe as describe_schedule
from ouzel.cli.display.units import (
    format_count,
    format_limit,
    format_moment,
    format_rate,
    format_share,
    format_size,
    format_span,
)
from ouzel.stream.event import Resnapshot
from ouzel.stream.silence import DaemonAnswers, DaemonSilent, Heard
from ouzel.stream.table import Table, still
from protocol.text.redacted import redacted
from protocol.wire.crashes import CrashReport, CrashSummary
from protocol.wire.desired import SettingValue
from protocol.wire.peer_rows import PeerRow, TrackerRow
from protocol.wire.reports import (
    HealthReport,
    HealthStatus,
    Reason,
    SandboxReport,
    SettingReport,
    SettingSource,
    SettingsReport,
)
from protocol.wire.results import DamagedReport, DamagedRestored
from protocol.wire.rows import FileRow, TorrentDetail, TorrentRow, TorrentState

MANY: Final = 5
"""The maximum number of ids in one line."""
_STATUS_STYLES: Final = {
    HealthStatus.HEALTHY: "green",
    HealthStatus.DEGRADED: "yellow",
    HealthStatus.UNHEALTHY: "bold red",
}


def torrent(detail: TorrentDetail, now_us: int = 0) -> Grid:
    """All facts about one torrent.

    Args:
        now_us: the present time in microseconds since 1970. A next announce before this time is not shown.
    """
    rules = detail.rules
    selection = [f"{rule} {clean(glob)}" for rule in ("include", "exclude") for glob in getattr(rules, rule)]
    if rules.skip_fluff:
        selection.append("skip fluff")
    selection += [f"file {index}: priority {priority}" for index, priority in detail.priorities.items()]
    trackers = why.trackers(detail.tracker_status, now_us) or [", ".join(map(redacted, detail.trackers)) or "none"]
    applied = "yes" if detail.applied_revision >= detail.revision else "not yet"
    return _pairs(
        ("id", detail.torrent),
        ("name", clean(detail.name)),
        ("state", detail.state + (" (paused)" if detail.paused and detail.state != TorrentState.PAUSED else "")),
        *why.lines(detail),
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
        ("limits", limits_text(detail.download_limit_bps, detail.upload_limit_bps)),
        ("peers", f"{detail.peers}, of them {format_count(detail.seeds, 'seed')}"),
        ("totals", f"{format_size(detail.downloaded)} downloaded, {format_size(detail.uploaded)} uploaded"),
        ("wasted", format_size(detail.wasted)),
        ("save path", why.place(detail)),
        ("labels", clean(", ".join(detail.labels)) or "none"),
        ("category", detail.category or "none"),
        ("goals", describe(detail.goals)),
        ("order", "sequential" if detail.sequential else "rarest first"),
        ("options", options.summary(detail.options)),
        ("selection", ", ".join(selection) or "all files"),
        *zip(["trackers", *[""] * len(trackers)], trackers, strict=False),
        ("web seeds", clean(", ".join(detail.web_seeds)) or "none"),
        ("added", format_moment(detail.added_us)),
        ("applied", applied),
        ("seen", "never" if detail.age_ms is None else f"{format_span(detail.age_ms)} ago"),
    )


def files(rows: Iterable[FileRow]) -> Grid:
    """A table with one line for each file."""
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


def peers(rows: Iterable[PeerRow]) -> Grid:
    """A table with one line for each connected peer."""
    grid = _grid("ENDPOINT", "HAS", "DOWN", "UP", "RECEIVED", "SENT", "BY", "CLIENT", "FLAGS")
    grid.columns[0].no_wrap = True
    for row in rows:
        grid.add_row(
            Text(clean(row.endpoint)),
            format_share(row.progress),
            format_rate(row.download_bps),
            format_rate(row.upload_bps),
            format_size(row.downloaded),
            format_size(row.uploaded),
            row.connection.replace("_", " "),
            Text(clean(row.client)),
            " ".join(flag.replace("_", "-") for flag in row.flags),
        )
    return grid


def trackers(rows: Iterable[TrackerRow], now_us: int) -> Grid:
    """A table with one line for each tracker, with its URL redacted.

    Args:
        now_us: the present time in microseconds since 1970.
    """
    grid = _grid("TIER", "TRACKER")
    for row in rows:
        grid.add_row(str(row.tier), Text(clean(why.tracker(row, now_us))))
    return grid


def health(report: HealthReport) -> Group:
    """A line with the status, and a line for each reason."""
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
            Text(f"  {reason.severity.value}: {reason_line(reason)} (since {format_moment(reason.since_us)})")
            for reason in report.reasons
        ],
        *([] if report.sandbox is None else [Text(f"  {sandbox_line(report.sandbox)}")]),
    )


def sandbox_line(report: SandboxReport) -> str:
    """A text about the state of the engine's sandbox."""
    landlock = f"Landlock {report.landlock}" if report.landlock else "no Landlock"
    problem = f"; {report.problem}" if report.problem else ""
    return clean(f"sandbox {report.mode}: {landlock}, {'' if report.seccomp else 'no '}seccomp{problem}")


def reason_line(reason: Reason) -> str:
    """A line about one problem."""
    return clean(f"{reason.component} {reason.subject}: {reason.message}")


def health_line(table: Table) -> Text:
    """The health status in one line, with its reasons. If the daemon does not answer, the line says that."""
    if table.silent_since_us is not None:
        return Text(_silence(table.silent_since_us), "bold red")
    line = Text.assemble((table.status.value, _STATUS_STYLES.get(table.status, "")), f" - engine {clean(table.engine)}")
    for reason in table.reasons:
        line.append(f"; {reason_line(reason)}")
    return line


def limits(report: SettingsReport) -> Text:
    """A text about the limits of the session or of a torrent, and a line about the session's alternative limits."""
    text, other = limits_text(report.download_bps, report.upload_bps), report.alternative
    if other is not None:
        when = "in force" if other.in_force else "not in force"
        why = "as the schedule says" if other.switch is None else f"switched {'on' if other.switch else 'off'}"
        text += f"\nalternative: {limits_text(other.download_bps, other.upload_bps)}; {when}, {why}"
        text += f"\nschedule: {describe_schedule(other.schedule)}"
    return Text(text)


def settings(found: Mapping[str, SettingReport]) -> Grid:
    """A table with one line for each setting of libtorrent."""
    grid = _grid("NAME", "VALUE", "DEFAULT", "SET BY")
    grid.columns[0].no_wrap = True
    for column in grid.columns[1:3]:
        column.overflow = "fold"  # long texts are wrapped, not cut
    for name, each in found.items():
        default = "" if each.default is None else _setting(each.default)
        source = "" if each.source is SettingSource.DEFAULT else each.source.value
        grid.add_row(Text(clean(name)), Text(_setting(each.value)), Text(default), source)
    return grid


def crashes(found: Sequence[CrashSummary]) -> Grid:
    """A table with one line for each crash, the latest first."""
    grid = _grid("NAME", "WHEN", "ENDED", "AFTER", "WHY")
    for column in grid.columns[:4]:
        column.no_wrap = True
    for each in found:
        grid.add_row(
            Text(clean(each.name)),
            format_moment(each.time_us),
            Text(clean(_ending(each))),
            format_span(each.uptime_ms),
            Text(clean(each.killed_for or "")),
        )
    return grid


def damaged(found: Sequence[DamagedReport]) -> Grid:
    """A table with one line for each damaged file that was put aside."""
    grid = _grid("NAME", "WHEN", "SIZE", "CAN BE RESTORED")
    for column in grid.columns[:3]:
        column.no_wrap = True
    for each in found:
        problem = "yes" if each.problem is None else f"no: {each.problem}"
        grid.add_row(
            Text(clean(each.name)), format_moment(each.put_aside_us), format_size(each.size), Text(clean(problem))
        )
    return grid


def restored(what: DamagedRestored) -> Text:
    """A text about restored files."""
    return Text(clean(f"restored {', '.join(what.files)}"))


def crash(report: CrashReport) -> Group:
    """A complete crash report."""
    parts: list[RenderableType] = [
        _pairs(
            ("name", report.name),
            ("when", format_moment(report.time_us)),
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
    """A line about one item of a stream, or about the daemon's silence."""
    if isinstance(item, DaemonSilent):
        return _silence(item.since_us)
    if isinstance(item, DaemonAnswers):
        return f"the daemon answers again (it did not since {format_moment(item.since_us)})"
    if isinstance(item, Resnapshot):
        count = format_count(len(item.torrents), "torrent")
        return clean(f"#{item.seq} resnapshot ({item.reason}): {count}, {item.health.status.value}")
    subject = f" {item.torrent[:ID_DIGITS]}" if item.torrent else ""
    data = " ".join(f"{name}={_brief(value)}" for name, value in item.data.items())
    return clean(f"{format_moment(item.ts_us)} #{item.seq} {item.type}{subject} {data}".rstrip())


def download(table: Table, torrent: str) -> RenderableType:
    """The progress bar of one torrent. If the service is not healthy, its health is below the bar."""
    row = table.rows.get(torrent)
    if row is None:
        return health_line(table)
    if table.silent_since_us is not None:
        row = still(row)
    left_s = (row.bytes_total - row.bytes_done) / row.download_bps if row.download_bps and moves(row) else None
    title = Text.assemble(f"{name_of(row)} ", (row.state.value, STATE_STYLES.get(row.state, "")), no_wrap=True)
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


def overview(table: Table, shown: Sequence[TorrentRow], width: int, height: int) -> Group:
    """As many torrents as fit, active torrents first. The totals and the service's health are below."""
    if table.silent_since_us is not None:
        shown = [still(row) for row in shown]
    health = health_line(table)
    most = max(2, height // 3)
    lines = -(-cell_len(health.plain) // max(1, width)) + 1  # words are not broken, so the text may need one more line
    if lines > most:
        lines = most
        health.truncate((most - 1) * width, overflow="ellipsis")
    return Group(listing.overview(shown, width, height - lines - 1), health)


def _ending(summary: CrashSummary) -> str:
    if summary.signal is None and summary.exit_code is None:
        return "unknown"
    return summary.signal or f"exit code {summary.exit_code}"


def _silence(since_us: int) -> str:
    return f"the daemon does not answer, since {format_moment(since_us)}"


def _grid(*headers: str) -> Grid:
    grid = Grid(box=None, padding=(0, 1, 0, 0), pad_edge=False, header_style="bold")
    for header in headers:
        grid.add_column(header)
    return grid


def _pairs(*pairs: tuple[str, str]) -> Grid:
    grid = Grid.grid(padding=(0, 2))
    grid.add_column(style="bold", no_wrap=True)
    grid.add_column(overflow="fold")  # long texts are wrapped, not cut
    for name, value in pairs:
        grid.add_row(name, Text(clean(value)))
    return grid


def limits_text(download_bps: int, upload_bps: int) -> str:
    """The text of a download and an upload limit."""
    return f"{format_limit(download_bps)} down, {format_limit(upload_bps)} up"


def _setting(value: SettingValue) -> str:
    match value:
        case bool():
            return str(value).lower()
        case "":
            return '""'
        case _:
            return clean(str(value))


def _brief(value: object) -> str:
    text = str(value)
    return text if len(text) <= 80 else text[:79] + "\N{HORIZONTAL ELLIPSIS}"
