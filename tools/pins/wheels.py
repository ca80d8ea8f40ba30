"""Asks the registry whether each supported Python on each platform can be served by wheels with locked hashes."""

import re
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final, NamedTuple

from tools.pins import locks
from tools.pins.locks import DEV, ROOT, RUN

PLATFORMS: Final = (
    "x86_64-manylinux_2_28",
    "aarch64-manylinux_2_28",
    "x86_64-unknown-linux-musl",
    "aarch64-unknown-linux-musl",
)
"""The platforms by uv's names: two architectures, each with glibc 2.28 or later and with musl."""

WITHOUT_WHEEL: Final = {"3.14": "libtorrent"}
"""The package that has no wheel for a Python. `scripts/setup` then needs one from elsewhere: docs/install.md."""


class Target(NamedTuple):
    """A version of Python, and a platform by uv's name."""

    python: str
    platform: str

    def __str__(self) -> str:
        return f"Python {self.python} on {self.platform}"


Install = Callable[[Target, str], str | None]
"""Tries to install packages, given as the text of locks. Returns the cause of a failure."""


def problems(install: Install, root: Path = ROOT) -> Iterator[str]:
    """A sentence for each target that lacks a wheel, and for each entry of `WITHOUT_WHEEL` that is outdated."""
    all_locks = {**locks.parse((root / RUN).read_text()), **locks.parse((root / DEV).read_text())}
    for python in locks.PYTHONS:
        lacking = WITHOUT_WHEEL.get(python)
        others = locks.written({name: lock for name, lock in all_locks.items() if name != lacking})
        for target in (Target(python, platform) for platform in PLATFORMS):
            if cause := install(target, others):
                yield f"{target}: {cause}"
            if lacking and install(target, locks.written({lacking: all_locks[lacking]})) is None:
                yield f"{target}: {lacking} has a wheel by now; remove it from WITHOUT_WHEEL"


def by_uv(uv: Path, scratch: Path) -> Install:
    """An installation that uv resolves, and does not carry out. uv compares the hashes of the chosen wheels.

    Args:
        uv: the program.
        scratch: an empty directory.
    """

    def install(target: Target, text: str) -> str | None:
        wanted = scratch / "wanted.txt"
        wanted.write_text(text)
        argv = [str(uv), "pip", "install", "--dry-run", "--no-config", "--cache-dir", str(scratch / "cache")]
        argv += ["--no-deps", "--require-hashes", "--only-binary", ":all:", "--target", str(scratch / "target")]
        argv += ["--python-version", target.python, "--python-platform", target.platform, "-r", str(wanted)]
        done = subprocess.run(argv, check=False, stdin=subprocess.DEVNULL, stdout=-1, stderr=-2, text=True)
        return None if done.returncode == 0 else cause(done.stdout)

    return install


def cause(output: str) -> str:
    """What uv gives as the cause of a failure, on one line."""
    found = re.search(r"(?s)(?:Because|error:) (.*?)(?:\n\s*\n|\Z)", output)
    return " ".join((found[1] if found else output).split())
