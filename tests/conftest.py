"""Fixtures and hooks for all tests: hypothesis without deadlines (a loaded machine is no defect), mounts, garbage.

The tables of clients and of times are printed here, since the printing process knows no other file.
"""

import contextlib
import gc
from collections.abc import Generator, Iterator

import pytest
from hypothesis import settings

from tests import once, order, timings
from tests.clients import matrix
from tests.end_to_end import reused
from tools.rig import mounts
from tools.rig.daemon import Daemon
from tools.rig.forking.forked_daemon import ForkServer

settings.register_profile("ouzel", deadline=None)
settings.load_profile("ouzel")


@pytest.fixture(scope="session", autouse=True)
def no_width() -> Iterator[None]:
    """Hides the width of the tester's terminal, to which the command line would fit its output."""
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("COLUMNS", raising=False)
        yield


@pytest.fixture(scope="session", autouse=True)
def fork_server() -> Iterator[None]:
    """Has one process import the supervisor for most daemons of this test process. It begins with the first of them."""
    with contextlib.closing(ForkServer()) as server, pytest.MonkeyPatch.context() as patch:
        patch.setattr(Daemon, "fork_server", server)
        yield


def pytest_addoption(parser: pytest.Parser) -> None:
    """Adds the option that measures the order of the next runs."""
    parser.addoption(timings.OPTION, action="store_true", help=f"write how long tests took to {timings.SLOW}")


def pytest_configure() -> None:
    """Hides the mounts of each test process from the other test processes, whose tests watch the mounts."""
    mounts.enter_own_namespace()


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skips tests that mount file systems if mounting is not allowed, and says why."""
    if item.get_closest_marker("mounts") is not None and (why := mounts.refusal()) is not None:
        pytest.skip(why)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leaves out what need not be run again, and has long tests begin first."""
    once.pytest_collection_modifyitems(config, items)
    order.pytest_collection_modifyitems(items)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Prints the tables, and records which tests passed."""
    once.pytest_terminal_summary(terminalreporter, config)
    matrix.pytest_terminal_summary(terminalreporter)
    timings.pytest_terminal_summary(terminalreporter, config)


def pytest_collection_finish() -> None:
    """Freezes the objects that exist before the first test, so that no collection examines them."""
    _collect_and_freeze()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call() -> Generator[None, object, object]:
    """Collects garbage after each test, so that an unclosed socket fails its own test and not a later one."""
    try:
        return (yield)
    finally:
        gc.collect()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown(nextitem: pytest.Item | None) -> Generator[None, object, object]:
    """Collects garbage of fixtures, too, and freezes what remains.

    Before tests that start no processes, the reused daemons end: an idle daemon takes 1 % of a core.
    """
    try:
        return (yield)
    finally:
        if nextitem is not None and nextitem.get_closest_marker("process") is None:
            reused.end_all()
        _collect_and_freeze()


def _collect_and_freeze() -> None:
    gc.collect()
    gc.freeze()
