"""A subscriber stopped by SIGSTOP under load loses events, detects it and repairs it; others are not affected."""

import contextlib
import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from supervisor.events.event_log import MAX_EVENTS
from supervisor.host.memory import held_bytes
from supervisor.transport.sockets import SUBSCRIBER_HWM
from tools.rig.clients.listener import Listener
from tools.rig.clients.reader import Progressed, Reader
from tools.rig.daemon import Daemon
from tools.rig.payload import MIB
from tools.rig.scratch import scratch
from tools.rig.waiting import until

pytestmark = pytest.mark.process

RATE: Final = 12_000
"""Events a second; a listener in Python can read many more."""


@pytest.fixture
def root() -> Iterator[Path]:
    """A directory with a short path."""
    with scratch() as directory:
        yield directory


@contextlib.contextmanager
def chatty(root: Path) -> Iterator[Daemon]:
    """A daemon whose engine sends as many events as requested, about some torrents."""
    with Daemon(root / "d", engine_module="tools.engines.chatty_engine") as daemon:
        until(daemon.healthy, "the daemon is healthy")
        adds = [("add_torrent", {"magnet": f"magnet:?xt=urn:btih:{number:040x}"}) for number in range(1, 11)]
        daemon.client.request_many(adds)
        yield daemon


@pytest.mark.parametrize(
    ("count", "expected"),
    [(SUBSCRIBER_HWM * 3, []), (MAX_EVENTS + SUBSCRIBER_HWM * 5 // 2, ["replay_gone"])],
    ids=["replayed", "gone"],
)
def test_a_stopped_subscriber_finds_its_gap_and_repairs_it(root: Path, count: int, expected: list[str]) -> None:
    """It repairs the gap by replay, or by a snapshot if too many events happened. The others get every event."""
    with (
        chatty(root) as daemon,
        Reader(daemon.runtime_dir) as stopped,
        Reader(daemon.runtime_dir) as reader,
        Listener(daemon.runtime_dir, "lifecycle/") as listener,
    ):
        os.kill(stopped.pid, signal.SIGSTOP)
        daemon.client.update_limits(download_bps=count, upload_bps=RATE)
        until(lambda: listener.heard().events >= count, "the last event was told of")
        heard = until(
            lambda: at if (at := listener.heard()).head == at.last_seq else None, "a tick tells of no later event"
        )
        assert heard.lost == 0
        caught_up = _come_to(reader, heard.last_seq)
        assert (caught_up.wrong, caught_up.resnapshots) == (0, [])
        os.kill(stopped.pid, signal.SIGCONT)
        repaired = _come_to(stopped, heard.last_seq)
        assert repaired.replays > 0
        assert (repaired.wrong, repaired.resnapshots) == (0, expected)
        if not expected:
            assert repaired.events >= count
        held = held_bytes(daemon.pid)
        assert held is not None
        assert held < 200 * MIB  # bounded: the events kept for a replay, and the queue of one subscriber


def _come_to(reader: Reader, seq: int) -> Progressed:
    """Waits until a reader has read an event."""
    return until(lambda: at if (at := reader.progressed()).last_seq == seq else None, f"event {seq} is read")
