"""Foreign programs as processes that end with this process."""

import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from tools.interop.packages import PATH

ENDS_WITH_US: Final = ("setpriv", "--pdeathsig", "KILL")
"""A prefix for a command. When the process that started the command ends, the kernel kills the command."""

END_S: Final = 20.0


@contextmanager
def running(argv: Sequence[str], home: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A context within which a command runs. Its home directory is `home`. Its output is appended to `home / log`."""
    with (home / "log").open("ab") as log:
        process = subprocess.Popen(
            argv,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            env={"PATH": PATH, "LANG": "C.UTF-8", "HOME": str(home)},
            cwd=home,
            start_new_session=True,
        )
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(timeout=END_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
