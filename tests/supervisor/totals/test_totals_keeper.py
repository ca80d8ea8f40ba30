"""Totals are read at the start and written after changes, with a real directory."""

import asyncio
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from protocol.durable.durable import Change, commit
from protocol.durable.resume_dir import ResumeDir
from protocol.wire.desired import DesiredTorrent
from protocol.wire.rows import TorrentState
from supervisor.store.damage import DamagedFile
from supervisor.totals import totals_store
from supervisor.totals.totals import SESSION, Totals
from supervisor.totals.totals_keeper import SAVE_S, SOON_S, TotalsKeeper
from tests.supervisor.samples import OTHER, V1, desired, progress

IDENTITY = "1:2"


class Books:
    """A keeper, its totals, and its directory."""

    def __init__(self, root: Path, group: asyncio.TaskGroup, torrents: dict[str, DesiredTorrent]) -> None:
        self.dir = ResumeDir(root / "resume")
        self.dir.root.mkdir(mode=0o700, exist_ok=True)
        self.run = root / "run"
        self.run.mkdir(mode=0o700, exist_ok=True)
        self.totals = Totals()
        self.damaged: list[DamagedFile] = []
        self.warnings: list[str] = []
        self.torrents = torrents
        self.unlisted: str | None = None
        self.unreadable: dict[str, Any] = {}
        log: Any = self
        catalogue: Any = self
        self.keeper = TotalsKeeper(
            self.totals,
            catalogue=catalogue,
            resume_dir=self.dir,
            runtime_dir=self.run,
            identity=lambda: IDENTITY,
            damaged=self.damaged.append,
            group=group,
            log=log,
        )

    def warning(self, event: str, **what: Any) -> None:
        """A fake of the log's method."""
        self.warnings.append(event)

    def files(self) -> dict[str, bytes]:
        """The stored files, by name."""
        return {path.name: path.read_bytes() for path in self.dir.totals_dir.glob("*")}

    async def at(self, now: float) -> None:
        """The tick at this time, with its consequences."""
        self.keeper.tick(now, up=True)
        await self.keeper.saved()


@pytest.fixture
def torrents() -> dict[str, DesiredTorrent]:
    """The existing torrents."""
    return {each: desired(each, added_us=3) for each in (V1, OTHER)}


async def test_what_changes_is_saved_soon_and_then_once_a_minute(
    tmp_path: Path, torrents: dict[str, DesiredTorrent]
) -> None:
    """Each shard by itself; an unchanged one is never written."""
    async with asyncio.TaskGroup() as group:
        books = Books(tmp_path, group, torrents)
        await books.keeper.load()
        await books.at(0.0)
        books.totals.progress(progress(uploaded=1), 5)
        books.totals.count_session(60, 1)
        await books.at(1.0)
        assert books.files() == {}
        await books.at(1.0 + SOON_S)
        first = books.files()
        assert first.keys() == {"totals.json", f"totals-{V1[:2]}.json"}
        books.totals.progress(progress(uploaded=2), 5)
        books.totals.progress(progress(OTHER), 5)
        await books.at(2.0 + SOON_S)
        await books.at(2.0 + 2 * SOON_S)
        second = books.files()
        assert second.keys() - first.keys() == {f"totals-{OTHER[:2]}.json"}
        assert {name: second[name] for name in first} == first
        await books.at(2.0 + SOON_S + SAVE_S)
        third = books.files()
        changed = {name for name, content in third.items() if second[name] != content}
        assert changed == {f"totals-{V1[:2]}.json"}
        kept = {path.name: path.stat().st_mtime_ns for path in books.dir.totals_dir.glob("*")}
        for later in range(100):
            await books.at(1000.0 + 100 * later)
        assert kept == {path.name: path.stat().st_mtime_ns for path in books.dir.totals_dir.glob("*")}


async def test_the_next_supervisor_goes_on_from_it(tmp_path: Path, torrents: dict[str, DesiredTorrent]) -> None:
    """Except for removed torrents, also if added again; a shard without torrents has no file."""
    async with asyncio.TaskGroup() as group:
        books = Books(tmp_path, group, torrents)
        await books.keeper.load()
        for each in (V1, OTHER):
            books.totals.progress(progress(each), 5)
            books.totals.state(each, TorrentState.SEEDING)
        books.totals.count_session(60, 7)
        await books.keeper.close()
        again = Books(tmp_path, group, {V1: torrents[V1], OTHER: desired(OTHER, added_us=4)})
        await again.keeper.load()
        assert again.totals.of(V1).downloaded == 60
        assert not again.totals.knows(OTHER)
        assert again.totals.all_time == (60, 7)
        again.torrents.clear()
        again.totals.discard(V1)
        await again.keeper.close()
        assert again.files().keys() == {"totals.json", f"totals-{OTHER[:2]}.json"}


async def test_a_damaged_file_is_put_aside_and_harms_nothing_else(
    tmp_path: Path, torrents: dict[str, DesiredTorrent]
) -> None:
    """Its content starts again. The uptime continues from the latest of the other files."""
    async with asyncio.TaskGroup() as group:
        books = Books(tmp_path, group, torrents)
        await books.keeper.load()
        for each in (V1, OTHER):
            books.totals.progress(progress(each), 5)
            books.totals.state(each, TorrentState.SEEDING)
        books.totals.count_session(60, 7)
        for second in (0.0, 1000.0):
            books.totals.tick(second, up=True)
        await books.keeper.close()
        for shard in (SESSION, V1[:2]):
            books.dir.totals(shard).write_bytes(b"{\n")
        again = Books(tmp_path, group, torrents)
        await again.keeper.load()
        assert {file.name for file in again.damaged} == {"totals.json", f"totals-{V1[:2]}.json"}
        assert all(file.orphan and file.is_put_aside for file in again.damaged)
        assert (again.totals.knows(V1), again.totals.all_time, again.totals.uptime_s) == (False, (0, 0), 1000)
        assert again.totals.seeding_s(again.totals.of(OTHER)) == 1000


