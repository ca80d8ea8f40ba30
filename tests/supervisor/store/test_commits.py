from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from protocol.durable.durable import Change
from supervisor.store.commits import FailedWrite, largest_failed

PATH = Path("/nowhere/file")


def changes(*sizes: int) -> list[Change]:
    """Files of these sizes."""
    return [Change(PATH, bytes(size)) for size in sizes]


@given(st.lists(st.tuples(st.lists(st.integers(0, 50), max_size=3), st.booleans()), max_size=20))
def test_a_failure_is_remembered_until_a_write_as_large_is_done(steps: list[tuple[list[int], bool]]) -> None:
    """By files and bytes; smaller successful writes do not clear it."""
    failed, files, size = None, 0, 0
    for sizes, fails in steps:
        failed = largest_failed(failed, changes(*sizes), OSError(28, "full") if fails else None)
        if fails:
            files, size = max(files, len(sizes)), max(size, sum(sizes))
            assert failed is not None
            assert failed[:2] == (files, size)
        elif failed is None:
            files, size = 0, 0
        else:
            assert len(sizes) < files or sum(sizes) < size


def test_a_deletion_has_no_size() -> None:
    """It may succeed on a full disk."""
    failed = FailedWrite(1, 10, "full")
    assert largest_failed(failed, [Change(PATH, None)], None) is failed
