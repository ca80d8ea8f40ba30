"""Ouzel's public Python interface: names, types, and `help`."""

import inspect
import shutil
import subprocess
import sys
import sysconfig
import types
import venv
import zipfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any, Final, get_args

import msgspec
import pytest

import ouzel
from ouzel import AsyncClient, Client

ROOT: Final = Path(__file__).parent.parent.parent
METHODS: Final = [name for name in dir(Client) if not name.startswith("_")]


def structs(kind: Any) -> set[type]:
    """The structs in a type, and in their fields."""
    found: set[type] = set()
    for part in get_args(kind):
        found |= structs(part)
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        found.add(kind)
        for field in msgspec.structs.fields(kind):
            found |= structs(field.type)
    return found


@pytest.mark.parametrize("name", METHODS)
def test_methods_say_what_they_give(name: str) -> None:
    """Types and documentation, in both clients, for the same arguments."""
    blocking, awaited = getattr(Client, name), getattr(AsyncClient, name)
    for method in (blocking, awaited):
        assert method.__doc__
        shown = inspect.signature(method)
        assert shown.return_annotation is not inspect.Signature.empty
        assert "return" in method.__annotations__
    of_blocking, of_awaited = (inspect.signature(each) for each in (blocking, awaited))
    assert of_blocking.parameters.keys() == of_awaited.parameters.keys()
    mapped = str(of_blocking.return_annotation).replace("collections.abc.Iterator", "collections.abc.AsyncIterator")
    assert str(of_awaited.return_annotation).replace("AsyncEvents", "Events").replace("aio_events", "events") in (
        mapped,
        str(of_blocking.return_annotation),
    )


def test_results() -> None:
    """The results as `help` shows them."""
    assert inspect.signature(Client.add_torrent).return_annotation is ouzel.Added
    assert inspect.signature(Client.list_torrents).return_annotation == Iterator[ouzel.TorrentRow]
    assert inspect.signature(AsyncClient.list_torrents).return_annotation == AsyncIterator[ouzel.TorrentRow]
    assert inspect.signature(Client.pause).return_annotation is None


def test_every_type_of_a_result_is_exported() -> None:
    """No other import is needed to annotate a type."""
    results = [inspect.signature(getattr(Client, name)).return_annotation for name in METHODS]
    wanted = {each.__name__ for result in results for each in structs(result)}
    assert wanted <= set(ouzel.__all__)
    assert sorted(ouzel.__all__) == ouzel.__all__
    assert all(not isinstance(getattr(ouzel, name), types.ModuleType) for name in ouzel.__all__)


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


@pytest.mark.process
def test_an_installed_wheel_is_typed(tmp_path: Path) -> None:
    """Another program passes mypy --strict, and a wrong program does not."""
    source = tmp_path / "source"
    unwanted = shutil.ignore_patterns(".*", "__pycache__", "clients", "docs", "*.egg-info", "tests", "tools")
    shutil.copytree(ROOT, source, ignore=unwanted)
    argv = [sys.executable, "-I", "-m", "pip", "wheel", "--quiet", "--no-index", "--no-deps", "--no-build-isolation"]
    subprocess.run([*argv, "--wheel-dir", str(tmp_path), str(source)], check=True)
    [wheel] = tmp_path.glob("*.whl")
    # A separate environment, since types of installed packages count only with a py.typed.
    venv.create(tmp_path / "venv", symlinks=True)
    [installed] = (tmp_path / "venv").glob("lib/python*/site-packages")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(installed)
    (installed / "others.pth").write_text(sysconfig.get_path("purelib") + "\n")
    (tmp_path / "program.py").write_text(PROGRAM)
    (tmp_path / "wrong.py").write_text(WRONG)
    python = ["--python-executable", str(tmp_path / "venv" / "bin" / "python")]
    argv = [sys.executable, "-I", "-m", "mypy", "--strict", "--config-file=", "--cache-dir=cache", *python]
    checked = [
        subprocess.run([*argv, each], cwd=tmp_path, capture_output=True, text=True, check=False)
        for each in ("program.py", "wrong.py")
    ]
    assert checked[0].returncode == 0, checked[0].stdout
    assert checked[1].stdout.count("error:") >= 2
    assert all((installed / package / "py.typed").exists() for package in ("ouzel", "protocol"))
