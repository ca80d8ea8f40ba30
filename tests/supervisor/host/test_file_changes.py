import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Final

import pytest

from supervisor.host import file_changes
from supervisor.host.file_changes import examinations

PATIENCE_S: Final = 30.0


def names(directory: Path) -> Callable[[], list[str]]:
    """Lists the directory."""
    return lambda: sorted(each.name for each in directory.iterdir()) if directory.is_dir() else []


async def following(found: AsyncIterator[list[str]]) -> list[str]:
    """The next result."""
    async with asyncio.timeout(PATIENCE_S):
        return await anext(found)


def test_each_change_is_noticed_without_a_poll(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The first result comes at once."""
    monkeypatch.setattr(file_changes, "POLL_MS", 3_600_000)

    async def run() -> None:
        found = examinations([tmp_path], names(tmp_path))
        assert await following(found) == []
        for count in range(1, 4):
            changed = asyncio.create_task(following(found))
            while not changed.done():  # the kernel's reports begin some time after the first result
                (tmp_path / f"{count}").touch()
                (tmp_path / f"{count}").write_text("again")
                await asyncio.wait([changed], timeout=0.5)
            assert await changed == [str(each) for each in range(1, count + 1)]
        await found.aclose()  # type: ignore[attr-defined]  # it is a generator

    asyncio.run(run())


def test_a_directory_may_appear_late_and_be_replaced(tmp_path: Path) -> None:
    """Its files are found by the next poll, at the latest."""
    directory = tmp_path / "late"

    async def run() -> None:
        found = examinations([directory], names(directory))
        assert await following(found) == []
        directory.mkdir()
        (directory / "a").touch()
        assert await following(found) == ["a"]
        directory.rename(tmp_path / "old")
        directory.mkdir()
        (directory / "b").touch()
        while (names_now := await following(found)) != ["b"]:
            assert names_now == []
        (tmp_path / "old" / "c").touch()
        (directory / "d").touch()
        assert await following(found) == ["b", "d"]
        await found.aclose()  # type: ignore[attr-defined]  # it is a generator

    asyncio.run(run())


def test_equal_results_are_yielded_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Polls and unrelated changes yield nothing."""
    monkeypatch.setattr(file_changes, "POLL_MS", 50)
    examined = 0

    def examine() -> bool:
        nonlocal examined
        examined += 1
        return (tmp_path / "wanted").exists()

    async def run() -> None:
        found = examinations([tmp_path], examine)
        assert await anext(found) is False
        following = asyncio.ensure_future(anext(found))
        while examined < 5:
            (tmp_path / f"other {examined}").touch()
            await asyncio.wait([following], timeout=0.05)
        assert not following.done()
        (tmp_path / "wanted").touch()
        async with asyncio.timeout(PATIENCE_S):
            assert await following is True
        await found.aclose()  # type: ignore[attr-defined]  # it is a generator

    asyncio.run(run())
