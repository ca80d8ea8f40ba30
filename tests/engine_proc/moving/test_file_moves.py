"""The steps of a move on real file systems, also if the process dies before any change of the disk."""

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Final

import pytest

from engine_proc.moving import file_moves, no_replace
from engine_proc.moving.file_moves import Collision, Interrupted, MoveFailed, Moving, Plan
from engine_proc.storage.storage_watch import RealDisk
from protocol.internal.bounds import Bounds

FILES: Final = {"set/a": b"a" * 100_000, "set/sub/b": b"b" * 5, "set/sub/empty": b"", ".hash.parts": b"parts"}
MISSING: Final = "set/unselected"
CHANGES: Final = ("link", "unlink", "rename", "mkdir", "rmdir", "ftruncate", "sendfile", "fsync")
"""Before each of these calls the process may die. `rename` includes that of `no_replace`."""


class Died(Exception):
    """The process has died."""


@pytest.fixture(params=["same", "other"])
def target(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Path]:
    """A directory on the same file system as the files, or on another one; it does not exist."""
    parent = Path(tempfile.mkdtemp(dir=tmp_path if request.param == "same" else "/dev/shm"))
    if request.param == "other" and parent.stat().st_dev == tmp_path.stat().st_dev:
        pytest.skip("/dev/shm is no file system of its own")
    yield parent / "new/place"
    shutil.rmtree(parent)


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """The present save path, with the files of a torrent and one that belongs to somebody else."""
    root = tmp_path / "source"
    for name, content in FILES.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(content)
    (root / "foreign").write_bytes(b"foreign")
    return root


def plan_of(source: Path, target: Path) -> Plan:
    """The plan of a move."""
    pairs = [(f"{source}/{name}", f"{target}/{name}") for name in (*FILES, MISSING)]
    return Plan("f" * 40, str(source), str(target), str(target.parent), pairs)


def moving(report: Callable[[int, int], None] = lambda done, total: None) -> Moving:
    """Everything is allowed."""
    return Moving(Bounds(roots=["/"]), RealDisk(), report)


def tree(root: Path) -> dict[str, bytes | None]:
    """The files below a directory with their content, and the directories."""
    return {str(each.relative_to(root)): each.read_bytes() if each.is_file() else None for each in root.rglob("*")}


MOVED: Final = {**FILES, "set": None, "set/sub": None}
"""The tree at the new place after a move."""


def test_all_files_are_moved(source: Path, target: Path) -> None:
    """With their folders, and nothing else. The source is unchanged until all are staged."""
    plan = plan_of(source, target)
    file_moves.stage(plan, moving())
    assert tree(source) == {**MOVED, "foreign": b"foreign"}
    assert all(name.startswith(".ouzel-moving-") for name in tree(target))
    file_moves.place(plan, moving())
    assert tree(target) == MOVED
    assert tree(source) == {"foreign": b"foreign"}
    file_moves.place(plan, moving())  # it can be repeated
    assert tree(target) == MOVED


def test_an_undone_move_leaves_nothing(source: Path, target: Path) -> None:
    """Neither copies nor directories that were made for them; it can be repeated."""
    plan = plan_of(source, target)
    file_moves.stage(plan, moving())
    for _ in range(2):
        file_moves.undo(plan)
        assert not target.parent.exists()
    assert tree(source) == {**MOVED, "foreign": b"foreign"}


def test_a_directory_that_is_in_use_is_kept(source: Path, target: Path) -> None:
    """Somebody else has put something there meanwhile."""
    plan = plan_of(source, target)
    file_moves.stage(plan, moving())
    (target.parent / "foreign").write_bytes(b"foreign")
    file_moves.undo(plan)
    assert tree(target.parent) == {"foreign": b"foreign"}


