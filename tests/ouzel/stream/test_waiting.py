import asyncio
from pathlib import Path
from typing import Any

import pytest

from ouzel import AsyncClient, Client, DownloadFailed, Refused, WaitTimeout
from ouzel.stream.event import Event
from ouzel.stream.waiting import Waiting
from protocol.wire.rows import TorrentRow
from tests.ouzel.samples import ID, detail, row
from tests.ouzel.scripted_daemon import ScriptedDaemon

DONE: dict[str, Any] = {"state": "seeding", "progress": 1.0}


def event(kind: str, **data: Any) -> Event:
    """An event about the torrent."""
    return Event(epoch="e", seq=1, gen=1, ts_us=0, type=kind, torrent=ID, data=data)


@pytest.mark.parametrize(
    ("item", "look"),
    [
        (event("completed", bytes_done=5), True),
        (event("state_changed", state="error", previous="downloading"), True),
        (event("error", name="storage", message="no", recoverable=False), True),
        (event("torrent_removed"), True),
        (event("file_completed", index=0), False),
    ],
)
def test_events_say_when_to_read_the_row(item: Event, look: bool) -> None:
    """And the row decides."""
    waiting = Waiting(ID)
    assert not waiting.complete(row(state="downloading"))
    waiting.handle(item)
    assert waiting.look_now is look
    assert waiting.exists is (item.type != "torrent_removed")


def both(tmp_path: Path, timeout_s: float | None) -> list[TorrentRow | Exception]:
    """The results of both clients."""

    async def awaited() -> TorrentRow:
        async with AsyncClient(tmp_path, timeout_s=5) as client:
            return await client.wait(ID, timeout_s=timeout_s)

    def blocking() -> TorrentRow:
        with Client(tmp_path, timeout_s=5) as client:
            return client.wait(ID, timeout_s=timeout_s)

    def of_asyncio() -> TorrentRow:
        return asyncio.run(awaited())

    found: list[TorrentRow | Exception] = []
    for wait in (blocking, of_asyncio):
        try:
            found.append(wait())
        except (DownloadFailed, Refused, WaitTimeout) as error:
            found.append(error)
    return found


def test_one_that_is_complete(daemon: ScriptedDaemon, tmp_path: Path) -> None:
    """There is no wait."""
    daemon.answers["get_torrent"] = lambda _: detail(**DONE)
    assert both(tmp_path, None) == [detail(**DONE)] * 2


@pytest.mark.parametrize("state", ["error", "quarantined"])
def test_one_that_needs_help(daemon: ScriptedDaemon, tmp_path: Path, state: str) -> None:
    """The error has the cause."""
    daemon.answers["get_torrent"] = lambda _: detail(state=state, error="the disk is on fire")
    for error in both(tmp_path, 60):
        assert isinstance(error, DownloadFailed)
        assert (error.torrent, error.message, error.removed) == (ID, "the disk is on fire", False)


def test_one_that_takes_too_long(daemon: ScriptedDaemon, tmp_path: Path) -> None:
    """The torrent goes on; the error does not say that it failed."""
    daemon.answers["get_torrent"] = lambda _: detail(state="downloading")
    for error in both(tmp_path, 0.3):
        assert isinstance(error, WaitTimeout)
        assert isinstance(error, TimeoutError)


def test_one_that_is_removed(daemon: ScriptedDaemon, tmp_path: Path) -> None:
    """Also if its event comes after the row is gone. An unknown torrent is the daemon's refusal."""
    waiting = Waiting(ID)
    assert not waiting.complete(row(state="downloading"))
    waiting.handle(event("torrent_removed"))
    with pytest.raises(DownloadFailed, match="removed") as failed:
        waiting.complete(None)
    assert failed.value.removed
    daemon.rows = {}
    assert [type(each) for each in both(tmp_path, 60)] == [Refused, Refused]
