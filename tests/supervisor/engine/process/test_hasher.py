"""Torrents are made by a separate process, which may die, or say anything."""

import asyncio
import sys
from pathlib import Path

import pytest

from protocol.internal.making import CreationOrder, Hashed
from supervisor.engine.process import hasher, helper
from supervisor.engine.process.hasher import Hasher, HashingFailed
from tools.rig.daemon import sandboxed

pytestmark = pytest.mark.process


def order(path: Path, output: Path | None = None) -> CreationOrder:
    """A simple order."""
    return CreationOrder(
        path=str(path),
        format="v1",
        piece_length=None,
        trackers=[],
        web_seeds=[],
        private=False,
        source="",
        comment="",
        exclude=[],
        output=None if output is None else str(output),
        created_by="Ouzel",
    )


def made_of(tmp_path: Path, sandbox: str = "off") -> Hasher:
    """A hasher with a root."""
    (tmp_path / "root").mkdir()
    (tmp_path / "resume").mkdir()
    return Hasher(tmp_path / "resume", sandbox, lambda: [str(tmp_path / "root")])


@pytest.mark.skipif(not sandboxed(), reason="this kernel cannot confine an engine")
async def test_it_can_access_the_roots_alone(tmp_path: Path) -> None:
    """It cannot read elsewhere. It can write only if an output is requested, and only there."""
    making = made_of(tmp_path, "require")
    inside, outside = tmp_path / "root" / "a", tmp_path / "b"
    inside.write_bytes(b"content")
    outside.write_bytes(b"content")
    heard: list[Hashed] = []
    created = await making.run(order(inside, tmp_path / "root" / "x.torrent"), heard.append)
    assert (tmp_path / "root" / "x.torrent").read_bytes() == created.metainfo
    assert heard[-1] == Hashed(bytes_done=7, bytes_total=7)
    with pytest.raises(HashingFailed, match="cannot be hashed: Permission denied"):
        await making.run(order(outside), heard.append)
    with pytest.raises(HashingFailed, match="cannot be written: Permission denied"):
        await making.run(order(inside, tmp_path / "x.torrent"), heard.append)


@pytest.mark.parametrize(
    ("script", "problem"),
    [
        ("exit 7", "the hashing process exited with 7"),
        ("echo first >&2; echo last >&2; exit 1", "the hashing process exited with 1: last"),
        ("kill -SEGV $$", "the hashing process was killed by SIGSEGV"),
        ("head -c 100 /dev/zero | tr '\\0' '\\377'", "the hashing process sent a report that is too long"),
        ("printf '\\0\\0\\0\\1x'; sleep 60", "the hashing process sent an invalid report"),
        ("printf '\\0\\0'", "the hashing process exited with 0"),
        ("head -c 9999999 /dev/zero >&2; exit 3", "the hashing process exited with 3"),
    ],
)
async def test_whatever_it_does_is_one_jobs_problem(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: str, problem: str
) -> None:
    """Its output is bounded, and it is ended."""
    making = made_of(tmp_path)
    monkeypatch.setattr(sys, "executable", "/bin/sh")
    monkeypatch.setattr(helper, "ARGUMENTS", ("-c", script))
    with pytest.raises(HashingFailed, match=problem):
        await making.run(order(tmp_path), lambda _: None)


async def test_it_is_killed_if_the_task_is_cancelled(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With its whole process group."""
    making, started = made_of(tmp_path), asyncio.Event()
    monkeypatch.setattr(sys, "executable", "/bin/sh")
    said = "printf '\\0\\0\\0\\46\\203\\244type\\246hashed\\252bytes_done\\1\\253bytes_total\\2'; sleep 60"
    monkeypatch.setattr(helper, "ARGUMENTS", ("-c", said))
    task = asyncio.create_task(making.run(order(tmp_path), lambda _: started.set()))
    await asyncio.wait_for(started.wait(), 10)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asyncio.wait_for(task, 10)


async def test_it_may_be_impossible_to_start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """That is the job's problem, too."""
    making = made_of(tmp_path)
    monkeypatch.setattr(sys, "executable", "/none")
    with pytest.raises(HashingFailed, match="cannot be started"):
        await making.run(order(tmp_path), lambda _: None)
    assert hasher.MODULE == "engine_proc.create"
