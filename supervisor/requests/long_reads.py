"""Long reads, in slices and in turns: a page of thousands of rows costs other clients no more than a moment.

A long read is an iterator that yields now and then and returns its result. Connections take turns, and each has its own
reads done in order; whoever asks for much waits for himself. A connection that does not read what it was given already
is passed over until it does, or until its requests' deadlines.
"""

import asyncio
import time
from collections import deque
from collections.abc import Callable, Generator
from typing import Any, Final

from protocol.wire.envelope import Request
from protocol.wire.errors import ErrorKind, OuzelError

SLICE_S: Final = 0.0003
"""How long the loop reads on before others get their turn."""

LOOK_AGAIN_S: Final = 0.01
"""How often it looks whether anybody who did not read has read, for a slice."""

Steps = Generator[None, None, Any]
Outcome = Callable[[Any], None]


class LongRead:
    """One read under way. `done` is called once, with the result or an OuzelError.

    Where it raises, it is called with what the defect is instead.
    """

    def __init__(self, peer: bytes, steps: Steps, request: Request, done: Outcome) -> None:
        self.peer = peer
        self.steps = steps
        self.request = request
        self.done = done
        self.ended = False
        self.timer: asyncio.TimerHandle | None = None

    def end(self, outcome: Any) -> None:
        """Has come to this."""
        if not self.ended:
            self.ended = True
            if self.timer is not None:
                self.timer.cancel()
            self.steps.close()
            self.done(outcome)


class LongReads:
    """All long reads under way.

    Args:
        is_backpressured: whether a connection has been given more than it reads.
        defect: what becomes of an error that nobody expected, while it is being handled.
    """

    def __init__(self, *, is_backpressured: Callable[[bytes], bool], defect: Callable[[Request], OuzelError]) -> None:
        self._is_backpressured = is_backpressured
        self._defect = defect
        self._loop = asyncio.get_running_loop()
        self._reads: dict[bytes, deque[LongRead]] = {}
        """By connection, in the order of their turns."""
        self._backpressured: dict[bytes, deque[LongRead]] = {}
        """Of the connections that did not read when they were looked at last."""
        self._next: asyncio.Handle | None = None
        self._look: asyncio.TimerHandle | None = None

    def begin(self, peer: bytes, steps: Steps, deadline: float, request: Request, done: Outcome) -> None:
        """Has a read done, by the loop's time `deadline`."""
        read = LongRead(peer, steps, request, done)
        read.timer = self._loop.call_at(deadline, self._late, read)
        among = self._backpressured if peer in self._backpressured else self._reads
        among.setdefault(peer, deque()).append(read)
        self._schedule()

    def close(self) -> None:
        """Ends all of them."""
        for reads in (*self._reads.values(), *self._backpressured.values()):
            for read in reads:
                self._end(
                    read, OuzelError(ErrorKind.STOPPING, "the supervisor is shutting down; ask again after its restart")
                )
        self._reads.clear()
        self._backpressured.clear()
        for handle in (self._next, self._look):
            if handle is not None:
                handle.cancel()

    def _late(self, read: LongRead) -> None:
        for among in (self._reads, self._backpressured):
            reads = among.get(read.peer)
            if reads is not None and read in reads:
                reads.remove(read)
                if not reads:
                    del among[read.peer]
        self._end(
            read, OuzelError(ErrorKind.DEADLINE_EXCEEDED, "there was more to read than its turns allowed in time")
        )

    def _schedule(self) -> None:
        if self._reads and self._next is None:
            self._next = self._loop.call_soon(self._turn)
        if self._backpressured and self._look is None:
            self._look = self._loop.call_later(LOOK_AGAIN_S, self._look_again)

    def _turn(self) -> None:
        self._next = None
        ends = time.perf_counter() + SLICE_S
        try:
            while self._reads and time.perf_counter() < ends:
                peer = next(iter(self._reads))
                is_backpressured = self._is_backpressured(peer)
                reads = self._reads.pop(peer)
                if is_backpressured:
                    self._backpressured[peer] = reads
                else:
                    self._reads[peer] = reads
                    self._step(reads)
        finally:  # whatever came of one, the others go on
            self._schedule()

    def _look_again(self) -> None:
        """Connections that have read what they were given get their turns again; nothing is done for the others."""
        self._look = None
        ends = time.perf_counter() + SLICE_S
        try:
            for peer in list(self._backpressured):
                is_backpressured = self._is_backpressured(peer)
                among = self._backpressured if is_backpressured else self._reads
                among[peer] = self._backpressured.pop(peer)
                if time.perf_counter() > ends:
                    break  # those that were looked at are the last now
        finally:
            self._schedule()

    def _step(self, reads: deque[LongRead]) -> None:
        """One step of a connection's first read."""
        read = reads[0]
        try:
            self._go_on(read)
        finally:
            if read.ended:
                reads.popleft()
                if not reads:
                    del self._reads[read.peer]

    def _go_on(self, read: LongRead) -> None:
        try:
            next(read.steps)
        except StopIteration as stop:
            self._end(read, stop.value)
        except OuzelError as error:
            self._end(read, error)
        except Exception:  # noqa: BLE001  # a defect in one read must not take the service down
            self._end(read, self._defect(read.request))

    def _end(self, read: LongRead, outcome: Any) -> None:
        try:
            read.end(outcome)
        except Exception:  # noqa: BLE001  # what was read cannot be told: that is
            read.done(self._defect(read.request))
