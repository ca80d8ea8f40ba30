"""No exception about one torrent ends an engine: each native call about a torrent fails once, on a real session.

One engine for all of them, with a torrent beside that is there at the end.
"""

import itertools
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

import libtorrent
import pytest

from engine_proc.libtorrent_adapter.alerts import libtorrent_status
from engine_proc.libtorrent_adapter.libtorrent_session import LibtorrentSession
from engine_proc.session.session_port import FAULTS
from protocol.internal.link_commands import DropTorrent, EngineCommand, EnsureTorrent
from protocol.internal.link_events import TorrentApplied, TorrentDropped
from protocol.internal.link_queries import FilesQueried, QueryFiles
from protocol.wire.desired import DesiredTorrent, Selection
from protocol.wire.events.torrent_events import StateChanged, TorrentError
from protocol.wire.rows import TorrentState
from tests.engine_proc.test_engine import Running, changed
from tools.rig.probe import eventually
from tools.rig.samples import SampleTorrent, noise

pytestmark = pytest.mark.network

TRACKER: Final = "http://127.0.0.1:1/announce"
KINDS: Final = [
    RuntimeError("invalid torrent handle used"),
    OverflowError("bad numeric conversion: positive overflow"),
    ValueError("invalid argument"),
    TypeError("No registered converter"),
    UnicodeDecodeError("utf-8", b"\xff", 0, 1, "invalid start byte"),
    SystemError("returned a result with an exception set"),
    IndexError("index out of range"),
]


class Breaker:
    """Which native call about which torrent fails next, once."""

    def __init__(self) -> None:
        self._kinds = itertools.cycle(KINDS)
        self.armed: tuple[str, str] | None = None

    def check(self, call: str, torrent: str | None) -> None:
        """Raises if this call is to fail; a call about an unknown torrent counts as the right one."""
        if self.armed is not None and self.armed[0] == call and torrent in (None, self.armed[1]):
            self.armed = None
            raise next(self._kinds)


class Brittle:
    """A native object whose calls fail when the breaker says so."""

    def __init__(self, native: Any, breaker: Breaker, torrent: str | None = None) -> None:
        self._native = native
        self._breaker = breaker
        self._torrent = torrent

    def __hash__(self) -> int:
        return hash(self._native)

    def __eq__(self, other: object) -> bool:
        return bool(self._native == other)

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._native, name)
        if not callable(found):
            return found

        def call(*args: Any, **kwargs: Any) -> Any:
            self._breaker.check(name, self._torrent)
            return found(*(arg._native if isinstance(arg, Brittle) else arg for arg in args), **kwargs)

        return call


class BrittleSession(LibtorrentSession):
    """A real session with brittle handles."""

    breaker: Breaker

    def _handle(self, torrent: str) -> Any:
        handle = super()._handle(torrent)
        return handle if isinstance(handle, Brittle) else Brittle(handle, self.breaker, torrent)


class Stage(Running):
    """An engine over a real session whose native calls can be made to fail."""

    def __init__(self, directory: Path, breaker: Breaker) -> None:
        self.breaker = breaker
        self.downloads = directory / "downloads"
        self.numbers = itertools.count()
        super().__init__(directory)

    def _make_session(self, command: Any) -> Any:
        made = BrittleSession(command.settings, download_bps=0, upload_bps=0, torrents=10)
        made.breaker = self.breaker
        made._session = Brittle(made._session, self.breaker)
        self.sessions.append(made)  # type: ignore[arg-type]  # another side of the same port
        return made

    def torrent(self) -> DesiredTorrent:
        """Another one."""
        sample = SampleTorrent(f"t{next(self.numbers)}", {"a.bin": noise(40_000, 1), "b.txt": noise(20_000, 2)})
        self.add_metainfo(sample)
        return sample.desired(self.downloads, trackers=(TRACKER,))

    def ensure(self, desired: DesiredTorrent) -> None:
        """Sends it, and waits for the confirmation."""
        self.link.send(EnsureTorrent(desired=desired))
        applied = self.link.take(TorrentApplied, lambda event: _is(event, desired))
        assert applied.problem is None

    def fails(self, call: str, desired: DesiredTorrent, command: EngineCommand) -> None:
        """A call fails: this is the torrent's error, and the next attempt works."""
        self.breaker.armed = (call, desired.torrent)
        self.link.send(command)
        error = self.link.take(TorrentError, lambda event: event.torrent == desired.torrent)
        assert (error.name, error.recoverable) == ("call_failed", False), error
        assert call in error.message or "resume" in error.message
        again = changed(changed(desired))
        self.link.send(EnsureTorrent(desired=again, afresh=True))
        applied = self.link.take(TorrentApplied, lambda event: _is(event, again))
        assert applied.problem is None


def _is(event: TorrentApplied, desired: DesiredTorrent) -> bool:
    return (event.torrent, event.revision) == (desired.torrent, desired.revision)


def _is_downloading(event: StateChanged, desired: DesiredTorrent) -> bool:
    return (event.torrent, event.state) == (desired.torrent, TorrentState.DOWNLOADING)


