"""The page `docs/benchmark.md`, written from a result. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from tools.compare.metrics import METRICS, OUZEL, Cell, Metric, losses, shown
from tools.compare.result import Result

WORKS: Final = {
    "download": "Each program downloads a torrent of {big_mib:,.0f} MiB from one seed. The time ends when the program "
    "reports all data, and `fsync` has returned for the file.",
    "crash": "The process that downloads gets SIGKILL at half of the download. Ouzel's supervisor starts another "
    "engine. The benchmark starts each of the others again at once. Data beyond one copy was fetched twice.",
    "many": "Each program gets {tiny:,.0f} torrents with their data. Ouzel, libtorrent and qBittorrent trust the data. "
    "The others have no such option, and check it. The idle program is watched for {idle_s:g} s. One torrent is then "
    "read and changed {calls:,.0f} times. At last all processes get SIGKILL, and the program is started again.",
    "small": "Each program downloads {small:,.0f} torrents of 4 MiB at once from one seed.",
    "give": "Each program uploads the big torrent to one peer. The peer is a bare libtorrent session.",
}
"""What each work is. The fields are those of `Sizes`."""

CAVEATS: Final = (
    "The numbers of one machine are not those of another machine. Compare the ratios.",
    "Each work has three runs by default. `many` and `small` have one, and so has a run that takes more than 30 s.",
    "Each wait for torrents has a limit of {limit_s:g} s. A program that needs longer is listed as missing.",
    "All programs find the seed by the same HTTP tracker. A program that announces late begins late.",
    "The bare libtorrent session has Ouzel's settings. It has no API and saves nothing.",
    "The other programs have their default settings. Only their queues, DHT, PEX, local discovery and uTP are off.",
    "USS has pages of mapped files. libtorrent maps files, so a download raises the USS of its programs. The row "
    "without mapped files leaves these pages out.",
    "Ouzel acknowledges a change after it is durable. No other program promises this.",
    "The API read and the change use each program's own API. Ouzel uses its wire over a local socket, the others use "
    "HTTP.",
    "rqbit has no limit for one torrent, so its change is a pause or a start.",
    "aria2 saves its session once a second. A torrent that it had forgotten was added again, and counts as lost.",
)


def page(result: Result, plots: Mapping[str, str]) -> str:
    """The page as Markdown.

    Args:
        plots: the path of each plot, relative to the page, by work.
    """
    cells = result.cells
    names = [name for name in (*result.versions, *result.runs) if result.runs.get(name)]
    names = list(dict.fromkeys(names))
    parts = [
        "# Ouzel and other BitTorrent programs",
        "`scripts/bench compare --write` writes this page. Each program does the same work in turns, in a network "
        "namespace of its own. The table has medians. The number in brackets is the ratio to Ouzel. More than 1 means "
        "that Ouzel is better.",
        _facts(result),
        "## Results",
        _table(names, cells),
        "## Where Ouzel loses",
        _losses(cells),
    ]
    for work, text in WORKS.items():
        rows = [metric for metric in METRICS if metric.work == work and metric.key in cells]
        if rows:
            parts += [f"## The work `{work}`", text.format_map(result.sizes)]
            if work in plots:
                parts.append(f"![{work}]({plots[work]})")
    parts += ["## What to know", _list(each.format_map(result.sizes) for each in CAVEATS)]
    missing = [f"{name}: not here: {reason}" for name, reason in result.missing.items()]
    missing += [f"{each.program}, work `{each.work}`: {each.problem}" for each in result.failures]
    if missing:
        parts += ["## What is missing", _list(missing)]
    return "\n\n".join(parts) + "\n"


def table(names: Sequence[str], cells: Mapping[str, Mapping[str, Cell]]) -> list[list[str]]:
    """The rows of the table, with a label and one column for each program."""
    return [
        [metric.label, *(_cell(metric, name, cells[metric.key].get(name)) for name in names)]
        for metric in METRICS
        if metric.key in cells
    ]


def _cell(metric: Metric, name: str, cell: Cell | None) -> str:
    if cell is None:
        return "–"
    if name == OUZEL or cell.ratio is None:
        return shown(metric, cell.median)
    return f"{shown(metric, cell.median)} ({cell.ratio:.2f})"


def _table(names: Sequence[str], cells: Mapping[str, Mapping[str, Cell]]) -> str:
    lines = [["", *names], ["---", *("---:" for _ in names)], *table(names, cells)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _losses(cells: Mapping[str, Mapping[str, Cell]]) -> str:
    found = losses(cells)
    if not found:
        return "In this run, no program was better than Ouzel by more than 2 % in any row."
    return "The best program of each row, if it is better than Ouzel by more than 2 %:\n\n" + _list(
        f"{metric.label}: {name} {shown(metric, theirs.median)}, Ouzel {shown(metric, ours.median)}."
        for metric, name, theirs, ours in found
    )


def _facts(result: Result) -> str:
    machine = result.machine
    versions = ", ".join(f"{name} {version}" for name, version in result.versions.items())
    return _list(
        [
            f"Date: {result.date}.",
            f"Command: `{result.command}`. It took {result.took_s / 60:.1f} minutes.",
            f"Machine: {machine['cpus']} CPUs ({machine['cpu']}), {machine['memory_bytes'] / 1e9:.1f} GB of memory, "
            f"Linux {machine['kernel']}. The load was {machine['load']} before the run.",
            f"Versions: {versions}, Python {machine['python']}.",
        ]
    )


def _list(lines: Iterable[str]) -> str:
    return "\n".join(f"- {line}" for line in lines)
