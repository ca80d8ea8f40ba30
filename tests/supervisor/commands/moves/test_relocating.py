"""What is doubted at a new save path."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

from protocol.durable.doubted import ALL
from supervisor.commands.moves.relocating import Examined, Relocating, Wanted
from tests.supervisor.samples import desired


def examined(root: Path, *files: Wanted, whole: bool = True) -> Examined:
    """What is found below a directory."""
    known: Any = SimpleNamespace(
        fastresume_name=lambda torrent: str(root / "none"), confine=lambda path, field: path, current=dict
    )
    relocating = Relocating(catalogue=known, engine=known, editor=known, roots=known, mounts=known)
    return relocating._examine(desired(save_path=str(root / "old")), str(root), "save_path", files, whole=whole)


def test_missing_files_are_doubted(tmp_path: Path) -> None:
    """Any content may appear there after a relocation by force."""
    assert examined(tmp_path, Wanted(3, "x", 5)) == Examined(str(tmp_path), ["x"], (3,))


def test_without_known_progress_all_files_are_doubted(tmp_path: Path) -> None:
    """The stored progress may claim pieces."""
    assert examined(tmp_path) == Examined(str(tmp_path), [], (ALL,))
