"""The mark of doubted files in resume data."""

import pytest

from protocol.durable import doubted


@pytest.mark.parametrize("resume", [b"de", b"d1:ai1ee", b"d1:ali1eee", b"d16:ouzel-unverifiedi1ee"])
def test_a_mark_is_read_back_and_grows(resume: bytes) -> None:
    """A second mark adds files."""
    assert doubted.doubted(resume) == frozenset()
    assert doubted.mark(resume, []) == resume
    marked = doubted.mark(resume, [3, 0])
    assert doubted.doubted(marked) == {0, 3}
    assert marked.startswith(resume[:-1])
    both = doubted.mark(marked, [doubted.ALL, 3])
    assert doubted.doubted(both) == {0, 3, doubted.ALL}
    assert both.count(b"ouzel-doubted") == 1


def test_the_key_elsewhere_is_no_mark() -> None:
    """A torrent's name may be anything."""
    assert doubted.doubted(b"d4:name20:13:ouzel-doubtedli1eee1:zi1ee") == frozenset()
