import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from math import inf
from pathlib import Path

import msgpack
import pytest
import zmq
import zmq.asyncio

from protocol.internal.link import EventBatch, decode_commands
from protocol.internal.link_commands import Drain, DropTorrent, EngineCommand, EnsureTorrent
from protocol.internal.link_events import EngineEvent, Heartbeat
from protocol.internal.link_queries import (
    FilesQueried,
    InspectSource,
    QueryFiles,
    QueryTrackers,
    SourceInspected,
    TrackerReading,
    TrackersQueried,
)
from protocol.wire import codec
from protocol.wire.errors import ErrorKind, OuzelError
from supervisor.engine.process.engine_link import COMMANDS_PER_FRAME, LARGE_BYTES, EngineLink
from supervisor.engine.process.engine_socket import EngineSocket
from tests.supervisor.samples import V1, desired
from tests.supervisor.sockets import Sockets


def beat(loops: int) -> Heartbeat:
    """An event that is no answer, identified by its number."""
    return Heartbeat(loops=loops, native_age_ms=0)


class Engine:
    """The other end of the link: an engine of some generation."""

    def __init__(self, socket: zmq.asyncio.Socket, gen: int) -> None:
        self._socket = socket
        self._gen = gen

    async def tell(self, *events: EngineEvent, gen: int | None = None) -> None:
        await self.send(codec.encode(EventBatch(gen=self._gen if gen is None else gen, events=list(events))))

    async def send(self, frame: bytes) -> None:
        await self._socket.send(frame)

    async def batch(self) -> list[EngineCommand]:
        received = decode_commands(await self._socket.recv())
        assert received.gen == self._gen
        return received.commands


class Stage:
    """A link on a real socket, and its callbacks."""

    def __init__(self, sockets: Sockets) -> None:
        self._sockets = sockets
        self._news = asyncio.Event()
        self.connections = 0
        self.events: list[EngineEvent] = []
        self.garbage: list[str] = []
        self.socket = EngineSocket(sockets.bind(zmq.ROUTER, "link"))
        self.link = EngineLink(
            self.socket,
            on_connected=self._connected,
            on_event=self._event,
            on_garbage=self._complaint,
        )

    def engine(self, gen: int) -> Engine:
        """An engine of this generation, connecting."""
        return Engine(self._sockets.connect(zmq.DEALER, "link", identity=f"gen-{gen}".encode()), gen)

    async def up(self, gen: int) -> Engine:
        """An engine of this generation that is attached, connected and ready."""
        self.events.clear()
        self.link.attach(gen)
        engine = self.engine(gen)
        await engine.tell(beat(0))
        await self.heard(beat(0))
        self.events.clear()
        self.link.ready()
        return engine

    async def heard(self, *events: EngineEvent) -> None:
        """Waits until the last of these has come; then there must be exactly these."""
        while events[-1] not in self.events:
            self._news.clear()
            await self._news.wait()
        assert self.events == list(events)

    async def complained(self) -> str:
        while not self.garbage:
            self._news.clear()
            await self._news.wait()
        return self.garbage[-1]

    def _connected(self) -> None:
        self.connections += 1

    def _event(self, event: EngineEvent) -> None:
        self.events.append(event)
        self._news.set()

    def _complaint(self, reason: str) -> None:
        self.garbage.append(reason)
        self._news.set()


@contextmanager
def staged(directory: Path) -> Iterator[Stage]:
    """A stage that is closed at the end of the test."""
    with Sockets(directory) as sockets:
        stage = Stage(sockets)
        yield stage
        stage.link.detach()
        stage.socket.close()


async def test_the_first_word_connects_once(tmp_path: Path) -> None:
    """Before it, nothing is sent to the engine; each generation connects anew."""
    with staged(tmp_path) as stage:
        stage.link.attach(1)
        stage.link.send(Drain())
        engine = stage.engine(1)
        await engine.tell(beat(1))
        await engine.tell(beat(2))
        await stage.heard(beat(1), beat(2))
        assert stage.connections == 1
        stage.link.send(QueryFiles(token=9, torrent=V1))
        assert await engine.batch() == [QueryFiles(token=9, torrent=V1)]
        stage.link.detach()
        await stage.up(2)
        assert stage.connections == 2


