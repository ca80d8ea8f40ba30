"""What an installation relies on: one pin for each dependency, and wheels with all packages and commands."""

import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path
from typing import Any, Final

import pytest

ROOT: Final = Path(__file__).parent.parent
PIN: Final = re.compile(r"(?P<name>[A-Za-z0-9._-]+)==[0-9][0-9A-Za-z.]*")
PACKAGES: Final = ("engine_proc", "gateway", "ouzel", "protocol", "supervisor")


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


@pytest.mark.process
def test_a_wheel_is_built_by_what_is_installed(tmp_path: Path) -> None:
    """Without the registry, as in README. Its commands start Python isolated, so they are no entry points."""
    source = tmp_path / "source"
    unwanted = shutil.ignore_patterns(".*", "__pycache__", "clients", "docs", "*.egg-info", "tests", "tools")
    shutil.copytree(ROOT, source, ignore=unwanted)
    argv = [sys.executable, "-I", "-m", "pip", "wheel", "--quiet", "--no-index", "--no-deps", "--no-build-isolation"]
    subprocess.run([*argv, "--wheel-dir", str(tmp_path), str(source)], check=True)
    [wheel] = tmp_path.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
        scripts = {name.rpartition("/")[2]: archive.read(name) for name in names if ".data/scripts/" in name}
    modules = {str(path.relative_to(source)) for name in PACKAGES for path in (source / name).rglob("*.py")}
    assert {"engine_proc/__main__.py", "supervisor/engine/life/keeper.py", "ouzel/cli/main.py"} < modules
    assert modules | {"ouzel/py.typed", "protocol/py.typed"} <= set(names)
    assert not any(name.startswith(("tests/", "tools/")) or "entry_points" in name for name in names)
    assert scripts.keys() == {"ouzel", "ouzel-gateway", "ouzeld"}
    assert all(script.startswith(b"#!/bin/sh\n") and b'/python" -I ' in script for script in scripts.values())
