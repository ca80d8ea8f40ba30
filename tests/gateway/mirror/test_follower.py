"""The follower, with a client whose daemon is a table in memory."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from typing import Any, TypeVar, cast

import msgspec
import pytest

from gateway.mirror import follower as module
from gateway.mirror.follower import Follower
from gateway.mirror.mirror import Mirror
from ouzel.client.aio import AsyncClient
from ouzel.client.call import Call
from ouzel.errors import NotRunning
from ouzel.stream.event import Event, Resnapshot
from protocol.wire import codec
from protocol.wire.envelope import Reply
from protocol.wire.reports import HealthStatus
from protocol.wire.rows import TorrentRow, TorrentState
from tests.ouzel.samples import event, health, row, settings, stats

T = TypeVar("T")
EPOCH = "e1"
FIRST, SECOND, THIRD = ("aa" * 20, "bb" * 20, "cc" * 20)


class Stream:
    """An event stream: what the test puts in."""

    def __init__(self) -> None:
        self.items: asyncio.Queue[Event | Resnapshot | Exception] = asyncio.Queue()

    async def __aenter__(self) -> "Stream":
        return self

    async def __aexit__(self, *_: object) -> None: ...

    async def start(self) -> None: ...

    def __aiter__(self) -> "Stream":
        return self

    def received(self) -> list[Event | Resnapshot]:
        """What need not be awaited, up to a failure."""
        found: list[Event | Resnapshot] = []
        while not self.items.empty():
            item = self.items.get_nowait()
            if isinstance(item, Exception):
                self.items.put_nowait(item)
                break
            found.append(item)
        return found

    async def __anext__(self) -> Event | Resnapshot:
        item = await self.items.get()
        if isinstance(item, Exception):
            raise item
        return item


class PlayedClient:
    """A client of a daemon that is a table.

    Fields:
        rows: the rows by id.
        details: the members of the details that differ from the usual ones, by id.
        seq: the number of the last event.
        page: the maximum number of rows in a page.
        failures: how many of the next reads of torrents fail.
        reads: the ids and the fields of all reads of torrents.
        admissions: how often torrents were admitted.
    """

    def __init__(self, *rows: TorrentRow) -> None:
        self.rows = {each.torrent: each for each in rows}
        self.details: dict[str, dict[str, Any]] = {}
        self.seq = 1
        self.page = 1000
        self.failures = 0
        self.reads: list[tuple[list[str], list[str]]] = []
        self.streams: list[Stream] = []
        self.health = health()
        self.admitted: list[str] = []
        self.admissions = 0

    def events(self, **_: object) -> Stream:
        """A new stream."""
        self.streams.append(Stream())
        self.put(self.snapshot())
        return self.streams[-1]

    def put(self, item: Event | Resnapshot | Exception) -> None:
        """Puts an item into the present stream."""
        self.streams[-1].items.put_nowait(item)

    def snapshot(self) -> Resnapshot:
        """All torrents."""
        return Resnapshot(
            reason="start",
            epoch=EPOCH,
            seq=self.seq,
            health=self.health,
            settings=settings(),
            torrents=list(self.rows.values()),
            row_seqs={},
        )

    async def admit(self, torrents: Iterable[str]) -> None:
        """Notes ids."""
        new = list(torrents)
        self.admissions += bool(new)
        self.admitted += new

    async def run(self, call: Call[T], *, deadline_ms: int | None = None) -> T:
        """Answers a call."""
        await asyncio.sleep(0)
        result: Any
        match call.op:
            case "list_torrents":
                self.reads.append((call.args["ids"], call.args["fields"]))
                if self.failures:
                    self.failures -= 1
                    raise NotRunning("/nowhere", "gone")
                result = self._page(call.args)
            case "list_categories":
                result = {"categories": []}
            case "get_counters":
                result = {"counters": {}, "age_ms": 0}
            case "get_settings":
                result = {"settings": {}, "limits": msgspec.structs.replace(settings(), upload_bps=77)}
            case "health":
                result = self.health
            case _:
                result = stats()
        encoded = msgspec.Raw(codec.encode(result))
        return call.read(Reply(id=1, ok=True, result=encoded, epoch=EPOCH, gen=1, seq=self.seq))

    def _page(self, args: dict[str, Any]) -> dict[str, Any]:
        ids = [each for each in sorted(args["ids"]) if each in self.rows and each > (args["cursor"] or "")]
        taken = ids[: self.page]
        rows = [{**msgspec.to_builtins(self.rows[each]), **_DETAILS, **self.details.get(each, {})} for each in taken]
        cursor = taken[-1] if len(ids) > len(taken) else None
        return {"torrents": [{name: made[name] for name in args["fields"]} for made in rows], "cursor": cursor}


_DETAILS: dict[str, Any] = {
    "comment": "one",
    "created_by": "",
    "created_us": None,
    "private": False,
    "pieces": 1,
    "piece_length": 16384,
    "files": 1,
    "magnet": None,
    "options": {},
    "revision": 1,
    "tracker_status": [{"url": "http://tracker.example/announce", "tier": 0, "status": "working"}],
}


@pytest.fixture(autouse=True)
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    """Makes all intervals short. Silence does not count, since no ticks are played."""
    for name, seconds in (("TURN_S", 0.005), ("POLL_S", 0.02), ("SWEEP_S", 0.02), ("SILENT_TURNS", 1000)):
        monkeypatch.setattr(module, name, seconds)


def follow(client: PlayedClient, act: Callable[[Mirror, Follower], Awaitable[None]]) -> None:
    """Runs a follower, and the test's steps once the mirror is ready."""

    async def main() -> None:
        mirror = Mirror()
        follower = Follower(cast("AsyncClient", client), mirror, client.admit)
        task = asyncio.create_task(follower.run())
        try:
            await until(lambda: mirror.ready)
            await act(mirror, follower)
        finally:
            assert not task.done(), task.exception()
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    asyncio.run(main())


