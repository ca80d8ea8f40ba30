import asyncio
from pathlib import Path

import zmq

from supervisor.requests.self_check import SelfCheck
from tests.supervisor.bench import bench
from tests.supervisor.sockets import Bound, Sockets


def plain(endpoint: str) -> tuple["zmq.Context[Bound]", Bound]:
    """A plain socket, as the service makes it."""
    context: zmq.Context[Bound] = zmq.Context()
    socket = context.socket(zmq.DEALER)
    socket.setsockopt(zmq.LINGER, 0)
    socket.connect(endpoint)
    return context, socket


async def test_answered_commands_are_answers(tmp_path: Path) -> None:
    """The real request code answers, also without an engine."""
    async with bench(tmp_path):
        answers = asyncio.Semaphore(0)
        context, socket = plain(f"ipc://{tmp_path / 'commands'}")
        check = SelfCheck(socket, answers.release)
        checking = asyncio.create_task(check.run(0.01))
        for _ in range(5):
            await answers.acquire()
        checking.cancel()
        check.close()
        context.term()


async def test_no_answer_is_no_beat(tmp_path: Path) -> None:
    """Although the loop runs and the requests arrive."""
    with Sockets(tmp_path) as sockets:
        deaf = sockets.bind(zmq.ROUTER, "commands")
        answers: list[None] = []
        context, socket = plain(sockets.endpoint("commands"))
        check = SelfCheck(socket, lambda: answers.append(None))
        checking = asyncio.create_task(check.run(0.01))
        for _ in range(3):
            assert await asyncio.to_thread(deaf.poll, 10_000)
            deaf.recv_multipart()
        assert answers == []
        checking.cancel()
        check.close()
        context.term()
