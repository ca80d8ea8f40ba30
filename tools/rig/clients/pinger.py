"""A client in a separate process that only sends `ping`, and records the reply times.

Run `-m tools.rig.clients.pinger RUNTIME_DIR`. It writes `ready` after the first reply. When its stdin ends, it writes
all measurements as one JSON document. The process is separate, so that other measurements do not delay the pings.
"""

import json
import subprocess
import sys
import threading
import time
from pathlib import Path
from statistics import median, quantiles
from types import TracebackType
from typing import Final, NamedTuple, Self

import ouzel

PAUSE_S: Final = 0.002
"""The pause between a reply and the next request."""


class Pings(NamedTuple):
    """Statistics of reply times in seconds."""

    replies: int
    p50_s: float
    p99_s: float
    max_s: float

    @classmethod
    def of(cls, latencies_s: list[float]) -> "Pings":
        """Computes the statistics of two or more reply times."""
        return cls(len(latencies_s), median(latencies_s), quantiles(latencies_s, n=100)[98], max(latencies_s))


class Pinger:
    """Sends pings within its context.

    Fields:
        pings: the statistics of the whole time. They are complete once the context has ended.
    """

    def __init__(self, runtime_dir: Path) -> None:
        self._argv = [sys.executable, "-I", "-m", "tools.rig.clients.pinger", str(runtime_dir)]
        self.pings = Pings(0, 0.0, 0.0, 0.0)

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(
            self._argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, start_new_session=True
        )
        assert self._process.stdout is not None
        if self._process.stdout.readline() != "ready\n":
            self._process.communicate()
            raise AssertionError("the pinger got no reply")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is not None:
            self._process.kill()
        told, _ = self._process.communicate()
        if kind is None:
            self.pings = Pings.of(json.loads(told))


def _ping(runtime_dir: Path) -> None:
    ended = threading.Event()
    threading.Thread(target=_wait_for_the_end, args=(ended,), daemon=True).start()
    latencies_s: list[float] = []
    with ouzel.Client(runtime_dir) as client:
        while not ended.wait(PAUSE_S) or len(latencies_s) < 2:
            sent = time.perf_counter()
            client.ping()
            latencies_s.append(time.perf_counter() - sent)
            if len(latencies_s) == 1:
                _say("ready")
    _say(json.dumps(latencies_s))


def _wait_for_the_end(ended: threading.Event) -> None:
    sys.stdin.read()
    ended.set()


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    _ping(Path(sys.argv[1]))
