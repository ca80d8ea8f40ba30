"""Fields that need details."""

import base64

from gateway.mirror.torrent import Facts
from gateway.transmission.details import Known
from gateway.transmission.torrents import detail_fields
from ouzel import FileRow, PeerConnection, PeerFlag, PeerRow, PieceReport, TrackerRow, TrackerStatus
from tests.gateway.transmission.samples import torrent

FILES = [
    FileRow(index=0, path="root/a", size=30, priority=4, bytes_done=10),
    FileRow(index=1, path="root/b", size=10, priority=0, bytes_done=0),
]
FACTS = Facts(pieces=9, piece_length=16)


def test_wanted_is_a_number_and_not_a_truth_value() -> None:
    """Wanted is a number and not a truth value."""
    wanted = detail_fields.wanted(torrent(), Known(files=FILES))
    assert wanted == [1, 0]
    assert all(type(each) is int for each in wanted)


def test_files_of_a_complete_torrent_are_complete_before_an_engine_says_so() -> None:
    """Files of a complete torrent are complete before an engine says so."""
    [a, b] = detail_fields.files(torrent(facts=FACTS), Known(files=FILES))
    assert (a["bytesCompleted"], a["beginPiece"], a["endPiece"]) == (30, 0, 2)
    assert (b["bytesCompleted"], b["beginPiece"], b["endPiece"]) == (0, 1, 3)
    [a, _] = detail_fields.file_stats(torrent(bytes_done=10), Known(files=FILES))
    assert a == {"bytesCompleted": 10, "wanted": True, "priority": 0}


def test_pieces_and_their_availability() -> None:
    """Pieces and their availability."""
    known = Known(pieces=PieceReport(pieces=9, have=b"\x80\x80", availability=bytes(range(9)), age_ms=0))
    assert base64.b64decode(detail_fields.pieces(torrent(facts=FACTS), known)) == b"\x80\x80"
    assert detail_fields.availability(torrent(facts=FACTS), known) == [-1, 1, 2, 3, 4, 5, 6, 7, -1]
    assert detail_fields.availability(torrent(facts=FACTS), Known()) == [0] * 9
    assert detail_fields.available(torrent(facts=FACTS, bytes_done=10), known) == 7 * 16


def test_peers() -> None:
    """A peer has letters for what it does."""
    flags = [
        PeerFlag.OUTGOING,
        PeerFlag.ENCRYPTED,
        PeerFlag.UNCHOKED,
        PeerFlag.FROM_TRACKER,
        PeerFlag.REMOTE_INTERESTED,
    ]
    peer = PeerRow(
        endpoint="[::1]:6881",
        client="x",
        flags=flags,
        progress=0.5,
        download_bps=0,
        upload_bps=7,
        downloaded=0,
        uploaded=9,
        connection=PeerConnection.UTP,
    )
    [row] = detail_fields.peers(Known(peers=[peer]))
    assert (row["address"], row["port"], row["isUTP"], row["isIncoming"]) == ("::1", 6881, True, False)
    assert row["flagStr"] == "TUE"
    counts = detail_fields.peers_from(Known(peers=[peer]))
    assert counts["fromTracker"] == 1
    assert sum(counts.values()) == 1


def test_trackers() -> None:
    """A tracker has its last announce, and a scrape URL by convention."""
    rows = [
        TrackerRow(url="http://tracker.example.org:1/announce?k=1", tier=0, status=TrackerStatus.WORKING, seeds=3),
        TrackerRow(url="udp://10.0.0.1:2", tier=1, status=TrackerStatus.ERROR, message="timed out"),
    ]
    first, second = detail_fields.tracker_stats(torrent(), Known(trackers=rows))
    assert first["scrape"] == "http://tracker.example.org:1/scrape?k=1"
    assert (first["sitename"], first["host"]) == ("example", "http://tracker.example.org:1")
    assert (first["lastAnnounceSucceeded"], first["seederCount"], first["leecherCount"]) == (True, 3, -1)
    assert (second["sitename"], second["lastAnnounceTimedOut"], second["id"]) == ("10.0.0.1", True, 1)
    assert detail_fields.tracker_list(torrent(), Known(trackers=rows)) == f"{rows[0].url}\n\n{rows[1].url}"


def test_a_malformed_url_of_a_tracker_costs_nothing() -> None:
    """A malformed url of a tracker costs nothing."""
    facts = Facts(trackers=(("http://[bad", 0), ("http://x:99999/announce", 0)))
    assert len(detail_fields.trackers(torrent(facts=facts), Known())) == 2
