import asyncio
from pathlib import Path

import zmq

from supervisor.pulse import Pulse
from tests.supervisor.bench import bench
from tests.supervisor.sockets import Bound, Sockets


def plain(endpoint: str) -> tuple["zmq.Context[Bound]", Bound]:
    """A plain socket, as the service makes it."""
    context: zmq.Context[Bound] = zmq.Context()
    socket = context.socket(zmq.DEALER)
    socket.setsockopt(zmq.LINGER, 0)
    socket.connect(endpoint)
    return context, socket


async def test_answered_commands_are_beats(tmp_path: Path) -> None:
    """The real requests answer, without an engine too."""
    async with bench(tmp_path):
        beats = asyncio.Semaphore(0)
        context, socket = plain(f"ipc://{tmp_path / 'commands'}")
        pulse = Pulse(socket, beats.release)
        beating = asyncio.create_task(pulse.run(0.01))
        for _ in range(5):
            await beats.acquire()
        beating.cancel()
        pulse.close()
        context.term()


async def test_no_answer_is_no_beat(tmp_path: Path) -> None:
    """Though the loop turns and the questions arrive."""
    with Sockets(tmp_path) as sockets:
        deaf = sockets.bind(zmq.ROUTER, "commands")
        beats: list[None] = []
        context, socket = plain(sockets.endpoint("commands"))
        pulse = Pulse(socket, lambda: beats.append(None))
        beating = asyncio.create_task(pulse.run(0.01))
        for _ in range(3):
            assert await asyncio.to_thread(deaf.poll, 10_000)
            deaf.recv_multipart()
        assert beats == []
        beating.cancel()
        pulse.close()
        context.term()
