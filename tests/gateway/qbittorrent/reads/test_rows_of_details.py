"""Rows of trackers, files and pieces."""

from typing import Any

import msgspec
import pytest

from gateway.mirror.torrent import Facts
from gateway.qbittorrent.reads.files import file_rows
from gateway.qbittorrent.reads.pieces import piece_hashes, piece_states
from gateway.qbittorrent.reads.trackers import listed_trackers, pseudo_rows, tracker_row
from protocol.wire.peer_rows import PeerFlag, TrackerRow, TrackerStatus
from protocol.wire.results import PieceReport
from protocol.wire.rows import FileRow
from tests.gateway.qbittorrent.made import torrent
from tests.gateway.qbittorrent.sync.test_peers import peer


def test_pseudo_rows_come_first() -> None:
    """They count the peers from each source, and say that a torrent is private."""
    peers = [peer(flags=[PeerFlag.FROM_DHT, PeerFlag.SEED]), peer(flags=[PeerFlag.FROM_DHT]), peer()]
    dht, pex, lsd = pseudo_rows(torrent(), peers, {"enable_lsd"})
    assert (dht.url, dht.tier, dht.status, dht.num_seeds, dht.num_leeches) == ("** [DHT] **", -1, 2, 1, 1)
    assert (pex.url, pex.status, lsd.url, lsd.status) == ("** [PeX] **", 2, "** [LSD] **", 0)
    private = pseudo_rows(torrent(1, Facts(private=True)), [])
    assert {(each.status, each.msg) for each in private} == {(0, "This torrent is private")}


@pytest.mark.parametrize(
    ("status", "number"),
    [
        (TrackerStatus.NOT_CONTACTED, 1),
        (TrackerStatus.WORKING, 2),
        (TrackerStatus.UPDATING, 3),
        (TrackerStatus.ERROR, 4),
    ],
)
def test_trackers(status: TrackerStatus, number: int) -> None:
    """Unknown numbers are -1."""
    made = tracker_row(TrackerRow(url="http://t", tier=1, status=status, message="m", seeds=3, leeches=2))
    assert (made.status, made.msg, made.num_peers, made.num_downloaded) == (number, "m", 5, -1)


def test_trackers_in_a_list() -> None:
    """Only the tracker that answered last counts as working."""
    facts = Facts(trackers=(("http://a", 0), ("http://b", 1)))
    made = listed_trackers(torrent(1, facts, tracker="http://b", swarm_seeds=4))
    assert [(each.url, each.status) for each in made] == [("http://a", 1), ("http://b", 2)]


def file(index: int, size: int, **members: Any) -> FileRow:
    """A file."""
    made: dict[str, Any] = {"priority": 4, "bytes_done": 0}
    return FileRow(index=index, path=f"root/{index}", size=size, **made | members)


def test_files() -> None:
    """Priorities are 0, 1, 6 and 7. Whether the torrent is complete is in the first file only."""
    files = [file(0, 100), file(1, 0, priority=0), file(3, 300, priority=6, bytes_done=150), file(4, 5, priority=7)]
    made = file_rows(files, 100, bytes([1, 0, 1, 0, 1]), False)
    assert [each.piece_range for each in made] == [(0, 0), (1, 0), (1, 3), (4, 4)]
    assert [each.index for each in made] == [0, 1, 2, 3]
    assert [each.priority for each in made] == [1, 0, 6, 7]
    assert [each.progress for each in made] == [0, 1, 0.5, 0]
    assert [each.availability for each in made] == [1, 1, 1 / 3, 1]
    first, second, *_ = msgspec.json.decode(msgspec.json.encode(made))
    assert (first["is_seed"], "is_seed" in second) == (False, False)
    assert {each.availability for each in file_rows(files, None, b"", True)} == {-1}


def test_pieces() -> None:
    """Bits are read from the highest of each byte."""
    report = PieceReport(pieces=10, have=bytes([0b10100000, 0b01000000]), availability=b"", age_ms=0)
    assert piece_states(report) == [2, 0, 2, 0, 0, 0, 0, 0, 0, 2]


def test_piece_hashes() -> None:
    """Of version 2 there are none. A file that ends too early is refused."""
    data = b"d8:announce3:url4:infod5:filesld6:lengthi5eee4:name1:a6:pieces40:" + b"a" * 20 + b"b" * 20 + b"ee"
    assert piece_hashes(data) == ["61" * 20, "62" * 20]
    assert piece_hashes(b"d4:infod4:name1:aee") == piece_hashes(b"") == piece_hashes(b"de") == []
    for end in (5, 20, 40, len(data) - 2):
        with pytest.raises(ValueError):  # noqa: PT011  any message
            piece_hashes(data[:end])
