import asyncio
import errno
import os
import shutil
from collections.abc import AsyncIterator, Callable, Collection
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import structlog

from protocol.durable import durable
from protocol.durable.directory_lock import DirectoryLock
from protocol.durable.durable import Change
from protocol.durable.integrity import encode_record
from protocol.durable.recycler import Recycler
from protocol.durable.resume_dir import ResumeDir
from protocol.wire.desired import DesiredTorrent
from protocol.wire.errors import ErrorKind, OuzelError
from protocol.wire.session.desired_session import DesiredSession
from supervisor.store import resume_dir_warden
from supervisor.store.catalogue import Catalogue
from supervisor.store.damage import DamagedFile
from supervisor.store.differences import Mended
from supervisor.store.resume_dir_warden import Callbacks, ResumeDirWarden
from supervisor.store.stored_records import Found, Unreadable
from tests.supervisor.samples import OTHER, V1, V2, desired

pytestmark = pytest.mark.slow


class Watched:
    """A resume directory with a warden, as in the service."""

    def __init__(self, root: Path, *, loaded: bool = False) -> None:
        if not loaded:
            root.mkdir()
        self.dir = ResumeDir(root)
        self.locks = [DirectoryLock(root)]
        self.catalogue = Catalogue(self.dir)
        if loaded:
            self.catalogue.load()
        self.problems: list[str | None] = []
        self.mended: list[list[Mended]] = []
        self.damaged: list[DamagedFile] = []
        self.writes: list[str | None] = []
        self.unreadable: dict[str, str] = {}
        self.loaded: list[list[DamagedFile]] = []
        self.found: list[tuple[str | None, DesiredTorrent | None]] = []
        self.lying: list[tuple[set[str], list[str]]] = []
        self.inherited = 0
        self._news = asyncio.Event()
        self.warden = ResumeDirWarden(
            self.dir,
            self.locks[0],
            self.catalogue,
            Callbacks(
                trouble=self._troubled,
                writes=self._wrote,
                locked=self.locks.append,
                inherited=self._inherited,
                back=self._mended,
                damaged=self.damaged.append,
                unreadable=self._unread,
                loaded=self._took_in,
                found=self._found,
                session_found=lambda: self.found.append((None, None)),
                lying=self._lies,
            ),
            log=structlog.wrap_logger(
                structlog.ReturnLogger(), wrapper_class=structlog.make_filtering_bound_logger(50), processors=[]
            ),
        )

    def _troubled(self, problem: str | None) -> None:
        self.problems.append(problem)
        self._news.set()

    def _inherited(self) -> None:
        self.inherited += 1
        self._news.set()

    def _lies(self, names: Collection[str], missed: list[DamagedFile]) -> None:
        self.lying.append((set(names), [file.name for file in missed]))
        self._news.set()

    def _took_in(self, damaged: list[DamagedFile]) -> None:
        self.loaded.append(damaged)

    def _wrote(self, problem: str | None) -> None:
        self.writes.append(problem)
        self._news.set()

    def _unread(self, name: str, problem: str | None) -> None:
        self.unreadable.pop(name, None)
        if problem is not None:
            self.unreadable[name] = problem
        self._news.set()

    def _found(self, torrent: str, desired: DesiredTorrent | None) -> None:
        self.found.append((torrent, desired))
        self._news.set()

    def _mended(self, mended: list[Mended]) -> None:
        self.mended.append(mended)
        self._news.set()

    async def until(self, true: Callable[[], bool]) -> None:
        """The test has a deadline of its own."""
        while not true():
            self._news.clear()
            await self._news.wait()

    async def trouble(self) -> str:
        """Waits for the problem."""
        await self.until(lambda: bool(self.problems) and self.problems[-1] is not None)
        return str(self.problems[-1])

    async def back(self) -> list[Mended]:
        """Waits until the problem is over. Returns the number of repaired records."""
        await self.until(lambda: bool(self.mended))
        assert self.problems[-1] is None
        return self.mended.pop()

    async def refusal(self) -> str:
        """The error of a refused change."""
        with pytest.raises(OuzelError) as error:
            await self.catalogue.put(desired(OTHER))
        assert error.value.kind is ErrorKind.STORAGE_UNAVAILABLE
        assert OTHER not in self.catalogue.torrents
        return error.value.message


