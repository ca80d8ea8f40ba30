"""A fault, and what `ouzel doctor` should report about it."""

import os
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from tools.rig.daemon import Daemon

NOBODY: Final = 65534


@dataclass(frozen=True)
class Planted:
    """How to run `ouzel doctor` while a fault is present.

    Fields:
        config: the configuration file.
        environment: environment variables that override this process's variables.
        python: the Python that runs `ouzel doctor`.
        prefix: a command that runs `ouzel doctor`.
    """

    config: Path
    environment: Mapping[str, str] = field(default_factory=dict)
    python: str = sys.executable
    prefix: Sequence[str] = ()


@dataclass(frozen=True)
class Fault:
    """A fault.

    Fields:
        name: what is wrong.
        check: the check that should find it.
        statuses: the statuses that count as found.
        plant: makes the fault in an empty directory, for the duration of a context.
        word: a part of the text that the check should report.
    """

    name: str
    check: str
    statuses: frozenset[str]
    plant: Callable[[Path], AbstractContextManager[Planted]]
    word: str


def stopped(root: Path, **options: object) -> Daemon:
    """A daemon that has not been started, with all of its directories."""
    daemon = Daemon(root, **options)  # type: ignore[arg-type]  # the options are those of Daemon
    for directory in (daemon.resume_dir, daemon.runtime_dir, root / "state"):
        directory.mkdir(mode=0o700, exist_ok=True)
        os.chmod(directory, 0o700)  # noqa: PTH101  # the umask may have cleared bits
    return daemon
