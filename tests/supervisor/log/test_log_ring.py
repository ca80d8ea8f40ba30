from typing import Any

import msgspec
import pytest

from protocol.wire.commands.service.log_commands import GetLog
from protocol.wire.log.log_results import LogPage
from supervisor.log.log_ring import LogRing

T, U = "a" * 40, "b" * 40
_PAGES = msgspec.msgpack.Decoder(LogPage)


def page(ring: LogRing, **wanted: Any) -> LogPage:
    """A page as clients get it."""
    steps = ring.page(GetLog(**wanted))
    while True:
        try:
            next(steps)
        except StopIteration as ended:
            return _PAGES.decode(msgspec.msgpack.encode(ended.value))


def numbers(ring: LogRing, **wanted: Any) -> list[int]:
    """The numbers of a page's lines."""
    return [line.number for line in page(ring, **wanted).lines]


@pytest.fixture
def ring() -> LogRing:
    """A ring with four lines."""
    ring = LogRing()
    ring.put("info", "supervisor", "torrent_added", {"torrent": T, "name": "Ünicode", "request": "c/1"}, 1_000)
    ring.put("warning", "engine", "move_delayed", {"torrent": U, "problem": "no disk", "gen": 2}, 2_000)
    ring.put("debug", "libtorrent", "libtorrent_log", {"message": "hello"}, 3_000)
    ring.put("error", "supervisor", "engine_exited", {"gen": 2**60}, 4_000)
    return ring


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ({}, [1, 2, 3, 4]),
        ({"limit": 2}, [3, 4]),
        ({"after": 2}, [3, 4]),
        ({"after": 0, "limit": 3}, [1, 2, 3]),
        ({"after": 99}, [1, 2, 3, 4]),
        ({"level": "warning"}, [2, 4]),
        ({"component": "libtorrent"}, [3]),
        ({"torrent": U}, [2]),
        ({"request": "c/1"}, [1]),
        ({"text": "Ünic"}, [1]),
        ({"text": "no disk", "level": "error"}, []),
        ({"since_us": 2_000, "until_us": 3_000}, [2, 3]),
    ],
)
def test_lines_that_match_all_conditions(ring: LogRing, wanted: dict[str, Any], found: list[int]) -> None:
    """The last ones, or the first ones after a line. A number of an earlier start is no number of this one."""
    assert numbers(ring, **wanted) == found


def test_a_line_has_its_fields(ring: LogRing) -> None:
    """An integer that the wire cannot represent is a text."""
    line = page(ring, after=3).lines[0]
    assert (line.level, line.component, line.event, line.time_us) == ("error", "supervisor", "engine_exited", 4_000)
    assert line.fields == {"gen": str(2**60)}


def test_following_misses_nothing_and_repeats_nothing(ring: LogRing) -> None:
    """Also if pages are smaller than the news, and if lines do not match."""
    first = page(ring, limit=1)
    assert (first.cursor, first.more) == (4, False)
    for number in range(5):
        ring.put("info" if number % 2 else "error", "engine", "x", {"n": number}, 5_000)
    seen, cursor, more = [], first.cursor, True
    while more:
        found = page(ring, after=cursor, limit=2, level="error")
        seen += [line.fields["n"] for line in found.lines]
        cursor, more = found.cursor, found.more
    assert seen == [0, 2, 4]
    assert cursor == ring.head
    assert numbers(ring, after=cursor) == []


def test_old_lines_are_dropped_by_number_and_by_size() -> None:
    """A reader that comes too late learns how many it has missed."""
    ring = LogRing(lines_max=3)
    for number in range(10):
        ring.put("info", "supervisor", "x", {"n": number}, 1)
    assert numbers(ring) == [8, 9, 10]
    assert page(ring, after=2).dropped == 5
    assert page(ring, after=7).dropped == 0
    small = LogRing(bytes_max=3_000)
    for _ in range(10):
        small.put("info", "supervisor", "x", {"text": "y" * 1000}, 1)
    assert numbers(small) == [9, 10]
