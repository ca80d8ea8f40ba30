"""The files of a payload."""

import os
from pathlib import Path

import pytest

from engine_proc.files.payload import PayloadFile, Unusable, changed, listed


def write(folder: Path, *paths: str) -> None:
    """Writes files with their paths as content."""
    for path in paths:
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(path)


def paths(path: Path, *exclude: str, output: Path | None = None) -> list[str]:
    """The listed paths."""
    return [file.path for file in listed(str(path), list(exclude), None if output is None else str(output))]


def test_files_are_in_the_order_of_a_v2_torrent(tmp_path: Path) -> None:
    """Sorted by the bytes of each name in the path."""
    write(tmp_path / "set", "b", "a/c", "a-b", "a/b/c", "B")
    assert paths(tmp_path / "set") == ["set/B", "set/a/b/c", "set/a/c", "set/a-b", "set/b"]
    assert paths(tmp_path / "set" / "b") == ["b"]


def test_excluded_files_and_the_output_are_left_out(tmp_path: Path) -> None:
    """Globs are those of a selection. What is left out may be of any kind."""
    write(tmp_path / "set", "a.bin", "x/a.nfo", "x/b.bin", "set.torrent")
    (tmp_path / "set" / "x" / "link.nfo").symlink_to("/")
    found = paths(tmp_path / "set", "*.nfo", output=tmp_path / "set" / "set.torrent")
    assert found == ["set/a.bin", "set/x/b.bin"]
    assert paths(tmp_path / "set", "x/**") == ["set/a.bin", "set/set.torrent"]
    assert paths(tmp_path / "set", "set/x/**") == ["set/a.bin", "set/set.torrent"]


def test_the_output_is_not_said_to_be_empty_or_missing(tmp_path: Path) -> None:
    """It is the only file, or the only one that is not empty."""
    folder = tmp_path / "set"
    write(folder, "x.torrent")
    with pytest.raises(Unusable, match=r"there is no file in '.*/set' but the output 'x\.torrent'$"):
        paths(folder, output=folder / "x.torrent")
    (folder / "a").touch()
    with pytest.raises(Unusable, match=r"all files but the output 'x\.torrent' are empty$"):
        paths(folder, output=folder / "x.torrent")
    with pytest.raises(Unusable, match=r"all files are empty$"):
        paths(folder, "x.*")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read all files")
def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    """So is a folder."""
    write(tmp_path / "set", "a", "b/c")
    (tmp_path / "set" / "a").chmod(0)
    with pytest.raises(Unusable, match=r"'set/a' cannot be read"):
        paths(tmp_path / "set")
    (tmp_path / "set" / "b").chmod(0)
    with pytest.raises(Unusable, match=r"set/b' cannot be read"):
        paths(tmp_path / "set")


def test_changes_are_noticed(tmp_path: Path) -> None:
    """A new file, a changed one, and a missing one."""
    file = PayloadFile("set/a", 1, 2, 3)
    assert changed([file], [file]) is None
    assert changed([file], [file._replace(mtime_ns=4)]) == "set/a"
    assert changed([file], []) == "set/a"
    assert changed([file], [file, file._replace(path="set/b")]) == "set/b"
