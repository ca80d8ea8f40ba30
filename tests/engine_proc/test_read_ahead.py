import os
from pathlib import Path

import pytest

from engine_proc import read_ahead
from engine_proc.read_ahead import Dated, ReadAhead
from tests.engine_proc.probe import eventually


def settled(ahead: ReadAhead) -> None:
    """Waits until all is read that was wanted."""
    eventually(lambda: not ahead._wanted, "all is read")


def files(directory: Path, count: int) -> list[tuple[str, Path]]:
    """Files that hold their names."""
    found = [(f"f{number}", directory / f"f{number}") for number in range(count)]
    for name, path in found:
        path.write_text(name)
    return found


def test_what_is_wanted_is_read_and_given_once(tmp_path: Path) -> None:
    """With the time that it was written; what cannot be read is left to whoever asks for it."""
    made, ahead = files(tmp_path, 5), ReadAhead()
    os.mkfifo(tmp_path / "pipe")
    ahead.want([("missing", tmp_path / "missing"), *made, ("pipe", tmp_path / "pipe"), ("directory", tmp_path)])
    settled(ahead)
    for name, path in made:
        found: Dated | None = ahead.take(name)
        assert found == (name.encode(), path.stat().st_mtime)
        assert ahead.take(name) is None
    assert [ahead.take(name) for name in ("missing", "pipe", "directory")] == [None, None, None]


def test_what_was_taken_before_it_was_read_is_not_kept(tmp_path: Path) -> None:
    """It may have changed by the next time."""
    [(name, path)], ahead = files(tmp_path, 1), ReadAhead()
    ahead._lock.acquire()  # the thread cannot hand over what it reads
    ahead._wanted[name] = path
    ahead._work.put([name])
    ahead._wanted.pop(name)  # as `take` does under the lock
    ahead._lock.release()
    ahead.want([("last", path)])
    settled(ahead)
    assert ahead.take(name) is None


def test_what_nobody_asks_for_is_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Then no more is read ahead, until there is room again."""
    monkeypatch.setattr(read_ahead, "KEPT_MAX", 3)
    made, ahead = files(tmp_path, 6), ReadAhead()
    ahead.want(made[:3])
    settled(ahead)
    ahead.want(made[3:])
    settled(ahead)
    assert ahead.take("f3") is None
    assert [ahead.take(name) is not None for name in ("f0", "f1", "f2")] == [True] * 3
    ahead.want(made[3:])
    settled(ahead)
    assert ahead.take("f3") is not None
