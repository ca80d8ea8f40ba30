import asyncio
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgpack
import pytest
import zmq
import zmq.asyncio

from protocol.wire.events.session_events import LimitsApplied, SessionError, Tick
from protocol.wire.events.torrent_events import StateChanged, TorrentAdded
from protocol.wire.reports import HealthStatus
from protocol.wire.rows import TorrentState
from supervisor.events import event_frames
from supervisor.events import publisher as publishing
from supervisor.events.event_log import EventLog
from supervisor.events.publisher import Publisher
from supervisor.events.subscriptions import NOBODY, Subscriptions
from supervisor.transport.sockets import SUBSCRIBER_HWM, SUBSCRIPTION_BYTES_MAX, bind
from tests.supervisor.samples import OTHER, V1, progress
from tests.supervisor.sockets import Sockets

pytestmark = pytest.mark.slow

CHANGED = StateChanged(torrent=V1, state=TorrentState.SEEDING, previous=TorrentState.DOWNLOADING)


class Stage:
    """A publisher on a real socket."""

    def __init__(
        self,
        sockets: Sockets,
        bound: "zmq.Socket[bytes] | None" = None,
        subscriptions: Subscriptions | None = None,
    ) -> None:
        self._sockets = sockets
        self.log = EventLog("e1")
        self.subscriptions = subscriptions or Subscriptions()
        self.hung_up = 0
        self.publisher = Publisher(
            bound or sockets.bind(zmq.XPUB, "events"), self.log, self._count_hung_up, subscriptions=self.subscriptions
        )

    def _count_hung_up(self) -> None:
        self.hung_up += 1

    async def subscriber(self, *prefixes: str) -> zmq.asyncio.Socket:
        """A subscriber that is known to be subscribed: it has received an event of its own topic."""
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
def staged(directory: Path, subscriptions: Subscriptions | None = None) -> Iterator[Stage]:
    """A stage that is closed at the end of the test."""
    with Sockets(directory) as sockets:
        stage = Stage(sockets, subscriptions=subscriptions)
        yield stage
        stage.publisher.close()


async def eventually(found: Callable[[], object]) -> None:
    """Runs the loop until something holds."""
    async with asyncio.timeout(30):
        while not found():  # noqa: ASYNC110  # nobody tells of it
            await asyncio.sleep(0.005)


async def received(socket: zmq.asyncio.Socket) -> tuple[str, dict[str, Any]]:
    """Receives the next event: its topic and map."""
    topic, frame = await socket.recv_multipart()
    return topic.decode(), msgpack.unpackb(frame)


async def test_a_lifecycle_event_is_numbered_and_kept(tmp_path: Path) -> None:
    """The published frame is the one in a replay."""
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
        assert (kept.topic.decode(), msgpack.unpackb(stage.log.frame(kept))["data"]) == (topic, event["data"])


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
    """A later subscriber can replay them."""
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
    """They have no numbers and are not stored; the topic has the torrent."""
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
    """A subscriber to one torrent's progress gets only that."""
    with staged(tmp_path) as stage:
        socket = await stage.subscriber(f"progress/{OTHER}")
        stage.publisher.latest(progress(V1))
        stage.publisher.latest(progress(OTHER))
        stage.publisher.latest(Tick(head=0, status=HealthStatus.HEALTHY))
        assert (await received(socket))[0] == f"progress/{OTHER}"


async def test_the_last_subscriber_that_leaves_ends_it(tmp_path: Path) -> None:
    """A second subscriber still gets events, and so does one that returns."""
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