class Mortal:
    """The `os` module, for a process that dies before its n-th change of the disk."""

    def __init__(self, lives: int) -> None:
        self.left = lives

    def __getattr__(self, name: str) -> Any:
        real = getattr(os, name)
        if name not in CHANGES:
            return real

        def call(*args: Any, **kwargs: Any) -> Any:
            self._live()
            return real(*args, **kwargs)

        return call

    def rename_new(self, source: str, target: str) -> None:
        """Stands for `no_replace.rename`."""
        self._live()
        no_replace.rename(source, target)

    def _live(self) -> None:
        self.left -= 1
        if self.left < 0:
            raise Died


def die(monkeypatch: pytest.MonkeyPatch, lives: int) -> None:
    """Lets the process die after this many changes."""
    mortal = Mortal(lives)
    monkeypatch.setattr(file_moves, "os", mortal)
    monkeypatch.setattr(file_moves, "no_replace", SimpleNamespace(rename=mortal.rename_new))


def live(monkeypatch: pytest.MonkeyPatch) -> None:
    """The next process."""
    monkeypatch.setattr(file_moves, "os", os)
    monkeypatch.setattr(file_moves, "no_replace", no_replace)


def test_death_before_any_change_of_the_disk(source: Path, target: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The files are whole at one of the two places at any moment, and the next process ends with the same result."""
    lives = 0
    while True:
        plan = plan_of(source, target)
        die(monkeypatch, lives)
        staged = died = False
        try:
            file_moves.stage(plan, moving())
            staged = True  # from now on the record says so
            file_moves.place(plan, moving())
        except Died:
            died = True
        live(monkeypatch)
        there = tree(source), tree(target) if target.exists() else {}
        assert any(FILES.items() <= each.items() for each in there)
        if not staged:
            file_moves.stage(plan, moving())
        file_moves.place(plan, moving())
        assert tree(target) == MOVED
        assert tree(source) == {"foreign": b"foreign"}
        back = Plan(plan.torrent, plan.target, plan.source, None, [(new, old) for old, new in plan.pairs])
        file_moves.stage(back, moving())
        file_moves.place(back, moving())
        shutil.rmtree(target.parent)
        if not died:
            break
        lives += 1
    assert lives > 20


def test_a_staged_file_is_not_copied_again(source: Path, target: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Unless the original was changed since."""
    plan = plan_of(source, target)
    file_moves.stage(plan, moving())
    before = {each.name: each.stat().st_ino for each in Path(plan.staging).iterdir()}
    file_moves.stage(plan, moving())
    assert {each.name: each.stat().st_ino for each in Path(plan.staging).iterdir()} == before
    (source / "set/a").write_bytes(b"another content")
    file_moves.stage(plan, moving())
    file_moves.place(plan, moving())
    assert (target / "set/a").read_bytes() == b"another content"


def test_nothing_is_overwritten(source: Path, target: Path) -> None:
    """Neither before the files are staged, nor afterwards; then the original is kept, too."""
    plan = plan_of(source, target)
    file_moves.stage(plan, moving())
    (target / "set/sub").mkdir(parents=True)
    (target / "set/sub/b").write_bytes(b"foreign")
    for step in (file_moves.stage, file_moves.place):
        with pytest.raises(MoveFailed, match="set/sub/b"):
            step(plan, moving())
        assert (target / "set/sub/b").read_bytes() == b"foreign"
        assert FILES.items() <= tree(source).items()
    (target / "set/sub/b").unlink()
    file_moves.place(plan, moving())
    assert tree(target) == MOVED


def test_a_file_where_a_folder_has_to_be(source: Path, target: Path) -> None:
    """It is found before anything is copied."""
    target.mkdir(parents=True)
    (target / "set").write_bytes(b"foreign")
    with pytest.raises(MoveFailed, match="not a directory"):
        file_moves.stage(plan_of(source, target), moving())
    assert tree(target) == {"set": b"foreign"}


@pytest.mark.parametrize("step", [file_moves.stage, file_moves.place])
def test_paths_out_of_bounds(source: Path, target: Path, tmp_path: Path, step: Callable[[Plan, Moving], None]) -> None:
    """Also through a symbolic link at the new place."""
    outside = tmp_path / "outside"
    outside.mkdir()
    target.mkdir(parents=True)
    (target / "set").symlink_to(outside)
    bounds = Bounds(roots=[str(source), str(target)])
    with pytest.raises(MoveFailed, match="outside"):
        step(plan_of(source, target), Moving(bounds, RealDisk(), lambda done, total: None))
    assert tree(outside) == {}
    assert FILES.items() <= tree(source).items()


def test_too_little_space(source: Path, target: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is found before anything is copied. Files that can be linked need none."""
    monkeypatch.setattr(file_moves, "_free", lambda path: 0)
    if target.parents[1].stat().st_dev == source.stat().st_dev:
        file_moves.stage(plan_of(source, target), moving())
        return
    with pytest.raises(MoveFailed, match="0 bytes free"):
        file_moves.stage(plan_of(source, target), moving())
    file_moves.undo(plan_of(source, target))
    assert not target.parent.exists()


def test_a_move_is_interrupted(source: Path, target: Path) -> None:
    """By an exception of the report; the progress counts all files that are copied."""
    seen: list[tuple[int, int]] = []
    file_moves.stage(plan_of(source, target), moving(lambda done, total: seen.append((done, total))))
    assert seen[-1][0] == seen[-1][1]
    assert [done for done, _ in seen] == sorted(done for done, _ in seen)
    file_moves.undo(plan_of(source, target))

    def stop(done: int, total: int) -> None:
        raise Interrupted

    if seen[-1][1]:
        with pytest.raises(Interrupted):
            file_moves.stage(plan_of(source, target), moving(stop))
        assert FILES.items() <= tree(source).items()


def test_holes_are_kept(source: Path, target: Path) -> None:
    """A file that is downloaded in part does not take its full size at the new place, either."""
    with (source / "set/a").open("wb") as file:
        file.truncate(50 << 20)
        file.seek(20 << 20)
        file.write(b"x" * 4096)
    file_moves.stage(plan_of(source, target), moving())
    file_moves.place(plan_of(source, target), moving())
    found = (target / "set/a").stat()
    assert found.st_size == 50 << 20
    assert found.st_blocks * 512 < 1 << 20
    assert (target / "set/a").read_bytes()[20 << 20 :][:4096] == b"x" * 4096


def test_files_are_renamed_in_place(source: Path) -> None:
    """The save path stays the same."""
    pairs = [(f"{source}/set/a", f"{source}/other/a"), (f"{source}/set/sub/b", f"{source}/other/set/b")]
    plan = Plan("f" * 40, str(source), str(source), None, pairs)
    file_moves.stage(plan, moving())
    file_moves.place(plan, moving())
    assert tree(source) == {
        **{name: content for name, content in MOVED.items() if name not in ("set/a", "set/sub/b")},
        "foreign": b"foreign",
        "other": None,
        "other/a": FILES["set/a"],
        "other/set": None,
        "other/set/b": FILES["set/sub/b"],
    }


def test_a_file_that_must_exist(source: Path, target: Path) -> None:
    """If it is missing, its disk may be; nothing is moved."""
    plan = plan_of(source, target)._replace(claimed=frozenset({f"{source}/set/a"}))
    file_moves.stage(plan, moving())
    file_moves.undo(plan)
    shutil.move(source / "set", source / "away")
    with pytest.raises(MoveFailed, match="missing"):
        file_moves.stage(plan, moving())
    with pytest.raises(MoveFailed, match="missing"):
        file_moves.place(plan, moving())
    assert FILES["set/a"] == (source / "away/a").read_bytes()


def test_a_disk_that_vanishes_meanwhile(source: Path, target: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The originals are not deleted."""
    plan = plan_of(source, target)
    file_moves.stage(plan, moving())
    devices = iter(range(10))
    monkeypatch.setattr(file_moves, "_device", lambda path: next(devices))
    with pytest.raises(MoveFailed, match="another file system"):
        file_moves.place(plan, moving())
    assert FILES.items() <= tree(source).items()


def test_a_folder_on_a_third_file_system(source: Path, target: Path, tmp_path: Path) -> None:
    """The staged files could not be renamed to it, so nothing is moved."""
    third = Path(tempfile.mkdtemp(dir="/dev/shm" if target.is_relative_to(tmp_path) else tmp_path))
    try:
        target.mkdir(parents=True)
        (target / "set").symlink_to(third)
        with pytest.raises(MoveFailed, match="on another file system"):
            file_moves.stage(plan_of(source, target), moving())
    finally:
        shutil.rmtree(third)
    assert FILES.items() <= tree(source).items()


def test_a_file_that_would_get_the_path_of_another_one(source: Path) -> None:
    """Nothing is moved, even if the other one does not exist: the placed file would be taken for it."""
    pairs = [(f"{source}/set/a", f"{source}/set/sub/a"), (f"{source}/set/sub/a", f"{source}/set/sub/sub/a")]
    plan = Plan("f" * 40, str(source), str(source), None, pairs)
    before = tree(source)
    with pytest.raises(MoveFailed, match="set/sub/a' would be"):
        file_moves.stage(plan, moving())
    file_moves.undo(plan)
    assert tree(source) == before


def test_death_while_a_placing_is_taken_back(source: Path, target: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file of somebody else has appeared at a final path. It and the originals stay, whenever the process dies."""
    lives, died = 0, True
    while died:
        died, plan = False, plan_of(source, target)
        file_moves.stage(plan, moving())
        (target / "set/sub").mkdir(parents=True)
        (target / "set/sub/b").write_bytes(b"other")  # of the same size
        die(monkeypatch, lives)
        try:
            place_in_vain(plan)
        except Died:
            died = True
        live(monkeypatch)
        assert FILES.items() <= tree(source).items()
        if died:
            place_in_vain(plan)
        file_moves.undo(plan)
        assert tree(target) == {"set": None, "set/sub": None, "set/sub/b": b"other"}
        assert FILES.items() <= tree(source).items()
        shutil.rmtree(target.parent)
        lives += 1
    assert lives > 5


def place_in_vain(plan: Plan) -> None:
    """A placing that meets a file, and is taken back."""
    with pytest.raises(Collision):
        file_moves.place(plan, moving())
    file_moves.take_back(plan)


def test_an_original_that_is_no_original(source: Path, target: Path) -> None:
    """Somebody has deleted a staged file, and there is another one at the final path. The original is kept."""
    plan = plan_of(source, target)
    file_moves.stage(plan, moving())
    Path(plan.staged(f"{source}/set/a")).unlink()
    (target / "set").mkdir(parents=True)
    (target / "set/a").write_bytes(b"foreign")
    with pytest.raises(MoveFailed, match="differ"):
        file_moves.place(plan, moving())
    assert FILES.items() <= tree(source).items()
    (target / "set/a").unlink()
    file_moves.place(plan, moving())
    assert tree(target) == MOVED


def test_a_placing_is_not_taken_back_without_an_original(source: Path, target: Path) -> None:
    """It may have been deleted because all files were in place."""
    plan = plan_of(source, target)._replace(claimed=frozenset({f"{source}/set/a"}))
    file_moves.stage(plan, moving())
    (source / "set/a").unlink()
    with pytest.raises(MoveFailed, match="cannot be undone"):
        file_moves.take_back(plan)


def test_a_path_that_is_too_long(source: Path, target: Path) -> None:
    """The directories that were made before this was found are removed."""
    long = str(target) + "/n" * ((4085 - len(str(target))) // 2)
    plan = Plan("f" * 40, str(source), long, str(target.parent), [(f"{source}/set/a", f"{long}/a")])
    with pytest.raises(OSError, match="too long"):
        file_moves.stage(plan, moving())
    file_moves.undo(plan)
    assert not target.parent.exists()
