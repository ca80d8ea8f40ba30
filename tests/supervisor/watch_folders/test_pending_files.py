from hypothesis import given
from hypothesis import strategies as st

from supervisor.watch_folders.pending_files import INVALID_S, STABLE_S, PendingFiles


def test_a_file_is_due_once_it_is_stable() -> None:
    """Each change begins the wait anew."""
    files = PendingFiles()
    files.scanned({"a": (1,), "b": (1,)}, 0.0)
    assert files.next_due() == STABLE_S
    files.scanned({"a": (1,), "b": (2,)}, 0.5)
    assert files.due(STABLE_S) == ["a"]
    assert files.due(0.5 + STABLE_S) == ["a", "b"]
    assert not files.is_final("a", INVALID_S - 0.1)
    assert files.is_final("a", INVALID_S)


def test_a_file_that_is_done_waits_for_a_change() -> None:
    """A failed one is due again later each time."""
    files = PendingFiles()
    files.scanned({"a": (1,), "b": (1,)}, 0.0)
    files.done("a")
    delays = []
    now = STABLE_S
    for _ in range(12):
        files.again("b", now)
        due = files.next_due()
        assert due is not None
        delays.append(due - now)
        now = due
    assert delays == sorted(delays)
    assert delays[-1] == 300
    assert files.due(1e9) == ["b"]
    files.scanned({"a": (2,)}, 0.0)
    assert files.due(STABLE_S) == ["a"]


@given(st.lists(st.dictionaries(st.sampled_from("abc"), st.tuples(st.integers(0, 2))), max_size=8))
def test_only_files_of_the_last_scan_are_due(scans: list[dict[str, tuple[int]]]) -> None:
    """All of them, in the end."""
    files = PendingFiles()
    for now, scan in enumerate(scans):
        files.scanned(scan, now / 10)
    assert files.due(1e9) == sorted(scans[-1] if scans else [])


def test_a_file_may_go_at_any_time() -> None:
    """While it is being added, for example."""
    files = PendingFiles()
    files.scanned({"a": (1,)}, 0.0)
    assert files.stamp("a") == (1,)
    files.scanned({}, 1.0)
    assert files.stamp("a") is None
    assert not files.is_final("a", 1e9)
    files.again("a", 2.0)
    files.done("a")
    assert files.due(1e9) == []
