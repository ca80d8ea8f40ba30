"""`ouzel top` in a terminal, with a real daemon whose engine is killed."""

import fcntl
import os
import pty
import re
import select
import struct
import subprocess
import sys
import termios
from collections.abc import Iterator
from time import monotonic
from typing import Final

import pytest

from tools.rig import bencode
from tools.rig.daemon import Daemon
from tools.rig.waiting import until

pytestmark = pytest.mark.process

PATIENCE_S: Final = 60.0
NAME: Final = "\x1b]0;owned\x07ubuntu"
_ESCAPE: Final = re.compile(rb"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|P[^\x1b]*\x1b\\|[@-Z^_=>])")


class Terminal:
    """A terminal of 80x24 with a program in it."""

    def __init__(self, *argv: str) -> None:
        self._own, theirs = pty.openpty()
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
        environment = {**os.environ, "TERM": "xterm-256color"}
        self.process = subprocess.Popen(
            argv, stdin=theirs, stdout=theirs, stderr=theirs, env=environment, start_new_session=True
        )
        os.close(theirs)
        self._written = b""

    def close(self) -> None:
        """Ends the program."""
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        os.close(self._own)

    def press(self, keys: str) -> None:
        """Types this."""
        os.write(self._own, keys.encode())

    def see(self, *texts: str) -> bytes:
        """Waits until the program has written all texts since the last call. Returns all that it has written."""
        until_s = monotonic() + PATIENCE_S
        while True:
            plain = _ESCAPE.sub(b"", self._written).decode(errors="replace")
            if all(text in plain for text in texts):
                written, self._written = self._written, b""
                return written
            assert monotonic() < until_s, f"{texts} are not in {plain}"
            if select.select([self._own], [], [], 0.1)[0]:
                self._written += os.read(self._own, 65536)

    def end(self) -> bytes:
        """Reads until the program ends. Returns what it has written since the last `see`."""
        while select.select([self._own], [], [], PATIENCE_S)[0]:
            try:
                read = os.read(self._own, 65536)
            except OSError:  # the program has closed its side
                read = b""
            if not read:
                break
            self._written += read
        return self._written


@pytest.fixture
def terminal(daemon: Daemon) -> Iterator[Terminal]:
    """The program, once the daemon's engine runs."""
    until(daemon.healthy, "healthy")
    found = Terminal(sys.executable, "-I", "-m", "ouzel", "--runtime-dir", str(daemon.runtime_dir), "top")
    yield found
    found.close()


def test_it_goes_on_when_the_engine_is_killed(daemon: Daemon, terminal: Terminal) -> None:
    """It shows the next engine, pauses a torrent, and leaves the terminal as it was."""
    info: bencode.Bencodable = {b"length": 1, b"name": NAME.encode(), b"piece length": 16384, b"pieces": b"a" * 20}
    added = daemon.client.add_torrent(metainfo=bencode.encode({b"info": info}))
    written = terminal.see("ouzel top healthy", "1 torrent, by name", "ubuntu", "engine running")
    assert b"owned\x07" not in written
    generation = daemon.client.health().engine.gen
    daemon.kill_engine()
    terminal.see(f"engine running, generation {generation + 1}")
    terminal.press("p")
    until(lambda: daemon.row(added.torrent).paused, "paused")
    terminal.see("paused")
    terminal.press("q")
    rest = terminal.end()
    assert terminal.process.wait(timeout=PATIENCE_S) == 0
    assert b"\x1b[?1049l" in rest  # the alternate screen is left
