"""Python, the libraries, and the versions of the running processes."""

import os
import re
import sys
from collections.abc import Iterator, Sequence
from importlib import metadata, util
from pathlib import Path
from typing import Final

from ouzel.doctor.finding import Finding, error, info, ok, unknown, warning
from ouzel.doctor.processes import arguments_of, started_at
from ouzel.doctor.target import Target

PYTHON_MIN: Final = (3, 11)
ENGINE_CODE: Final[Sequence[str]] = ("engine_proc", "protocol", "libtorrent")
SUPERVISOR_CODE: Final[Sequence[str]] = ("supervisor", "protocol")
MARGIN_S: Final = 2.0
"""Files that changed within this time after the start of a process do not count. The kernel's times are coarse."""

_REQUIREMENT: Final = re.compile(r"(?P<name>[A-Za-z0-9._-]+)(\[[^]]*\])?\s*(?P<versions>[^;]*)(;(?P<marker>.*))?")
_PIN: Final = re.compile(r"\(?\s*==\s*(?P<version>[^,()\s*]+)\s*\)?")


def python(target: Target) -> Iterator[Finding]:
    """The version of Python, and whether the running daemon uses this Python."""
    version = ".".join(map(str, sys.version_info[:3]))
    if sys.version_info[:2] < PYTHON_MIN:
        yield error(f"Python {version} runs this command", "install Ouzel with Python 3.11 or later")
    elif sys.maxsize < 2**32:
        yield error(f"Python {version} has 32 bits", "install a Python with 64 bits")
    else:
        yield ok(f"Python {version}, {sys.prefix}")
    if target.pid is not None and (arguments := arguments_of(target.pid)):
        other = Path(arguments[0])
        if other.is_absolute() and other.parent != Path(sys.executable).parent:
            yield info(
                f"the daemon runs from another installation, {other.parent}",
                f"run {other.parent / 'ouzel'} doctor, so that the libraries and versions of the daemon are examined",
            )


def libraries(target: Target, package: str = "ouzel") -> Iterator[Finding]:
    """Each library that the installed package requires, and its version.

    The package may state versions itself. In a checkout, constraints.txt has the tested versions.
    """
    try:
        required = metadata.requires(package) or []
    except metadata.PackageNotFoundError:
        yield error(f"the package {package} is not installed in {sys.prefix}", "install Ouzel again")
        return
    pins = _tested()
    good = 0
    for requirement in required:
        found = _REQUIREMENT.match(requirement)
        if found is None or "extra" in (found["marker"] or ""):
            continue
        name = found["name"]
        stated = _PIN.fullmatch(found["versions"].strip())
        wanted = stated["version"] if stated else pins.get(_normal(name))
        try:
            version = metadata.version(name)
        except metadata.PackageNotFoundError:
            yield error("is not installed", f"install Ouzel again, or install {name} into {sys.prefix}", name)
            continue
        if wanted is None or version == wanted:
            good += 1
        elif stated:
            yield error(f"is {version}, and this Ouzel needs {wanted}", "install Ouzel again", name)
        else:
            yield warning(f"is {version}, and this Ouzel was tested with {wanted}", "run `scripts/setup`", name)
    yield ok(f"{good} libraries are installed{', in the tested versions' if pins else ''}")


def versions(target: Target) -> Iterator[Finding]:
    """The versions of the daemon and its engine, compared with the installed code."""
    installed = metadata.version("ouzel")
    if target.health is None or target.pid is None:
        yield ok(f"Ouzel {installed} is installed")
        return
    running = target.health.supervisor.version
    if running != installed:
        yield warning(
            f"the daemon is Ouzel {running}, and Ouzel {installed} is installed",
            "restart ouzeld: it keeps its torrents",
        )
    processes = {"supervisor": (target.pid, SUPERVISOR_CODE, "restart ouzeld, for example `systemctl restart ouzel`")}
    if target.health.engine.pid is not None:
        remedy = "restart ouzeld; or kill the engine's process, and a new engine takes over"
        processes["engine"] = (target.health.engine.pid, ENGINE_CODE, remedy)
    old = False
    for name, (pid, packages, remedy) in processes.items():
        started = started_at(pid, target.proc)
        newest = _newest(packages)
        if started is None or newest is None:
            yield unknown(f"it is not known whether the {name} (pid {pid}) runs the installed code")
        elif newest[0] > started + MARGIN_S:
            old = True
            yield warning(f"the {name} (pid {pid}) runs older code: {newest[1]} was changed after its start", remedy)
    if running == installed and not old:
        yield ok(f"the daemon and the installed code are Ouzel {installed}")


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def _tested() -> dict[str, str]:
    """The tested versions by name, if this is a checkout with constraints.txt."""
    file = Path(__file__).parents[3] / "constraints.txt"
    try:
        lines = file.read_text().splitlines()
    except OSError:
        return {}
    pairs = (line.partition("==") for line in lines if not line.startswith("#"))
    return {_normal(name): version.split(";")[0].strip() for name, equals, version in pairs if equals}


def _newest(packages: Sequence[str]) -> tuple[float, str] | None:
    """The change time and the path of the latest changed source file of some packages, without an import."""
    found: list[tuple[float, str]] = []
    for package in packages:
        spec = util.find_spec(package)
        for directory in (spec.submodule_search_locations if spec else None) or ():
            for above, folders, names in os.walk(directory):
                folders[:] = [folder for folder in folders if folder != "__pycache__"]
                for name in names:
                    if name.endswith((".py", ".so")):
                        path = os.path.join(above, name)  # noqa: PTH118  # hundreds of files
                        found.append((os.stat(path).st_mtime, path))  # noqa: PTH116  # hundreds of files
    return max(found, default=None)
