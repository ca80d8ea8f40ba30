"""What an installation relies on: one pin for each dependency, and wheels with all packages and commands."""

import re
import shutil
import subprocess
import sys
import sysconfig
import tomllib
import zipfile
from email import message_from_bytes
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
        [metadata] = [message_from_bytes(archive.read(name)) for name in names if name.endswith(".dist-info/METADATA")]
    modules = {str(path.relative_to(source)) for name in PACKAGES for path in (source / name).rglob("*.py")}
    assert {"engine_proc/__main__.py", "supervisor/engine/life/keeper.py", "ouzel/cli/main.py"} < modules
    assert modules | {"ouzel/py.typed", "protocol/py.typed"} <= set(names)
    assert not any(name.startswith(("tests/", "tools/")) or "entry_points" in name for name in names)
    assert scripts.keys() == {"ouzel", "ouzel-gateway", "ouzeld"}
    assert all(script.startswith(b"#!/bin/sh\n") and b'/python" -I ' in script for script in scripts.values())
    assets = {str(path.relative_to(source)) for path in (source / "gateway/page/assets").iterdir()}
    assert assets
    assert assets <= set(names)
    pages = {name.partition(".data/data/share/man/")[2] for name in names if "/share/man/" in name}
    assert pages == {"man1/ouzel.1", "man8/ouzel-gateway.8", "man8/ouzeld.8"}
    config: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert metadata["Requires-Python"] == config["requires-python"]
    assert metadata["License-Expression"] == "Apache-2.0"
    assert metadata.get_all("Provides-Extra") == list(config["optional-dependencies"])
    assert metadata.get_all("Classifier") == config["classifiers"]
    _check_installed(wheel, tmp_path)


def _check_installed(wheel: Path, scratch: Path) -> None:
    """Links to the commands start them, in a new environment that also has the packages of this one."""
    new = scratch / "new"
    subprocess.run([sys.executable, "-I", "-m", "venv", "--without-pip", str(new)], check=True)
    [packages] = new.glob("lib/python3*/site-packages")
    argv = [sys.executable, "-I", "-m", "pip", "--quiet", "--python", str(new / "bin/python"), "install"]
    subprocess.run([*argv, "--no-index", "--no-deps", "--no-compile", str(wheel)], check=True)
    (packages / "others.pth").write_text(sysconfig.get_path("purelib"))
    environ = {
        "PATH": "/usr/bin:/bin",
        "LANG": "C.UTF-8",
        "OUZEL_PATHS_STATE_DIR": str(scratch / "state"),
        "OUZEL_PATHS_RESUME_DIR": str(scratch / "state/resume"),
        "OUZEL_PATHS_RUNTIME_DIR": str(scratch / "run"),
        "OUZEL_PATHS_DOWNLOAD_ROOTS": str(scratch / "downloads"),
    }
    for words in (["ouzel", "--help"], ["ouzel-gateway", "--check"], ["ouzeld", "--check"]):
        link = scratch / words[0]
        link.symlink_to(new / "bin" / words[0])
        done = subprocess.run([str(link), *words[1:]], env=environ, check=False, capture_output=True, text=True)
        assert done.returncode == 0, f"{words}: {done.stdout}{done.stderr}"
    script = "import ouzel, supervisor; print(ouzel.__file__, supervisor.__file__)"
    done = subprocess.run([new / "bin/python", "-I", "-c", script], check=True, capture_output=True, text=True)
    assert all(path.startswith(str(new)) for path in done.stdout.split())
