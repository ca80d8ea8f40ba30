"""Failpoints: where and how an engine under test fails.

Each failpoint is a file in one directory. It is armed while the file exists. The environment variable `FAILPOINTS` has
the path of the directory. The engine inherits the variable from its supervisor.
"""

import contextlib
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Final, Literal

import msgspec

VARIABLE: Final = "FAILPOINTS"

Where = Literal["start", "load", "command", "alert", "after"]
What = Literal[
    "segv", "segv_here", "segv_network", "abort", "stack", "exit", "kill", "memory", "hang_gil", "hang_network"
]


class Failpoint(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Where an engine fails, and how.

    Fields:
        where: the place of the failure. `start`: before the engine sends anything. `load`: in the native call that adds
            `torrent`. `command`: before the engine executes its command number `nth`, counted from 1. `alert`: while an
            alert about `torrent` is copied. `after`: `delay_ms` after the engine's start.
        what: the way of the failure. `segv`: SIGSEGV in a native thread that Python does not know, while the call
            waits. `segv_here`: SIGSEGV in the thread that makes the call. `segv_network`: SIGSEGV in libtorrent's
            network thread. `abort`: C++'s `std::terminate`. `stack`: overflow of a native stack. `exit`: exit code 17.
            `kill`: SIGKILL by itself. `memory`: exhausts the memory, and ends by Python's MemoryError. `hang_gil`:
            sleeps forever with the GIL held. `hang_network`: libtorrent's network thread sleeps forever.
        torrent: the info-hash in hex of the torrent for `load` and `alert`. None means any torrent.
        alert: the native type of the alert. None means any type.
        delay_ms: if not 0, another thread fails after this number of milliseconds (the weak variant).
        calm: whether `delay_ms` counts from the moment at which all adds have been confirmed.
        once: whether the failpoint is disarmed just before the failure.
    """

    where: Where
    what: What = "segv"
    torrent: str | None = None
    alert: str | None = None
    nth: int = 1
    delay_ms: int = 0
    calm: bool = False
    once: bool = False


class Failpoints:
    """The failpoints in one directory. The directory is created if it does not exist."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        directory.mkdir(parents=True, exist_ok=True)

    @property
    def environment(self) -> Mapping[str, str]:
        """The environment variable for the engine."""
        return {VARIABLE: str(self.directory)}

    def arm(self, name: str, failpoint: Failpoint) -> None:
        """Arms a failpoint, also for an engine that is running."""
        temporary = self.directory / f".{name}"
        temporary.write_bytes(msgspec.json.encode(failpoint))
        os.replace(temporary, self.directory / name)

    def lift(self, name: str) -> bool:
        """Disarms a failpoint. Returns False if it was not armed."""
        try:
            (self.directory / name).unlink()
        except FileNotFoundError:
            return False
        return True

    def armed(self) -> dict[str, Failpoint]:
        """The armed failpoints by name."""
        found = {}
        for path in sorted(self.directory.iterdir()):
            if not path.name.startswith("."):
                with contextlib.suppress(FileNotFoundError):
                    found[path.name] = msgspec.json.decode(path.read_bytes(), type=Failpoint)
        return found
