"""New .torrent files."""

import os
import socket
from pathlib import Path

import pytest

from engine_proc.files.output_file import write
from engine_proc.files.payload import Unusable


def test_a_file_appears_whole_and_never_in_place_of_another(tmp_path: Path) -> None:
    """A file that is the same stays as it is. Nothing else is left."""
    output = tmp_path / "x.torrent"
    write(str(output), b"new", lambda _: False)
    assert output.read_bytes() == b"new"
    write(str(output), b"newer", lambda content: content == b"new")
    assert output.read_bytes() == b"new"
    with pytest.raises(Unusable, match="is not replaced"):
        write(str(output), b"newer", lambda _: False)
    assert sorted(each.name for each in tmp_path.iterdir()) == ["x.torrent"]


def refusal(output: Path) -> str:
    """Why a file cannot be written."""
    descriptors = sorted(os.listdir("/proc/self/fd"))  # noqa: PTH208  # the names are needed
    with pytest.raises(Unusable) as caught:
        write(str(output), b"new", lambda _: True)
    assert sorted(os.listdir("/proc/self/fd")) == descriptors  # noqa: PTH208
    return str(caught.value)


def test_what_is_in_place_of_the_output_is_told(tmp_path: Path) -> None:
    """A link is not followed, wherever it leads."""
    for link, target in (("link", "none"), ("file", __file__), ("loop", "loop")):
        (tmp_path / link).symlink_to(target)
        assert refusal(tmp_path / link).endswith(f"{link}' exists, and is a symbolic link; it is not replaced")
    (tmp_path / "folder").mkdir()
    assert refusal(tmp_path / "folder").endswith("folder' exists, and is a folder; it is not replaced")
    os.mkfifo(tmp_path / "pipe")
    assert refusal(tmp_path / "pipe").endswith("pipe' exists, and is not a regular file; it is not replaced")
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(tmp_path / "socket"))
    assert refusal(tmp_path / "socket").endswith("socket' exists, and is not a regular file; it is not replaced")
    assert sorted(each.name for each in tmp_path.iterdir()) == ["file", "folder", "link", "loop", "pipe", "socket"]


def test_a_name_that_no_file_can_have_is_told(tmp_path: Path) -> None:
    """It is not said to exist."""
    assert refusal(tmp_path / ("x" * 256)).endswith("x' cannot be written: File name too long")
    (tmp_path / "file").touch()
    assert refusal(tmp_path / "file" / "x").endswith("x' cannot be written: Not a directory")


def test_a_file_system_without_hard_links_is_no_problem(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nor is one without nameless files. Then an existing file is looked for first."""
    opens = os.open

    def link(*_: object, **__: object) -> None:
        raise PermissionError

    def opened(path: Path, flags: int, *more: int) -> int:
        if flags & os.O_TMPFILE == os.O_TMPFILE:
            raise OSError
        return opens(path, flags, *more)

    monkeypatch.setattr(os, "link", link)
    monkeypatch.setattr(os, "open", opened)
    write(str(tmp_path / "x"), b"new", lambda _: False)
    assert (tmp_path / "x").read_bytes() == b"new"
    assert [each.name for each in tmp_path.iterdir()] == ["x"]
    with pytest.raises(Unusable, match="cannot be written"):
        write(str(tmp_path / "none" / "x"), b"new", lambda _: False)