async def test_frames_of_another_generation_are_dropped(tmp_path: Path) -> None:
    """By the sender's identity and by the frame's content; a late frame of the previous generation changes nothing."""
    with staged(tmp_path) as stage:
        before = await stage.up(1)
        stage.link.detach()
        engine = await stage.up(2)
        await before.tell(beat(10))
        await before.tell(beat(11), gen=2)
        await before.send(b"\xc1 garbage")
        await engine.tell(beat(12), gen=1)
        await stage.engine(3).tell(beat(13))
        # The ROUTER reads its peers in turn, so by the answer to this round trip it has read all of the above.
        for number in range(20, 23):
            await engine.tell(beat(number))
            await before.tell(beat(number + 100))
        await stage.heard(beat(20), beat(21), beat(22))
        assert stage.garbage == []
        assert stage.connections == 2


async def test_without_an_engine_nothing_is_heard_or_sent(tmp_path: Path) -> None:
    """Between two generations there is no engine."""
    with staged(tmp_path) as stage:
        engine = await stage.up(1)
        stage.link.detach()
        await engine.tell(beat(5))
        stage.link.send(Drain())
        follower = await stage.up(2)
        stage.link.send(QueryFiles(token=1, torrent=V1))
        assert await follower.batch() == [QueryFiles(token=1, torrent=V1)]
        assert stage.events == []


async def test_a_delayed_command_keeps_its_order(tmp_path: Path) -> None:
    """It is sent before the next command, except for the validation of a source, and it is sent on `release`."""
    with staged(tmp_path) as stage:
        engine = await stage.up(1)
        source, load = InspectSource(token=1, magnet="magnet:"), EnsureTorrent(desired=desired(V1), new=True)
        stage.link.delay(load)
        stage.link.send(source)
        assert await engine.batch() == [source]
        stage.link.send(QueryFiles(token=2, torrent=V1))
        assert await engine.batch() == [load, QueryFiles(token=2, torrent=V1)]
        stage.link.delay(load)
        stage.link.release()
        assert await engine.batch() == [load]


async def test_a_delayed_command_ends_with_its_engine(tmp_path: Path) -> None:
    """The next engine gets the whole desired state in any case."""
    with staged(tmp_path) as stage:
        await stage.up(1)
        stage.link.delay(EnsureTorrent(desired=desired(V1), new=True))
        stage.link.detach()
        engine = await stage.up(2)
        stage.link.release()
        stage.link.send(Drain())
        assert await engine.batch() == [Drain()]


async def test_answers_find_who_asked(tmp_path: Path) -> None:
    """In any order, mixed with other events."""
    with staged(tmp_path) as stage:
        engine = await stage.up(1)
        asked = [
            asyncio.ensure_future(stage.link.ask(InspectSource(magnet=f"magnet:{number}"), inf)) for number in range(3)
        ]
        files = asyncio.ensure_future(stage.link.ask(QueryFiles(torrent=V1)))
        commands: list[EngineCommand] = []
        while len(commands) < 4:
            commands += await engine.batch()
        answers: list[EngineEvent] = []
        for command in commands:
            if isinstance(command, InspectSource):
                answers.append(SourceInspected(token=command.token, torrent=V1, name=str(command.magnet)))
            elif isinstance(command, QueryFiles):
                answers.append(FilesQueried(token=command.token, bytes_done=[1, 2]))
        await engine.tell(
            *answers[2:], beat(1), *answers[:2], SourceInspected(token=999), FilesQueried(token=998, bytes_done=None)
        )
        assert [answer.name for answer in await asyncio.gather(*asked)] == ["magnet:0", "magnet:1", "magnet:2"]
        assert (await files).bytes_done == [1, 2]
        await stage.heard(beat(1))


async def test_trackers_are_asked_for(tmp_path: Path) -> None:
    """None if the engine has no such torrent."""
    with staged(tmp_path) as stage:
        engine = await stage.up(1)
        for answer in ([TrackerReading("udp://a:1", 0, seeds=3)], None):
            asking = asyncio.ensure_future(stage.link.ask(QueryTrackers(torrent=V1)))
            (query,) = await engine.batch()
            assert isinstance(query, QueryTrackers)
            assert query.torrent == V1
            await engine.tell(TrackersQueried(token=query.token, trackers=answer))
            assert (await asking).trackers == answer


async def test_an_answer_that_comes_twice_or_too_late_is_nothing(tmp_path: Path) -> None:
    """The caller that gave up is not disturbed, and the token is not used again."""
    with staged(tmp_path) as stage:
        engine = await stage.up(1)
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.01):
                await stage.link.ask(QueryFiles(torrent=V1))
        (late,) = await engine.batch()
        assert isinstance(late, QueryFiles)
        asking = asyncio.ensure_future(stage.link.ask(QueryFiles(torrent=V1)))
        (again,) = await engine.batch()
        assert isinstance(again, QueryFiles)
        assert again.token != late.token
        done = FilesQueried(token=again.token, bytes_done=[2])
        await engine.tell(FilesQueried(token=late.token, bytes_done=[1]), done, done)
        assert (await asking).bytes_done == [2]


