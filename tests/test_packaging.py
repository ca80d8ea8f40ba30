"""What an installation relies on: one pin for each dependency, and a list of all packages."""

import re
import tomllib
from pathlib import Path
from typing import Any, Final

ROOT: Final = Path(__file__).parent.parent
PIN: Final = re.compile(r"(?P<name>[A-Za-z0-9._-]+)==[0-9][0-9A-Za-z.]*")


def normalized(name: str) -> str:
    """A distribution's name as PEP 503 compares it."""
    return re.sub("[-_.]+", "-", name).lower()


def pins() -> list[str]:
    """The names that constraints.txt pins."""
    lines = [line for line in (ROOT / "constraints.txt").read_text().splitlines() if not line.startswith("#")]
    matches = [PIN.fullmatch(line) for line in lines]
    assert all(matches), "a line of constraints.txt is not name==version"
    return [normalized(match["name"]) for match in matches if match]


def test_every_direct_dependency_is_pinned_once() -> None:
    """Those to run, with each extra and without, to test and to build."""
    config: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text())
    project = config["project"]
    extras = project["optional-dependencies"]
    direct = [
        *project["dependencies"],
        *extras["dev"],
        *extras["gateway"],
        *extras["top"],
        *config["build-system"]["requires"],
    ]
    names = {normalized(re.split("[^A-Za-z0-9._-]", requirement)[0]) for requirement in direct}
    assert names <= set(pins())
    assert len(set(pins())) == len(pins())


def test_only_the_packages_are_installed() -> None:
    """Every top-level package with production code is found; tests and tools are not."""
    config: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text())
    packages = {path.parent.name for path in ROOT.glob("*/__init__.py")} - {"tests", "tools"}
    assert {f"{name}*" for name in packages} == set(config["tool"]["setuptools"]["packages"]["find"]["include"])
