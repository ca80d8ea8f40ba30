import os
from pathlib import Path

import pytest

from supervisor.watch_folders import folder_files
from supervisor.watch_folders.folder_files import Unusable, mark, read, scan


def stamp(file: Path) -> tuple[int, ...]:
    """The stamp of a file."""
    found = scan(file.parent)
    assert not isinstance(found, str)
    return found[file.name]


def test_only_torrent_and_magnet_files_are_found(tmp_path: Path) -> None:
    """In any case; but no hidden ones, folders, pipes or broken links."""
    for name in ("a.torrent", "B.TORRENT", "c.magnet", "d.torrent.added", ".e.torrent", "f.txt", "torrent"):
        (tmp_path / name).touch()
    (tmp_path / "g.torrent").mkdir()
    os.mkfifo(tmp_path / "h.torrent")
    (tmp_path / "link.torrent").symlink_to(tmp_path / "f.txt")
    (tmp_path / "nowhere.torrent").symlink_to("nowhere")
    (tmp_path / "loop.torrent").symlink_to("loop.torrent")
    found = scan(tmp_path)
    assert sorted(found) == ["B.TORRENT", "a.torrent", "c.magnet", "link.torrent"]


@pytest.mark.parametrize("broken", [False, True])
def test_a_folder_that_cannot_be_read_is_a_problem(tmp_path: Path, broken: bool) -> None:
    """Missing, or no folder."""
    path = tmp_path / "x"
    if broken:
        path.touch()
    assert isinstance(scan(path), str)


def test_each_line_of_a_magnet_file_is_a_link(tmp_path: Path) -> None:
    """Blank lines and a byte order mark are left out."""
    file = tmp_path / "a.magnet"
    file.write_bytes(b"\xef\xbb\xbfmagnet:?a\r\n\n  magnet:?b  \n")
    assert read(file) == ["magnet:?a", "magnet:?b"]


@pytest.mark.parametrize("content", [b"", b"\n \n", b"\xff\xfe", b"m\n" * (folder_files.LINKS_MAX + 1)])
def test_a_magnet_file_without_usable_text_is_unusable(tmp_path: Path, content: bytes) -> None:
    """Or with too many lines."""
    file = tmp_path / "a.magnet"
    file.write_bytes(content)
    with pytest.raises(Unusable):
        read(file)


def test_a_file_that_is_too_large_is_unusable(tmp_path: Path) -> None:
    """No more than the limit is read."""
    file = tmp_path / "a.torrent"
    with file.open("wb") as opened:
        opened.truncate(folder_files.FILE_BYTES_MAX + 1)
    with pytest.raises(Unusable, match="16 MiB"):
        read(file)


def test_marking_replaces_no_file(tmp_path: Path) -> None:
    """A second file of the name gets a number, and so does its reason."""
    for number in ("", ".1", ".2"):
        file = tmp_path / "a.torrent"
        file.write_text(number)
        assert mark(file, stamp(file), ".invalid", "because")
        assert (tmp_path / f"a.torrent.invalid{number}").read_text() == number
        assert (tmp_path / f"a.torrent.invalid{number}.txt").read_text() == "because\n"
    assert len(list(tmp_path.iterdir())) == 6


def test_a_file_that_was_replaced_is_not_marked(tmp_path: Path) -> None:
    """It is a file that nobody has looked at yet."""
    file = tmp_path / "a.torrent"
    file.write_text("old")
    old = stamp(file)
    file.write_text("newer")
    assert not mark(file, old, ".added")
    assert file.read_text() == "newer"
