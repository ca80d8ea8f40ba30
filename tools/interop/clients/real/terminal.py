"""A program in a pseudo-terminal."""

import os
import pty
import re
import select
import struct
import subprocess
import termios
import threading
from collections.abc import Sequence
from fcntl import ioctl
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from tools.interop.packages import PATH
from tools.rig.waiting import until

ROWS: Final = 50
COLUMNS: Final = 160
END_S: Final = 20.0
_ESCAPES: Final = re.compile(r"\x1b(\[[0-9;?]*[A-Za-z]|[()][A-Z0-9]|[=>])")


class Terminal:
    """Runs a program in a terminal, within its context. The file `screen` in the program's home has all output."""

    def __init__(self, argv: Sequence[str], home: Path) -> None:
        self._ours, theirs = pty.openpty()
        ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, COLUMNS, 0, 0))
        self._process = subprocess.Popen(
            argv,
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            cwd=home,
            env={"PATH": PATH, "LANG": "C.UTF-8", "TERM": "linux", "HOME": str(home)},
            start_new_session=True,
        )
        os.close(theirs)
        self._written = ""
        self._log = home / "screen"
        self._ended = threading.Event()
        self._reader = threading.Thread(target=self._read, name="terminal", daemon=True)
        self._reader.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.terminate()
        try:
            self._process.wait(timeout=END_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._ended.set()
        self._reader.join()
        os.close(self._ours)

    @property
    def shown(self) -> str:
        """All that the program has written since the latest `press`, without escape sequences."""
        return _ESCAPES.sub(" ", self._written)

    def press(self, keys: str) -> None:
        """Types keys."""
        assert self._process.poll() is None, f"the program has ended: {self.shown[-500:]}"
        self._written = ""
        os.write(self._ours, keys.encode())

    def until_shown(self, text: str) -> None:
        """Waits until the program has written a text."""
        until(lambda: text in self.shown or self._ended_early(), f"{text!r} is shown")

    def _ended_early(self) -> bool:
        assert self._process.poll() is None, f"the program has ended: {self.shown[-1500:]}"
        return False

    def _read(self) -> None:
        while not self._ended.is_set():
            if select.select([self._ours], [], [], 0.1)[0]:
                try:
                    said = os.read(self._ours, 65536)
                except OSError:
                    return
                self._written += said.decode(errors="replace")
                with self._log.open("ab") as log:
                    log.write(said)
