"""The supervisor's end of the private link to one generation. Sends commands, receives events, and matches answers.

Frames of other generations are dropped. Frames of the spare only show that the spare is alive. When the engine is lost,
all waiting queries fail at once.
"""

import asyncio
import itertools
from collections.abc import Callable, Sequence
from typing import Any, Final, cast

import msgspec

from protocol.internal.link import CommandBatch, decode_events
from protocol.internal.link_commands import EngineCommand, EnsureTorrent
from protocol.internal.link_events import EngineEvent
from protocol.internal.link_queries import Answer, AnswerT, InspectSource, Query
from protocol.wire import codec
from protocol.wire.errors import ErrorKind, OuzelError
from supervisor.engine.process.engine_socket import EngineSocket
from supervisor.log.request_book import RequestBook
from supervisor.log.request_id import REQUEST
from supervisor.traces.traces import TRACE

COMMANDS_PER_FRAME: Final = 500
LARGE_BYTES: Final = 64 * 1024
"""A source of at least this size is sent in a frame of its own."""


class EngineLink:
    """Exchanges messages with the engine of one slot, and listens to the spare.

    Args:
        socket: the engine socket. The links of all slots share it.
        on_connected: called when the first frame of the current generation arrives. Before that, no command reaches the
            engine.
        on_event: called on the loop with each event of the current generation, except answers.
        on_garbage: called with the reason when a frame of an engine cannot be decoded.

    Fields:
        requests: the clients' requests that the engine has not confirmed yet.
    """

    def __init__(
        self,
        socket: EngineSocket,
        on_connected: Callable[[], None],
        on_event: Callable[[EngineEvent], None],
        on_garbage: Callable[[str], None],
    ) -> None:
        self._on_connected = on_connected
        self._on_event = on_event
        self._on_garbage = on_garbage
        self._answers: dict[int, asyncio.Future[Any]] = {}
        self._tokens = itertools.count(1)
        self._gen: int | None = None
        self._connected = False
        self._expected: tuple[int, Callable[[], None]] | None = None
        self._expected_heard = False
        self._ready = asyncio.Event()
        self._unsent: list[EngineCommand] = []
        self._delayed: list[EngineCommand] = []
        self.requests = RequestBook()
        self._socket = socket

    @property
    def up(self) -> bool:
        """Whether an engine is ready for commands."""
        return self._ready.is_set()

    @property
    def connected(self) -> bool:
        """Whether an engine is connected. Commands reach a connected engine."""
        return self._gen is not None and self._connected

    def expect(self, gen: int, on_heard: Callable[[], None]) -> None:
        """Listens to the spare of this generation. The spare's frames are dropped. Each frame causes a call of
        `on_heard`.
        """
        if self._expected is not None:
            self._socket.ignore(self._expected[0])
        self._expected = (gen, on_heard)
        self._expected_heard = False
        self._socket.listen(gen, self._heard_expected)

    def attach(self, gen: int) -> None:
        """Makes a generation the engine, before it is ready.

        If the process was a spare and has sent a frame, it counts as connected at once.
        """
        if self._expected is not None:
            self._socket.ignore(self._expected[0])
        self._gen = gen
        self._connected = self._expected_heard and self._expected is not None and self._expected[0] == gen
        self._expected, self._expected_heard = None, False
        self._socket.listen(gen, self._receive)
        if self._connected:
            self._on_connected()

    def ready(self) -> None:
        """Marks the engine as ready for commands."""
        self._ready.set()

    def detach(self) -> None:
        """Ends the link to the engine. All waiting queries fail with ENGINE_LOST."""
        self._flush()
        self._delayed = []
        if self._gen is not None:
            self._socket.ignore(self._gen)
        self._gen = None
        self._ready.clear()
        waiting, self._answers = self._answers, {}
        for answer in waiting.values():
            if not answer.done():
                answer.set_exception(OuzelError(ErrorKind.ENGINE_LOST, "the engine died; nothing was accepted"))

    def send(self, *commands: EngineCommand) -> None:
        """Sends commands to the engine. Without an engine, drops the commands, because the next engine gets the whole
        desired state.

        All commands of one iteration of the loop are sent at its end. They share frames, because a frame costs more
        time than a command.
        """
        if not self.connected:
            return
        if self._delayed and not all(isinstance(each, InspectSource) for each in commands):
            self.release()
        if not self._unsent and commands:
            asyncio.get_running_loop().call_soon(self._flush)
        self._unsent += self._with_request(commands)

    def delay(self, command: EnsureTorrent) -> None:
        """Sends a command later: on `release`, or before the next command that does not validate a source.

        So all commands keep their order, except `InspectSource`. The engine executes `InspectSource` first anyway.
        """
        if self.connected:
            self._delayed += self._with_request([command])

    def release(self) -> None:
        """Sends the delayed commands."""
        if not self._delayed:
            return
        if not self._unsent:
            asyncio.get_running_loop().call_soon(self._flush)
        self._unsent += self._delayed
        self._delayed = []

    def _with_request(self, commands: Sequence[EngineCommand]) -> Sequence[EngineCommand]:
        """The commands with the id of the current request. Notes the request of each torrent."""
        request = REQUEST.get()
        if not request:
            return commands
        for each in commands:
            if isinstance(each, EnsureTorrent):
                self.requests.note(each.desired.torrent, request, TRACE.get())
        return [msgspec.structs.replace(each, request=request) for each in commands]

    def _flush(self) -> None:
        unsent, self._unsent = self._unsent, []
        batch: list[EngineCommand] = []
        for command in unsent:
            large = isinstance(command, InspectSource) and len(command.metainfo or b"") >= LARGE_BYTES
            if batch and (large or len(batch) == COMMANDS_PER_FRAME):
                self._send_batch(batch)
                batch = []
            batch.append(command)
            if large:
                self._send_batch(batch)
                batch = []
        if batch:
            self._send_batch(batch)

    def _send_batch(self, batch: list[EngineCommand]) -> None:
        if self._gen is not None:
            frame = codec.encode(CommandBatch(gen=self._gen, commands=batch))
            self._socket.send(self._gen, frame)

    async def until_ready(self) -> None:
        """Waits until an engine is ready for commands."""
        await self._ready.wait()

    async def ask(self, query: Query[AnswerT], deadline: float | None = None) -> AnswerT:
        """Sends a query to a ready engine, and returns its answer.

        Args:
            deadline: a time of the loop. `ask` waits until this time. If `deadline` is None, `ask` waits for ever.

        Raises:
            OuzelError: ENGINE_LOST.
            TimeoutError: no answer has come by the deadline.
        """
        if not self.up:
            raise OuzelError(ErrorKind.ENGINE_LOST, "the engine died; nothing was accepted")
        loop = asyncio.get_running_loop()
        token = next(self._tokens)
        answer: asyncio.Future[Any] = loop.create_future()
        traced = TRACE.get()
        kind = str(query.__struct_config__.tag)
        asking = None if traced is None else traced.child("engine_query", **{"ouzel.query": kind})
        self._answers[token] = answer
        # This timer costs a tenth of `asyncio.timeout`, and each add sends a query.
        timer = None if deadline is None else loop.call_at(deadline, _expire, answer)
        try:
            self.send(cast(EngineCommand, msgspec.structs.replace(query, token=token)))
            found: AnswerT = await answer
            return found
        finally:
            self._answers.pop(token, None)
            if timer is not None:
                timer.cancel()
            if asking is not None:
                asking.end(None if _is_answered(answer) else "no answer")

    def new_generation(self) -> int:
        """Returns the generation of the next engine process."""
        return self._socket.new_generation()

    def _heard_expected(self, _: bytes) -> None:
        if self._expected is not None:
            self._expected_heard = True
            self._expected[1]()

    def _receive(self, frame: bytes) -> None:
        if not self._connected:
            self._connected = True
            self._on_connected()
        try:
            batch = decode_events(frame)
        except OuzelError as error:
            self._on_garbage(str(error))
            return
        for event in batch.events:
            if batch.gen != self._gen:
                return  # the frame is of another generation, or an earlier event of the batch has ended this generation
            if isinstance(event, Answer):
                waiting = self._answers.get(event.token)
                if waiting is not None and not waiting.done():
                    waiting.set_result(event)
            else:
                self._on_event(event)


def _expire(answer: asyncio.Future[Any]) -> None:
    if not answer.done():
        answer.set_exception(TimeoutError())


def _is_answered(answer: asyncio.Future[Any]) -> bool:
    return answer.done() and not answer.cancelled() and answer.exception() is None
