"""Which of libtorrent's threads is measured: the one that carries out synchronous calls."""

import os
import sys
import threading
import time
from typing import Any

import libtorrent

from engine_proc.process.network_thread import NetworkThread, threads
from tools.rig.probe import DEADLINE_S, LOOPBACK

lt: Any = libtorrent


def test_the_thread_that_works_is_measured() -> None:
    """Round trips make it use CPU time, and no other thread of libtorrent's does."""
    before = threads()
    assert os.getpid() in before
    session = lt.session(LOOPBACK)
    thread = NetworkThread(before)
    others = [NetworkThread(threads() - {each}) for each in threads() - before - {thread._tid}]
    deadline = time.monotonic() + DEADLINE_S
    while (thread.cpu_s() or 0) < 0.1:
        assert time.monotonic() < deadline, "it uses no CPU time"
        for _ in range(1000):
            session.get_settings()
    assert all((other.cpu_s() or 0) < 0.05 for other in others)
    del session


def test_no_thread_is_unknown() -> None:
    """None, and no error; also if the thread has ended."""
    thread = NetworkThread(threads())
    assert thread.cpu_s() is None
    thread._tid = 2**22 + 1
    assert thread.cpu_s() is None


def test_no_file_of_a_thread_is_opened() -> None:
    """Opened files below `/proc/self/task` would delay the next failover: reaping the process would take long."""
    opened: list[str] = []
    watching = True

    def watch(event: str, arguments: tuple[Any, ...]) -> None:
        if watching and event == "open":
            opened.append(str(arguments[0]))

    sys.addaudithook(watch)
    end = threading.Event()
    before = threads()
    sleeper = threading.Thread(target=end.wait)
    sleeper.start()
    measured = NetworkThread(before).cpu_s()
    watching = False
    end.set()
    sleeper.join()
    assert measured is not None
    assert not [path for path in opened if "/task" in path]