@pytest.fixture(scope="module")
def breaker() -> Iterator[Breaker]:
    """Calls that are no methods of a handle or of the session fail, too."""
    breaker = Breaker()
    with pytest.MonkeyPatch.context() as patch:
        copy_status, write = libtorrent_status.copy_status, libtorrent.write_resume_data_buf

        def copy(torrent: str, status: Any) -> Any:
            breaker.check("copy_status", torrent)
            return copy_status(torrent, status)

        def brittle_write(params: Any) -> Any:
            breaker.check("write_resume_data_buf", str(params.info_hashes.v1))
            return write(params)

        patch.setattr(libtorrent_status, "copy_status", copy)
        patch.setattr(libtorrent, "write_resume_data_buf", brittle_write)
        yield breaker


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory, breaker: Breaker) -> Iterator[Stage]:
    """One engine with an idle torrent."""
    stage = Stage(tmp_path_factory.mktemp("faults"), breaker)
    try:
        stage.configure()
        other = stage.torrent()
        stage.ensure(other)
        yield stage
        stage.ensure(changed(other))
        assert stage.lives()
        assert [event for event in stage.link.waiting(TorrentError) if event.torrent == other.torrent] == []
    finally:
        stage.close()
    assert stage.error is None


def paused(desired: DesiredTorrent) -> DesiredTorrent:
    """The next revision, paused."""
    return changed(desired, paused=True)


CHANGES: Final[dict[str, Callable[[DesiredTorrent], DesiredTorrent]]] = {
    "pause": paused,
    "set_flags": lambda desired: changed(desired, sequential=True),
    "set_download_limit": lambda desired: changed(desired, download_bps=1000),
    "set_upload_limit": lambda desired: changed(desired, upload_bps=1000),
    "status": lambda desired: changed(desired, upload_bps=1000),
    "prioritize_files": lambda desired: changed(desired, selection=Selection(exclude=("*.txt",))),
    "torrent_file": lambda desired: changed(desired, selection=Selection(exclude=("*.txt",))),
    "connect_peer": lambda desired: changed(desired, peers=("127.0.0.1:1",)),
}
"""By the native call."""


@pytest.mark.parametrize("call", CHANGES)
def test_a_change_that_fails(stage: Stage, call: str) -> None:
    """For a loaded torrent."""
    desired = stage.torrent()
    stage.ensure(desired)
    change = CHANGES[call](desired)
    stage.fails(call, change, EnsureTorrent(desired=change))


@pytest.mark.parametrize("call", ["clear_error", "unset_flags", "resume"])
def test_letting_run_fails(stage: Stage, call: str) -> None:
    """For a paused torrent."""
    desired = changed(stage.torrent(), paused=True)
    stage.ensure(desired)
    change = changed(desired, paused=False)
    stage.fails(call, change, EnsureTorrent(desired=change))


@pytest.mark.parametrize(
    "call", ["async_add_torrent", "replace_trackers", "save_resume_data", "write_resume_data_buf", "copy_status"]
)
def test_what_follows_from_adding_fails(stage: Stage, call: str) -> None:
    """The addition itself, the release of trackers, the first save, and the first status."""
    desired = stage.torrent()
    stage.fails(call, desired, EnsureTorrent(desired=desired))


@pytest.mark.parametrize("call", ["status", "get_file_priorities"])
def test_an_audit_fails(stage: Stage, call: str) -> None:
    """Audits run by themselves, soon after a torrent was added."""
    desired = stage.torrent()
    stage.fails(call, desired, EnsureTorrent(desired=desired))


def test_a_flush_fails(stage: Stage) -> None:
    """For a torrent that was downloading, until it has all selected files."""
    desired = stage.torrent()
    stage.ensure(desired)
    stage.link.take(StateChanged, lambda event: _is_downloading(event, desired))
    enough = changed(desired, selection=Selection(exclude=("*",)))
    stage.fails("flush_cache", enough, EnsureTorrent(desired=enough))


def test_a_question_about_files_fails(stage: Stage) -> None:
    """Then there is no answer, and the torrent is not affected."""
    desired = stage.torrent()
    stage.ensure(desired)
    stage.breaker.armed = ("file_progress", desired.torrent)
    stage.link.send(QueryFiles(token=1, torrent=desired.torrent))
    assert stage.link.take(FilesQueried).bytes_done is None
    stage.link.send(QueryFiles(token=2, torrent=desired.torrent))
    assert stage.link.take(FilesQueried).bytes_done == [0, 0]


@pytest.mark.parametrize("call", ["remove_torrent", "get_renamed_files"])
@pytest.mark.parametrize("delete_files", [False, True])
def test_a_removal_that_fails_is_tried_again(stage: Stage, call: str, delete_files: bool) -> None:
    """Until it succeeds: it is durable, and no client can request it again."""
    desired = stage.torrent()
    stage.ensure(desired)
    stage.breaker.armed = (call, desired.torrent)
    stage.link.send(DropTorrent(torrent=desired.torrent, delete_files=delete_files, desired=desired))
    forgotten = stage.link.take(TorrentDropped, lambda event: event.torrent == desired.torrent)
    assert (forgotten.problem, forgotten.left) == (None, [])
    assert (stage.breaker.armed is None) == (call == "remove_torrent" or delete_files)
    eventually(lambda: desired.torrent not in stage.session.torrents(), "it is gone")
    stage.breaker.armed = None


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: type(kind).__name__)
def test_all_these_are_faults(kind: Exception) -> None:
    """All exceptions that the binding raises for libtorrent's exceptions and for unfitting values."""
    assert isinstance(kind, FAULTS)


def test_what_is_about_the_session_is_no_torrents_fault() -> None:
    """Neither is memory exhaustion, nor a failed assertion of ours."""
    assert not issubclass(MemoryError, FAULTS)
    assert not issubclass(AssertionError, FAULTS)
