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

from protocol.envelope import Request
from protocol.errors import ErrorKind, OuzelError

SLICE_S: Final = 0.0003
"""How long the loop reads on before others get their turn."""

LOOK_AGAIN_S: Final = 0.01
"""How often it looks whether anybody who did not read has read."""

Steps = Generator[None, None, Any]
Outcome = Callable[[Any], None]


class LongRead:
    """One read under way. `done` is called once, with the result or an OuzelError, or not at all after `stop`."""

    def __init__(self, steps: Steps, request: Request, done: Outcome) -> None:
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
        crowded: whether a connection has been given more than it reads.
        defect: what becomes of an error that nobody expected, while it is being handled.
    """

    def __init__(self, *, crowded: Callable[[bytes], bool], defect: Callable[[Request], OuzelError]) -> None:
        self._crowded = crowded
        self._defect = defect
        self._loop = asyncio.get_running_loop()
        self._reads: dict[bytes, deque[LongRead]] = {}
        """By connection, in the order of their turns."""
        self._next: asyncio.Handle | None = None

    def begin(self, peer: bytes, steps: Steps, deadline: float, request: Request, done: Outcome) -> None:
        """Has a read done, by the loop's time `deadline`."""
        read = LongRead(steps, request, done)
        read.timer = self._loop.call_at(deadline, self._late, read)
        self._reads.setdefault(peer, deque()).append(read)
        if self._next is None:
            self._next = self._loop.call_soon(self._turn)

    def close(self) -> None:
        """Ends all of them."""
        for reads in self._reads.values():
            for read in reads:
                read.end(OuzelError(ErrorKind.STOPPING, "the supervisor is shutting down; ask again after its restart"))
        self._reads.clear()
        if self._next is not None:
            self._next.cancel()

    def _late(self, read: LongRead) -> None:
        read.end(OuzelError(ErrorKind.DEADLINE_EXCEEDED, "there was more to read than its turns allowed in time"))

    def _turn(self) -> None:
        self._next = None
        ends = time.perf_counter() + SLICE_S
        passed_over = 0
        while self._reads and passed_over < len(self._reads) and time.perf_counter() < ends:
            peer, reads = next(iter(self._reads.items()))
            del self._reads[peer]
            while reads and reads[0].ended:
                reads.popleft()
            if not reads:
                continue
            if self._crowded(peer):
                passed_over += 1
            else:
                passed_over = 0
                self._step(reads[0])
            self._reads[peer] = reads
        if self._reads and passed_over >= len(self._reads):
            self._next = self._loop.call_later(LOOK_AGAIN_S, self._turn)
        elif self._reads:
            self._next = self._loop.call_soon(self._turn)

    def _step(self, read: LongRead) -> None:
        try:
            next(read.steps)
        except StopIteration as stop:
            read.end(stop.value)
        except OuzelError as error:
            read.end(error)
        except Exception:  # noqa: BLE001  # a defect in one read must not take the service down
            read.end(self._defect(read.request))