async def test_what_cannot_be_read_is_left_alone_and_read_later(
    tmp_path: Path, torrents: dict[str, DesiredTorrent], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is not overwritten with less."""
    async with asyncio.TaskGroup() as group:
        books = Books(tmp_path, group, torrents)
        await books.keeper.load()
        books.totals.progress(progress(downloaded=100), 5)
        await books.keeper.close()
        stored = books.files()
        broken = True

        def fails(path: Path) -> bytes:
            if broken:
                raise PermissionError(13, "no", str(path))
            return path.read_bytes()

        monkeypatch.setattr(totals_store, "read", fails)
        again = Books(tmp_path, group, torrents)
        await again.keeper.load()
        assert not again.totals.lacks_history(V1)
        assert again.totals.lacks_history(OTHER)
        again.totals.progress(progress(downloaded=3), 5)
        await again.at(0.0)
        await again.at(SOON_S)
        assert again.files() == stored
        broken = False
        await again.at(SOON_S + SAVE_S)
        await again.at(SOON_S + 2 * SAVE_S)
        assert again.totals.of(V1).downloaded == 100
        assert again.files() != stored


async def test_a_write_that_fails_is_tried_again(
    tmp_path: Path, torrents: dict[str, DesiredTorrent], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is logged once."""
    broken = True

    def fails(group: list[list[Change]]) -> list[OSError | None]:
        return [OSError(28, "No space left on device") for _ in group] if broken else commit(group)

    monkeypatch.setattr("supervisor.totals.totals_store.commit", fails)
    async with asyncio.TaskGroup() as group:
        books = Books(tmp_path, group, torrents)
        await books.keeper.load()
        books.totals.progress(progress(), 5)
        for now in (0.0, SOON_S, SOON_S + 1, SOON_S + SAVE_S):
            await books.at(now)
        assert (books.files(), books.warnings) == ({}, ["totals_not_saved"])
        broken = False
        for now in (SOON_S + SAVE_S + 1, SOON_S + 2 * SAVE_S):
            await books.at(now)
        assert books.files().keys() == {f"totals-{V1[:2]}.json"}


async def test_a_directory_that_could_not_be_listed_is_read_once_it_can_be(
    tmp_path: Path, torrents: dict[str, DesiredTorrent]
) -> None:
    """Until then nothing is written there."""
    async with asyncio.TaskGroup() as group:
        books = Books(tmp_path, group, torrents)
        await books.keeper.load()
        books.totals.count_session(60, 7)
        await books.keeper.close()
        again = Books(tmp_path, group, torrents)
        again.unlisted = "it cannot be"
        await again.keeper.load()
        again.totals.count_session(1, 1)
        for now in (0.0, 100.0, 200.0):
            await again.at(now)
        await again.keeper.close()
        assert again.files() == books.files()
        again.unlisted = None
        await again.keeper.load()
        assert again.totals.all_time == (61, 8)


async def test_uptime_is_noted_where_that_costs_no_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A supervisor that is killed while all is idle loses some seconds of it; a clean end stores it."""
    monkeypatch.setattr(totals_store, "in_memory", lambda directory: True)
    async with asyncio.TaskGroup() as group:
        books = Books(tmp_path, group, {})
        await books.keeper.load()
        for now in range(100):
            await books.at(float(now))
        assert books.files() == {}
        killed = Books(tmp_path, group, {})
        await killed.keeper.load()
        assert 80 <= killed.totals.uptime_s < 100
        await killed.keeper.close()
        assert not (killed.run / totals_store.STAMP).exists()
        ended = Books(tmp_path, group, {})
        await ended.keeper.load()
        assert ended.totals.uptime_s == killed.totals.uptime_s


def test_a_stamp_of_another_directory_says_nothing(tmp_path: Path) -> None:
    """Neither does a damaged one."""
    totals_store.write_stamp(tmp_path, totals_store.Stamp(resume_dir=IDENTITY, uptime_s=9))
    assert totals_store.read_stamp(tmp_path, IDENTITY) == 9
    assert totals_store.read_stamp(tmp_path, "3:4") == 0
    (tmp_path / totals_store.STAMP).write_bytes(b"{")
    assert totals_store.read_stamp(tmp_path, IDENTITY) == 0


def test_what_is_in_memory_is_known_by_its_mount(tmp_path: Path) -> None:
    """By the device's number in the mount's line."""
    device = tmp_path.stat().st_dev
    line = "36 35 {}:{} / /x rw,noatime master:1 - {} none rw"

    def mounts(kind: str) -> Callable[[], str]:
        return lambda: line.format(os.major(device), os.minor(device), kind)

    assert totals_store.in_memory(tmp_path, mounts("tmpfs"))
    assert not totals_store.in_memory(tmp_path, mounts("ext4"))
    assert not totals_store.in_memory(tmp_path, lambda: "1 2 999:999 / / rw - tmpfs none rw")
    assert not totals_store.in_memory(tmp_path / "gone", mounts("tmpfs"))