async def test_the_loss_of_the_engine_is_told_to_all_who_wait(tmp_path: Path) -> None:
    """ENGINE_LOST, at once; the next generation answers the next query."""
    with staged(tmp_path) as stage:
        await stage.up(1)
        asked = [
            asyncio.ensure_future(stage.link.ask(InspectSource(magnet="magnet:"), inf)),
            asyncio.ensure_future(stage.link.ask(QueryFiles(torrent=V1))),
        ]
        await asyncio.sleep(0)
        stage.link.detach()
        outcomes = await asyncio.gather(*asked, return_exceptions=True)
        assert [outcome.kind for outcome in outcomes if isinstance(outcome, OuzelError)] == [ErrorKind.ENGINE_LOST] * 2
        engine = await stage.up(2)
        asking = asyncio.ensure_future(stage.link.ask(QueryFiles(torrent=V1)))
        (query,) = await engine.batch()
        assert isinstance(query, QueryFiles)
        await engine.tell(FilesQueried(token=query.token, bytes_done=None))
        assert (await asking).bytes_done is None


async def test_a_question_without_an_engine_is_answered_at_once(tmp_path: Path) -> None:
    """The engine may be lost in the very moment when a caller learned that it was ready."""
    with staged(tmp_path) as stage:
        await stage.up(1)
        ready = asyncio.ensure_future(stage.link.until_ready())
        await ready
        stage.link.detach()
        async with asyncio.timeout(1):
            with pytest.raises(OuzelError) as lost:
                await stage.link.ask(InspectSource(magnet="magnet:"), inf)
        assert lost.value.kind is ErrorKind.ENGINE_LOST


async def test_a_source_is_judged_in_time_or_not_waited_for(tmp_path: Path) -> None:
    """A later answer is dropped."""
    with staged(tmp_path) as stage:
        engine = await stage.up(1)
        asking = asyncio.ensure_future(
            stage.link.ask(InspectSource(magnet="magnet:"), asyncio.get_running_loop().time())
        )
        (query,) = await engine.batch()
        assert isinstance(query, InspectSource)
        with pytest.raises(TimeoutError):
            await asking
        await engine.tell(SourceInspected(token=query.token, torrent=V1))
        again = asyncio.ensure_future(stage.link.ask(QueryFiles(torrent=V1)))
        (files,) = await engine.batch()
        assert isinstance(files, QueryFiles)
        await engine.tell(FilesQueried(token=files.token, bytes_done=[1]))
        assert (await again).bytes_done == [1]


async def test_who_waits_for_an_engine_gets_the_next_one(tmp_path: Path) -> None:
    """`attach` is not enough, `ready` is."""
    with staged(tmp_path) as stage:
        waiting = asyncio.ensure_future(stage.link.until_ready())
        stage.link.attach(1)
        await asyncio.sleep(0)
        assert [waiting.done(), stage.link.up] == [False, False]
        stage.link.ready()
        await waiting
        assert stage.link.up


@pytest.mark.parametrize(
    "frame",
    [
        b"",
        b"\xc1",
        b"hello",
        msgpack.packb([1, 2]),
        msgpack.packb({"gen": 1}),
        msgpack.packb({"gen": 1, "events": [{"type": "no such"}]}),
        msgpack.packb({"gen": 1, "events": [{"type": "heartbeat", "loops": "many", "native_age_ms": 0}]}),
        msgpack.packb({"gen": 1, "events": [{"type": "progress", "torrent": V1}]}),
        codec.encode(EventBatch(gen=1, events=[beat(1)]))[:-3],
    ],
)
async def test_garbage_is_told_and_nothing_of_it_is_believed(tmp_path: Path, frame: bytes) -> None:
    """With a reason; the link goes on."""
    with staged(tmp_path) as stage:
        engine = await stage.up(1)
        await engine.send(frame)
        assert await stage.complained()
        await engine.tell(beat(2))
        await stage.heard(beat(2))
        assert len(stage.garbage) == 1


