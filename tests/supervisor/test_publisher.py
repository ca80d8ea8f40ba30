import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgpack
import zmq
import zmq.asyncio

from protocol.events import LimitsApplied, SessionError, StateChanged, Tick, TorrentAdded
from protocol.rows import HealthStatus, TorrentState
from supervisor.event_log import EventLog
from supervisor.publisher import Publisher
from tests.supervisor.samples import OTHER, V1, progress
from tests.supervisor.sockets import Sockets

CHANGED = StateChanged(torrent=V1, state=TorrentState.SEEDING, previous=TorrentState.DOWNLOADING)


class Stage:
    """A publisher on a real socket."""

    def __init__(self, sockets: Sockets) -> None:
        self._sockets = sockets
        self.log = EventLog("e1")
        self.publisher = Publisher(sockets.bind(zmq.XPUB, "events"), self.log)

    async def subscriber(self, *prefixes: str) -> zmq.asyncio.Socket:
        """A subscriber that is known to be heard: it was sent events of its own topic until one came."""
        socket = self._sockets.connect(zmq.SUB, "events")
        greeting = f"lifecycle/{id(socket):x}/"
        for prefix in (greeting, *prefixes):
            socket.subscribe(prefix)
        while not await socket.poll(1):
            self.publisher.lifecycle(StateChanged(torrent=f"{id(socket):x}", state=CHANGED.state, previous="queued"))  # type: ignore[arg-type]
        while await socket.poll(20):
            await socket.recv_multipart()
        return socket


@contextmanager
def staged(directory: Path) -> Iterator[Stage]:
    """A stage that is cleared at the end."""
    with Sockets(directory) as sockets:
        stage = Stage(sockets)
        yield stage
        stage.publisher.close()


async def received(socket: zmq.asyncio.Socket) -> tuple[str, dict[str, Any]]:
    """The next event: its topic and map."""
    topic, frame = await socket.recv_multipart()
    return topic.decode(), msgpack.unpackb(frame)


async def test_a_lifecycle_event_is_numbered_and_kept(tmp_path: Path) -> None:
    """The frame that goes out is the one that can be replayed."""
    with staged(tmp_path) as stage:
        socket = await stage.subscriber("lifecycle/")
        stage.publisher.gen = 3
        before = stage.log.head
        assert stage.publisher.lifecycle(CHANGED) == before + 1 == stage.log.head
        topic, event = await received(socket)
        assert topic == f"lifecycle/{V1}/state_changed"
        assert event.pop("ts_us") > 1_600_000_000_000_000
        assert event == {
            "v": 1,
            "epoch": "e1",
            "seq": before + 1,
            "gen": 3,
            "type": "state_changed",
            "torrent": V1,
            "data": {"state": "seeding", "previous": "downloading"},
        }
        (kept,) = stage.log.replay("e1", before, 10)
        assert (kept.topic, msgpack.unpackb(kept.frame)["data"]) == (topic, event["data"])


async def test_events_without_a_torrent_have_none(tmp_path: Path) -> None:
    """Neither in the topic nor in the map."""
    with staged(tmp_path) as stage:
        socket = await stage.subscriber("lifecycle/-/")
        stage.publisher.lifecycle(SessionError(name="listen", message="port in use"))
        stage.publisher.lifecycle(LimitsApplied(download_bps=1, upload_bps=2))
        stage.publisher.lifecycle(LimitsApplied(torrent=V1, download_bps=1, upload_bps=2))
        stage.publisher.lifecycle(SessionError(name="listen", message="again"))
        got = [await received(socket) for _ in range(3)]
        assert [topic for topic, _ in got] == [
            "lifecycle/-/session_error",
            "lifecycle/-/limits_applied",
            "lifecycle/-/session_error",
        ]
        assert all("torrent" not in event and "torrent" not in event["data"] for _, event in got)


async def test_lifecycle_events_are_numbered_without_listeners(tmp_path: Path) -> None:
    """Who comes later replays them."""
    with staged(tmp_path) as stage:
        for number in range(1, 6):
            assert stage.publisher.lifecycle(CHANGED) == number
        assert [event.seq for event in stage.log.replay("e1", 0, 10)] == [1, 2, 3, 4, 5]


async def test_a_burst_is_received_in_order(tmp_path: Path) -> None:
    """A subscriber that keeps up sees every number."""
    with staged(tmp_path) as stage:
        socket = await stage.subscriber(f"lifecycle/{V1}/")
        first = stage.log.head + 1
        for number in range(500):
            stage.publisher.lifecycle(
                TorrentAdded(torrent=V1, name=str(number), save_path="/d", paused=False, labels=[], added_us=0)
            )
        got = [await received(socket) for _ in range(500)]
        assert [event["seq"] for _, event in got] == list(range(first, first + 500))
        assert [event["data"]["name"] for _, event in got] == [str(number) for number in range(500)]


async def test_latest_values_have_the_number_of_the_last_event(tmp_path: Path) -> None:
    """They take no number and are not kept; the topic tells whose they are."""
    with staged(tmp_path) as stage:
        socket = await stage.subscriber("progress/", "tick/")
        head = stage.log.head
        stage.publisher.latest(progress())
        stage.publisher.latest(Tick(head=head, status=HealthStatus.HEALTHY))
        got = [await received(socket) for _ in range(2)]
        assert [(topic, event["seq"]) for topic, event in got] == [(f"progress/{V1}", head), ("tick/-", head)]
        assert got[0][1]["torrent"] == V1
        assert got[0][1]["data"]["download_bps"] == 1000
        assert got[1][1]["data"] == {"head": head, "status": "healthy"}
        assert stage.log.head == head


async def test_latest_values_go_to_those_who_asked_for_them(tmp_path: Path) -> None:
    """A subscriber to one torrent's progress gets no other's."""
    with staged(tmp_path) as stage:
        socket = await stage.subscriber(f"progress/{OTHER}")
        stage.publisher.latest(progress(V1))
        stage.publisher.latest(progress(OTHER))
        stage.publisher.latest(Tick(head=0, status=HealthStatus.HEALTHY))
        assert (await received(socket))[0] == f"progress/{OTHER}"


async def test_the_last_subscriber_that_leaves_ends_it(tmp_path: Path) -> None:
    """A second one still hears; one that comes again hears again."""
    with staged(tmp_path) as stage:
        first = await stage.subscriber("progress/")
        second = await stage.subscriber("progress/")
        first.close()
        for _ in range(3):
            await asyncio.sleep(0)
            stage.publisher.latest(progress())
        for _ in range(3):
            assert (await received(second))[0] == f"progress/{V1}"
        second.close()
        third = await stage.subscriber("progress/")
        stage.publisher.latest(progress(OTHER))
        assert (await received(third))[0] == f"progress/{OTHER}"


async def test_what_nobody_reads_is_not_made(tmp_path: Path) -> None:
    """Without a subscriber a progress event costs no encoding."""
    with staged(tmp_path) as stage:
        frames: list[int] = []
        make = stage.publisher._frame

        def count(*args: Any) -> bytes:
            frames.append(1)
            return make(*args)

        stage.publisher._frame = count  # type: ignore[method-assign, assignment]  # to see that it is not called
        stage.publisher.latest(progress())
        assert frames == []
        await stage.subscriber("progress/")
        del frames[:]
        stage.publisher.latest(progress())
        assert frames == [1]
