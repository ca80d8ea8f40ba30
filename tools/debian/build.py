"""Builds one Debian package from the sources of a checkout or of an earlier commit."""

import io
import os
import re
import shutil
import subprocess
import sys
import tarfile
from email.utils import formatdate
from pathlib import Path
from typing import Final

from tools.debian import wheels
from tools.debian.wheels import CannotDownload

ROOT: Final = Path(__file__).parent.parent.parent
SOURCES: Final = (
    *("engine_proc", "gateway", "ouzel", "protocol", "supervisor", "packaging"),
    *("LICENSE", "README.md", "pyproject.toml", "requirements.txt"),
)
"""The files of a checkout that the package needs."""

PYTHON: Final = "/usr/bin/python3"
"""Debian's Python. The package depends on its minor version."""

MAINTAINER: Final = "The Ouzel maintainers <maintainers@ouzel.invalid>"
BUILD_S: Final = 1800.0
_VERSION: Final = re.compile(r'(?m)^version = "(.+)"$')


class CannotBuild(Exception):
    """The package cannot be built. The message says why."""


def build(scratch: Path, output: Path, *, version: str | None = None, commit: str | None = None) -> Path:
    """Builds the package. Returns its path. Raises CannotBuild.

    Args:
        scratch: an empty directory. The build takes place there.
        output: the directory to which the package is moved.
        version: the version of the package. None takes the version of the sources.
        commit: the commit of the sources. None takes the checkout. `packaging/debian` is always the checkout's.
    """
    tree = scratch / "ouzel"
    tree.mkdir()
    _copy_sources(tree, commit)
    shutil.copytree(ROOT / "packaging" / "debian", tree / "debian")
    name = _set_version(tree / "pyproject.toml", version)
    _write_changelog(tree / "debian" / "changelog", name)
    try:
        wheels.download(tree / "requirements.txt", tree / "wheels", _version_of_python())
    except CannotDownload as error:
        raise CannotBuild(str(error)) from error
    _run(["dpkg-buildpackage", "--build=binary", "--unsigned-changes", "--unsigned-buildinfo"], tree)
    [package] = [each for each in scratch.glob("*.deb") if "dbgsym" not in each.name]
    output.mkdir(parents=True, exist_ok=True)
    return Path(shutil.move(package, output / package.name))


def lint(package: Path) -> list[str]:
    """The errors and warnings of lintian. Raises CannotBuild if lintian itself fails."""
    argv = ["lintian", "--allow-root", "--tag-display-limit", "0", str(package)]
    done = subprocess.run(argv, check=False, capture_output=True, text=True, timeout=BUILD_S)
    if done.returncode not in (0, 2):
        raise CannotBuild(f"lintian failed: {done.stderr.strip()}")
    return done.stdout.splitlines()


def _copy_sources(tree: Path, commit: str | None) -> None:
    if commit is None:
        for name in SOURCES:
            if (ROOT / name).is_dir():
                shutil.copytree(ROOT / name, tree / name, ignore=shutil.ignore_patterns("__pycache__"))
            else:
                shutil.copy(ROOT / name, tree)
        return
    done = subprocess.run(["git", "archive", commit, *SOURCES], cwd=ROOT, check=False, capture_output=True)
    if done.returncode:
        raise CannotBuild(f"git archive failed: {done.stderr.decode(errors='replace').strip()}")
    with tarfile.open(fileobj=io.BytesIO(done.stdout)) as archive:
        archive.extractall(tree, filter="data")


def _set_version(project: Path, version: str | None) -> str:
    """Writes the version into the project's file. Returns the package's version.

    Debian sorts `~` before everything. So `0.2.0~rc1` in Debian is `0.2.0rc1` in Python. Python allows fewer suffixes.
    """
    text = project.read_text()
    found = _VERSION.search(text)
    assert found is not None, project
    if version is None:
        return found[1]
    project.write_text(_VERSION.sub(f'version = "{version.replace("~", "")}"', text, count=1))
    return version


def _write_changelog(file: Path, version: str) -> None:
    argv = ["git", "log", "-1", "--format=%ct"]
    when = subprocess.run(argv, cwd=ROOT, check=False, capture_output=True, text=True).stdout.strip()
    date = formatdate(int(when) if when else None, localtime=False).replace("-0000", "+0000")
    entry = f"ouzel ({version}) unstable; urgency=medium\n\n  * See CHANGELOG.md.\n\n -- {MAINTAINER}  {date}\n"
    file.write_text(entry)


def _version_of_python() -> str:
    argv = [PYTHON, "-I", "-c", "import sys; print('%d.%d' % sys.version_info[:2])"]
    return subprocess.run(argv, check=True, capture_output=True, text=True).stdout.strip()


def _run(argv: list[str], directory: Path) -> None:
    environ = {**os.environ, "LANG": "C.UTF-8", "PATH": f"/usr/sbin:/usr/bin:/sbin:/bin:{Path(sys.executable).parent}"}
    try:
        done = subprocess.run(
            argv, cwd=directory, env=environ, check=False, stdin=subprocess.DEVNULL, stdout=-1, stderr=-2, text=True,
            timeout=BUILD_S,
        )  # fmt: skip
    except (OSError, subprocess.TimeoutExpired) as error:
        raise CannotBuild(f"{argv[0]}: {error}") from error
    if done.returncode:
        raise CannotBuild(f"{argv[0]} failed:\n{done.stdout[-4000:]}")
