"""The log's writer: lines are put into a bounded queue, and a thread writes the lines.

A logging call never blocks or fails. While the log cannot be written, lines are queued until the queue is full. Further
lines are dropped. One line with their count replaces the dropped lines. A failed write is tried again every second. A
disk may get free space again, or a pipe may get another reader.
"""

import errno
import os
import queue
import select
import threading
import time
from collections.abc import Callable
from typing import Final

LINES_MAX: Final = 10_000
BYTES_MAX: Final = 4 * 1024 * 1024
"""The bound of the queue in bytes. A line longer than this bound is dropped."""

CHUNK_BYTES: Final = 64 * 1024
"""Queued lines are written together, up to about this size. That saves system calls and thread switches."""

RETRY_S: Final = 1.0
STUCK_S: Final = 2.0
"""The time after which an unfinished write is reported as a problem."""

QUIET_S: Final = 10.0
"""For how long the loss stays a problem after the last dropped line. A slow log drops lines in bursts."""

FLUSH_S: Final = 2.0
FLUSH_STEP_S: Final = 0.2
"""The time for the last lines at the end. If no line was written for FLUSH_STEP_S, waiting ends earlier."""


class LogWriter:
    """Writes lines to a descriptor.

    Args:
        fd: the descriptor of the destination. It may be blocking or non-blocking. The writer never closes it.
        notice: makes the line with the count of dropped lines.
        lines_max: the bound of the queue in lines.
        bytes_max: the bound of the queue in bytes.

    Fields:
        lost: the number of dropped lines.
    """

    def __init__(
        self, fd: int, notice: Callable[[int], bytes], *, lines_max: int = LINES_MAX, bytes_max: int = BYTES_MAX
    ) -> None:
        self._fd = fd
        self._notice = notice
        self._lines_max = lines_max
        self._bytes_max = bytes_max
        self._queue: queue.SimpleQueue[bytes | threading.Event] = queue.SimpleQueue()
        # Reentrant: a destructor that warns may run, and log, in the middle of `put`.
        self._putting = threading.RLock()
        self._put_lines = self._put_bytes = 0
        self._done_lines = self._done_bytes = 0
        """Only the thread writes these two attributes. So `put` can read both without a lock."""
        self._gap = 0
        """The number of lines that were dropped since the last accepted line."""
        self._lost_at: float | None = None
        self._failure: str | None = None
        self._writing_since: float | None = None
        self._hurry = threading.Event()
        self.lost = 0
        threading.Thread(target=self._run, name="log", daemon=True).start()

    def put(self, line: bytes) -> None:
        """Queues a line, which includes its line end. If the queue is full, drops the line."""
        with self._putting:
            if self._gap and self._has_room(len(line), 2):
                self._close_gap()
            if self._gap or not self._has_room(len(line), 1):
                self._gap += 1
                self.lost += 1
                self._lost_at = time.monotonic()
                if self._put_lines == self._done_lines:
                    self._put(b"")  # wakes the thread, which logs the count
            else:
                self._put(line)

    def problem(self) -> str | None:
        """The text of the log's problem; None if there is none."""
        now, since, lost_at = time.monotonic(), self._writing_since, self._lost_at
        if self._failure is not None:
            what = f"the log cannot be written: {self._failure}"
        elif since is not None and now - since > STUCK_S:
            what = "the log is not read: its destination accepts no more"
        elif lost_at is not None and now - lost_at < QUIET_S:
            what = "the log is read too slowly"
        else:
            return None
        remedy = "torrents are not affected; make room at, or repair, the destination of ouzeld's stderr"
        waiting = self._put_lines - self._done_lines
        return f"{what} (lines lost so far: {self.lost}, waiting: {waiting}); {remedy}"

    def flush(self) -> bool:
        """Waits up to FLUSH_S until all queued lines are written. Returns whether all were written."""
        written, deadline = threading.Event(), time.monotonic() + FLUSH_S
        self._queue.put(written)
        self._hurry.set()
        while not written.wait(FLUSH_STEP_S):
            since = self._writing_since
            stuck = since is not None and time.monotonic() - since >= FLUSH_STEP_S
            if stuck or time.monotonic() > deadline:
                return False
        return True

    def _has_room(self, size: int, share: int) -> bool:
        """Whether a line of this size fits into the queue. Only the part `1 / share` of the queue may be used."""
        lines, waiting = self._put_lines - self._done_lines, self._put_bytes - self._done_bytes
        return lines < self._lines_max // share and waiting + size <= self._bytes_max // share

    def _close_gap(self) -> None:
        gap, self._gap = self._gap, 0
        self._put(self._notice(gap))

    def _put(self, line: bytes) -> None:
        self._put_lines += 1
        self._put_bytes += len(line)
        self._queue.put(line)

    # -- in the thread --------------------------------------------------------------------------------------------

    def _run(self) -> None:
        while True:
            lines, written = self._next()
            self._write(b"".join(lines))
            self._done_bytes += sum(map(len, lines))
            self._done_lines += len(lines)
            with self._putting:
                if self._gap and self._queue.empty():
                    self._close_gap()
                    if written is not None:
                        self._queue.put(written)  # `flush` waits for the line with the count, too
                        continue
            if written is not None:
                self._hurry.clear()
                written.set()

    def _next(self) -> tuple[list[bytes], threading.Event | None]:
        """Returns lines to write together, and the event to set afterwards, if any.

        Blocks until there is a line or an event.
        """
        lines: list[bytes] = []
        size = 0
        item = self._queue.get()
        while True:
            if isinstance(item, threading.Event):
                return lines, item
            lines.append(item)
            size += len(item)
            if size >= CHUNK_BYTES:
                return lines, None
            try:
                item = self._queue.get_nowait()
            except queue.Empty:
                return lines, None

    def _write(self, content: bytes) -> None:
        """Writes all bytes. Blocks until they are written."""
        rest = memoryview(content)
        self._writing_since = time.monotonic()
        while rest:
            try:
                rest = rest[os.write(self._fd, rest) :]
                self._writing_since = time.monotonic()
                self._failure = None
            except BlockingIOError:
                self._until_writable()
            except OSError as error:
                self._failure = error.strerror or errno.errorcode.get(error.errno or 0, str(error))
                self._hurry.wait(RETRY_S)
                self._hurry.clear()
        self._writing_since = None

    def _until_writable(self) -> None:
        """Waits until the descriptor is writable. Another process may have made the descriptor non-blocking."""
        writable = select.poll()
        writable.register(self._fd, select.POLLOUT)
        try:
            writable.poll(RETRY_S * 1000)
        except OSError:
            self._hurry.wait(RETRY_S)
