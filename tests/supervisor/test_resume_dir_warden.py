import asyncio
import shutil
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import structlog

from protocol.desired import DesiredSession
from protocol.errors import ErrorKind, OuzelError
from protocol.resume_dir import ResumeDir
from supervisor import resume_dir_warden
from supervisor.catalogue import Catalogue
from supervisor.damage import DamagedFile
from supervisor.differences import Mended
from supervisor.directory_lock import DirectoryLock
from supervisor.resume_dir_warden import ResumeDirWarden
from tests.supervisor.samples import OTHER, V1, desired


class Watched:
    """A resume directory with a warden, as the service has it."""

    def __init__(self, root: Path) -> None:
        root.mkdir()
        self.dir = ResumeDir(root)
        self.locks = [DirectoryLock(root)]
        self.catalogue = Catalogue(self.dir)
        self.problems: list[str | None] = []
        self.mended: list[list[Mended]] = []
        self.damaged: list[DamagedFile] = []
        self._news = asyncio.Event()
        self.warden = ResumeDirWarden(
            self.dir,
            self.locks[0],
            self.catalogue,
            on_trouble=self._troubled,
            on_locked=self.locks.append,
            on_back=self._mended,
            on_damaged=self.damaged.append,
            log=structlog.wrap_logger(
                structlog.ReturnLogger(), wrapper_class=structlog.make_filtering_bound_logger(50), processors=[]
            ),
        )

    def _troubled(self, problem: str | None) -> None:
        self.problems.append(problem)
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
        """Waits for it."""
        await self.until(lambda: bool(self.problems) and self.problems[-1] is not None)
        return str(self.problems[-1])

    async def back(self) -> list[Mended]:
        """Waits until all is well; what was mended."""
        await self.until(lambda: bool(self.mended))
        assert self.problems[-1] is None
        return self.mended.pop()

    async def refusal(self) -> str:
        """How a change is refused."""
        with pytest.raises(OuzelError) as error:
            await self.catalogue.put(desired(OTHER))
        assert error.value.kind is ErrorKind.STORAGE_UNAVAILABLE
        assert OTHER not in self.catalogue.torrents
        return error.value.message


@asynccontextmanager
async def watched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Watched]:
    """One with a torrent, whose warden looks often."""
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
    """Looks leave no trace."""
    async with watched(tmp_path, monkeypatch) as on:
        on.dir.make_engine_dir()
        before = on.dir.root.stat().st_mtime_ns
        await asyncio.sleep(0.1)
        assert on.dir.root.stat().st_mtime_ns == before
        assert on.problems == []


async def test_metainfo_is_checked_a_few_at_a_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """All of it in the end, while the directory is watched as ever."""
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
    """It is not made; changes are refused by what is wrong; nothing has to be written for it to be noticed."""
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
    """A directory that has taken the other's place is not written to before it was taken over, not even once."""
    async with watched(tmp_path, monkeypatch) as on:
        on.dir.root.rename(tmp_path / "elsewhere")
        on.dir.root.mkdir()
        assert await on.refusal()
        assert not on.dir.desired(OTHER).exists()
        await on.back()


async def test_a_directory_made_again_is_filled_from_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """And locked, so that no second supervisor takes it."""
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
    """Somebody deleted all there was in the directory: noticed by that."""
    async with watched(tmp_path, monkeypatch) as on:
        for path in on.dir.root.iterdir():
            shutil.rmtree(path) if path.is_dir() else path.unlink()
        assert [each.torrent for each in await on.back()] == [V1]
        assert on.dir.torrents() == [V1]


async def test_a_directory_that_another_supervisor_has_is_not_taken_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Until it lets go."""
    async with watched(tmp_path, monkeypatch) as on:
        theirs = tmp_path / "theirs"
        theirs.mkdir()
        lock = DirectoryLock(theirs)
        on.dir.root.rename(tmp_path / "elsewhere")
        theirs.rename(on.dir.root)
        await on.until(lambda: any("in use by another" in (problem or "") for problem in on.problems))
        lock.close()
        await on.back()


async def test_torrents_that_are_not_known_are_left_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """They may be what was there before the disk was mounted, or another service's: nobody here can tell."""
    async with watched(tmp_path, monkeypatch) as on:
        theirs = tmp_path / "theirs"
        theirs.mkdir()
        (theirs / f"{OTHER}.json").write_bytes(b"whatever")
        on.dir.root.rename(tmp_path / "elsewhere")
        theirs.rename(on.dir.root)
        await on.until(lambda: any("not known here" in (problem or "") for problem in on.problems))
        assert [path.name for path in on.dir.root.iterdir()] == [f"{OTHER}.json"]


async def test_an_older_copy_gets_the_latest(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was removed since is put aside, what was changed since is written again."""
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
    """One that fails by itself, as where something stands in its way, closes nothing."""
    async with watched(tmp_path, monkeypatch) as on:
        (on.dir.root / f"{OTHER}.json.tmp").mkdir()
        assert "Is a directory" in await on.refusal()
        await on.catalogue.put(desired(V1, paused=True))
        assert on.problems == []
