import os
from pathlib import Path

import pytest

from engine_proc import read_ahead
from engine_proc.read_ahead import Dated, ReadAhead
from tests.engine_proc.probe import eventually


def settled(ahead: ReadAhead) -> None:
    """Waits until all is read that was wanted."""
    eventually(lambda: not ahead._wanted, "all is read")


def files(directory: Path, count: int) -> list[str]:
    """Files that hold their names."""
    found = [f"f{number}" for number in range(count)]
    for name in found:
        (directory / name).write_text(name)
    return found


def test_what_is_wanted_is_read_and_given_once(tmp_path: Path) -> None:
    """With the time that it was written; what cannot be read is left to whoever asks for it."""
    made, ahead = files(tmp_path, 5), ReadAhead(tmp_path.joinpath)
    os.mkfifo(tmp_path / "pipe")
    ahead.want(["missing", *made, "pipe", "."])
    settled(ahead)
    for name in made:
        found: Dated | None = ahead.take(name)
        assert found == (name.encode(), (tmp_path / name).stat().st_mtime)
        assert ahead.take(name) is None
    assert [ahead.take(name) for name in ("missing", "pipe", ".")] == [None, None, None]


def test_what_was_taken_before_it_was_read_is_not_kept(tmp_path: Path) -> None:
    """It may have changed by the next time."""
    [name, last], ahead = files(tmp_path, 2), ReadAhead(tmp_path.joinpath)
    with ahead._lock:  # the thread cannot hand over what it reads
        ahead._wanted.add(name)
        ahead._work.put([name])
        ahead._wanted.discard(name)  # as `take` does
    ahead.want([last])
    settled(ahead)
    assert ahead.take(name) is None


def test_what_nobody_asks_for_is_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Then no more is read ahead, until there is room again."""
    monkeypatch.setattr(read_ahead, "KEPT_MAX", 3)
    made, ahead = files(tmp_path, 6), ReadAhead(tmp_path.joinpath)
    ahead.want(made[:3])
    settled(ahead)
    ahead.want(made[3:])
    settled(ahead)
    assert ahead.take("f3") is None
    assert [ahead.take(name) is not None for name in ("f0", "f1", "f2")] == [True] * 3
    ahead.want(made[3:])
    settled(ahead)
    assert ahead.take("f3") is not None
