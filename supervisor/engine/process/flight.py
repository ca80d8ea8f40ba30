"""The supervisor's end of the flight recorder: makes the shared memory, and reads the memory after a death."""

import os
import time

from protocol.internal import flight_recorder
from protocol.internal.flight_recorder import FLIGHT_BYTES, Flight


def make() -> int:
    """Makes the memory of one engine's recorder. Returns a descriptor that the engine inherits. Raises OSError."""
    fd = os.memfd_create("ouzel-flight", os.MFD_CLOEXEC)
    try:
        os.ftruncate(fd, FLIGHT_BYTES)
    except BaseException:
        os.close(fd)
        raise
    return fd


def read(fd: int) -> Flight:
    """Reads the operations in flight. The result is empty if the memory is unreadable or has no valid records."""
    try:
        buffer = os.pread(fd, FLIGHT_BYTES, 0)
    except OSError:
        return Flight()
    return flight_recorder.read(buffer, time.monotonic_ns())
