import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from engine_proc.ip_filter import filter_watch
from engine_proc.ip_filter.filter_file import Rule
from engine_proc.ip_filter.filter_watch import PATIENCE_S, Filtered, FilterWatch
from protocol.internal.link_events import IpFilterState
from tools.rig.probe import eventually, readable

pytestmark = pytest.mark.slow


@pytest.fixture
def watch(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[FilterWatch]:
    """A watch of `list` that looks often."""
    monkeypatch.setattr(filter_watch, "LOOK_S", 0.05)
    watch = FilterWatch(str(tmp_path / "list"), tuple)
    yield watch
    watch.close()


def after(watch: FilterWatch) -> Filtered:
    """The next outcome."""
    assert readable(watch.fileno(), 5.0)
    [found] = watch.outcomes()
    return found


def put(directory: Path, text: str) -> None:
    """Replaces the file, as the supervisor does."""
    (directory / "new").write_text(text)
    os.replace(directory / "new", directory / "list")


def test_a_file_is_read_and_read_again_when_it_changes(watch: FilterWatch, tmp_path: Path) -> None:
    """No outcome comes without a change. Without a filter, that is an outcome, too."""
    put(tmp_path, "a:1.2.3.4-1.2.3.5\nwrong\n")
    watch.turn(on=True)
    state = IpFilterState(rules=1, bad_lines=1, first_bad="line 2: 'wrong'")
    assert after(watch) == Filtered(state, changes=True, filter=(Rule("1.2.3.4", "1.2.3.5"),))
    assert not readable(watch.fileno(), 0.3)
    put(tmp_path, "5.6.7.8\n9.9.9.0/24")
    assert after(watch).state.rules == 2
    watch.turn(on=False)
    assert after(watch) == Filtered(IpFilterState(on=False), changes=True)


def test_the_last_rules_stay_without_others(watch: FilterWatch, tmp_path: Path) -> None:
    """With a file that has none, or cannot be read, or is missing. A problem is told once, and its end."""
    watch.turn(on=True)
    assert after(watch) == Filtered(IpFilterState())
    put(tmp_path, "1.2.3.4\n")
    assert after(watch).changes
    put(tmp_path, "# nothing\n")
    assert after(watch) == Filtered(IpFilterState(rules=1, problem="has no rule"))
    (tmp_path / "list").unlink()
    assert not readable(watch.fileno(), 0.2)
    (tmp_path / "list").mkdir()
    found = after(watch)
    assert (found.changes, found.state.rules, found.state.problem) == (False, 1, "cannot be read: Is a directory")
    assert not readable(watch.fileno(), 0.2)
    (tmp_path / "list").rmdir()
    put(tmp_path, "1.2.3.4\n5.6.7.8\n")
    assert after(watch).state == IpFilterState(rules=2)


def test_a_session_waits_for_its_filter_but_not_for_ever(tmp_path: Path) -> None:
    """Without a filter it does not wait."""
    put(tmp_path, "1.2.3.4\n")
    watch = FilterWatch(str(tmp_path / "list"), lambda rules: time.sleep(0.3))
    assert watch.ready(on=False, now=0.0)
    assert not watch.ready(on=True, now=0.0)
    assert watch.ready(on=True, now=PATIENCE_S)
    eventually(lambda: watch.ready(on=True, now=0.0), "it is read")
    assert watch.outcomes()[0].state.rules == 1
    watch.close()
