import asyncio
from pathlib import Path

import pytest
import zmq

from supervisor.transport.loop_socket import LOCAL, MESSAGES_PER_TURN, LoopSocket, Sender
from tests.supervisor.sockets import Sockets


class Inbox:
    """Collects messages, and signals when there are enough."""

    def __init__(self) -> None:
        self.messages: list[list[bytes]] = []
        self._arrived = asyncio.Event()

    def take(self, frames: list[bytes]) -> None:
        self.messages.append(frames)
        self._arrived.set()

    def take_from(self, frames: list[bytes], _: Sender) -> None:
        self.take(frames)

    async def until(self, count: int) -> None:
        while len(self.messages) < count:
            self._arrived.clear()
            await self._arrived.wait()


async def test_every_message_arrives_as_its_frames(tmp_path: Path) -> None:
    """In order, with empty frames, and the sender's identity before them."""
    with Sockets(tmp_path) as sockets:
        inbox = Inbox()
        socket = LoopSocket(sockets.bind(zmq.ROUTER, "r"), inbox.take)
        peer = sockets.connect(zmq.DEALER, "r", identity=b"peer")
        sent = [[b""], [b"a", b"", b"b"], [b"x" * 100_000]]
        for frames in sent:
            await peer.send_multipart(frames)
        await inbox.until(3)
        assert inbox.messages == [[b"peer", *frames] for frames in sent]
        socket.close()


async def test_a_message_of_more_frames_than_are_wanted_is_cut(tmp_path: Path) -> None:
    """The following message is complete."""
    with Sockets(tmp_path) as sockets:
        inbox = Inbox()
        socket = LoopSocket(sockets.bind(zmq.ROUTER, "r"), on_message_from=inbox.take_from, frames_max=3)
        peer = sockets.connect(zmq.DEALER, "r", identity=b"peer")
        for count in (2, 3, 4, 5000, 1):
            await peer.send_multipart([b"%d" % number for number in range(count)])
        await inbox.until(5)
        assert [frames[1:] for frames in inbox.messages] == [
            [b"0", b"1"],
            *[[b"0", b"1", b"2"]] * 3,
            [b"0"],
        ]
        socket.close()


@pytest.mark.parametrize("count", [1, MESSAGES_PER_TURN - 1, MESSAGES_PER_TURN, MESSAGES_PER_TURN + 1, 5000])
async def test_a_burst_is_drained_wholly(tmp_path: Path, count: int) -> None:
    """The descriptor signals once; nothing is left, although each iteration reads a bounded number."""
    with Sockets(tmp_path) as sockets:
        inbox = Inbox()
        bound = sockets.bind(zmq.ROUTER, "r")
        peer = sockets.connect(zmq.DEALER, "r", identity=b"peer")
        numbers = [str(number).encode() for number in range(count)]
        socket = LoopSocket(bound, inbox.take)
        for number in numbers:
            await peer.send(number)
        await inbox.until(count)
        assert [frames[1] for frames in inbox.messages] == numbers
        socket.close()


async def test_what_came_before_it_listened_is_there(tmp_path: Path) -> None:
    """Messages that wait already when the reader is set up cause no edge any more."""
    with Sockets(tmp_path) as sockets:
        bound = sockets.bind(zmq.ROUTER, "r")
        peer = sockets.connect(zmq.DEALER, "r", identity=b"peer")
        for number in range(300):
            await peer.send(str(number).encode())
        assert bound.poll(5000) & zmq.POLLIN
        assert bound.getsockopt(zmq.EVENTS)
        inbox = Inbox()
        socket = LoopSocket(bound, inbox.take)
        await inbox.until(300)
        socket.close()


async def test_a_turn_of_the_loop_takes_a_bounded_number(tmp_path: Path) -> None:
    """Others run in between, however much there is to read."""
    with Sockets(tmp_path) as sockets:
        inbox, sizes = Inbox(), list[int]()
        bound = sockets.bind(zmq.ROUTER, "r")
        peer = sockets.connect(zmq.DEALER, "r", identity=b"peer")
        for _ in range(1000):
            await peer.send(b"")
        assert bound.poll(5000) & zmq.POLLIN
        socket = LoopSocket(bound, inbox.take)
        while len(inbox.messages) < 1000:
            before = len(inbox.messages)
            await asyncio.sleep(0)
            sizes.append(len(inbox.messages) - before)
        assert max(sizes) <= 2 * MESSAGES_PER_TURN  # an iteration may have the reader's call and a scheduled one
        socket.close()


