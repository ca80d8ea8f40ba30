"""The blocking event stream over real sockets."""

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from ouzel import Client, Event, NotRunning, Resnapshot
from tests.ouzel.follower import FOLLOWING
from tests.ouzel.samples import ID, OTHER, row
from tests.ouzel.scripted_daemon import ScriptedDaemon

pytestmark = pytest.mark.slow

STOPS = 4


def test_what_happens_after_the_stream_was_opened_is_given(daemon: ScriptedDaemon, client: Client) -> None:
    """Even before the subscription is in effect: lost events are replayed."""
    daemon.publish("torrent_added")
    with client.events() as events:
        happened = [daemon.publish("state_changed"), daemon.publish("completed")]
        daemon.wait_subscribed(b"tick/")
        daemon.tick()
        assert [next(events), next(events)] == happened


def test_a_lost_event_is_fetched_and_given_in_its_place(daemon: ScriptedDaemon, client: Client) -> None:
    """The next event reveals the gap."""
    with client.events() as events:
        daemon.wait_subscribed(b"lifecycle/")
        happened = [daemon.publish("error"), daemon.publish("error_cleared", lost=True), daemon.publish("completed")]
        assert [next(events) for _ in happened] == happened


def test_a_stream_of_one_torrent_gives_its_events_and_the_daemons(daemon: ScriptedDaemon, client: Client) -> None:
    """The numbers of other events are followed all the same."""
    with client.events(torrent=ID, progress=True) as events:
        daemon.wait_subscribed(f"progress/{ID}".encode())
        daemon.publish("completed", OTHER)
        health = daemon.publish("health_changed", None)
        progress = daemon.publish("progress", ID, progress=0.7)
        daemon.tick()
        completed = daemon.publish("completed", ID)
        assert [next(events), next(events), next(events)] == [health, progress, completed]


def test_a_stream_can_be_narrowed_to_a_torrent_that_was_just_added(daemon: ScriptedDaemon, client: Client) -> None:
    """From then on with progress."""
    with client.events() as events:
        daemon.wait_subscribed(b"lifecycle/")
        daemon.publish("torrent_added", OTHER)
        added = daemon.publish("torrent_added", ID)
        events.follow(ID)
        daemon.wait_subscribed(f"progress/{ID}".encode())
        progress = daemon.publish("progress", ID, progress=0.7)
        assert [next(events), next(events)] == [added, progress]


def test_a_restarted_supervisor_leads_to_a_resnapshot(tmp_path: Path) -> None:
    """The stream finds the new daemon by itself and starts again."""
    with Client(tmp_path, timeout_s=5) as client:
        with ScriptedDaemon(tmp_path):
            events = client.events(ticks=True)
        with ScriptedDaemon(tmp_path, epoch="e2") as daemon:
            daemon.rows = {ID: row()}
            given = next(item for item in events if isinstance(item, Resnapshot))
            assert (given.reason, given.epoch, given.torrents) == ("new_epoch", "e2", [row()])
            happened = daemon.publish("completed")
            assert next(item for item in events if isinstance(item, Event) and item.numbered) == happened


def test_a_silent_daemon_is_gone(tmp_path: Path) -> None:
    """The daemon ticks every second, so silence means that it has ended."""
    with Client(tmp_path, timeout_s=5) as client:
        with ScriptedDaemon(tmp_path):
            events = client.events(silence_s=0.2)
        with pytest.raises(NotRunning):
            next(events)
        with socket.socket(socket.AF_UNIX) as deaf:
            (tmp_path / "commands.ipc").unlink(missing_ok=True)
            deaf.bind(str(tmp_path / "commands.ipc"))
            deaf.listen()
            with pytest.raises(NotRunning, match="said nothing"):
                next(events)


@pytest.mark.parametrize("reader", ["blocking", "asyncio"])
def test_a_reader_that_was_stopped_does_not_take_its_own_silence_for_the_daemons(tmp_path: Path, reader: str) -> None:
    """SIGSTOP for longer than a daemon may be silent, then SIGCONT: pending messages are read first."""
    silence_s = 0.8
    command = [sys.executable, "-m", "tests.ouzel.follower", str(tmp_path), reader, str(silence_s)]
    with ScriptedDaemon(tmp_path) as daemon, subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == f"{FOLLOWING}\n"
            daemon.wait_subscribed(b"lifecycle/")
            for _ in range(STOPS):
                seen = daemon.publish("completed").seq
                assert process.stdout.readline() == f"{seen}\n"
                os.kill(process.pid, signal.SIGSTOP)
                until = time.monotonic() + 1.5 * silence_s
                while time.monotonic() < until:
                    daemon.tick()
                    time.sleep(0.05)
                os.kill(process.pid, signal.SIGCONT)
        finally:
            process.kill()


def test_a_stream_that_cannot_begin_closes_its_sockets(daemon: ScriptedDaemon, client: Client) -> None:
    """For example with a daemon that does not know `hello`."""
    del daemon.answers["hello"]
    with pytest.raises(Exception, match="unknown_op"):
        client.events()


def test_a_reader_can_wait_for_a_while_only(daemon: ScriptedDaemon, client: Client) -> None:
    """None means no item in time, or the end."""
    with client.events() as events:
        daemon.wait_subscribed(b"tick/")
        assert events.get(0.01) is None
        assert events.quiet_s < 5
        happened = daemon.publish("completed")
        assert events.get(10) == happened
    assert events.get(10) is None
