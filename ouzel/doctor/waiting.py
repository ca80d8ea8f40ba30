"""Calls a function that may hang, with a time limit."""

import os
import subprocess
import threading
from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar

T = TypeVar("T")


def within(seconds: float, work: Callable[[], T], default: T) -> T:
    """Returns the result of `work`, or `default` if `work` takes longer or raises OSError."""
    found: list[T] = []

    def run() -> None:
        try:
            found.append(work())
        except OSError:
            return

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    thread.join(seconds)
    return found[0] if found else default


def output_of(
    argv: Sequence[str], seconds: float, environ: Mapping[str, str] = os.environ
) -> "subprocess.CompletedProcess[str] | None":
    """Runs a program. Returns None if the program is missing, or was killed because it took too long."""
    try:
        return subprocess.run(
            argv,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=seconds,
            check=False,
            env=environ,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
