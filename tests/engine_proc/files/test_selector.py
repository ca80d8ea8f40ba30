import queue
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import msgspec
import pytest

from engine_proc.files import selection
from engine_proc.files.selector import Selector
from engine_proc.session.session_port import NotSelected
from protocol.wire.desired import DesiredTorrent, Selection

PATHS = [f"r/{number}.{'txt' if number % 2 else 'bin'}" for number in range(100)]
DESIRED = DesiredTorrent(torrent="1" * 40, source="magnet", save_path="/d", selection=Selection(exclude=("*.txt",)))
WANTED = [0 if path.endswith(".txt") else 4 for path in PATHS]


class Stage:
    """A selector that evaluates nothing on the loop, and its results."""

    def __init__(self, *, patience_s: float = 60.0, at_once: int = 0) -> None:
        self.said: queue.SimpleQueue[tuple[str, str | None]] = queue.SimpleQueue()
        self.now = 0.0
        self.selector = Selector(self.say, clock=lambda: self.now, at_once=at_once, patience_s=patience_s)

    def say(self, torrent: str, problem: str | None) -> None:
        self.said.put((torrent, problem))


@contextmanager
def stage(**options: float) -> Iterator[Stage]:
    """A stage, closed at the end."""
    made = Stage(**options)  # type: ignore[arg-type]  # at_once is an int
    try:
        yield made
    finally:
        made.selector.close()


def test_what_is_quick_is_done_at_once() -> None:
    """No thread is used."""
    before = threading.active_count()
    with stage(at_once=10**9) as made:
        assert made.selector.priorities(DESIRED, PATHS) == WANTED
        assert threading.active_count() == before


def test_what_takes_long_is_asked_for_twice() -> None:
    """The second request has the result, until the rules change or the torrent is removed.

    Explicit priorities apply at once.
    """
    with stage() as made:
        with pytest.raises(NotSelected):
            made.selector.priorities(DESIRED, PATHS)
        assert made.said.get(timeout=10) == (DESIRED.torrent, None)
        assert made.selector.priorities(DESIRED, PATHS) == WANTED
        first = msgspec.structs.replace(DESIRED.selection, priorities={"1": 7, "1000": 1})
        assert made.selector.priorities(_with(first), PATHS) == [WANTED[0], 7, *WANTED[2:]]
        with pytest.raises(NotSelected):
            made.selector.priorities(_with(Selection(include=("*.txt",))), PATHS)
        assert made.said.get(timeout=10) == (DESIRED.torrent, None)
        made.selector.discard(DESIRED.torrent)
        with pytest.raises(NotSelected):
            made.selector.priorities(DESIRED, PATHS)


def test_it_does_not_take_longer_than_it_may(monkeypatch: pytest.MonkeyPatch) -> None:
    """The result is then an error, and another request tries again."""
    monkeypatch.setattr(selection, "SLICE", 1)
    with stage(patience_s=-1.0) as made:
        for _ in range(2):
            with pytest.raises(NotSelected):
                made.selector.priorities(DESIRED, PATHS)
            torrent, problem = made.said.get(timeout=10)
            assert torrent == DESIRED.torrent
            assert problem is not None
            assert "takes more than" in problem


def test_only_the_latest_rules_are_worked_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """There is one result, for the latest request."""
    monkeypatch.setattr(selection, "SLICE", 1)
    with stage() as made:
        for number in range(20):
            with pytest.raises(NotSelected):
                made.selector.priorities(_with(Selection(exclude=(f"*{number}.bin",))), PATHS)
        with pytest.raises(NotSelected):
            made.selector.priorities(DESIRED, PATHS)
        while True:
            made.said.get(timeout=10)
            try:
                assert made.selector.priorities(DESIRED, PATHS) == WANTED
            except NotSelected:
                continue
            break


def test_it_closes_while_it_works() -> None:
    """Whatever remains to be done."""
    with stage() as made, pytest.raises(NotSelected):
        made.selector.priorities(_with(Selection(exclude=("*a*b*c",) * 1000)), PATHS * 1000)


def _with(rules: Selection) -> DesiredTorrent:
    return msgspec.structs.replace(DESIRED, selection=rules)
