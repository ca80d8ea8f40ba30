"""A wheel has all packages, commands and types. It is built and installed once."""

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

pytestmark = [pytest.mark.process, pytest.mark.shared]

ROOT: Final = Path(__file__).parent.parent
PACKAGES: Final = ("engine_proc", "gateway", "ouzel", "protocol", "supervisor")
PIP: Final = (sys.executable, "-I", "-m", "pip", "--quiet")

PROGRAM: Final = """
import asyncio
from collections.abc import Iterator
from typing import assert_type

import ouzel


def names(client: ouzel.Client) -> list[str]:
    rows = client.list_torrents(state=ouzel.TorrentState.SEEDING)
    assert_type(rows, Iterator[ouzel.TorrentRow])
    return [row.name or row.torrent for row in rows]


def fetch(magnet: str) -> float:
    with ouzel.Client() as client:
        added = client.add_torrent(magnet=magnet, exclude=["*.nfo"])
        try:
            row = client.wait(added.torrent, timeout_s=60)
        except ouzel.DownloadFailed as error:
            print(error.torrent, error.removed)
            raise
        except ouzel.WaitTimeout:
            return 0.0
        assert_type(row, ouzel.TorrentRow)
        assert_type(client.get_torrent(added.torrent), ouzel.TorrentDetail)
        assert_type(client.health(), ouzel.HealthReport)
        for item in client.events(progress=True):
            assert_type(item, ouzel.Event | ouzel.Resnapshot)
        return row.progress


async def main() -> None:
    async with ouzel.AsyncClient() as client:
        assert_type(await client.stats(), ouzel.StatsReport)
        async for file in client.list_files(torrent="0" * 40):
            assert_type(file, ouzel.FileRow)
        print((await client.wait("0" * 40)).size)
        await client.pause("0" * 40, wait="applied")


asyncio.run(main())
"""
WRONG: Final = """
import ouzel

client = ouzel.Client()
client.add_torrent("magnet:?")
client.get_torrent("0" * 40).no_such
"""


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of what the wheel is built from."""
    source = tmp_path_factory.mktemp("source") / "ouzel"
    unwanted = shutil.ignore_patterns(".*", "__pycache__", "clients", "docs", "*.egg-info", "tests", "tools")
    shutil.copytree(ROOT, source, ignore=unwanted)
    return source


@pytest.fixture(scope="module")
def wheel(source: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built by what is installed, without the registry, as in README."""
    built = tmp_path_factory.mktemp("wheel")
    options = ["--no-index", "--no-deps", "--no-build-isolation", "--wheel-dir", str(built)]
    subprocess.run([*PIP, "wheel", *options, str(source)], check=True)
    [wheel] = built.glob("*.whl")
    return wheel


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A new virtual environment with the wheel. It has the packages of this environment, too."""
    new = tmp_path_factory.mktemp("new") / "venv"
    subprocess.run([sys.executable, "-I", "-m", "venv", "--without-pip", str(new)], check=True)
    options = ["--no-index", "--no-deps", "--no-compile"]
    subprocess.run([*PIP, "--python", str(new / "bin/python"), "install", *options, str(wheel)], check=True)
    (_packages(new) / "others.pth").write_text(sysconfig.get_path("purelib") + "\n")
    return new


def test_a_wheel_is_complete(source: Path, wheel: Path) -> None:
    """Its commands start Python isolated, so they are no entry points."""
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


def test_links_to_the_installed_commands_start_them(installed: Path, tmp_path: Path) -> None:
    """From the packages that are installed, not from this source."""
    environ = {
        "PATH": "/usr/bin:/bin",
        "LANG": "C.UTF-8",
        "OUZEL_PATHS_STATE_DIR": str(tmp_path / "state"),
        "OUZEL_PATHS_RESUME_DIR": str(tmp_path / "state/resume"),
        "OUZEL_PATHS_RUNTIME_DIR": str(tmp_path / "run"),
        "OUZEL_PATHS_DOWNLOAD_ROOTS": str(tmp_path / "downloads"),
    }
    for words in (["ouzel", "--help"], ["ouzel-gateway", "--check"], ["ouzeld", "--check"]):
        link = tmp_path / words[0]
        link.symlink_to(installed / "bin" / words[0])
        done = subprocess.run([str(link), *words[1:]], env=environ, check=False, capture_output=True, text=True)
        assert done.returncode == 0, f"{words}: {done.stdout}{done.stderr}"
    script = "import ouzel, supervisor; print(ouzel.__file__, supervisor.__file__)"
    done = subprocess.run([installed / "bin/python", "-I", "-c", script], check=True, capture_output=True, text=True)
    assert all(path.startswith(str(installed)) for path in done.stdout.split())


def test_an_installed_wheel_is_typed(installed: Path, tmp_path: Path) -> None:
    """Another program passes mypy --strict, and a wrong program does not.

    A separate environment shows it, since types of installed packages count only with a py.typed.
    """
    (tmp_path / "program.py").write_text(PROGRAM)
    (tmp_path / "wrong.py").write_text(WRONG)
    argv = [sys.executable, "-I", "-m", "mypy", "--strict", "--config-file=", "--cache-dir=cache"]
    argv += ["--python-executable", str(installed / "bin/python"), "program.py", "wrong.py"]
    checked = subprocess.run(argv, cwd=tmp_path, capture_output=True, text=True, check=False)
    errors = [line.partition(":")[0] for line in checked.stdout.splitlines() if "error:" in line]
    assert errors.count("wrong.py") == len(errors) >= 2, checked.stdout + checked.stderr
    assert all((_packages(installed) / package / "py.typed").exists() for package in ("ouzel", "protocol"))


def _packages(environment: Path) -> Path:
    [packages] = environment.glob("lib/python3*/site-packages")
    return packages
