"""The time of a test run by folder, printed at the end of each run."""

from collections import defaultdict
from collections.abc import Iterable
from pathlib import PurePosixPath
from typing import Final, NamedTuple

import pytest

SLOWEST: Final = 5
"""The number of tests that are named below the table."""


class Spent(NamedTuple):
    """One phase (set-up, call or tear-down) of one test, and its duration."""

    nodeid: str
    seconds: float


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Prints the table if more than one test has run."""
    spent = [
        Spent(report.nodeid, report.duration)
        for reports in terminalreporter.stats.values()
        for report in reports
        if isinstance(report, pytest.TestReport)
    ]
    if len({each.nodeid for each in spent}) > 1:
        terminalreporter.section("time by folder, summed over all processes")
        for line in table(spent):
            terminalreporter.write_line(line)


def table(spent: Iterable[Spent]) -> list[str]:
    """The lines of the table: folders by time, then the slowest tests."""
    by_test: defaultdict[str, float] = defaultdict(float)
    for nodeid, seconds in spent:
        by_test[nodeid] += seconds
    folders: defaultdict[str, list[float]] = defaultdict(list)
    for nodeid, seconds in by_test.items():
        folders[_folder(nodeid)].append(seconds)
    total = sum(by_test.values()) or 1.0
    lines = [f"{'SECONDS':>8} {'SHARE':>6} {'TESTS':>6}  FOLDER"]
    for folder, times in sorted(folders.items(), key=lambda item: -sum(item[1])):
        lines.append(f"{sum(times):8.1f} {sum(times) / total:6.1%} {len(times):6}  {folder}")
    for nodeid, seconds in sorted(by_test.items(), key=lambda item: -item[1])[:SLOWEST]:
        lines.append(f"{seconds:8.1f} {seconds / total:6.1%} {1:6}  {nodeid}")
    return lines


def _folder(nodeid: str) -> str:
    return str(PurePosixPath(nodeid.partition("::")[0]).parent)
