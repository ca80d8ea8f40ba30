"""The time of a test run by folder, printed at the end of each run, and the table of the slowest tests.

`scripts/test --record-slow-tests` writes that table. The next runs begin with its tests, the slowest first.
"""

import json
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path, PurePosixPath
from typing import Final, NamedTuple

import pytest

SLOWEST: Final = 5
"""The number of tests that are named below the table."""

OPTION: Final = "--record-slow-tests"

SLOW: Final = Path(__file__).parent / "slow_tests.json"
"""The tests that take at least `SLOW_S`, and the seconds that each took. Other tests may be missing, or be gone."""

SLOW_S: Final = 4.0


class Spent(NamedTuple):
    """One phase (set-up, call or tear-down) of one test, and its duration."""

    nodeid: str
    seconds: float


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Prints the table by folder if more than one test has run. Records the slowest tests if that was asked for."""
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
    if config.getoption(OPTION) and not hasattr(config, "workerinput"):
        SLOW.write_text(json.dumps(slowest(spent), indent=0) + "\n")


def recorded() -> dict[str, float]:
    """The seconds that the slowest tests took when they were recorded."""
    seconds: dict[str, float] = json.loads(SLOW.read_text())
    return seconds


def slowest(spent: Iterable[Spent]) -> dict[str, float]:
    """The tests that take at least `SLOW_S`, the slowest first, and their seconds."""
    slow = {nodeid: round(seconds, 1) for nodeid, seconds in _by_test(spent).items() if seconds >= SLOW_S}
    return dict(sorted(slow.items(), key=lambda item: (-item[1], item[0])))


def _by_test(spent: Iterable[Spent]) -> dict[str, float]:
    by_test: defaultdict[str, float] = defaultdict(float)
    for nodeid, seconds in spent:
        by_test[nodeid] += seconds
    return by_test


def table(spent: Iterable[Spent]) -> list[str]:
    """The lines of the table: folders by time, then the slowest tests."""
    by_test = _by_test(spent)
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