@asynccontextmanager
async def watched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Watched]:
    """A directory with a torrent, whose warden checks often."""
    monkeypatch.setattr(resume_dir_warden, "LOOK_S", 0.01)
    on = Watched(tmp_path / "resume")
    running = asyncio.create_task(on.warden.run())
    try:
        await on.catalogue.put(desired())
        yield on
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        on.catalogue.close()
        for lock in on.locks:
            lock.close()


async def test_while_nothing_is_wrong_nothing_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Checks write nothing."""
    async with watched(tmp_path, monkeypatch) as on:
        on.dir.make_engine_dir()
        before = on.dir.root.stat().st_mtime_ns
        await asyncio.sleep(0.1)
        assert on.dir.root.stat().st_mtime_ns == before
        assert on.problems == []


async def test_metainfo_is_checked_a_few_at_a_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """All of it in the end, while the usual checks go on."""
    monkeypatch.setattr(resume_dir_warden, "CHECKED_AT_ONCE", 1)
    monkeypatch.setattr(resume_dir_warden, "CHECK_S", 0.01)
    monkeypatch.setattr(resume_dir_warden, "LOOK_S", 0.01)
    on = Watched(tmp_path / "resume")
    damaged = [f"{number:040x}" for number in range(5)]
    for torrent in damaged:
        await on.catalogue.put(desired(torrent, metainfo_crc32=1))
        on.dir.metainfo(torrent).write_bytes(b"damaged")
    running = asyncio.create_task(on.warden.run())
    async with asyncio.timeout(10):
        while len(on.damaged) < len(damaged):  # noqa: ASYNC110  # nobody tells of the end
            await asyncio.sleep(0.01)
    on.dir.root.rename(tmp_path / "elsewhere")
    await on.trouble()
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    on.catalogue.close()
    for lock in on.locks:
        lock.close()
    assert {file.torrent for file in on.damaged} == set(damaged)


async def test_a_missing_directory_is_trouble_until_it_is_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is not made; changes are refused with the cause; no write is needed to notice it."""
    async with watched(tmp_path, monkeypatch) as on:
        on.dir.root.rename(tmp_path / "elsewhere")
        assert "No such file or directory" in await on.trouble()
        assert "No such file or directory" in await on.refusal()
        assert not on.dir.root.exists()
        (tmp_path / "elsewhere").rename(on.dir.root)
        assert await on.back() == []
        await on.catalogue.put(desired(OTHER))
        assert len(on.locks) == 1


