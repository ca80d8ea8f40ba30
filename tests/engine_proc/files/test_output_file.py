"""New .torrent files."""

import os
from pathlib import Path

import pytest

from engine_proc.files.output_file import write
from engine_proc.files.payload import Unusable


def test_a_file_appears_whole_and_never_in_place_of_another(tmp_path: Path) -> None:
    """A file that is the same stays as it is. A link is another file, wherever it leads. Nothing else is left."""
    output = tmp_path / "x.torrent"
    write(str(output), b"new", lambda _: False)
    assert output.read_bytes() == b"new"
    write(str(output), b"newer", lambda content: content == b"new")
    assert output.read_bytes() == b"new"
    with pytest.raises(Unusable, match="is not replaced"):
        write(str(output), b"newer", lambda _: False)
    (tmp_path / "link").symlink_to(tmp_path / "none")
    with pytest.raises(Unusable, match="is not replaced"):
        write(str(tmp_path / "link"), b"new", lambda _: True)
    (tmp_path / "folder").mkdir()
    with pytest.raises(Unusable):
        write(str(tmp_path / "folder"), b"new", lambda _: True)
    assert sorted(each.name for each in tmp_path.iterdir()) == ["folder", "link", "x.torrent"]


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
