"""The metrics, and their medians and ratios. Pure."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Final

OUZEL: Final = "Ouzel"

Values = Mapping[str, float]
"""The values of one run by metric."""


@dataclass(frozen=True)
class Metric:
    """One measured quantity.

    Fields:
        key: its name in the JSON document.
        work: the work that measures it.
        label: its name for people.
        unit: the unit of the values. It is one of the keys of `SCALES`.
        more_is_better: whether a larger value is better.
    """

    key: str
    work: str
    label: str
    unit: str
    more_is_better: bool = False


SCALES: Final[Mapping[str, tuple[float, str, int]]] = {
    "bytes/s": (1e-6, "MB/s", 1),
    "bytes": (1e-6, "MB", 1),
    "s": (1.0, "s", 2),
    "ms": (1e3, "ms", 2),
    "cores": (100.0, "% of a core", 2),
    "count": (1.0, "", 0),
}
"""For each unit: the factor for people, the unit for people, and the number of decimals. Times are in seconds."""

METRICS: Final = (
    Metric("download_bps", "download", "Download, to the last byte on disk", "bytes/s", more_is_better=True),
    Metric("download_cpu_s", "download", "CPU time of the download", "s"),
    Metric("download_peak_bytes", "download", "Peak memory (USS, with mapped files)", "bytes"),
    Metric("download_anonymous_bytes", "download", "Peak memory without mapped files", "bytes"),
    Metric("crash_api_s", "crash", "SIGKILL at half: until the API answers", "ms"),
    Metric("crash_done_s", "crash", "SIGKILL at half: until the download is complete", "s"),
    Metric("crash_twice_bytes", "crash", "SIGKILL at half: fetched twice", "bytes"),
    Metric("crash_lost", "crash", "SIGKILL at half: torrents lost", "count"),
    Metric("many_accepted_s", "many", "Many torrents: until all adds are accepted", "s"),
    Metric("many_seeding_s", "many", "Many torrents: until all seed", "s"),
    Metric("many_list_s", "many", "Many torrents: list all", "ms"),
    Metric("many_bytes", "many", "Many torrents: memory (USS)", "bytes"),
    Metric("many_idle_cpu", "many", "Many torrents: idle CPU", "cores"),
    Metric("many_idle_written_bytes", "many", "Many torrents: written to disk while idle", "bytes"),
    Metric("many_back_s", "many", "Many torrents: SIGKILL of everything, until all seed again", "s"),
    Metric("many_lost", "many", "Many torrents: lost by SIGKILL", "count"),
    Metric("many_not_back", "many", "Many torrents: there, but not seeding after SIGKILL", "count"),
    Metric("read_p50_s", "many", "API read, p50", "ms"),
    Metric("read_p99_s", "many", "API read, p99", "ms"),
    Metric("change_p50_s", "many", "API change, p50", "ms"),
    Metric("change_p99_s", "many", "API change, p99", "ms"),
    Metric("small_s", "small", "Many small torrents at once from one seed", "s"),
    Metric("give_bps", "give", "Upload to one peer", "bytes/s", more_is_better=True),
)
"""All metrics, in the order of the page."""

WORKS: Final = tuple(dict.fromkeys(metric.work for metric in METRICS))


@dataclass(frozen=True)
class Cell:
    """One metric of one program.

    Fields:
        median: the median of all runs.
        ratio: how many times better Ouzel is than the program. 1 means equal. None if a value is 0.
        runs: the number of runs.
    """

    median: float
    ratio: float | None
    runs: int


def summarise(runs: Mapping[str, Sequence[Values]]) -> dict[str, dict[str, Cell]]:
    """The cells by metric and by program. If a program does not have a metric, there is no cell.

    Args:
        runs: the values of each run by program.
    """
    found: dict[str, dict[str, Cell]] = {}
    for metric in METRICS:
        values = {name: [run[metric.key] for run in each if metric.key in run] for name, each in runs.items()}
        medians = {name: median(each) for name, each in values.items() if each}
        ours = medians.get(OUZEL)
        if medians:
            found[metric.key] = {
                name: Cell(value, None if ours is None else ratio(metric, ours, value), len(values[name]))
                for name, value in medians.items()
            }
    return found


def ratio(metric: Metric, ours: float, theirs: float) -> float | None:
    """How many times better Ouzel's value is. None if one of the values is 0."""
    if not ours or not theirs:
        return None
    return ours / theirs if metric.more_is_better else theirs / ours


def losses(cells: Mapping[str, Mapping[str, Cell]], margin: float = 0.02) -> list[tuple[Metric, str, Cell, Cell]]:
    """The metrics in which a program is better than Ouzel by more than `margin`, each with the best program.

    Returns the metric, the program's name, its cell, and Ouzel's cell.
    """
    found = []
    for metric in METRICS:
        row = cells.get(metric.key, {})
        if OUZEL not in row:
            continue
        ours = row[OUZEL]
        sign = -1 if metric.more_is_better else 1
        best = min(row, key=lambda name: (sign * row[name].median, name != OUZEL))
        theirs = row[best]
        if abs(ours.median - theirs.median) > margin * max(abs(ours.median), abs(theirs.median)):
            found.append((metric, best, theirs, ours))
    return found


def percentile(values: Sequence[float], fraction: float) -> float:
    """The value below which this fraction of the values lies, by nearest rank."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(fraction * len(ordered)) - 1)]


def shown(metric: Metric, value: float) -> str:
    """A value for people, with its unit."""
    factor, unit, decimals = SCALES[metric.unit]
    return f"{value * factor:,.{decimals}f} {unit}".rstrip()
