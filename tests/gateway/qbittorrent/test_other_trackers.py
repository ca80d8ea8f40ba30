"""Trackers that Ouzel cannot use."""

import asyncio
from pathlib import Path

from gateway.qbittorrent.changes.trackers import others_in, trackers_in
from gateway.qbittorrent.other_trackers import MAX_KEPT, keep_other_trackers, other_trackers
from gateway.qbittorrent.reads.trackers import unusable_rows
from gateway.store.store import Store


def test_each_line_is_usable_or_not() -> None:
    """A URL without a known scheme is kept, with its tier. Text with blanks is no tracker."""
    text = "http://a/b\n127.0.0.1\n\nftp://c\nwith blanks\nudp://d:1"
    assert trackers_in(text) == [("http://a/b", 0), ("udp://d:1", 1)]
    assert others_in(text) == {"127.0.0.1": 0, "ftp://c": 1}


def test_they_are_kept_up_to_a_maximum(tmp_path: Path) -> None:
    """Also across restarts. None of them leaves nothing in the store."""
    store = Store(tmp_path / "store")
    asyncio.run(keep_other_trackers(store, "a1", {f"x{number}": 0 for number in range(MAX_KEPT + 5)}))
    store.close()
    store = Store(tmp_path / "store")
    assert len(other_trackers(store, "a1")) == MAX_KEPT
    assert other_trackers(store, "b2") == {}
    asyncio.run(keep_other_trackers(store, "a1", {}))
    assert other_trackers(store, "a1") == {}
    store.close()


def test_they_do_not_work() -> None:
    """autobrr counts a tracker with status 2 as working."""
    [row] = unusable_rows({"127.0.0.1": 3})
    assert (row.url, row.tier, row.status, row.msg) == ("127.0.0.1", 3, 4, "unsupported URL protocol")
