"""Pages compared with a model: a page is true at its end, whatever happened while it was made."""

from bisect import bisect_right
from collections.abc import Callable
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from protocol.wire import codec
from protocol.wire.events.torrent_events import ErrorCleared
from supervisor.commands.reads import pages
from supervisor.events.event_log import EventLog

CHANGES = st.lists(st.tuples(st.integers(0, 60), st.sampled_from(["add", "remove", "change", "hide"])), max_size=6)


class Torrents:
    """A table that changes, and reports each change to the log."""

    def __init__(self, count: int, events: int = 1000) -> None:
        self.rows: dict[str, dict[str, Any]] = {}
        self.log = EventLog("e", max_events=events)
        for number in range(count):
            self.rows[f"{2 * number:03}"] = {"torrent": f"{2 * number:03}", "n": 0}

    def ids_after(self, cursor: str | None, count: int) -> list[str]:
        ids = sorted(self.rows)
        start = 0 if cursor is None else bisect_right(ids, cursor)
        return ids[start : start + count]

    def row(self, torrent: str) -> dict[str, Any] | None:
        found = self.rows.get(torrent)
        return None if found is None or found.get("hidden") else dict(found)

    def change(self, number: int, what: str) -> None:
        torrent = f"{number:03}"
        match what:
            case "remove":
                self.rows.pop(torrent, None)
            case "hide" if torrent in self.rows:
                self.rows[torrent]["hidden"] = True
            case "add" | "change":
                self.rows[torrent] = {"torrent": torrent, "n": self.log.head + 1}
        self.log.append(ErrorCleared(torrent=torrent), gen=1, ts_us=0)


def made(steps: pages.Steps, between: Callable[[], None]) -> pages.Page:
    """A page, with changes between its steps."""
    while True:
        try:
            next(steps)
        except StopIteration as ended:
            page: pages.Page = ended.value
            return page
        between()


@given(
    st.integers(0, 30),
    st.integers(1, 40),
    st.lists(CHANGES, max_size=8),
    st.none() | st.integers(0, 40).map(lambda number: f"{number:03}"),
    st.integers(1, 10),
)
def test_a_page_is_true_at_its_end(
    count: int, limit: int, meanwhile: list[list[tuple[int, str]]], cursor: str | None, kept: int
) -> None:
    """It has exactly the rows at that time between its cursor and the next one, in order, within the limit.

    However few events are kept.
    """
    torrents = Torrents(count, kept)
    steps = pages.of_torrents(torrents.ids_after, torrents.row, torrents.log, cursor=cursor, limit=limit)
    waiting = iter(meanwhile)

    def happen() -> None:
        for change in next(waiting, []):
            torrents.change(*change)

    raws, after = made(steps, happen)
    rows = [codec.decode(bytes(raw)) for raw in raws]
    wanted = [
        found
        for torrent in torrents.ids_after(cursor, 1000)
        if (found := torrents.row(torrent)) is not None and (after is None or torrent <= after)
    ]
    assert rows == wanted
    assert len(rows) <= limit


def test_the_last_page_with_rows_has_no_cursor() -> None:
    """Also if more torrents follow that do not match."""
    torrents = Torrents(600)
    for torrent, row in torrents.rows.items():
        row["hidden"] = torrent not in ("002", "004")
    steps = pages.of_torrents(torrents.ids_after, torrents.row, torrents.log, cursor=None, limit=1)
    raws, cursor = made(steps, lambda: None)
    assert (len(raws), cursor) == (1, "002")
    steps = pages.of_torrents(torrents.ids_after, torrents.row, torrents.log, cursor=cursor, limit=1)
    raws, cursor = made(steps, lambda: None)
    assert (len(raws), cursor) == (1, None)


def test_a_page_ends_at_its_bytes(monkeypatch: Any) -> None:
    """It has at least one row. Its cursor continues there, and no row is missing or repeated."""
    monkeypatch.setattr(pages, "PAGE_BYTES", 60)
    torrents = Torrents(20)
    seen: list[str] = []
    cursor: str | None = None
    for _ in range(20):
        steps = pages.of_torrents(torrents.ids_after, torrents.row, torrents.log, cursor=cursor, limit=10)
        raws, cursor = made(steps, lambda: None)
        assert 0 < len(raws) < 10
        seen += [codec.decode(bytes(raw))["torrent"] for raw in raws]
        if cursor is None:
            break
    assert seen == sorted(torrents.rows)
