"""The lines above the torrent list: rates, health and engines. Pure."""

from collections.abc import Sequence
from typing import Final

from rich.text import Text

from ouzel.cli.display.printable import clean
from ouzel.cli.display.render import reason_line
from ouzel.cli.display.units import format_count, format_rate, format_size, format_span
from ouzel.cli.top.view.model import Model
from protocol.wire.reports import EngineState, HealthStatus, ProcessReport, Severity

SILENT_S: Final = 3.0
"""After this many seconds without a message the daemon counts as silent. It sends a tick every second."""
OLD_MS: Final = 5000
ENGINES_MAX: Final = 2
REASONS_MAX: Final = 2
SPARK_CELLS: Final = 10
"""The width of a sparkline in a narrow terminal. In a wide terminal, a sparkline is twice as wide."""
WIDE: Final = 110
_BARS: Final = "▁▂▃▄▅▆▇█"
_STATUS: Final = {
    HealthStatus.HEALTHY: "green",
    HealthStatus.STARTING: "yellow",
    HealthStatus.DEGRADED: "yellow",
    HealthStatus.UNHEALTHY: "bold red",
    HealthStatus.STOPPING: "yellow",
}


def lines(model: Model, place: str, width: int) -> list[Text]:
    """All lines above the list, cut to a width in cells.

    Args:
        place: the daemon's address.
    """
    found = [_title(model, place), _rates(model, width), *_engines(model), *_reasons(model)]
    for each in found:
        each.truncate(width, overflow="ellipsis")
    return found


def sparkline(values: Sequence[int], cells: int) -> str:
    """The last values as bars, the latest last. A full bar stands for the greatest value."""
    shown = list(values)[-cells:]
    most = max(shown, default=0)
    bars = "".join(_BARS[(value * (len(_BARS) - 1) + most - 1) // most] if most else _BARS[0] for value in shown)
    return bars.rjust(cells)


def position(model: Model) -> Text:
    """The line below the list: the number of torrents, the order, the filter, and the selected torrent's problem."""
    shown, known = len(model.rows), len(model.table.rows)
    count = format_count(known, "torrent") if shown == known else f"{shown} of {format_count(known, 'torrent')}"
    text = Text(f"{count}, by {model.sort.value}{' reversed' if model.reverse else ''}", no_wrap=True)
    if model.filter_text:
        text.append(f", filter: {clean(model.filter_text)}", "bold")
    row = model.row
    hindrance = None if row is None else row.hindrance
    if row is not None and (row.error or hindrance is not None):
        message = row.error or (hindrance.message if hindrance is not None else "")
        text.append(f"; selected: {clean(message)}", "red" if row.error else "yellow")
    return text


def _title(model: Model, place: str) -> Text:
    if model.problem is not None:
        return Text(f"NOT CONNECTED for {_age(model)}: {clean(model.problem)}", "bold red", no_wrap=True)
    if model.quiet_s >= SILENT_S:
        return Text(f"NO ANSWER for {_age(model)}; the state is that old. {clean(place)}", "bold red", no_wrap=True)
    text = Text("ouzel top ", "bold", no_wrap=True)
    status = model.table.status
    text.append(status.value if model.loaded else "loading", _STATUS.get(status, ""))
    health = model.health
    if health is not None and health.restore.done < health.restore.total:
        text.append(f", {health.restore.done} of {health.restore.total} torrents restored", "yellow")
    return text.append(f"  {clean(place)}", "dim")


def _age(model: Model) -> str:
    return format_span(int(model.quiet_s) * 1000)


def _rates(model: Model, width: int) -> Text:
    down, up = model.rates[-1] if model.rates else (0, 0)
    cells = SPARK_CELLS * (1 + (width >= WIDE))
    text = Text(no_wrap=True)
    for name, rate, index in (("down", down, 0), ("up", up, 1)):
        text.append(f"{'  ' if index else ''}{name} ", "bold").append(f"{format_rate(rate):>10} ")
        text.append(sparkline([each[index] for each in model.rates], cells), "green" if index else "cyan")
    if model.stats is not None:
        session = model.stats.session
        text.append(f"  {format_count(session.peers, 'peer')}")
        if session.age_ms is not None and session.age_ms > OLD_MS:
            text.append(f" ({format_span(session.age_ms)} old)", "yellow")
        total = f"  total {format_size(session.all_time_downloaded)} / {format_size(session.all_time_uploaded)}"
        if text.cell_len + len(total) <= width:
            text.append(total)
    return text


def _engines(model: Model) -> list[Text]:
    health, stats = model.health, model.stats
    if health is None:
        return [Text("engine: not known yet")]
    if len(health.engines) > 1:
        found = [(f"engine {each.slot}", each) for each in health.engines]
    else:
        found = [("engine", health.engine)]  # type: ignore[list-item]  # both have the members that are used
    texts = []
    for name, each in found[:ENGINES_MAX]:
        text = Text(f"{name} ", no_wrap=True)
        text.append(each.state.value.replace("_", " "), "green" if each.state is EngineState.RUNNING else "bold red")
        text.append(f", generation {each.gen}, up {format_span(each.uptime_ms)}, {_restarts(each.restarts)}")
        texts.append(text)
    if len(found) > ENGINES_MAX:
        texts[-1].append(f"; {len(found) - ENGINES_MAX} more engines: h", "dim")
    if stats is not None:
        texts[0].append(f", {_memory(stats.engine)}; supervisor {_memory(stats.supervisor)}")
    return texts


def _restarts(count: int) -> str:
    return format_count(count, "restart")


def _memory(process: ProcessReport) -> str:
    return format_size(process.rss_bytes) if process.rss_bytes else "no memory known"


def _reasons(model: Model) -> list[Text]:
    reasons = model.table.reasons
    texts = [
        Text(f"{each.severity.value}: {reason_line(each)}", _severity(each.severity), no_wrap=True)
        for each in reasons[:REASONS_MAX]
    ]
    if len(reasons) > REASONS_MAX:
        texts[-1] = Text(f"{len(reasons) - REASONS_MAX + 1} more problems: press h", "yellow", no_wrap=True)
    return texts


def _severity(severity: Severity) -> str:
    return "yellow" if severity is Severity.WARNING else "red"