async def test_a_change_that_comes_before_a_look_is_not_lost_either(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A directory in place of the old one is not written to before it was adopted, not even once."""
    async with watched(tmp_path, monkeypatch) as on:
        on.dir.root.rename(tmp_path / "elsewhere")
        on.dir.root.mkdir()
        assert await on.refusal()
        assert not on.dir.desired(OTHER).exists()
        await on.back()


async def test_a_directory_made_again_is_filled_from_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """And locked, so that no second supervisor uses it."""
    async with watched(tmp_path, monkeypatch) as on:
        await on.catalogue.put(desired(OTHER, removal="keep_files"))
        await on.catalogue.put_session(DesiredSession(download_bps=7))
        on.dir.root.rename(tmp_path / "doomed")
        shutil.rmtree(tmp_path / "doomed")
        await on.trouble()
        on.dir.root.mkdir()
        mended = await on.back()
        assert {each.torrent for each in mended} == {V1, OTHER, None}
        assert on.locks[-1].identity == on.dir.identity()
        loaded = Catalogue(on.dir)
        assert loaded.load() == []
        assert (loaded.torrents, loaded.leaving, loaded.session) == (
            on.catalogue.torrents,
            on.catalogue.leaving,
            on.catalogue.session,
        )
        loaded.close()


async def test_only_the_lock_file_is_gone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Everything in the directory was deleted: the missing lock reveals it."""
    async with watched(tmp_path, monkeypatch) as on:
        for path in on.dir.root.iterdir():
            shutil.rmtree(path) if path.is_dir() else path.unlink()
        assert [each.torrent for each in await on.back()] == [V1]
        assert on.dir.torrents() == [V1]


async def test_a_directory_that_another_supervisor_has_is_not_taken_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Until the other releases it."""
    async with watched(tmp_path, monkeypatch) as on:
        theirs = tmp_path / "theirs"
        theirs.mkdir()
        lock = DirectoryLock(theirs)
        os.pwrite(lock.fd, b"1\n".ljust(32), 0)  # as of another process, which lives
        on.dir.root.rename(tmp_path / "elsewhere")
        theirs.rename(on.dir.root)
        await on.until(lambda: any("in use by another" in (problem or "") for problem in on.problems))
        lock.close()
        await on.back()


async def test_a_lock_that_the_engine_has_inherited_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The directory was away for so short a time that no other engine was started; it is used once one is."""
    async with watched(tmp_path, monkeypatch) as on:
        first, away = on.locks[0], tmp_path / "away"
        engine = os.dup(first.fd)
        on.dir.root.rename(away)
        on.dir.root.mkdir()
        await on.until(lambda: len(on.locks) == 2)
        on.locks.remove(first)
        first.close()
        await on.back()
        on.dir.root.rename(tmp_path / "second")
        away.rename(on.dir.root)
        await on.until(lambda: on.inherited > 0)
        assert "locked by the running engine" in await on.trouble()
        os.close(engine)
        await on.back()
        assert on.locks[-1].identity == on.dir.identity()


async def test_torrents_that_are_not_known_are_left_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """They may be from below a mount, or another service's: this cannot be decided here."""
    async with watched(tmp_path, monkeypatch) as on:
        theirs = tmp_path / "theirs"
        theirs.mkdir()
        (theirs / f"{OTHER}.json").write_bytes(b"whatever")
        on.dir.root.rename(tmp_path / "elsewhere")
        theirs.rename(on.dir.root)
        await on.until(lambda: any("not known here" in (problem or "") for problem in on.problems))
        assert [path.name for path in on.dir.root.iterdir()] == [f"{OTHER}.json"]


async def test_an_older_copy_gets_the_latest(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Torrents removed since are put aside, and changed records are written again."""
    async with watched(tmp_path, monkeypatch) as on:
        await on.catalogue.put(desired(OTHER))
        shutil.copytree(on.dir.root, tmp_path / "copy")
        await on.catalogue.put(desired(paused=True, revision=2))
        await on.catalogue.put(desired(OTHER, removal="keep_files"))
        await on.catalogue.drop(OTHER)
        on.dir.root.rename(tmp_path / "elsewhere")
        (tmp_path / "copy").rename(on.dir.root)
        assert {each.torrent for each in await on.back()} == {V1, OTHER}
        assert on.dir.torrents() == [V1]
        await on.catalogue.put(desired(OTHER))


async def test_a_failed_write_is_looked_into_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A write that fails for its own reason does not block other changes."""
    async with watched(tmp_path, monkeypatch) as on:
        (on.dir.root / f"{OTHER}.json.tmp").mkdir()
        assert "Is a directory" in await on.refusal()
        await on.catalogue.put(desired(V1, paused=True))
        assert on.problems == []


async def test_what_cannot_be_put_aside_is_told_and_mended_later(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A removed torrent's record is in the restored copy, and a file is called `damaged`."""
    async with watched(tmp_path, monkeypatch) as on:
        shutil.copy(on.dir.desired(V1), tmp_path / "old")
        await on.catalogue.put(desired(removal="keep_files"))
        await on.catalogue.drop(V1)
        on.dir.root.rename(tmp_path / "away")
        await on.trouble()
        shutil.copy(tmp_path / "old", tmp_path / "away" / f"{V1}.json")
        (tmp_path / "away" / "damaged").write_bytes(b"")
        (tmp_path / "away").rename(on.dir.root)
        await on.until(lambda: any("damaged" in (problem or "") for problem in on.problems))
        on.dir.damaged.unlink()
        assert {each.torrent for each in await on.back()} == {V1}
        assert [path.name for path in on.dir.damaged.iterdir()] == [f"{V1}.json.removed"]


@pytest.mark.parametrize(
    "name", ["_examine", "_mend", "_look_at_writes", "_read_again", "_look_aside", "_beside", "_take_over", "_probe"]
)
async def test_no_error_of_the_disk_ends_a_look(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """Each step fails once, with and without a problem: it is tried again, and succeeds in the end."""
    async with watched(tmp_path, monkeypatch) as on:
        real, failed = getattr(on.warden, name), list[str]()

        def fails(*args: object) -> object:
            if not failed:
                failed.append(name)
                raise OSError(errno.EIO, os.strerror(errno.EIO))
            return real(*args)

        monkeypatch.setattr(on.warden, name, fails)
        on.dir.root.rename(tmp_path / "doomed")
        await on.trouble()
        shutil.rmtree(tmp_path / "doomed")
        on.dir.root.mkdir()
        await on.until(lambda: on.problems[-1] is None and bool(failed))
        await on.catalogue.put(desired(OTHER))
        assert on.dir.torrents() == [V1, OTHER]


async def test_a_record_is_back_once_it_can_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a restart; a damaged one is put aside, a deleted one is gone."""
    async with watched(tmp_path, monkeypatch) as on:
        await on.catalogue.put(desired(OTHER))
        await on.catalogue.put(desired(V2))
        answers: dict[str, Found] = {
            V1: desired(),
            OTHER: None,
            V2: DamagedFile(f"{V2}.json", V2, "is damaged", "aside"),
        }
        for torrent in answers:
            on.catalogue.torrents.pop(torrent)
            on.catalogue.unreadable[torrent] = Unreadable(f"{torrent}.json", torrent, "it cannot be read")
        monkeypatch.setattr(
            resume_dir_warden, "read_torrent", lambda _, torrent: Unreadable(f"{torrent}.json", torrent, "still not")
        )
        await on.until(lambda: len(on.unreadable) == 3)
        assert set(on.unreadable.values()) == {"still not"}
        monkeypatch.setattr(resume_dir_warden, "read_torrent", lambda _, torrent: answers[torrent])
        await on.until(lambda: len(on.found) == 3)
        assert (on.unreadable, on.catalogue.unreadable) == ({}, {})
        assert on.catalogue.torrents == {V1: desired()}
        assert on.catalogue.ids_after(None, 9) == [V1]
        assert [file.torrent for file in on.damaged] == [V2]


async def test_a_directory_is_loaded_once_it_can_be_listed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Until then, changes are refused."""
    directory = tmp_path / "resume"
    directory.mkdir()
    ResumeDir(directory).desired(V1).write_bytes(encode_record(desired()))
    monkeypatch.setattr(resume_dir_warden, "LOOK_S", 0.01)
    real, broken = os.listdir, [True]

    def fails(path: Any) -> Any:
        if broken and path == directory:
            raise OSError(errno.EACCES, os.strerror(errno.EACCES), os.fspath(path))
        return real(path)

    monkeypatch.setattr(os, "listdir", fails)
    on = Watched(directory, loaded=True)
    running = asyncio.create_task(on.warden.run())
    assert "listed" in await on.trouble()
    assert "listed" in await on.refusal() or "Permission" in await on.refusal()
    broken.clear()
    await on.back()
    assert on.catalogue.torrents == {V1: desired()}
    assert on.loaded == [[]]
    await on.catalogue.put(desired(OTHER))
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    on.catalogue.close()
    on.locks[0].close()


async def test_a_failed_write_is_told_until_one_of_its_size_succeeds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """There is room for small changes, which are accepted, and not for large ones."""
    real = durable.commit

    def small_only(group: list[list[Change]], recycler: Recycler | None = None) -> list[OSError | None]:
        if full and sum(len(change.content or b"") for each in group for change in each) > 100_000:
            return [OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)) for _ in group]
        return real(group, recycler)

    full = [True]
    monkeypatch.setattr(durable, "commit", small_only)
    async with watched(tmp_path, monkeypatch) as on:
        with pytest.raises(OuzelError):
            await on.catalogue.put(desired(OTHER), metainfo=bytes(200_000))
        await on.until(lambda: "No space left" in (on.writes[-1] or "") if on.writes else False)
        await on.catalogue.put(desired(paused=True, revision=2))
        assert on.problems == []
        full.clear()
        await on.until(lambda: on.writes[-1] is None)
        assert not list(on.dir.root.glob(".probe*"))


async def test_what_lies_aside_is_told_when_it_changes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """And which of them have no replacement."""
    async with watched(tmp_path, monkeypatch) as on:
        on.dir.damaged.mkdir()
        for name in (f"{V1}.json", f"{OTHER}.json.1", f"{V2}.json.removed", "other", f"{V1}.torrent"):
            (on.dir.damaged / name).write_bytes(b"")
        await on.until(lambda: bool(on.lying) and len(on.lying[-1][0]) == 5)
        assert on.lying[-1][1] == [f"{V1}.torrent", f"{OTHER}.json"]
        (on.dir.damaged / f"{OTHER}.json.1").unlink()
        await on.until(lambda: len(on.lying[-1][0]) == 4)
