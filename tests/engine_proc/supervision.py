"""A fake of the supervisor's end of the link."""

import itertools
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final, TypeVar

import zmq

from protocol.internal.bounds import Bounds
from protocol.internal.link import CommandBatch, decode_events
from protocol.internal.link_commands import Configure, EngineCommand
from protocol.internal.link_events import EngineEvent
from protocol.wire import codec
from tools.rig.probe import DEADLINE_S, LOOPBACK

GEN: Final = 7
EventT = TypeVar("EventT")

CONFIGURE: Final = Configure(
    settings=LOOPBACK, download_bps=0, upload_bps=0, torrents=10, revision=1, bounds=Bounds(roots=["/"])
)


class Supervision:
    """A ROUTER socket on ipc, and a lifeline.

    Fields:
        heard: all events so far in order, with the monotonic time of arrival.
    """

    def __init__(self, directory: Path) -> None:
        self.context = zmq.Context()
        self.endpoint = f"ipc://{directory}/link"
        self._socket = self.context.socket(zmq.ROUTER)
        self._socket.setsockopt(zmq.LINGER, 0)
        self._socket.bind(self.endpoint)
        self.lifeline_fd, self._lifeline = os.pipe()
        self._cut = False
        self._peer = b""
        self.heard: list[tuple[float, EngineEvent]] = []
        self._untaken: list[EngineEvent] = []

    def listen(self, wait_s: float = 0.0) -> None:
        """Receives what is there or arrives within this time."""
        while self._socket.poll(int(wait_s * 1000)):
            wait_s = 0.0
            self._peer, frame = self._socket.recv_multipart()
            batch = decode_events(frame)
            assert batch.gen == GEN
            now = time.monotonic()
            self.heard.extend((now, event) for event in batch.events)
            self._untaken.extend(batch.events)

    def take(self, kind: type[EventT], where: Callable[[EventT], bool] = lambda event: True) -> EventT:
        """The next event of a kind, now or later, each returned once."""
        deadline = time.monotonic() + DEADLINE_S
        while True:
            for index, event in enumerate(self._untaken):
                if isinstance(event, kind) and where(event):
                    del self._untaken[index]
                    return event
            assert time.monotonic() < deadline, f"no {kind.__name__} came; these did: {self._untaken[-10:]}"
            self.listen(0.1)

    def waiting(self, kind: type[EventT]) -> list[EventT]:
        """The received events of a kind that were not returned yet."""
        self.listen()
        return [event for event in self._untaken if isinstance(event, kind)]

    def send(self, *commands: EngineCommand, gen: int = GEN) -> None:
        """Sends a batch; the engine must have sent something before."""
        deadline = time.monotonic() + DEADLINE_S
        while not self._peer:
            assert time.monotonic() < deadline, "nothing was heard of the engine"
            self.listen(0.1)
        self._socket.send_multipart([self._peer, codec.encode(CommandBatch(gen=gen, commands=list(commands)))])

    def cut_lifeline(self) -> None:
        """Closes the lifeline, as the kernel does when the supervisor dies."""
        if not self._cut:
            os.close(self._lifeline)
            self._cut = True

    def close(self) -> None:
        self.cut_lifeline()
        os.close(self.lifeline_fd)
        self._socket.close()
        self.context.term()


def gaps(times: list[float]) -> list[float]:
    """The time between each two."""
    return [later - earlier for earlier, later in itertools.pairwise(times)]