@pytest.mark.parametrize("count", [0, 1, COMMANDS_PER_FRAME, COMMANDS_PER_FRAME + 1, 3 * COMMANDS_PER_FRAME])
async def test_many_commands_go_in_order_in_bounded_frames(tmp_path: Path, count: int) -> None:
    """No frame is large enough to block the engine; no commands are no frame."""
    with staged(tmp_path) as stage:
        engine = await stage.up(1)
        stage.link.send(*(QueryFiles(token=number, torrent=V1) for number in range(count)))
        stage.link.send(Drain())
        batches: list[list[EngineCommand]] = []
        while not batches or batches[-1][-1] != Drain():
            batches.append(await engine.batch())
        commands = [command for batch in batches for command in batch]
        assert commands == [*(QueryFiles(token=number, torrent=V1) for number in range(count)), Drain()]
        assert len(batches) == -(-(count + 1) // COMMANDS_PER_FRAME)
        assert all(0 < len(batch) <= COMMANDS_PER_FRAME for batch in batches)


async def test_a_large_source_has_a_frame_of_its_own(tmp_path: Path) -> None:
    """So no frame approaches the limit, and commands stay in order."""
    with staged(tmp_path) as stage:
        engine = await stage.up(1)
        large = InspectSource(token=2, metainfo=bytes(LARGE_BYTES))
        small = [QueryFiles(token=number, torrent=V1) for number in (1, 3)]
        for command in (small[0], large, large, small[1]):
            stage.link.send(command)
        assert [await engine.batch() for _ in range(4)] == [[small[0]], [large], [large], [small[1]]]


async def test_commands_arrive_as_they_were_sent(tmp_path: Path) -> None:
    """With the whole desired state."""
    with staged(tmp_path) as stage:
        engine = await stage.up(1)
        forget = DropTorrent(torrent=V1, delete_files=True, desired=desired(removal="delete_files"))
        stage.link.send(forget, InspectSource(token=1, metainfo=b"\x00\xff"))
        assert await engine.batch() == [forget, InspectSource(token=1, metainfo=b"\x00\xff")]


async def test_a_burst_of_events_is_heard_wholly(tmp_path: Path) -> None:
    """In the order in which the engine sent them."""
    with staged(tmp_path) as stage:
        engine = await stage.up(1)
        for number in range(1, 2001):
            await engine.tell(beat(number))
        await stage.heard(*map(beat, range(1, 2001)))


async def test_detach_tells_those_who_wait(tmp_path: Path) -> None:
    """No caller waits for a closed link."""
    with staged(tmp_path) as stage:
        await stage.up(1)
        asking = asyncio.ensure_future(stage.link.ask(QueryFiles(torrent=V1)))
        await asyncio.sleep(0)
        stage.link.detach()
        with pytest.raises(OuzelError):
            await asking


async def test_a_spare_that_was_heard_is_connected_as_soon_as_it_is_the_engine(tmp_path: Path) -> None:
    """Earlier messages are dropped; from then on it is an engine like any other."""
    with staged(tmp_path) as stage:
        first = await stage.up(1)
        heard = asyncio.Event()
        stage.link.expect(2, heard.set)
        spare = stage.engine(2)
        await spare.tell(beat(1))
        await heard.wait()
        await first.tell(beat(2))
        await stage.heard(beat(2))
        assert stage.connections == 1
        stage.link.detach()
        stage.link.attach(2)
        assert stage.connections == 2
        stage.link.send(Drain())
        assert await spare.batch() == [Drain()]
        await spare.tell(beat(3))
        await stage.heard(beat(2), beat(3))
        assert stage.connections == 2


async def test_a_spare_that_was_not_heard_is_connected_at_its_first_word(tmp_path: Path) -> None:
    """Like a newly started engine."""
    with staged(tmp_path) as stage:
        stage.link.expect(2, lambda: None)
        stage.link.attach(2)
        assert stage.connections == 0
        engine = stage.engine(2)
        await engine.tell(beat(1))
        await stage.heard(beat(1))
        assert stage.connections == 1


async def test_a_spare_that_is_passed_over_is_not_heard_any_more(tmp_path: Path) -> None:
    """Another generation is the engine, which the spare's messages do not connect."""
    with staged(tmp_path) as stage:
        heard = asyncio.Event()
        stage.link.expect(2, heard.set)
        spare = stage.engine(2)
        await spare.tell(beat(1))
        await heard.wait()
        stage.link.attach(3)
        assert stage.connections == 0
        heard.clear()
        await spare.tell(beat(2))
        engine = stage.engine(3)
        await engine.tell(beat(3))
        await stage.heard(beat(3))
        assert stage.connections == 1
        assert not heard.is_set()


async def test_after_a_detach_the_rest_of_a_batch_is_not_heard(tmp_path: Path) -> None:
    """A detached engine's messages are dropped, even in the same batch."""
    with staged(tmp_path) as stage:
        engine = await stage.up(1)
        told = stage.link._on_event

        def condemn(event: EngineEvent) -> None:
            told(event)
            stage.link.detach()

        stage.link._on_event = condemn
        await engine.tell(beat(1), beat(2))
        await stage.heard(beat(1))
