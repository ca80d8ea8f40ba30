"""Which torrents a list has, and in which order."""

from typing import Any

import pytest

from gateway.mirror.torrent import Facts
from gateway.qbittorrent.book.book import Book
from gateway.qbittorrent.reads.query import Query, UnknownColumn
from gateway.qbittorrent.rows.row import FIELDS
from gateway.qbittorrent.rows.states import FILTERS
from protocol.wire.rows import TorrentState
from tests.gateway.qbittorrent.made import FakeMirror, hash_of, torrent

STOPPED: dict[str, Any] = {"state": TorrentState.PAUSED, "paused": True}
UNFINISHED: dict[str, Any] = {"state": TorrentState.DOWNLOADING, "bytes_done": 0, "progress": 0.0}
MIRROR = FakeMirror(
    torrent(1, Facts(private=True), category="tv", labels=["a"], upload_bps=9),
    torrent(2, **STOPPED, size=9000),
    torrent(3, category="tv/new", labels=["a", "b"], **UNFINISHED),
    torrent(4, **UNFINISHED, download_bps=1),
    torrent(5, state=TorrentState.ERROR),
)
BOOK = Book()
BOOK.update(MIRROR)


def run(**parameters: Any) -> list[int]:
    """The numbers of the torrents that a query returns."""
    found = Query(**parameters).run(BOOK.torrents.entries.values(), lambda _: None)
    return [int(entry.hash, 16) for entry in found]


def test_an_unknown_filter_is_all() -> None:
    """As is none."""
    assert run(filter="all") == run(filter="no such filter") == run() == [1, 2, 3, 4, 5]


def test_an_empty_category_is_not_an_absent_one() -> None:
    """An empty one means no category, an absent one any."""
    assert run(category="") == [2, 4, 5]
    assert run(category="tv") == [1]
    assert run(category=None) == [1, 2, 3, 4, 5]


def test_tags_hashes_and_privacy() -> None:
    """An empty tag means no tag. Unknown hashes are left out."""
    assert run(tag="a") == [1, 3]
    assert run(tag="") == [2, 4, 5]
    assert run(hashes=frozenset({hash_of(2), hash_of(77)})) == [2]
    assert run(hashes=frozenset()) == []
    assert (run(private=True), run(private=False)) == ([1], [2, 3, 4, 5])


@pytest.mark.parametrize(
    ("name", "numbers"),
    [
        ("downloading", [3, 4]),
        ("seeding", [1]),
        ("completed", [1, 2]),
        ("stopped", [2]),
        ("paused", [2]),
        ("running", [1, 3, 4, 5]),
        ("resumed", [1, 3, 4, 5]),
        ("active", [1, 4]),
        ("inactive", [2, 3, 5]),
        ("stalled", [3]),
        ("stalled_uploading", []),
        ("stalled_downloading", [3]),
        ("checking", []),
        ("moving", []),
        ("errored", [5]),
    ],
)
def test_filters(name: str, numbers: list[int]) -> None:
    """By the names of version 5, and two of version 4."""
    assert run(filter=name) == numbers


def test_every_filter_is_tested() -> None:
    """The list above has them all."""
    assert len(FILTERS) == 15


def test_sorting() -> None:
    """By any field. An unknown field is refused, but not for an empty list."""
    assert run(sort="total_size", reverse=True)[0] == 2
    assert run(sort="hash", reverse=True) == [5, 4, 3, 2, 1]
    for name in FIELDS:
        assert sorted(run(sort=name)) == [1, 2, 3, 4, 5]
    with pytest.raises(UnknownColumn):
        run(sort="nothing")
    assert run(sort="nothing", hashes=frozenset()) == []


def test_limit_and_offset() -> None:
    """An offset from the end is negative. One that is out of bounds is like none."""
    assert run(limit=2) == [1, 2]
    assert run(limit=2, offset=3) == [4, 5]
    assert run(offset=-2) == [4, 5]
    assert run(offset=-2, limit=1) == [4]
    assert run(offset=9) == run(offset=-9) == run(limit=-1) == [1, 2, 3, 4, 5]
