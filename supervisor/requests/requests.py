"""The `commands` socket. Each request gets exactly one reply by its deadline.

Short reads are answered at once. Long reads are made in steps. Mutations run as tasks. When the deadline of a mutation
passes, the client gets an error. A write that has begun goes on to its end. A repeated mutation is not carried out
again. It gets the outcome of the same work, but has its own deadline.

If a connection exceeds a limit, its requests are refused. No other connection is affected. docs/adr/020-limits.md has
the limits.
"""

import asyncio
import time
from collections.abc import Callable, Coroutine
from typing import Any, Final

import zmq

from protocol.wire import codec
from protocol.wire.commands.kinds import Command, DiskRead, EngineRead, InstantRead, Mutation, PagedRead, SessionRead
from protocol.wire.envelope import Request, parse_request
from protocol.wire.errors import ErrorKind, OuzelError
from protocol.wire.operations import parse_command
from supervisor.commands.acceptance import SENDER, Acceptance
from supervisor.commands.mutations import Mutations
from supervisor.commands.reads.disk_reads import DiskReads
from supervisor.commands.reads.engine_reads import EngineReads
from supervisor.commands.reads.reads import Reads, Steps
from supervisor.events.event_log import EventLog
from supervisor.log import logs
from supervisor.log.request_id import REQUEST, request_id_of
from supervisor.metrics.meters import Meters
from supervisor.requests.acceptances import Acceptances, Key, content_of
from supervisor.requests.claims import Claim, Claims, too_many
from supervisor.requests.invalid_frames import InvalidFrames
from supervisor.requests.large_frames import LargeFrames
from supervisor.requests.long_reads import LongReads
from supervisor.requests.replies import Replies
from supervisor.requests.work import Works
from supervisor.store.record_writes import OutcomeUnknown
from supervisor.traces.traces import TRACE, Traces
from supervisor.transport.loop_socket import LoopSocket, Sender
from supervisor.transport.outbox import Outbox

HOPS_MAX: Final = 16
HOP_BYTES_MAX: Final = 255
"""The maximum size of each of the HOPS_MAX frames before the request. ZeroMQ's addresses are not longer.

These frames are sent back before the reply.
"""

FINISH_S: Final = 1.0
"""The time that mutations may take after the engine has ended."""

LINGER_MS: Final = 200
"""The time limit for sending the last replies."""

GIVEN_UP_S: Final = 0.05
"""An unaccepted mutation is given up this time before its deadline. So the error arrives in time."""

GIVEN_UP_SHARE: Final = 0.2
"""The maximum of GIVEN_UP_S, as a share of the time until the deadline."""

Work = asyncio.Task[Acceptance | OuzelError]


def local_only(sender: Sender, command: Command) -> None:
    """The default permissions. Clients on local sockets may do everything, and clients on tcp may do nothing."""
    if sender.user is not None:
        raise OuzelError(ErrorKind.NOT_PERMITTED, f"{command.__struct_config__.tag} is not for clients on tcp")


