import os
from pathlib import Path

import pytest

from engine_proc.resume import read_ahead
from engine_proc.resume.read_ahead import SAMPLE, Dated, ReadAhead
from tools.rig.probe import eventually


def settled(ahead: ReadAhead) -> None:
    """Waits until all requested files are read."""
    eventually(lambda: not ahead._wanted, "all is read")


def files(directory: Path, count: int) -> list[str]:
    """Files that contain their names."""
    found = [f"f{number}" for number in range(count)]
    for name in found:
        (directory / name).write_text(name)
    return found


def over_a_disk(directory: Path, *, reads_s: float = 1.0) -> ReadAhead:
    """With a known duration of each read."""
    ahead = ReadAhead(directory.joinpath)
    for _ in range(SAMPLE):
        ahead.was_read(reads_s)
    return ahead


def test_what_is_wanted_is_read_and_given_once(tmp_path: Path) -> None:
    """With its modification time. A file that cannot be read is left to the caller."""
    made, ahead = files(tmp_path, 5), over_a_disk(tmp_path)
    os.mkfifo(tmp_path / "pipe")
    ahead.prefetch(["missing", *made, "pipe", "."])
    settled(ahead)
    for name in made:
        found: Dated | None = ahead.pop(name)
        assert found == (name.encode(), (tmp_path / name).stat().st_mtime)
        assert ahead.pop(name) is None
    assert [ahead.pop(name) for name in ("missing", "pipe", ".")] == [None, None, None]


def test_what_was_taken_before_it_was_read_is_not_kept(tmp_path: Path) -> None:
    """The file may have changed by the next time."""
    [name, last], ahead = files(tmp_path, 2), over_a_disk(tmp_path)
    with ahead._lock:  # the thread cannot hand over what it reads
        ahead._wanted.add(name)
        ahead._work.put([name])
        ahead._wanted.discard(name)  # as `take` does
    ahead.prefetch([last])
    settled(ahead)
    assert ahead.pop(name) is None


def test_what_nobody_asks_for_is_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """At the bound nothing more is read ahead until there is room."""
    monkeypatch.setattr(read_ahead, "KEPT_MAX", 3)
    made, ahead = files(tmp_path, 6), over_a_disk(tmp_path)
    ahead.prefetch(made[:3])
    settled(ahead)
    ahead.prefetch(made[3:])
    settled(ahead)
    assert ahead.pop("f3") is None
    assert [ahead.pop(name) is not None for name in ("f0", "f1", "f2")] == [True] * 3
    ahead.prefetch(made[3:])
    settled(ahead)
    assert ahead.pop("f3") is not None


def test_what_is_in_memory_is_not_read_ahead(tmp_path: Path) -> None:
    """And nothing is read ahead before the speed is known."""
    made, ahead = files(tmp_path, 2), ReadAhead(tmp_path.joinpath)
    ahead.prefetch(made)
    assert not ahead._wanted
    assert not over_a_disk(tmp_path, reads_s=10e-6).worth_while
    assert over_a_disk(tmp_path).worth_while
