"""The asyncio client with real sockets and a scripted daemon."""

import asyncio
import socket
from pathlib import Path
from typing import Any

import pytest

from ouzel import AsyncClient, Client, NotRunning, OuzelError, Refused, RequestTimeout
from protocol.wire.errors import ErrorKind
from protocol.wire.reports import HealthStatus
from tests.ouzel.samples import ID, row
from tests.ouzel.scripted_daemon import SILENCE, ScriptedDaemon


def test_it_has_the_same_methods_as_the_blocking_client() -> None:
    """Verb by verb."""
    blocking, awaited = ({name for name in dir(kind) if name[0] != "_"} for kind in (Client, AsyncClient))
    assert blocking == awaited


def test_requests_of_many_tasks_get_their_own_replies(daemon: ScriptedDaemon, tmp_path: Path) -> None:
    """There is one socket and one probe, and a refusal reaches only its own task."""

    def answer(args: dict[str, Any]) -> dict[str, Any]:
        if args["number"] == 3:
            raise OuzelError(ErrorKind.TORRENT_BUSY, "wait")
        return args

    daemon.answers["pause"] = answer

    async def main() -> list[dict[str, Any] | OuzelError]:
        async with AsyncClient(tmp_path, timeout_s=5) as client:
            return await client.request_many([("pause", {"number": number}) for number in range(300)])

    outcomes = asyncio.run(main())
    assert isinstance(outcomes[3], Refused)
    assert [each["number"] for each in outcomes if isinstance(each, dict)] == [n for n in range(300) if n != 3]
    assert daemon.ops().count("ping") == 1


def test_verbs_and_pages(daemon: ScriptedDaemon, tmp_path: Path) -> None:
    """Awaited values and asynchronous iterators."""
    ids = [f"{number:040x}" for number in range(5)]
    daemon.rows = {each: row(each) for each in ids}

    async def main() -> None:
        async with AsyncClient(tmp_path, timeout_s=5) as client:
            assert (await client.health()).status is HealthStatus.HEALTHY
            assert [each.torrent async for each in client.list_torrents(limit=2)] == ids
            assert await client.request("ping") == {}
            with pytest.raises(Refused, match="unknown_torrent"):
                await client.get_torrent(ID)

    asyncio.run(main())


def test_no_answer_in_time_is_a_timeout(
    daemon: ScriptedDaemon, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The late reply is dropped."""
    monkeypatch.setattr("ouzel.client.aio.GRACE_S", 0.05)
    daemon.answers["pause"] = lambda _: SILENCE

    def late_first(_: dict[str, Any]) -> dict[str, Any]:
        daemon.answer_as(next(each for each in daemon.requests if each.op == "pause"), {"late": True})
        return {"mine": True}

    daemon.answers["resume"] = late_first

    async def main() -> None:
        async with AsyncClient(tmp_path) as client:
            with pytest.raises(RequestTimeout):
                await client.request("pause", deadline_ms=10)
            assert await client.request("resume") == {"mine": True}

    asyncio.run(main())


def test_no_daemon(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a socket, behind a silent one, or after it ended; the next daemon is found."""
    monkeypatch.setattr("ouzel.client.presence.Place.patience_s", 0.05)
    monkeypatch.setattr("ouzel.client.aio.GRACE_S", 0.05)

    async def main() -> None:
        async with AsyncClient(tmp_path) as client:
            with pytest.raises(NotRunning):
                await client.ping()
            with pytest.raises(NotRunning):
                await client.request_many([("ping", {})])
            with socket.socket(socket.AF_UNIX) as deaf:
                deaf.bind(str(tmp_path / "commands.ipc"))
                deaf.listen()
                with pytest.raises(NotRunning, match="said nothing"):
                    await client.ping()
            (tmp_path / "commands.ipc").unlink()
            monkeypatch.setattr("ouzel.client.presence.Place.patience_s", 5.0)
            with ScriptedDaemon(tmp_path):
                await client.ping()
            with pytest.raises(NotRunning):
                await client.request("pause", deadline_ms=10)
            with ScriptedDaemon(tmp_path) as daemon:
                await client.hello()
                assert daemon.ops() == ["ping", "hello"]

    asyncio.run(main())
