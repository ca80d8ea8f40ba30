"""What a person reads in the journal: lines with priorities, causes and remedies."""

import contextlib
import os
import re
import shutil
import signal
import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from tools.rig import payload
from tools.rig.daemon import Daemon
from tools.rig.stderrs import Stderr
from tools.rig.waiting import until
from tools.rig.watcher import Watcher

pytestmark = pytest.mark.process

NAME = "a movie = 1"


class Entry(NamedTuple):
    """A line as journald stores it."""

    priority: int
    text: str


class Journal:
    """Reads a daemon's standard error, which `JOURNAL_STREAM` declares to be journald's."""

    def __init__(self) -> None:
        self._ours, self._theirs = socket.socketpair()
        self._got = b""
        self._reader = threading.Thread(target=self._read)
        self._reader.start()
        status = os.fstat(self._theirs.fileno())
        self.environment = {"JOURNAL_STREAM": f"{status.st_dev}:{status.st_ino}"}
        self.stderr = Stderr(self._theirs.fileno())

    def _read(self) -> None:
        while content := self._ours.recv(65_536):
            self._got += content

    def close(self) -> None:
        """Closes it, once the daemon has ended."""
        self._theirs.close()
        self._reader.join()
        self._ours.close()

    def entries(self, text: str = "") -> list[Entry]:
        """The entries that contain a text."""
        lines = self._got.decode().split("\n")[:-1]
        found = [re.fullmatch("<([0-7])>(.*)", line) for line in lines]
        assert all(found), [line for line, each in zip(lines, found, strict=True) if not each]
        return [Entry(int(each[1]), each[2]) for each in found if each is not None and text in each[2]]

    def wait(self, text: str) -> Entry:
        """Waits for the first of these."""
        return until(lambda: self.entries(text), f"in the journal: {text}")[0]


@contextlib.contextmanager
def journaled(root: Path) -> Iterator[tuple[Daemon, Journal]]:
    """A daemon that logs to the journal."""
    journal = Journal()
    with contextlib.closing(journal), Daemon(root, stderr=journal.stderr, environment=journal.environment) as daemon:
        until(daemon.healthy, "healthy")
        yield daemon, journal


def test_a_life_is_told(root: Path) -> None:
    """The lives of a torrent and of an engine are logged, each line at its level; routine lines are no warnings."""
    made = payload.make(root / "made", NAME, {"": 300_000})
    other = payload.make(root / "made", "other", {"": 1000})
    with journaled(root / "d") as (daemon, journal):
        shutil.copy(made.root / made.name, daemon.downloads / made.name)
        for each in (made, other):
            daemon.client.add_torrent(metainfo=each.metainfo)
        id_and_name = f'torrent={made.torrent} name="{NAME}"'
        assert journal.wait(f"torrent_added {id_and_name}").priority == 6
        assert journal.wait(f"torrent_completed {id_and_name} bytes=300000").priority == 6
        assert [entry for entry in journal.entries() if entry.priority < 6] == []

        daemon.kill_engine()
        assert journal.wait("engine_exited gen=1").priority == 3
        assert journal.wait("health status=degraded before=healthy").priority == 4
        assert journal.wait("restored torrents=2").priority == 6

        (daemon.downloads / made.name).unlink()
        daemon.kill_engine()
        waits = journal.wait(f"torrent_waits {id_and_name} error=storage_missing")
        assert "put the files back" in waits.text
        assert journal.wait("] storage_missing problem=").priority == 4
        shutil.copy(made.root / made.name, daemon.downloads / made.name)
        assert journal.wait(f"torrent_recovered {id_and_name}").priority == 6

        daemon.client.pause(made.torrent)
        assert journal.wait(f"torrent_paused {id_and_name}").priority == 6
        daemon.client.remove_torrent(made.torrent)
        assert journal.wait(f"torrent_removed {id_and_name}").priority == 6
        assert len(journal.entries("torrent_added")) == 2
        assert len(journal.entries("torrent_completed")) == 1


def test_the_form_follows_the_configuration(root: Path) -> None:
    """The format changes on reload. A wrong file is reported together with the remedy."""
    with journaled(root / "d") as (daemon, journal):
        good = daemon.config.read_text()
        daemon.config.write_text(f'{good}\n[log]\nformat = "json"\nlevel = "warning"\n')
        with Watcher(daemon.runtime_dir) as seen:
            os.kill(daemon.pid, signal.SIGHUP)
            changed = seen.wait(lambda event: event.type == "settings_changed", "the change is told").event
        assert changed.data["changed"] == ["log.format", "log.level"]
        daemon.config.write_text("wrong")
        os.kill(daemon.pid, signal.SIGHUP)
        refused = journal.wait('"event":"config_refused"')
        assert refused.priority == 3
        assert "correct the configuration" in refused.text
        daemon.client.add_torrent(magnet=f"magnet:?xt=urn:btih:{'a' * 40}")
        assert journal.entries("torrent_added") == []
