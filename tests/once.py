"""Tests of libtorrent's own behaviour run once for each libtorrent: pytest's cache has those that passed.

They run again when libtorrent, Python or their file changes, and with `--cache-clear`; where the cache is empty, as in
continuous integration, all of them do.
"""

import hashlib
import sys
from pathlib import Path
from typing import Final

import libtorrent
import pytest

FILE: Final = "tests/engine_proc/libtorrent_adapter/test_libtorrent_traps.py"


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Deselects tests that have passed."""
    if any(FILE in str(argument) for argument in config.args):
        return  # the user asked for these tests
    passed = set(_passed(config))
    left_out = [item for item in items if item.nodeid in passed]
    if left_out:
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if item.nodeid not in passed]


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Records what has passed, and says what was deselected."""
    if hasattr(config, "workerinput"):
        return  # the printing process has the reports of all processes
    if before := _passed(config):
        said = f"{len(before)} tests of libtorrent {libtorrent.__version__} have passed before; --cache-clear runs them"
        terminalreporter.write_line(said)
    news = {
        report.nodeid
        for report in terminalreporter.stats.get("passed", ())
        if report.when == "call" and report.nodeid.startswith(f"{FILE}::")
    }
    if news:
        config.cache.set(_key(config), sorted(news | set(before)))


def _passed(config: pytest.Config) -> list[str]:
    return list(config.cache.get(_key(config), []))


def _key(config: pytest.Config) -> str:
    """A key of everything that the outcome depends on."""
    subject = f"{libtorrent.__version__} {sys.version} ".encode() + (config.rootpath / FILE).read_bytes()
    subject += Path(libtorrent.__file__).stat().st_size.to_bytes(8, "big")
    return f"ouzel/traps-{hashlib.sha256(subject).hexdigest()[:16]}"
