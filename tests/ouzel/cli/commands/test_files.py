"""`move` and `rename` with a scripted daemon."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from ouzel.cli.main import run
from protocol.wire.errors import ErrorKind, OuzelError
from protocol.wire.rows import Moving
from tests.ouzel.samples import ID, OTHER, file_row, row
from tests.ouzel.scripted_daemon import ScriptedDaemon


@pytest.fixture
def daemon(tmp_path: Path) -> Iterator[ScriptedDaemon]:
    """A daemon with two torrents."""
    with ScriptedDaemon(tmp_path) as daemon:
        daemon.rows = {ID: row(), OTHER: row(OTHER)}
        yield daemon


def ouzel(tmp_path: Path, *argv: str) -> int:
    """The exit code of a command line."""
    return run(["--runtime-dir", str(tmp_path), *argv])


def test_several_torrents_are_moved(
    tmp_path: Path, daemon: ScriptedDaemon, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The last argument is the path; a relative one is that of the command line. One refusal makes exit code 1."""

    def answer(args: dict[str, Any]) -> dict[str, Any]:
        assert args["save_path"] == str(tmp_path / "films")
        if args["torrent"] == OTHER:
            raise OuzelError(ErrorKind.NO_SPACE, "too little space", field="args.save_path")
        return {"torrent": args["torrent"]}

    monkeypatch.chdir(tmp_path)
    daemon.answers["move_storage"] = answer
    assert ouzel(tmp_path, "move", ID, "films") == 0
    assert capsys.readouterr().out == f"moving: {ID}\n"
    assert ouzel(tmp_path, "move", ID, OTHER, str(tmp_path / "films")) == 1
    assert "too little space" in capsys.readouterr().err


@pytest.mark.parametrize("fails", [False, True])
def test_the_progress_of_a_move_is_shown(
    tmp_path: Path, daemon: ScriptedDaemon, capsys: pytest.CaptureFixture[str], fails: bool
) -> None:
    """Until its end. A failed move makes exit code 5, and its reason is shown."""

    def end() -> None:
        place = str(daemon.rows[ID].save_path if fails else tmp_path)
        daemon.rows[ID] = msgspec.structs.replace(daemon.rows[ID], save_path=place, moving=None)
        if fails:
            daemon.publish("session_error", None, name="move_failed", message=f"torrent {ID}: it exists", paths=[])
        else:
            daemon.publish("storage_moved", save_path=place)

    def answer(args: dict[str, Any]) -> dict[str, Any]:
        moving = Moving(save_path=str(tmp_path), progress=0.5)
        daemon.rows[ID] = msgspec.structs.replace(daemon.rows[ID], moving=moving)
        daemon.publish("state_changed", state="queued", previous="seeding")
        return {"torrent": ID}

    reads = daemon.answers["list_torrents"]
    count = 0

    def listed(args: dict[str, Any]) -> Any:
        nonlocal count
        count += 1
        result = reads(args)
        if count == 1:
            end()
        return result

    daemon.answers["move_storage"] = answer
    daemon.answers["list_torrents"] = listed
    assert ouzel(tmp_path, "move", ID, str(tmp_path), "--wait") == (5 if fails else 0)
    first, last = capsys.readouterr().out.splitlines()
    assert first == f"moving: {ID} 50.0%"
    assert last == (f"not moved: torrent {ID}: it exists" if fails else f"moved: {ID} is at {tmp_path}")


@pytest.mark.parametrize(
    ("old", "op", "args"),
    [
        ("set/a.bin", "rename_file", {"index": 0, "path": "set/x"}),
        ("0", "rename_file", {"index": 0, "path": "set/x"}),
        ("set", "rename_folder", {"path": "set", "new_path": "set/x"}),
        ("set/", "rename_folder", {"path": "set", "new_path": "set/x"}),
    ],
)
def test_a_file_or_a_folder_is_renamed(
    tmp_path: Path,
    daemon: ScriptedDaemon,
    capsys: pytest.CaptureFixture[str],
    old: str,
    op: str,
    args: dict[str, Any],
) -> None:
    """A file is named by its path or its index; anything else is a folder."""

    def answer(given: dict[str, Any]) -> dict[str, Any]:
        assert given == {"torrent": ID, **args}
        return {"torrent": ID}

    file = msgspec.structs.replace(file_row(0), path="set/a.bin")
    daemon.answers["list_files"] = lambda _: {"files": [file], "cursor": None}
    daemon.answers[op] = answer
    assert ouzel(tmp_path, "rename", ID, old, "set/x") == 0
    assert "set/x" in capsys.readouterr().out
    assert ouzel(tmp_path, "rename", ID, old, "set/x", "--json") == 0
    assert json.loads(capsys.readouterr().out) == {"torrent": ID, "path": "set/x"}
