"""The `commands` socket: one request in, exactly one reply out, by its deadline.

Reads are answered in the same turn of the loop. Mutations run as tasks of their own; a client whose deadline passes
is told so, while what was already given to the disk goes on to its end.
"""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, Final

import msgspec
import zmq

from protocol import codec
from protocol.commands import (
    AddPeers,
    AddTorrent,
    Command,
    ListFiles,
    Mutation,
    PauseTorrent,
    RemoveTorrent,
    ResumeTorrent,
    SetSequential,
    UpdateLimits,
    UpdateSelection,
    parse_command,
)
from protocol.envelope import ErrorBody, RefusedRequest, Reply, Request, parse_request
from protocol.errors import ErrorKind, OuzelError
from supervisor import logs
from supervisor.event_log import EventLog
from supervisor.loop_socket import LoopSocket
from supervisor.mutations import Mutations
from supervisor.reads import Reads

RECEIVE_BYTES_MAX: Final = 256 * 1024 * 1024
"""Frames up to here are received, so that one over the limit gets an answer; on larger ones ZeroMQ hangs up."""

FINISH_S: Final = 1.0
"""How long mutations may go on once the service has no engine any more."""

LINGER_MS: Final = 200
"""How long the last replies may take to leave."""

_MUTATIONS: Final = (
    AddTorrent,
    RemoveTorrent,
    PauseTorrent,
    ResumeTorrent,
    SetSequential,
    UpdateLimits,
    UpdateSelection,
    AddPeers,
)


class Requests:
    """Answers clients.

    Args:
        socket: a bound ROUTER socket.
        group: where the tasks of mutations run.
        freshen: brings a torrent's file progress up to date, where an engine can tell it quickly.
        stopping: whether mutations are refused because the service goes down.
    """

    def __init__(
        self,
        socket: zmq.Socket[bytes],
        *,
        group: asyncio.TaskGroup,
        reads: Reads,
        mutations: Mutations,
        events: EventLog,
        freshen: Callable[[str], Coroutine[Any, Any, None]],
        stopping: Callable[[], bool],
        gen: Callable[[], int],
        log: logs.Logger,
    ) -> None:
        self._group = group
        self._reads = reads
        self._mutations = mutations
        self._events = events
        self._freshen = freshen
        self._stopping = stopping
        self._gen = gen
        self._log = log
        self._answering: set[asyncio.Task[None]] = set()
        self._at_work: set[asyncio.Task[Any]] = set()
        self._socket = LoopSocket(socket, self._receive)

    async def close(self) -> None:
        """Lets mutations that only wait for the disk end, gives up on the others, and answers all of them."""
        if self._at_work:
            _, unfinished = await asyncio.wait(self._at_work, timeout=FINISH_S)
            for task in unfinished:
                task.cancel()
        if self._answering:
            await asyncio.wait(self._answering)
        self._socket.close(linger_ms=LINGER_MS)

    def _receive(self, frames: list[bytes]) -> None:
        *route, frame = frames
        try:
            request = parse_request(frame)
        except RefusedRequest as refused:
            self._reply(route, refused.request_id, refused)
            return
        except OuzelError as error:
            self._reply(route, None, error)
            return
        try:
            command = parse_command(request.op, request.args)
        except OuzelError as error:
            self._reply(route, request.id, error)
            return
        if isinstance(command, _MUTATIONS):
            answering = self._group.create_task(self._mutate(route, request, command))
            self._answering.add(answering)
            answering.add_done_callback(self._answering.discard)
        elif isinstance(command, ListFiles):
            self._group.create_task(self._list_files(route, request, command))
        else:
            self._read(route, request, command)

    def _read(self, route: list[bytes], request: Request, command: Command) -> None:
        try:
            outcome = self._reads.answer(command)  # type: ignore[arg-type]  # mutations were told apart above
        except OuzelError as error:
            outcome = error
        except Exception:  # noqa: BLE001  # see _defect
            outcome = self._defect(request)
        self._reply(route, request.id, outcome)

    async def _list_files(self, route: list[bytes], request: Request, command: ListFiles) -> None:
        try:
            async with asyncio.timeout(request.deadline_ms / 1000 / 2):
                await self._freshen(command.torrent)
        except TimeoutError:
            pass  # the cached numbers will do, and say how old they are
        self._read(route, request, command)

    async def _mutate(self, route: list[bytes], request: Request, command: Mutation) -> None:
        deadline = asyncio.get_running_loop().time() + request.deadline_ms / 1000
        work = self._group.create_task(self._attempt(request, command, deadline))
        self._at_work.add(work)
        work.add_done_callback(self._at_work.discard)
        done, _ = await asyncio.wait([work], timeout=request.deadline_ms / 1000)
        if done and not work.cancelled():
            outcome = work.result()
        elif self._stopping():
            outcome = OuzelError(ErrorKind.STOPPING, "the supervisor is shutting down; ask again after its restart")
        else:
            outcome = _deadline_exceeded()
        self._reply(route, request.id, outcome)

    async def _attempt(self, request: Request, command: Mutation, deadline: float) -> Any:
        """The result, or the error as a value: a request must not end the group that others run in."""
        if self._stopping():
            return OuzelError(ErrorKind.STOPPING, "the supervisor is shutting down; nothing was accepted")
        try:
            return await self._mutations.carry_out(command, request.wait, deadline)
        except OuzelError as error:
            return error
        except TimeoutError:
            return _deadline_exceeded()
        except Exception:  # noqa: BLE001  # see _defect
            return self._defect(request)

    def _defect(self, request: Request) -> OuzelError:
        """The one place where any error is caught: a defect in one command must not take the service down."""
        self._log.exception("command_failed", op=request.op, id=request.id)
        return OuzelError(ErrorKind.INTERNAL_ERROR, f"{request.op} failed for a defect in Ouzel; its log has more")

    def _reply(self, route: list[bytes], request_id: str | int | None, outcome: Any) -> None:
        refused = isinstance(outcome, OuzelError)
        reply = Reply(
            id=request_id,
            ok=not refused,
            result=msgspec.UNSET if refused else outcome,
            error=ErrorBody.of(outcome) if refused else msgspec.UNSET,
            epoch=self._events.epoch,
            gen=self._gen(),
            seq=self._events.head,
        )
        self._socket.send([*route, codec.encode(reply)])


def _deadline_exceeded() -> OuzelError:
    return OuzelError(
        ErrorKind.DEADLINE_EXCEEDED, "the outcome was not known in time; the command may still take effect"
    )