async def until(condition: Callable[[], object]) -> None:
    """Waits for a condition."""
    async with asyncio.timeout(20):
        while not condition():  # noqa: ASYNC110  # no event says so
            await asyncio.sleep(0.002)


def test_facts_are_read_once() -> None:
    """New torrents are read with their facts. Later sweeps read rows only."""
    client = PlayedClient(row(FIRST), row(SECOND))

    async def act(mirror: Mirror, _: Follower) -> None:
        await until(lambda: all(each.facts.comment == "one" for each in mirror.torrents.values()))
        assert mirror.torrents[FIRST].facts.trackers == (("http://tracker.example/announce", 0),)
        client.reads.clear()
        await until(lambda: len(client.reads) >= 4)
        assert not any("comment" in fields for _, fields in client.reads)
        assert sorted(client.admitted)[:2] == [FIRST, SECOND]

    follow(client, act)


def test_a_ready_mirror_has_all_reports() -> None:
    """No face has to wait for a report once the torrents are known."""
    client = PlayedClient(row(FIRST))

    async def act(mirror: Mirror, _: Follower) -> None:
        assert mirror.stats is not None
        assert mirror.health is not None
        assert mirror.settings is not None

    follow(client, act)


def test_changes_without_events_are_found() -> None:
    """A sweep shows a category, and that the facts have changed, too."""
    client = PlayedClient(row(FIRST))

    async def act(mirror: Mirror, _: Follower) -> None:
        await until(lambda: mirror.torrents[FIRST].facts.comment == "one")
        client.rows[FIRST] = row(FIRST, category="films")
        client.details[FIRST] = {"comment": "two", "revision": 2}
        await until(lambda: mirror.torrents[FIRST].row.category == "films")
        await until(lambda: mirror.torrents[FIRST].facts.comment == "two")

    follow(client, act)


def test_failed_reads_are_repeated() -> None:
    """A torrent with an event is read until a read succeeds."""
    client = PlayedClient(row(FIRST))
    client.failures = 3

    async def act(mirror: Mirror, _: Follower) -> None:
        await until(lambda: mirror.torrents[FIRST].facts.comment == "one")
        assert client.failures == 0

    follow(client, act)


