import asyncio
from pathlib import Path

import zmq

from supervisor.engine.process.engine_socket import EngineSocket
from tests.supervisor.sockets import Sockets


async def test_each_generation_is_heard_by_who_listens_to_it(tmp_path: Path) -> None:
    """Links of several slots share the socket; frames without a listener are dropped."""
    with Sockets(tmp_path) as sockets:
        socket = EngineSocket(sockets.bind(zmq.ROUTER, "link"))
        first, second, third = (socket.new_generation() for _ in range(3))
        heard: dict[int, list[bytes]] = {first: [], second: []}
        socket.listen(first, heard[first].append)
        socket.listen(second, heard[second].append)
        engines = {gen: sockets.connect(zmq.DEALER, "link", identity=f"gen-{gen}".encode()) for gen in (1, 2, 3)}
        for gen in (third, first, second):
            await engines[gen].send(str(gen).encode())
        async with asyncio.timeout(2):
            while not all(heard.values()):  # noqa: ASYNC110  # the loop has to turn
                await asyncio.sleep(0)
        socket.send(second, b"to the second")
        assert await engines[second].recv() == b"to the second"
        socket.ignore(first)
        await engines[first].send(b"more")
        await engines[second].send(b"more")
        async with asyncio.timeout(2):
            while len(heard[second]) < 2:  # noqa: ASYNC110  # likewise
                await asyncio.sleep(0)
        assert heard == {first: [b"1"], second: [b"2", b"more"]}
        socket.close()
