"""A daemon that tests use one after another, since each start of one takes 0.6 s of CPU time.

Each test gets it as if it were new: without torrents, without anything that clients set, and with an empty log. Only
its pids, its counters and its list of ended jobs are older. If a test leaves anything else (another configuration, a
damaged file, a reason in `health`), or fails, the next test gets a new daemon.
"""

import contextlib
import os
import shutil
import socket
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import ClassVar, Final
from weakref import WeakSet

import msgspec
import pytest

import ouzel
from protocol.durable.durable import TEMPORARY_SUFFIX
from protocol.durable.resume_dir import ResumeDir
from protocol.wire.session.desired_session import DesiredSession
from tools.rig.daemon import Daemon
from tools.rig.waiting import until

CHAOS: Final = {"budget": 1000, "max_delay_s": 0.5}
"""The `restart` section of a daemon whose engine is killed often."""

PATIENCE_S: Final = 5.0
"""How long the daemon may take until it is as it was; if it takes longer, another is started."""

USUAL: Final = {Path(".lock"), Path("format.json"), Path("session.json"), Path("fastresume/dht")}
"""The files in the resume directory of a daemon without torrents, beside totals and temporary files."""


class ReusedDaemon:
    """At most one running daemon.

    Args:
        make: makes the daemon, in an empty directory.
    """

    known: ClassVar["WeakSet[ReusedDaemon]"] = WeakSet()
    """All of this process."""

    def __init__(self, make: Callable[[Path], Daemon]) -> None:
        self.known.add(self)
        self._make = make
        self._root: Path | None = None
        self._daemon: Daemon | None = None
        self._config = ""

    def lend(self) -> Daemon:
        """The running daemon, or a new one."""
        if self._daemon is None:
            self._root = Path(tempfile.mkdtemp(prefix="ouzel-"))
            self._daemon = self._make(self._root / "d")
            self._config = self._daemon.config.read_text()
            try:
                self._daemon.start()
            except BaseException:
                self.close()
                raise
        os.truncate(self._daemon.log, 0)
        return self._daemon

    def take_back(self, *, sound: bool) -> None:
        """Empties the daemon. Ends it if that is impossible, or if the test that used it was not `sound`."""
        if not sound or not self._emptied():
            self.close()

    def close(self) -> None:
        """Ends the daemon, and removes its directory."""
        daemon, self._daemon = self._daemon, None
        try:
            if daemon is not None:
                daemon.close()
        finally:
            if self._root is not None:
                shutil.rmtree(self._root)
                self._root = None

    def _emptied(self) -> bool:
        daemon = self._daemon
        assert daemon is not None
        if daemon.ended() is not None or daemon.config.read_text() != self._config:
            return False
        with contextlib.suppress(ouzel.OuzelError, OSError, AssertionError):
            if any(job.ended_us is None for job in daemon.client.list_jobs()):
                return False
            _remove_torrents(daemon)
            _undo_settings(daemon)
            if not _is_unset(_session(daemon)) or ResumeDir(daemon.resume_dir).damaged.exists():
                return False
            clear(daemon.downloads)
            if (crashes := daemon.root / "state" / "crashes").exists():
                clear(crashes)
            until(lambda: _is_empty(daemon), "nothing is left", patience_s=PATIENCE_S)
            return True
        return False  # the next daemon is a new one, so it does not matter why


def lent(reused: ReusedDaemon, request: pytest.FixtureRequest) -> Iterator[Daemon]:
    """The body of a fixture: lends the daemon to one test."""
    failed = request.session.testsfailed
    yield reused.lend()
    reused.take_back(sound=request.session.testsfailed == failed)


def end_all() -> None:
    """Ends all reused daemons of this process. The next test that wants one starts another."""
    for each in ReusedDaemon.known:
        each.close()


def clear(directory: Path) -> None:
    """Deletes what is in a directory."""
    for path in directory.iterdir():
        shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()


def _remove_torrents(daemon: Daemon) -> None:
    """Removes all torrents, and waits until the engine has none."""
    torrents = [row.torrent for row in daemon.client.list_torrents()]
    args = [("remove_torrent", {"torrent": torrent, "wait": "applied"}) for torrent in torrents]
    for reply in daemon.client.request_many(args):
        if isinstance(reply, ouzel.OuzelError):
            raise reply


def _undo_settings(daemon: Daemon) -> None:
    """Undoes what clients set for the whole session. An engine runs then, since it has applied the limits."""
    session, client = _session(daemon), daemon.client
    client.update_limits(download_bps=0, upload_bps=0, wait="applied")
    if session.settings:
        client.update_settings(dict.fromkeys(session.settings), wait="applied")
    for address in session.banned:
        client.unban_peer(address, wait="applied")
    for name in session.categories:
        client.remove_category(name)
    for name in session.groups:
        client.remove_group(name)
    if session.goals != DesiredSession().goals:
        client.update_goals(ratio="file", seeding_time_s="file", inactive_time_s="file", action="file")


def _session(daemon: Daemon) -> DesiredSession:
    """What clients have set."""
    with contextlib.suppress(FileNotFoundError):
        return msgspec.json.decode(ResumeDir(daemon.resume_dir).session.read_bytes(), type=DesiredSession)
    return DesiredSession()


def _is_unset(session: DesiredSession) -> bool:
    """Whether clients have set nothing. A limit of 0 is none."""
    limits = (session.download_bps or None, session.upload_bps or None)
    unset = DesiredSession(revision=session.revision)
    return limits == (None, None) and msgspec.structs.replace(session, download_bps=None, upload_bps=None) == unset


def _is_empty(daemon: Daemon) -> bool:
    """Whether nothing is stored, no problem is reported, and the reported port is the present one."""
    stored = [path.relative_to(daemon.resume_dir) for path in daemon.resume_dir.rglob("*") if path.is_file()]
    others = {path for path in stored if path.parts[0] != "totals" and path.suffix != TEMPORARY_SUFFIX} - USUAL
    return not others and not daemon.client.health().reasons and _listens(daemon)


def _listens(daemon: Daemon) -> bool:
    """Whether the engine accepts connections at its reported port. The report may be that of the engine before."""
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", daemon.client.stats().session.listen_port)) == 0
