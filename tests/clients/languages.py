"""Which reference clients exist, whether they can be built here, and how they are run."""

import json
import os
import subprocess
import threading
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from types import TracebackType
from typing import Any, Final, NamedTuple, Self

from tools.rig.waiting import until

FOLDER: Final = Path(__file__).parents[2] / "clients"
LANGUAGES: Final = ("node", "go", "rust", "java", "c")
CHOSEN: Final = "CONFORMANCE_CLIENTS"
"""The variable with the languages to run, separated by colons; without it, all run."""
NO_TOOLCHAIN: Final = 69
BUILD_S: Final = 900.0
LEAVE_S: Final = 30.0


def chosen() -> list[str]:
    """The languages to run."""
    names = os.environ.get(CHOSEN)
    return [language for language in LANGUAGES if names is None or language in names.split(":")]


@cache
def why_not(language: str) -> str | None:
    """Builds a client if necessary. Returns why it cannot run here, or None if it can.

    Raises:
        AssertionError: it should have been built, and was not.
    """
    build = FOLDER / language / "build"
    if not build.exists():
        return f"not run: clients/{language} is not there"
    done = subprocess.run(
        [build], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=BUILD_S, check=False
    )
    if done.returncode == NO_TOOLCHAIN:
        return done.stderr.strip().splitlines()[-1]
    assert done.returncode == 0, f"{build} ended with {done.returncode}: {done.stderr}{done.stdout}"
    return None


class Endpoints(NamedTuple):
    """Where a client finds a daemon."""

    commands: str
    events: str

    @classmethod
    def within(cls, directory: Path) -> "Endpoints":
        """The local sockets in a runtime directory."""
        return cls(f"ipc://{directory}/commands.ipc", f"ipc://{directory}/events.ipc")

    @property
    def options(self) -> list[str]:
        """The command line options that name the endpoints."""
        return ["--commands", self.commands, "--events", self.events]


class Ended(NamedTuple):
    """How a client's run ended."""

    code: int
    out: str
    err: str


def run(language: str, *arguments: str, stdin: str = "", patience_s: float = 60.0) -> Ended:
    """Runs a client to its end."""
    argv: Sequence[str | Path] = [FOLDER / language / "run", *arguments]
    done = subprocess.run(argv, input=stdin, capture_output=True, text=True, timeout=patience_s, check=False)
    return Ended(done.returncode, done.stdout, done.stderr)


class Lines:
    """A long-running client that writes lines of JSON, which a thread collects.

    Fields:
        lines: all so far; only ever grows.
    """

    def __init__(self, language: str, endpoints: Endpoints, *verb: str) -> None:
        self.lines: list[dict[str, Any]] = []
        self._trouble: list[str] = []
        self._process = subprocess.Popen(
            [FOLDER / language / "run", *endpoints.options, *verb],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            bufsize=1,
        )
        self._threads = [threading.Thread(target=each, daemon=True) for each in (self._read, self._read_trouble)]
        for thread in self._threads:
            thread.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def pid(self) -> int:
        """The client's pid."""
        return self._process.pid

    def say(self, line: dict[str, Any]) -> None:
        """Writes a line of JSON to the client."""
        self.write(json.dumps(line))

    def write(self, line: str) -> None:
        """Writes a line to the client."""
        assert self._process.stdin is not None
        self._process.stdin.write(line + "\n")
        self._process.stdin.flush()

    def end(self, number: int | None) -> None:
        """Ends the client by this signal, or by closing its stdin."""
        if number is not None:
            self._process.send_signal(number)
            return
        assert self._process.stdin is not None
        self._process.stdin.close()

    def ended(self) -> bool:
        """Whether the client has ended."""
        return self._process.poll() is not None

    def until(self, count: int, what: str) -> dict[str, Any]:
        """Waits for the line with this number (from 1) and returns it."""
        until(lambda: len(self.lines) >= count or self._process.poll() is not None, what)
        assert len(self.lines) >= count, f"it ended before: {what}; {self.trouble}"
        return self.lines[count - 1]

    @property
    def trouble(self) -> str:
        """What the client wrote to stderr."""
        return "".join(self._trouble)

    def close(self) -> int:
        """Closes the client's stdin and returns its exit code.

        A client that does not end is killed, and fails the test.
        """
        assert self._process.stdin is not None
        if not self._process.stdin.closed:
            self._process.stdin.close()
        try:
            return self._process.wait(LEAVE_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
            raise
        finally:
            for thread, pipe in zip(self._threads, (self._process.stdout, self._process.stderr), strict=True):
                thread.join()
                assert pipe is not None
                pipe.close()

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self.lines.append(json.loads(line))

    def _read_trouble(self) -> None:
        assert self._process.stderr is not None
        for line in self._process.stderr:
            self._trouble.append(line)


class Calls(Lines):
    """A client's `calls` command: one request at a time."""

    def __init__(self, language: str, endpoints: Endpoints) -> None:
        super().__init__(language, endpoints, "calls")

    def ask(self, op: str, args: dict[str, Any] | None = None, **envelope: Any) -> dict[str, Any]:
        """Returns the map of the reply."""
        before = len(self.lines)
        self.say({"op": op, "args": args or {}, **envelope})
        return self.until(before + 1, f"a reply to {op}")


class Watch(Lines):
    """A client's `watch` command."""

    def __init__(self, language: str, endpoints: Endpoints) -> None:
        super().__init__(language, endpoints, "watch")

    def reached(self, epoch: str, seq: int) -> bool:
        """Whether the client has printed everything up to this number."""
        if not self.lines:
            return False
        last = self.lines[-1].get("snapshot", self.lines[-1])
        return bool(last["epoch"] == epoch and last["seq"] >= seq)

    def snapshots(self) -> list[dict[str, Any]]:
        """The snapshots that the client has printed."""
        return [line["snapshot"] for line in self.lines if "snapshot" in line]
