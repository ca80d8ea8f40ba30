"""`python -m engine_proc.create …`: makes a torrent of files on disk.

The process reads a `CreationOrder` from standard input, and writes its reports to standard output. Hashing takes long.
So a separate process with low priority hashes the files, and does not delay the engine or the supervisor. The process
survives a crash of the engine. The process ends when standard input is closed.
"""

import contextlib
import os
import sys
import threading
import time
from typing import Final

import msgspec
import psutil

from engine_proc.files import output_file
from engine_proc.files.payload import Unusable
from engine_proc.libtorrent_adapter.making.libtorrent_creation import create, is_same
from engine_proc.process import helper
from protocol.internal.exit_codes import EXIT_ORPHANED
from protocol.internal.making import LENGTH_BYTES, AnyReport, CreationOrder, Hashed, NotCreated

NICENESS: Final = 10
REPORT_S: Final = 0.25
"""The interval between reports of progress."""

_ORDER: Final = msgspec.msgpack.Decoder(CreationOrder)


class Progress:
    """Reports progress, at most once in REPORT_S."""

    def __init__(self) -> None:
        self._due = 0.0

    def __call__(self, bytes_done: int, bytes_total: int) -> None:
        """Reports the progress in bytes. Skips this report if the last report is too recent."""
        now = time.monotonic()
        if now >= self._due or bytes_done == bytes_total:
            self._due = now + REPORT_S
            send(Hashed(bytes_done=bytes_done, bytes_total=bytes_total))


def send(report: AnyReport) -> None:
    """Writes one report."""
    content = msgspec.msgpack.encode(report)
    sys.stdout.buffer.write(len(content).to_bytes(LENGTH_BYTES, "big") + content)
    sys.stdout.buffer.flush()


def made(order: CreationOrder) -> AnyReport:
    """Makes the torrent, and writes the output. Returns the last report."""
    try:
        created = create(order, Progress())
        if order.output is not None:
            output_file.write(order.output, created.metainfo, lambda content: is_same(content, created.metainfo))
    except Unusable as error:
        return NotCreated(problem=str(error))
    return created


def yield_to_others() -> None:
    """Lowers the priority of this process for the CPU and for disks, where the system allows that."""
    with contextlib.suppress(OSError, psutil.Error):
        os.nice(NICENESS)
        psutil.Process().ionice(psutil.IOPRIO_CLASS_BE, 7)


def _end_with_supervisor() -> None:
    while os.read(sys.stdin.fileno(), 1):  # unlike the buffered reader, it holds no lock when the process exits
        pass
    os._exit(EXIT_ORPHANED)


def main() -> None:
    """Carries out the order on standard input."""
    yield_to_others()  # before the sandbox, which forbids it
    helper.begin("engine_proc.create", cpu_s=None)
    length = int.from_bytes(sys.stdin.buffer.read(LENGTH_BYTES), "big")
    order = _ORDER.decode(sys.stdin.buffer.read(length))
    threading.Thread(target=_end_with_supervisor, daemon=True).start()
    send(made(order))


if __name__ == "__main__":
    main()