def test_pages() -> None:
    """All pages of a read are used. No torrent of a later page counts as removed."""
    client = PlayedClient(row(FIRST), row(SECOND), row(THIRD))
    client.page = 1

    async def act(mirror: Mirror, follower: Follower) -> None:
        await follower.refresh([FIRST, SECOND, THIRD])
        assert [each.facts.comment for each in mirror.torrents.values()] == ["one"] * 3

    follow(client, act)


def test_refresh_is_ahead_of_events() -> None:
    """A torrent that was just added or removed is so in the mirror after a refresh, before the event arrives."""
    client = PlayedClient(row(FIRST))

    async def act(mirror: Mirror, follower: Follower) -> None:
        del client.rows[FIRST]
        client.rows[SECOND] = row(SECOND)
        client.seq = 3
        await follower.refresh([FIRST, SECOND])
        assert list(mirror.torrents) == [SECOND]
        assert mirror.torrents[SECOND].facts.comment == "one"
        assert SECOND in client.admitted

    follow(client, act)


def test_a_burst_of_additions_is_admitted_at_once() -> None:
    """An admission is a durable write, so the additions that wait already share one."""
    client = PlayedClient(row(FIRST))

    async def act(mirror: Mirror, _: Follower) -> None:
        before = client.admissions
        for number in range(1000):
            client.seq += 1
            added = client.rows[f"{number:040x}"] = row(f"{number:040x}")
            data = {name: getattr(added, name) for name in ("name", "save_path", "labels", "paused", "added_us")}
            client.put(event(client.seq, "torrent_added", added.torrent, epoch=EPOCH, **data))
        await until(lambda: len(mirror.torrents) == 1001)
        assert client.admissions - before <= 3

    follow(client, act)


def test_silence(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without messages, the daemon counts as away, and the state stays. The next message ends that."""
    monkeypatch.setattr(module, "SILENT_TURNS", 3)
    client = PlayedClient(row(FIRST))

    async def act(mirror: Mirror, _: Follower) -> None:
        await until(lambda: mirror.away)
        assert list(mirror.torrents) == [FIRST]
        client.put(event(1, "tick", torrent=None, head=1, status="healthy"))
        await until(lambda: not mirror.away)

    follow(client, act)


def test_reconnection() -> None:
    """When the stream ends, the state stays until the next one begins."""
    client = PlayedClient(row(FIRST))

    async def act(mirror: Mirror, _: Follower) -> None:
        del client.rows[FIRST]
        client.put(NotRunning("/nowhere", "gone"))
        await until(lambda: not mirror.torrents)
        assert len(client.streams) == 2
        assert not mirror.away

    follow(client, act)


def test_service_events() -> None:
    """Health and limits are read at once after events about them."""
    client = PlayedClient(row(FIRST))

    async def act(mirror: Mirror, _: Follower) -> None:
        client.health = health(HealthStatus.DEGRADED)
        client.put(event(2, "health_changed", torrent=None, status="degraded", reasons=[]))
        client.put(event(3, "limits_applied", torrent=None, download_bps=0, upload_bps=77))
        await until(lambda: mirror.health is not None and mirror.health.status is HealthStatus.DEGRADED)
        await until(lambda: mirror.settings is not None and mirror.settings.upload_bps == 77)

    follow(client, act)


def test_events_about_torrents() -> None:
    """A torrent with an event is read again, although the event does not have what has changed."""
    client = PlayedClient(row(FIRST, state=TorrentState.PAUSED))

    async def act(mirror: Mirror, _: Follower) -> None:
        await until(lambda: mirror.torrents[FIRST].facts.comment == "one")
        client.details[FIRST] = {"comment": "three"}
        client.seq = 2
        client.put(event(2, "state_changed", FIRST, state="downloading", previous="paused"))
        await until(lambda: mirror.torrents[FIRST].facts.comment == "three")

    follow(client, act)
