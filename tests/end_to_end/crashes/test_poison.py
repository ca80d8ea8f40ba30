"""Torrents that crash the engine, by real native crashes: they are quarantined, and no other torrent is harmed."""

import os
import signal
from math import log2
from pathlib import Path

import pytest

import ouzel
from protocol.wire.rows import TorrentState
from tools.engines.failpoints import Failpoint
from tools.engines.outbreak import outbreak
from tools.rig.waiting import until

pytestmark = pytest.mark.process


def test_a_torrent_that_crashes_the_engine_as_it_is_loaded(root: Path) -> None:
    """It takes at most three crashes, and all others seed.

    It stays quarantined over a restart of the supervisor, until released.

    What clients change meanwhile is durable and waits; its files are not deleted, since it would have to be loaded.
    """
    with outbreak(root, 40, max_delay_s=0.1) as made:
        poison = made.samples[17].torrent
        outcome = made.break_out([poison], "strong")
        assert outcome.crashes <= 3
        assert outcome.quarantined == outcome.told == {poison}
        daemon = made.daemon
        until(daemon.healthy, "the service works as well as it can")
        row = daemon.row(poison)
        assert "crashes the engine" in (row.error or "")

        with pytest.raises(ouzel.Refused, match="quarantine"):
            daemon.client.update_limits(poison, upload_bps=1000, wait="applied")
        assert daemon.row(poison).upload_limit_bps == 1000
        with pytest.raises(ouzel.Refused, match="quarantine"):
            daemon.client.remove_torrent(poison, delete_files=True)

        daemon.stop()
        daemon.start()
        until(lambda: daemon.client.stats().torrents == {"seeding": 39, "quarantined": 1}, "all are as they were")
        assert daemon.row(poison).error == row.error

        made.failpoints.lift(poison)
        daemon.client.release_torrent(poison, wait="applied")
        daemon.until_state(poison, TorrentState.SEEDING)
        assert daemon.row(poison).error is None
        assert daemon.client.health().engine.restarts == 0


def test_a_torrent_that_crashes_the_engine_long_after_it_was_loaded(root: Path) -> None:
    """Nothing is in flight then: the loaded set is halved, which takes 2 + log2(n) crashes at the most."""
    with outbreak(root, 16, max_delay_s=0.1) as made:
        poison = made.samples[-2].torrent
        outcome = made.break_out([poison], "weak")
        assert outcome.crashes <= 2 + log2(16)
        assert outcome.quarantined == outcome.told == {poison}
        assert made.daemon.client.health().engine.state == "running"


def test_a_torrent_that_crashes_the_engine_as_it_is_deleted(root: Path) -> None:
    """It was not loaded when it was removed, and has to be for its files to be found: they stay, and that is told."""
    with outbreak(root, 4, max_delay_s=0.1) as made:
        daemon, poison = made.daemon, made.samples[0]
        made.failpoints.arm("poison", Failpoint(where="load", torrent=poison.torrent))
        engine = daemon.engine_pid()
        os.kill(engine, signal.SIGSTOP)
        daemon.client.remove_torrent(poison.torrent, delete_files=True)
        os.kill(engine, signal.SIGKILL)
        until(lambda: daemon.logged("files_not_deleted"), "the files are given up", every_s=0.1)
        until(lambda: daemon.client.stats().torrents == {"seeding": 3}, "the others seed")
        assert (daemon.downloads / poison.name).exists()
        assert made.crashes() <= 3
        until(lambda: not list(daemon.resume_dir.glob(f"{poison.torrent}.*")), "its records are gone")
        until(daemon.healthy, "nothing is left of it")


def test_no_torrent_is_blamed_for_want_of_memory_or_for_a_kill_from_outside(root: Path) -> None:
    """Though the engine dies of it each time that the same torrent is loaded; it is simply loaded again."""
    with outbreak(root, 3, max_delay_s=0.1) as made:
        daemon, torrent = made.daemon, made.samples[1].torrent

        def deaths() -> int:
            return len(daemon.logged("engine_exited"))

        made.failpoints.arm("memory", Failpoint(where="load", torrent=torrent, what="memory"))
        daemon.kill_engine()
        until(lambda: deaths() >= 3, "it has died of it twice")
        made.failpoints.arm("kill", Failpoint(where="load", torrent=torrent, what="kill"))
        made.failpoints.lift("memory")
        until(lambda: deaths() >= 5, "it was killed")
        made.failpoints.lift("kill")
        until(lambda: daemon.client.stats().torrents == {"seeding": 3}, "all seed")
        assert not daemon.logged("crash_examined")