async def test_what_nobody_reads_is_not_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An event without a subscriber is not encoded, not even a lifecycle event."""
    made: list[str] = []
    encode = event_frames.encode

    def count(event: Any, **envelope: Any) -> bytes:
        made.append(type(event).__name__)
        return encode(event, **envelope)

    monkeypatch.setattr(event_frames, "encode", count)
    with staged(tmp_path) as stage:
        stage.publisher.latest(progress())
        stage.publisher.lifecycle(CHANGED)
        assert made == []
        await stage.subscriber("progress/", f"lifecycle/{OTHER}/")
        del made[:]
        stage.publisher.lifecycle(CHANGED)
        stage.publisher.latest(progress())
        assert made == ["Progress"]
        stage.publisher.lifecycle(StateChanged(torrent=OTHER, state=CHANGED.state, previous=CHANGED.previous))
        assert made == ["Progress", "StateChanged"]


async def test_a_later_replay_has_what_nobody_heard(tmp_path: Path) -> None:
    """With their original time and generation."""
    with staged(tmp_path) as stage:
        stage.publisher.gen = 4
        stage.publisher.lifecycle(CHANGED)
        stage.publisher.gen = 5
        (logged,) = stage.log.replay("e1", 0, 10)
        assert not logged.encoded
        frame = msgpack.unpackb(stage.log.frame(logged))
        assert (frame["seq"], frame["gen"], frame["type"]) == (1, 4, "state_changed")


async def test_whatever_a_subscriber_sends_means_nothing_unless_it_subscribes(tmp_path: Path) -> None:
    """For messages of any content and number of frames; a subscription after one of them counts, as in ZeroMQ."""
    with staged(tmp_path) as stage:
        listener = await stage.subscriber("lifecycle/-/")
        rude = stage._sockets.connect(zmq.XSUB, "events")
        for frames in ([b""], [b"\x02progress/"], [b"hello", b"", b"\xff" * 1000], [b"\x00nothing"], [b"a"] * 50):
            await rude.send_multipart(frames)
        await rude.send_multipart([b"hidden", b"\x01progress/"])
        while not await rude.poll(1):
            stage.publisher.latest(progress())
            await asyncio.sleep(0)
        assert (await received(rude))[0] == f"progress/{V1}"
        stage.publisher.lifecycle(SessionError(name="listen", message="x"))
        assert (await received(listener))[0] == "lifecycle/-/session_error"


async def test_a_frame_longer_than_any_subscription_ends_its_connection_only(tmp_path: Path) -> None:
    """ZeroMQ closes it; the others still get events."""
    with Sockets(tmp_path) as sockets:
        context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
        stage = Stage(sockets, bind(context, zmq.XPUB, tmp_path, "events"))
        listener = await stage.subscriber("tick/")
        rude = sockets.connect(zmq.XSUB, "events")
        await rude.send(b"\x01progress/")
        await eventually(lambda: stage.subscriptions.has_subscriber(b"progress/x"))
        await rude.send(b"\x01" + b"x" * SUBSCRIPTION_BYTES_MAX)
        await eventually(lambda: not stage.subscriptions.has_subscriber(b"progress/x"))
        stage.publisher.latest(Tick(head=1, status=HealthStatus.HEALTHY))
        assert (await received(listener))[0] == "tick/-"
        stage.publisher.close()
        context.term()


async def test_who_holds_too_many_subscriptions_is_hung_up_on_and_forgotten(tmp_path: Path) -> None:
    """All its subscriptions are dropped, also in ZeroMQ. Others miss nothing, and it is logged once."""
    with staged(tmp_path, Subscriptions(holder_bytes=20_000)) as stage:
        listener = await stage.subscriber("lifecycle/-/")
        greedy = stage._sockets.connect(zmq.XSUB, "events")
        for number in range(400):
            await greedy.send(f"\x01progress/{number:040}".encode())
        await eventually(lambda: stage.hung_up)
        await eventually(lambda: len(stage.subscriptions._holders) <= 2)
        greedy.close()
        assert stage.hung_up == 1
        stage.publisher.lifecycle(SessionError(name="listen", message="x"))
        assert (await received(listener))[1]["seq"] == stage.log.head
        newcomer = await stage.subscriber("progress/")
        stage.publisher.latest(progress())
        assert (await received(newcomer))[0] == f"progress/{V1}"


async def test_a_subscriber_that_stands_still_costs_the_others_nothing(tmp_path: Path) -> None:
    """It alone loses what exceeds its queue, and detects the loss by the numbers."""
    with Sockets(tmp_path) as sockets:
        context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
        stage = Stage(sockets, bind(context, zmq.XPUB, tmp_path, "events"))
        quick, slow = await stage.subscriber("lifecycle/-/", "tick/"), await stage.subscriber("lifecycle/-/", "tick/")
        first, large = stage.log.head + 1, "x" * 2000
        sent = 2 * SUBSCRIBER_HWM
        for number in range(sent):
            stage.publisher.lifecycle(SessionError(name="n", message=large))
            if number % 100 == 99:
                for _ in range(100):
                    assert (await received(quick))[1]["seq"] == first
                    first += 1
        assert first == stage.log.head + 1
        seen = []
        while await slow.poll(200):
            seen.append((await received(slow))[1]["seq"])
        assert SUBSCRIBER_HWM / 2 < len(seen) < sent
        assert seen == list(range(seen[0], seen[0] + len(seen)))
        stage.publisher.latest(Tick(head=stage.log.head, status=HealthStatus.HEALTHY))
        topic, tick = await received(slow)
        assert (topic, tick["seq"]) == ("tick/-", stage.log.head)
        assert tick["seq"] > seen[-1]
        stage.publisher.close()
        context.term()


async def test_a_number_that_is_another_connections_by_now_is_left_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between the decision and the shutdown, the connection may have ended."""
    peer, bystander = socket.socketpair()
    with peer, bystander, staged(tmp_path, Subscriptions(holder_bytes=2000)) as stage:
        monkeypatch.setattr(publishing, "_fd_of", lambda _: bystander.fileno())
        greedy = stage._sockets.connect(zmq.XSUB, "events")
        for number in range(100):
            await greedy.send(f"\x01progress/{number:040}".encode())
        await eventually(lambda: stage.subscriptions._held[NOBODY] > 2000)
        bystander.sendall(b"x")
        assert peer.recv(1) == b"x"
        assert stage.hung_up == 0
