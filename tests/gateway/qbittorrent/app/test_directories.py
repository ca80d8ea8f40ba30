"""The content of directories."""

from pathlib import Path

import pytest

from gateway.qbittorrent.app.directories import entries, within


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A root with a folder, a file, and a link that leads out of it."""
    root = tmp_path / "root"
    (root / "folder").mkdir(parents=True)
    (root / "file").write_text("x")
    (tmp_path / "secret").mkdir()
    (root / "link").symlink_to(tmp_path / "secret")
    return root


@pytest.mark.parametrize(("mode", "names"), [("all", ["file", "folder"]), ("dirs", ["folder"]), ("files", ["file"])])
def test_the_mode_chooses(root: Path, mode: str, names: list[str]) -> None:
    """A link that leads out of the root is left out."""
    assert entries(str(root), mode, [str(root)]) == [str(root / name) for name in names]


def test_only_the_way_to_a_root_is_shown(root: Path) -> None:
    """Directories above a root show the way to it, and nothing beside."""
    assert entries(str(root.parent), "all", [str(root)]) == [str(root)]
    assert not within(str(root.parent / "secret"), [str(root)])
    assert not within(str(root / "link/x"), [str(root)])
    assert not within(str(root / "../secret"), [str(root)])
    assert within("/", [str(root)])


def test_what_is_no_directory_is_refused(root: Path) -> None:
    """A file has no entries."""
    with pytest.raises(NotADirectoryError):
        entries(str(root / "file"), "all", [str(root)])
