"""Writes and reads histories."""

import threading
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from types import TracebackType
from typing import Self

import msgspec

from tools.chaos.history.entries import Entry, Line
from tools.chaos.plan.plan import Header, Plan, PlannedFault, PlannedOp

_ENCODER = msgspec.json.Encoder()
_DECODER: "msgspec.json.Decoder[Line]" = msgspec.json.Decoder(Line)


class Recorder:
    """Appends entries to a history. Threads may share it.

    Fields:
        entries: all entries so far.
    """

    def __init__(self, path: Path, plan: Plan) -> None:
        self.entries: list[Entry] = []
        self._lock = threading.Lock()
        self._file = path.open("wb")
        for line in (plan.header, *plan.ops, *plan.faults):
            self._write(line)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()

    def record(self, entry: Entry) -> None:
        """Appends an entry."""
        with self._lock:
            self.entries.append(entry)
            self._write(entry)

    def _write(self, line: msgspec.Struct) -> None:
        self._file.write(_ENCODER.encode(line) + b"\n")


class History(msgspec.Struct, frozen=True):
    """A plan, and what happened."""

    plan: Plan
    entries: list[Entry]

    @classmethod
    def of(cls, lines: Iterable[Line]) -> "History":
        """Makes a history of lines. Raises ValueError if the lines have no header."""
        header: Header | None = None
        ops: list[PlannedOp] = []
        faults: list[PlannedFault] = []
        entries: list[Entry] = []
        for line in lines:
            match line:
                case Header():
                    header = line
                case PlannedOp():
                    ops.append(line)
                case PlannedFault():
                    faults.append(line)
                case _:
                    entries.append(line)
        if header is None:
            raise ValueError("the history has no header")
        return cls(Plan(header=header, ops=ops, faults=faults), entries)


def read(path: Path) -> History:
    """Reads a history. A torn last line is left out."""
    return History.of(_lines(path))


def _lines(path: Path) -> Iterator[Line]:
    with path.open("rb") as file:
        for line in file:
            if line.endswith(b"\n"):
                yield _DECODER.decode(line)


def now() -> float:
    """The monotonic time in seconds."""
    return time.monotonic()