async def test_sends_between_drains_lose_no_news(tmp_path: Path) -> None:
    """A send consumes the descriptor's edge; echoing each of many messages still reads all of them."""
    with Sockets(tmp_path) as sockets:
        echoed = 0

        def echo(frames: list[bytes]) -> None:
            nonlocal echoed
            assert socket.send(frames)
            echoed += 1

        socket = LoopSocket(sockets.bind(zmq.ROUTER, "r"), echo)
        peer = sockets.connect(zmq.DEALER, "r")

        async def ask() -> None:
            for number in range(2000):
                await peer.send(str(number).encode())

        async def hear() -> list[bytes]:
            return [await peer.recv() for _ in range(2000)]

        _, answers = await asyncio.gather(ask(), hear())
        assert answers == [str(number).encode() for number in range(2000)]
        assert echoed == 2000
        socket.close()


async def test_a_round_trip_at_a_time_never_hangs(tmp_path: Path) -> None:
    """One message in, one out, with sends in between: the case in which an edge is easily missed."""
    with Sockets(tmp_path) as sockets:

        def echo(frames: list[bytes]) -> None:
            socket.send(frames)
            socket.send([b"nobody", b"x"])

        socket = LoopSocket(sockets.bind(zmq.ROUTER, "r"), echo)
        peer = sockets.connect(zmq.DEALER, "r")
        for number in range(500):
            await peer.send(str(number).encode())
            assert await peer.recv() == str(number).encode()
            socket.send([b"nobody", b"x"])
        socket.close()


async def test_a_message_that_nobody_takes_is_dropped(tmp_path: Path) -> None:
    """The sender never waits, and gets an error if the socket can tell."""
    with Sockets(tmp_path) as sockets:
        inbox = Inbox()
        dealer = sockets.bind(zmq.DEALER, "d")
        socket = LoopSocket(dealer, inbox.take)
        assert socket.send([b"to nobody"]) is False
        socket.close()
        router = LoopSocket(sockets.bind(zmq.ROUTER, "r"), inbox.take)
        assert router.send([b"gone", b"x"]) is True
        router.close()


async def test_after_close_nothing_is_handed_over(tmp_path: Path) -> None:
    """A message whose handler closes the socket is the last one."""
    with Sockets(tmp_path) as sockets:
        seen = 0

        def close(_: list[bytes]) -> None:
            nonlocal seen
            seen += 1
            socket.close()
            ended.set()

        ended = asyncio.Event()
        bound = sockets.bind(zmq.ROUTER, "r")
        peer = sockets.connect(zmq.DEALER, "r")
        for _ in range(300):
            await peer.send(b"")
        bound.poll(5000)
        socket = LoopSocket(bound, close)
        await ended.wait()
        await asyncio.sleep(0)
        assert seen == 1
        assert bound.closed


async def test_a_send_after_close_is_dropped(tmp_path: Path) -> None:
    """A task that answers too late does no harm."""
    with Sockets(tmp_path) as sockets:
        socket = LoopSocket(sockets.bind(zmq.ROUTER, "r"), lambda _: None)
        socket.close()
        assert socket.send([b"peer", b"x"]) is False


async def test_a_message_that_fails_does_not_hold_up_the_next(tmp_path: Path) -> None:
    """The error reaches the loop; the rest of the burst is read all the same."""
    with Sockets(tmp_path) as sockets:
        errors, inbox = list[BaseException | None](), Inbox()
        asyncio.get_running_loop().set_exception_handler(lambda _, context: errors.append(context.get("exception")))

        def take(frames: list[bytes]) -> None:
            if frames[1] == b"bad":
                raise ValueError("bad")
            inbox.take(frames)

        bound = sockets.bind(zmq.ROUTER, "r")
        peer = sockets.connect(zmq.DEALER, "r")
        for content in (b"bad", b"good", b"good"):
            await peer.send(content)
        assert bound.poll(5000) & zmq.POLLIN
        socket = LoopSocket(bound, take)
        async with asyncio.timeout(2):
            await inbox.until(2)
        assert [type(error) for error in errors] == [ValueError]
        socket.close()


async def test_a_local_peer_is_nobody_by_name(tmp_path: Path) -> None:
    """File modes admit it; there is no key to identify it."""
    senders: list[Sender] = []
    with Sockets(tmp_path) as sockets:
        inbox = Inbox()

        def take(frames: list[bytes], sender: Sender) -> None:
            senders.append(sender)
            inbox.take(frames)

        socket = LoopSocket(sockets.bind(zmq.ROUTER, "r"), on_message_from=take)
        peer = sockets.connect(zmq.DEALER, "r", identity=b"peer")
        await peer.send_multipart([b"", b"x" * 100_000])
        await inbox.until(1)
        assert inbox.messages == [[b"peer", b"", b"x" * 100_000]]
        assert senders == [LOCAL]
        socket.close()
