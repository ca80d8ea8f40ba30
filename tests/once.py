"""Tests of what libtorrent itself does, which run once for each libtorrent: pytest keeps in its cache what has passed.

They run again when libtorrent, Python or their file changes, and with `--cache-clear`; where the cache is empty, as in
continuous integration, all of them do.
"""

import hashlib
import sys
from pathlib import Path
from typing import Final

import libtorrent
import pytest

FILE: Final = "tests/engine_proc/libtorrent/test_libtorrent_traps.py"


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leaves out what has passed already."""
    if any(FILE in str(argument) for argument in config.args):
        return  # somebody wants to see them
    passed = set(_passed(config))
    left_out = [item for item in items if item.nodeid in passed]
    if left_out:
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if item.nodeid not in passed]


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Keeps what has passed, and says what was left out."""
    if hasattr(config, "workerinput"):
        return  # the process that prints has the reports of all
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
    """Names what the outcome depends on."""
    subject = f"{libtorrent.__version__} {sys.version} ".encode() + (config.rootpath / FILE).read_bytes()
    subject += Path(libtorrent.__file__).stat().st_size.to_bytes(8, "big")
    return f"ouzel/traps-{hashlib.sha256(subject).hexdigest()[:16]}"
