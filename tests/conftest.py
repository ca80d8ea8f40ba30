"""What holds for all tests: no deadline for hypothesis, since a loaded machine is no defect; who may mount; garbage.

The tables of clients and of times are printed from here, since only this file is known to the process that prints.
"""

import gc
from collections.abc import Generator

import pytest
from hypothesis import settings

from tests import once, order, timings
from tests.clients import matrix
from tools.rig import mounts

settings.register_profile("ouzel", deadline=None)
settings.load_profile("ouzel")


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skips what mounts file systems where that is not allowed, and says why."""
    if item.get_closest_marker("mounts") is not None and (why := mounts.refusal()) is not None:
        pytest.skip(why)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leaves out what need not be run again, and has long tests begin first."""
    once.pytest_collection_modifyitems(config, items)
    order.pytest_collection_modifyitems(items)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Prints the tables, and keeps what has passed."""
    once.pytest_terminal_summary(terminalreporter, config)
    matrix.pytest_terminal_summary(terminalreporter)
    timings.pytest_terminal_summary(terminalreporter)


def pytest_collection_finish() -> None:
    """What there is before the first test is none of it, and need not be looked at after each."""
    _collect_and_freeze()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call() -> Generator[None, object, object]:
    """Collects garbage: a socket that a test left unclosed fails that test, not at random a later one."""
    try:
        return (yield)
    finally:
        gc.collect()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown() -> Generator[None, object, object]:
    """So do fixtures, and what stays for good is not looked at again."""
    try:
        return (yield)
    finally:
        _collect_and_freeze()


def _collect_and_freeze() -> None:
    gc.collect()
    gc.freeze()
