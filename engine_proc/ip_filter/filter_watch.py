"""The filter watch: a thread reads the file of the IP filter at the start and after each change.

The file is the supervisor's copy in the resume directory.
"""

import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final, NamedTuple

from engine_proc.ip_filter.filter_file import Rule, parse
from engine_proc.process.mailbox import Mailbox
from protocol.internal.link_events import IpFilterState

LOOK_S: Final = 1.0
"""The interval between two checks for a changed file."""
PATIENCE_S: Final = 5.0
"""How long a new session waits for its first filter. Reading 250,000 rules takes a second."""
Build = Callable[[Sequence[Rule]], object]
"""Makes a filter that the session port can use. Called on the thread."""


class Filtered(NamedTuple):
    """An outcome.

    Fields:
        state: the state to report.
        changes: whether the session has to apply `filter`.
        filter: the filter to apply; None means no filter.
    """

    state: IpFilterState
    changes: bool = False
    filter: object = None


class FilterWatch:
    """Watches the file of one engine's IP filter. `fileno` is readable while there are outcomes.

    Args:
        path: the path of the file.
    """

    def __init__(self, path: str, build: Build) -> None:
        self._file = path
        self._build = build
        self._outcomes: Mailbox[Filtered] = Mailbox()
        self._waiting: list[Filtered] = []
        self._path: str | None = None
        self._wake = threading.Event()
        self._closing = False
        self._thread: threading.Thread | None = None
        self._give_up_at: float | None = None

    def fileno(self) -> int:
        """The descriptor to poll. It is readable while there are outcomes."""
        return self._outcomes.fileno()

    def turn(self, *, on: bool) -> None:
        """Starts or stops the watch. When the watch stops, the filter is removed."""
        path = self._file if on else None
        if path == self._path:
            return
        self._path = path
        self._wake.set()
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="ip-filter", daemon=True)
            self._thread.start()

    def ready(self, *, on: bool, now: float) -> bool:
        """Like `turn`. Returns whether a new session can start. It can start once the filter is read or PATIENCE_S has
        passed.
        """
        self.turn(on=on)
        if self._give_up_at is None:
            self._give_up_at = now + PATIENCE_S
        self._waiting += self._outcomes.drain()
        return not on or bool(self._waiting) or now >= self._give_up_at

    def outcomes(self) -> list[Filtered]:
        """All outcomes since the last call."""
        found, self._waiting = [*self._waiting, *self._outcomes.drain()], []
        return found

    def close(self) -> None:
        """Stops the thread. Does not wait for a thread that a hung disk blocks."""
        self._closing = True
        self._wake.set()
        if self._thread is not None:
            self._thread.join(LOOK_S)
        if self._thread is None or not self._thread.is_alive():
            self._outcomes.close()

    def _run(self) -> None:
        file: _File | None = None
        while not self._closing:
            path = self._path
            if file is not None and path is None:
                file = None
                self._outcomes.put(Filtered(IpFilterState(on=False), changes=True))
            elif path is not None:
                if file is None or file.path != path:
                    file = _File(path, self._build)
                if (outcome := file.look()) is not None:
                    self._outcomes.put(outcome)
            self._wake.wait(None if path is None else LOOK_S)
            self._wake.clear()


class _File:
    """One file, and its last content. The file is replaced by a rename, so a read never sees half a file."""

    def __init__(self, path: str, build: Build) -> None:
        self.path = path
        self._build = build
        self._mark: tuple[int, ...] | None = None
        """The identity of the content that was read last."""
        self._state: IpFilterState | None = None

    def look(self) -> Filtered | None:
        """Reads the file if it has changed. Returns None if there is nothing new."""
        try:
            found = Path(self.path).stat()
            mark = found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns
            if mark == self._mark:
                return None
            content = Path(self.path).read_bytes()
        except FileNotFoundError:
            if self._state is not None:
                return None
            self._state = IpFilterState()
            return Filtered(self._state)
        except OSError as error:
            return self._problem(f"cannot be read: {error.strerror or error}")
        self._mark = mark
        parsed = parse(content)
        if not parsed.rules:
            wrong = f", and {parsed.bad} lines are no rules, the first in {parsed.first_bad}" if parsed.bad else ""
            return self._problem(f"has no rule{wrong}")
        self._state = IpFilterState(rules=len(parsed.rules), bad_lines=parsed.bad, first_bad=parsed.first_bad)
        return Filtered(self._state, changes=True, filter=self._build(parsed.rules))

    def _problem(self, problem: str) -> Filtered | None:
        """The outcome for a problem with the file. The previous rules stay in force."""
        before = self._state or IpFilterState()
        if before.problem == problem:
            return None
        self._state = IpFilterState(rules=before.rules, problem=problem)
        return Filtered(self._state)
