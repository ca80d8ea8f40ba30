"""Builds the image with buildah, in a storage of its own."""

import json
import os
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple, Self

from tools.systemd.distribution import ROOT
from tools.systemd.host import CannotRun

BUILD_S: Final = 900.0
BASE: Final = "localhost/ouzel-test-base"
IMAGE: Final = "localhost/ouzel-test"
OFFLINE: Final = "[global]\nno-index = true\nfind-links = /wheels\n"
PATH: Final = f"{os.environ.get('PATH', os.defpath)}:/usr/sbin:/sbin"


class Config(NamedTuple):
    """What an image says about its containers.

    Fields:
        user: a uid and a gid.
        environ: the environment.
        command: the program and its arguments.
        volumes: paths of directories that outlive a container.
        stop_signal: the name of the signal that ends a container.
        health: the command of the health check.
    """

    user: str
    environ: Mapping[str, str]
    command: Sequence[str]
    volumes: Sequence[str]
    stop_signal: str
    health: Sequence[str]

    @classmethod
    def parse(cls, inspected: str) -> Self:
        """Parses the output of `buildah inspect`. Raises KeyError if something is missing."""
        found: dict[str, Any] = json.loads(inspected)["Docker"]["config"]
        assert found["Healthcheck"]["Test"][0] == "CMD", found["Healthcheck"]
        return cls(
            user=found["User"],
            environ=dict(each.split("=", 1) for each in found["Env"]),
            command=[*(found.get("Entrypoint") or []), *found["Cmd"]],
            volumes=sorted(found["Volumes"]),
            stop_signal=found["StopSignal"],
            health=found["Healthcheck"]["Test"][1:],
        )


class Builder:
    """A buildah with its own storage.

    Args:
        storage: a directory for images.
    """

    def __init__(self, storage: Path) -> None:
        self._prefix = ["buildah", "--root", str(storage / "root"), "--runroot", str(storage / "run")]
        self._prefix += ["--storage-driver", "vfs"]

    def base(self, root: Path) -> None:
        """Makes the base of a root file system. Raises CannotRun."""
        container = self._buildah("from", "scratch")
        mounted = self._buildah("mount", container)
        subprocess.run(["cp", "--archive", "--one-file-system", f"{root}/.", mounted], check=True)
        (Path(mounted) / "etc/pip.conf").write_text(OFFLINE)
        self._buildah("umount", container)
        self._buildah("commit", "--quiet", "--rm", container, BASE)

    def build(self, wheels: Path) -> Config:
        """Builds the image from the Containerfile, offline. Raises CannotRun.

        Args:
            wheels: a directory with the wheels of all packages in requirements.txt.
        """
        argv = ["bud", "--quiet", "--isolation", "chroot", "--format", "docker", "--pull-never"]
        argv += ["--build-arg", f"BASE={BASE}", "--volume", f"{wheels}:/wheels:ro"]
        self._buildah(*argv, "--tag", IMAGE, "--file", str(ROOT / "packaging/Containerfile"), str(ROOT))
        return Config.parse(self._buildah("inspect", "--type", "image", IMAGE))

    def mount(self) -> Path:
        """The root file system of a new container of the image."""
        return Path(self._buildah("mount", self._buildah("from", "--pull-never", IMAGE)))

    def close(self) -> None:
        """Removes all containers."""
        self._buildah("rm", "--all")

    def _buildah(self, *argv: str) -> str:
        done = subprocess.run(
            [*self._prefix, *argv],
            env={**os.environ, "PATH": PATH},
            check=False,
            capture_output=True,
            text=True,
            timeout=BUILD_S,
        )
        if done.returncode:
            raise CannotRun(f"buildah {argv[0]} failed: {' '.join(done.stderr.splitlines()[-5:])}")
        return done.stdout.strip()