class Requests:
    """Answers clients.

    Args:
        socket: a bound ROUTER socket.
        group: runs the tasks of mutations.
        stopping: whether mutations are refused because the service is stopping.
        admit: raises OuzelError if a sender is not permitted to send a command.
    """

    def __init__(
        self,
        socket: zmq.Socket[bytes],
        *,
        group: asyncio.TaskGroup,
        reads: Reads,
        mutations: Mutations,
        events: EventLog,
        disk_reads: DiskReads,
        engine_reads: EngineReads,
        stopping: Callable[[], bool],
        gen: Callable[[], int],
        meters: Meters,
        traces: Traces,
        log: logs.Logger,
        admit: Callable[[Sender, Command], None] = local_only,
    ) -> None:
        self._group = group
        self._reads = reads
        self._mutations = mutations
        self._disk_reads = disk_reads
        self._engine_reads = engine_reads
        self._stopping = stopping
        self._meters = meters
        self._traces = traces
        self._log = log
        self._acceptances: Acceptances[Work, Acceptance] = Acceptances()
        self._answering: set[asyncio.Task[None]] = set()
        self._works = Works(group, stopping)
        self._admit = admit
        self._claims = Claims()
        self._large_frames = LargeFrames(self._take, self._hand_back, self._too_late)
        self._socket = LoopSocket(socket, on_message_from=self._receive, frames_max=1 + HOPS_MAX + 1)
        self._outbox = Outbox(self._socket, log)
        self._replies = Replies(self._outbox, events=events, gen=gen, meters=meters, traces=traces)
        self._invalid = InvalidFrames(self._replies)
        self._long_reads = LongReads(is_backpressured=self._outbox.is_backpressured, defect=self._defect)

    async def close(self) -> None:
        """Waits up to FINISH_S for mutations to end. Cancels the remaining mutations, and answers all requests."""
        await self._works.finish(FINISH_S)
        self._large_frames.close()
        self._invalid.close()
        if left := self._works.give_up() | self._answering:
            await asyncio.wait(left)
        self._long_reads.close()
        self._outbox.close(linger_ms=LINGER_MS)

    def _receive(self, frames: list[bytes], sender: Sender) -> None:
        route = frames[:-1]
        if len(route) > 1 + HOPS_MAX or any(len(hop) > HOP_BYTES_MAX for hop in route):
            problem = f"at most {HOPS_MAX} frames of {HOP_BYTES_MAX} bytes may precede a request"
            self._invalid.refuse_unnamed(route[:1], OuzelError(ErrorKind.FRAME_TOO_LARGE, problem, field="frame"))
        else:
            self._large_frames.receive(frames, sender)

    def _take(self, frames: list[bytes], sender: Sender, came_at: float) -> None:
        *route, frame = frames
        try:
            request = parse_request(frame)
        except OuzelError as error:
            self._invalid.refuse_frame(route, frame, error)
            return
        try:
            command = parse_command(request.op, request.args)
        except OuzelError as error:
            self._invalid.refuse_request(route, request.id, error, request.deadline_ms / 1000)
            return
        try:
            self._admit(sender, command)
        except OuzelError as error:
            self._replies.refuse(route, request.id, error)
            return
        traced = None
        if self._traces.on:
            traced = self._traces.begin(route, request, command, request_id_of(request, route[0]))
        self._begin(route, request, command, len(frame), came_at + request.deadline_ms / 1000)
        if traced is not None:
            TRACE.reset(traced)  # the tasks of the request have a copy of the context

    def _hand_back(self, frames: list[bytes], _: Sender) -> None:
        """Refuses a message because there is no room. Reads only the message's id."""
        self._invalid.refuse_unread(frames, too_many())

    def _too_late(self, frames: list[bytes], _: Sender) -> None:
        """Refuses a message, because its deadline has passed in the queue."""
        problem = "it waited until its deadline; nothing was accepted"
        self._invalid.refuse_unread(frames, OuzelError(ErrorKind.DEADLINE_EXCEEDED, problem))

    def _begin(self, route: list[bytes], request: Request, command: Command, size: int, deadline: float) -> None:
        if isinstance(command, InstantRead):
            self._read(route, request, command)
            return
        peer = route[0]
        if not self._claims.admits(peer, size):
            self._replies.refuse(route, request.id, too_many())
            return
        claim = self._claims.acquire(peer, size)
        match command:
            case Mutation():
                self._mutate(route, request, command, deadline, claim)
            case EngineRead() | SessionRead():
                self._answered(self._engine_read(route, request, command, deadline, claim), claim)
            case PagedRead():
                self._paged_read(route, request, self._reads.steps(command), deadline, claim)
            case DiskRead():
                self._answered(self._disk_read(route, request, command, deadline), claim)
            case _:
                raise AssertionError(command)

    def _read(self, route: list[bytes], request: Request, command: InstantRead) -> None:
        try:
            self._replies.send(route, request.id, self._reads.answer(command))
        except OuzelError as error:  # not kept in a variable: the error refers to this frame, see test_garbage
            self._replies.send(route, request.id, error)
        except Exception:  # noqa: BLE001  # see _defect
            self._replies.send(route, request.id, self._defect(request))

    def _paged_read(self, route: list[bytes], request: Request, steps: Steps, deadline: float, claim: Claim) -> None:
        def done(outcome: Any) -> None:
            self._end(route, request, outcome)
            claim.release()

        self._long_reads.begin(route[0], steps, deadline, request, done)

    async def _engine_read(
        self, route: list[bytes], request: Request, command: EngineRead | SessionRead, deadline: float, claim: Claim
    ) -> None:
        REQUEST.set(request_id_of(request, route[0]))
        try:
            async with asyncio.timeout(request.deadline_ms / 1000 / 2):
                await self._engine_reads.refresh(command)
        except TimeoutError:
            pass  # the result has the cached numbers, with their age
        claim.hold()
        self._paged_read(route, request, self._engine_reads.steps(command), deadline, claim)

    async def _disk_read(self, route: list[bytes], request: Request, command: DiskRead, deadline: float) -> None:
        """Answers a disk read by its deadline, because the disk may hang."""
        REQUEST.set(request_id_of(request, route[0]))
        looking = self._works.begin(self._from_disk(request, command))
        outcome = await self._works.by(deadline, looking)
        looking.cancel()
        self._end(route, request, outcome)

    async def _from_disk(self, request: Request, command: DiskRead) -> Any:
        try:
            return await self._disk_reads.answer(command)
        except OuzelError as error:
            return error
        except Exception:  # noqa: BLE001  # see _defect
            return self._defect(request)

    def _mutate(self, route: list[bytes], request: Request, command: Mutation, deadline: float, claim: Claim) -> None:
        key = Key(request.client or tuple(filter(None, route)), request.id)
        content = content_of(command)
        try:
            found = self._acceptances.find(key, content, time.monotonic())
        except OuzelError as error:
            claim.release()
            self._replies.refuse(route, request.id, error)
            return
        repeats = found is not None
        if found is None:
            early_s = min(GIVEN_UP_S, GIVEN_UP_SHARE * request.deadline_ms / 1000)
            name = request_id_of(request, route[0])
            came_at = deadline - request.deadline_ms / 1000
            found = self._works.begin(self._accept(key, name, request, command, deadline - early_s, came_at))
            self._acceptances.begin(key, content, found, holder=route[0])
            claim.hold()  # held for the work, too, which may go on after the deadline
            found.add_done_callback(claim.release)
        if request.wait == "applied" or isinstance(found, Acceptance):
            self._answered(self._answer(route, request, found, deadline, repeats=repeats), claim)
        else:
            self._answer_by(deadline, route, request, found, claim, repeats=repeats)

    def _answer_by(
        self, deadline: float, route: list[bytes], request: Request, work: Work, claim: Claim, *, repeats: bool
    ) -> None:
        """Answers a request with the outcome of its work. If the deadline passes first, answers with an error.

        Unlike `_answer`, this method needs no task.
        """
        answered = False

        def answer(_: object = None) -> None:
            nonlocal answered
            if not answered:
                answered = True
                timer.cancel()
                self._end(route, request, self._works.outcome(work), repeats=repeats)
                claim.release()

        def at_deadline() -> None:
            # If the loop is late, the work may have ended, too, without the loop having noticed. So the answer is
            # delayed by the time that the loop is late, since the outcome of the work is better than an error.
            loop.call_later(loop.time() - deadline, answer)

        loop = asyncio.get_running_loop()
        timer = loop.call_at(deadline, at_deadline)
        work.add_done_callback(answer)

    def _answered(self, answer: Coroutine[Any, Any, None], claim: Claim) -> None:
        """Answers in a task. `close` waits for this task."""
        answering = self._group.create_task(answer)
        self._answering.add(answering)
        answering.add_done_callback(self._answering.discard)
        answering.add_done_callback(claim.release)

    async def _answer(
        self, route: list[bytes], request: Request, found: Work | Acceptance, deadline: float, *, repeats: bool
    ) -> None:
        outcome = found if isinstance(found, Acceptance) else await self._works.by(deadline, found)
        if isinstance(outcome, Acceptance) and request.wait == "applied":
            applying = self._works.begin(self._apply(request, outcome))
            outcome = await self._works.by(deadline, applying, accepted=True)
            applying.cancel()
        self._end(route, request, outcome, repeats=repeats)

    def _end(self, route: list[bytes], request: Request, outcome: Any, *, repeats: bool = False) -> None:
        """Answers a request with the outcome of its work. An error gets the request's name in the log."""
        if isinstance(outcome, OuzelError) and outcome.request is None:
            outcome.request = request_id_of(request, route[0])
        self._replies.send(
            route, request.id, outcome.result if isinstance(outcome, Acceptance) else outcome, repeats=repeats
        )

    async def _accept(
        self, key: Key, name: str, request: Request, command: Mutation, deadline: float, came_at: float
    ) -> Acceptance | OuzelError:
        """Carries out a mutation, and stores its acceptance. Returns errors, because a raised error would end the task
        group.
        """
        accepted: Acceptance | None = None
        try:
            if self._stopping():
                raise OuzelError(ErrorKind.STOPPING, "the supervisor is shutting down; nothing was accepted")
            SENDER.set(key.sender)  # in the context of this task only
            REQUEST.set(name)
            accepted = await self._mutations.accept(command, deadline)
        except OuzelError as error:
            if not isinstance(error, OutcomeUnknown):
                error.accepted = False
            return error
        except Exception:  # noqa: BLE001  # see _defect
            return self._defect(request)
        finally:
            if accepted is None:
                self._acceptances.drop(key)
        now = time.monotonic()
        self._acceptances.settle(key, accepted, len(codec.encode(accepted.result)), now)
        self._meters.acks.observe(now - came_at)
        return accepted

    async def _apply(self, request: Request, accepted: Acceptance) -> Acceptance | OuzelError:
        """Waits until libtorrent has confirmed an accepted mutation. Returns the acceptance or the error."""
        try:
            await self._mutations.until_applied(accepted)
        except OuzelError as error:
            error.accepted = True
            return error
        except Exception:  # noqa: BLE001  # see _defect
            return self._defect(request, accepted=True)
        return accepted

    def _defect(self, request: Request, *, accepted: bool | None = None) -> OuzelError:
        """Logs the current unexpected error, and returns an INTERNAL_ERROR.

        Any exception of a command is caught, because a defect in one command must not end the service.
        """
        self._log.exception("command_failed", op=request.op, id=request.id)
        message = f"{request.op} failed because of a defect in Ouzel; the log has the details"
        return OuzelError(ErrorKind.INTERNAL_ERROR, message, accepted=accepted)
