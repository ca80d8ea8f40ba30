"""Makes long reads in short steps. So a page of thousands of rows does not delay other clients.

A long read is an iterator that yields after each step and returns its result. Steps of different connections alternate
(round-robin). The reads of one connection are made in order. So a client with many reads delays only itself. While a
connection does not receive its replies, its reads are suspended. Suspended reads end at the deadlines of their
requests.
"""

import asyncio
import time
from collections import deque
from collections.abc import Callable, Generator
from typing import Any, Final

from protocol.wire.envelope import Request
from protocol.wire.errors import ErrorKind, OuzelError

SLICE_S: Final = 0.0003
"""For how long steps are made before the loop handles other events."""

LOOK_AGAIN_S: Final = 0.01
"""The interval between checks of connections with suspended reads. A check finds out whether they receive replies
again.
"""

Steps = Generator[None, None, Any]
Outcome = Callable[[Any], None]


class LongRead:
    """A read in progress. `done` is called once, with the result or an OuzelError.

    If `done` raises, it is called again with an INTERNAL_ERROR.
    """

    def __init__(self, peer: bytes, steps: Steps, request: Request, done: Outcome) -> None:
        self.peer = peer
        self.steps = steps
        self.request = request
        self.done = done
        self.ended = False
        self.timer: asyncio.TimerHandle | None = None

    def end(self, outcome: Any) -> None:
        """Ends the read with an outcome. Does nothing if the read has ended already."""
        if not self.ended:
            self.ended = True
            if self.timer is not None:
                self.timer.cancel()
            self.steps.close()
            self.done(outcome)


class LongReads:
    """All long reads in progress.

    Args:
        is_backpressured: whether a connection does not receive its replies.
        defect: logs the current unexpected error, and returns an INTERNAL_ERROR.
    """

    def __init__(self, *, is_backpressured: Callable[[bytes], bool], defect: Callable[[Request], OuzelError]) -> None:
        self._is_backpressured = is_backpressured
        self._defect = defect
        self._loop = asyncio.get_running_loop()
        self._reads: dict[bytes, deque[LongRead]] = {}
        """By connection, in round-robin order: its reads, in the order of the requests."""
        self._backpressured: dict[bytes, deque[LongRead]] = {}
        """The suspended reads. Their connections did not receive replies at the last check."""
        self._next: asyncio.Handle | None = None
        self._look: asyncio.TimerHandle | None = None

    def begin(self, peer: bytes, steps: Steps, deadline: float, request: Request, done: Outcome) -> None:
        """Begins a read. If the read is not complete at the loop's time `deadline`, it ends with an error."""
        read = LongRead(peer, steps, request, done)
        read.timer = self._loop.call_at(deadline, self._late, read)
        among = self._backpressured if peer in self._backpressured else self._reads
        among.setdefault(peer, deque()).append(read)
        self._schedule()

    def close(self) -> None:
        """Ends all reads with an error."""
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
        self._end(read, OuzelError(ErrorKind.DEADLINE_EXCEEDED, "the read was not complete before its deadline"))

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
        finally:  # the other reads go on even if a read raises
            self._schedule()

    def _look_again(self) -> None:
        """Resumes the reads of connections that receive their replies again."""
        self._look = None
        ends = time.perf_counter() + SLICE_S
        try:
            for peer in list(self._backpressured):
                is_backpressured = self._is_backpressured(peer)
                among = self._backpressured if is_backpressured else self._reads
                among[peer] = self._backpressured.pop(peer)
                if time.perf_counter() > ends:
                    break  # the checked connections are at the end now, so the next check begins with unchecked ones
        finally:
            self._schedule()

    def _step(self, reads: deque[LongRead]) -> None:
        """Makes one step of a connection's first read."""
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
        except Exception:  # noqa: BLE001  # the result cannot be sent: reply with an error
            read.done(self._defect(read.request))
