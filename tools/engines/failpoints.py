"""Failpoints: where and how an engine under test fails.

Each is a file in one directory, and armed for as long as that exists. The directory's path is in the environment
variable `FAILPOINTS`, which the engine inherits from its supervisor.
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
    """Where an engine fails, and what it does then.

    Fields:
        where: `start`: before it says a word; `load`: in the native call that adds `torrent`; `command`: before it
            carries out its command number `nth`, counted from 1; `alert`: while an alert about `torrent` is copied;
            `after`: `delay_ms` after its start.
        what: `segv`: SIGSEGV in a native thread that Python does not know, while the call waits; `segv_here`: in the
            thread that makes the call; `segv_network`: in libtorrent's network thread; `abort`: C++'s
            `std::terminate`; `stack`: overflow of a native stack; `exit`: exit code 17; `kill`: SIGKILL by itself;
            `memory`: allocates until there is no more, and ends as Python does; `hang_gil`: sleeps for good with the
            GIL held; `hang_network`: libtorrent's network thread sleeps for good.
        torrent: an info-hash in hex, for `load` and `alert`; None for any.
        alert: the native type of the alert, None for any.
        delay_ms: how long after the place was passed, unharmed, it happens, in another thread: the weak variant.
        calm: it happens only once every add was confirmed, when no torrent is on its way; `delay_ms` after that.
        once: it is disarmed just before it happens.
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
    """The failpoints of one directory, which is made where it is not there."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        directory.mkdir(parents=True, exist_ok=True)

    @property
    def environment(self) -> Mapping[str, str]:
        """The variable that tells an engine of them."""
        return {VARIABLE: str(self.directory)}

    def arm(self, name: str, failpoint: Failpoint) -> None:
        """From now on the engine fails so, the one that runs included."""
        temporary = self.directory / f".{name}"
        temporary.write_bytes(msgspec.json.encode(failpoint))
        os.replace(temporary, self.directory / name)

    def lift(self, name: str) -> bool:
        """Disarms it; False where it was not armed."""
        try:
            (self.directory / name).unlink()
        except FileNotFoundError:
            return False
        return True

    def armed(self) -> dict[str, Failpoint]:
        """All that are armed, by name."""
        found = {}
        for path in sorted(self.directory.iterdir()):
            if not path.name.startswith("."):
                with contextlib.suppress(FileNotFoundError):
                    found[path.name] = msgspec.json.decode(path.read_bytes(), type=Failpoint)
        return found
