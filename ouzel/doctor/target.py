"""The target: the daemon that is examined, as far as this user can find it."""

import os
import pwd
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from ouzel.doctor.mount_table import MountRow
from protocol.wire.reports import HealthReport, StatsReport

PROC: Final = Path("/proc")


@dataclass(frozen=True)
class Paths:
    """The section `[paths]` of the configuration. A path is None if it is not configured and has no default."""

    resume_dir: str | None
    runtime_dir: str | None
    state_dir: str | None
    download_roots: tuple[str, ...] = ()

    def own(self) -> dict[str, str]:
        """Ouzel's own directories, by key."""
        named = {"resume_dir": self.resume_dir, "runtime_dir": self.runtime_dir, "state_dir": self.state_dir}
        return {key: path for key, path in named.items() if path is not None}

    def all(self) -> list[str]:
        """Ouzel's own directories, then the download roots, each once."""
        return list(dict.fromkeys([*self.own().values(), *self.download_roots]))


@dataclass(frozen=True)
class Target:
    """The daemon that is examined.

    Fields:
        config_file: the configuration file; None if there is none.
        sections: the values of the file and of the environment variables, by section and key.
        config_problem: why the configuration could not be read; None if it could be.
        paths: the directories.
        pid: the process that listens on the commands socket; None if nobody listens.
        silence: why the daemon gave no answer; None if it answered.
        health, stats: the daemon's answers.
        uid: the daemon's user.
        environ: the daemon's environment; None if it cannot be read.
        mounts: the mounts that the daemon sees.
        fstab: the file with the mounts that should be there.
        proc: the directory of processes.
    """

    config_file: Path | None
    paths: Paths
    sections: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    config_problem: str | None = None
    pid: int | None = None
    silence: str | None = "no daemon is running"
    health: HealthReport | None = None
    stats: StatsReport | None = None
    uid: int = field(default_factory=os.geteuid)
    environ: Mapping[str, str] | None = None
    mounts: Mapping[str, MountRow] = field(default_factory=dict)
    fstab: Path = Path("/etc/fstab")
    proc: Path = PROC

    @property
    def user(self) -> str:
        """The name of the daemon's user, or its number."""
        return user_name(self.uid)

    def value(self, section: str, key: str) -> Any:
        """A value of the configuration; None if it is not set."""
        return self.sections.get(section, {}).get(key)


def user_name(uid: int) -> str:
    """The name of a user. If there is no name, the number."""
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return f"uid {uid}"
