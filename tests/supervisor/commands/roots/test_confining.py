"""Save paths of pipelined requests: they share looks at the disk, and each request sees the links as they are."""

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest

from protocol.wire.errors import ErrorKind, OuzelError
from supervisor.commands.roots import confining
from supervisor.commands.roots.confining import Confiner
from supervisor.commands.roots.download_roots import DownloadRoots
from supervisor.concurrency import threads


def deadline() -> float:
    """Far away."""
    return asyncio.get_running_loop().time() + 60


async def test_a_replaced_link_is_seen_by_the_next_request(tmp_path: Path) -> None:
    """In a root, then in another place of it, then outside, then in it again."""
    root, outside = tmp_path / "root", tmp_path / "outside"
    for each in (root / "a", root / "b", outside):
        each.mkdir(parents=True)
    link = root / "link"
    confiner = Confiner(DownloadRoots([root]))
    for target in (root / "a", root / "b", outside, root / "a"):
        link.unlink(missing_ok=True)
        link.symlink_to(target)
        asked = [confiner.confined(f"{link}/films", "args.save_path", deadline()) for _ in range(20)]
        found = await asyncio.gather(*asked, return_exceptions=True)
        if target == outside:
            assert all(isinstance(each, OuzelError) and each.kind is ErrorKind.PATH_NOT_ALLOWED for each in found)
        else:
            assert found == [f"{target}/films"] * 20


async def test_pipelined_requests_share_a_thread(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A thread for each of 10,000 adds would take more time than all else."""
    begun: list[object] = []

    def begin(call: Callable[[], str]) -> asyncio.Future[str]:
        begun.append(call)
        return threads.begin_in_thread(call)

    monkeypatch.setattr("supervisor.concurrency.shared_calls.begin_in_thread", begin)
    confiner = Confiner(DownloadRoots([tmp_path]))
    asked = [confiner.confined(str(tmp_path / "films"), "args.save_path", deadline()) for _ in range(1000)]
    assert set(await asyncio.gather(*asked)) == {str(tmp_path / "films")}
    assert len(begun) == 1
    assert await confiner.confined(str(tmp_path), "args.save_path", deadline()) == str(tmp_path)
    assert len(begun) == 1, "a root needs none"


async def test_a_silent_disk_is_an_error_at_the_deadline(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It says whether the disk or the deadline is to blame."""
    never = asyncio.Event()
    confiner = Confiner(DownloadRoots([tmp_path]))

    async def hang(*_: object) -> str:
        await never.wait()
        return ""

    monkeypatch.setattr(confiner._looks, "run", hang)
    now = asyncio.get_running_loop().time()
    with pytest.raises(OuzelError, match="before the deadline"):
        await confiner.confined(str(tmp_path / "films"), "args.save_path", now + 0.01)
    monkeypatch.setattr(confining, "DISK_PATIENCE_S", 0.0)
    with pytest.raises(OuzelError, match="its file system does not answer"):
        await confiner.confined(str(tmp_path / "films"), "args.save_path", now + 0.02)
