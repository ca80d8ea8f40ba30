from engine_proc.session.alerts import TorrentGone
from engine_proc.session.peers_port import Peers
from protocol.internal.link_queries import (
    CountersQueried,
    FilesQueried,
    InspectSource,
    PeersQueried,
    PiecesQueried,
    QueryCounters,
    QueryFiles,
    QueryPeers,
    QueryPieces,
    QueryTrackers,
    QueryWebSeeds,
    SourceInspected,
    TrackerReading,
    TrackersQueried,
    WebSeedsQueried,
)
from protocol.wire.metadata import KnownMetadata
from protocol.wire.peer_rows import PeerConnection, PeerFlag, PeerRow
from tests.engine_proc.desk import Desk
from tools.rig.samples import PIECE_LENGTH


def test_a_source_is_judged(desk: Desk) -> None:
    """By its token; nothing is added."""
    sample = desk.sample
    desk.session_commands.inspect(InspectSource(token=1, metainfo=sample.metainfo))
    desk.session_commands.inspect(InspectSource(token=2, magnet=sample.magnet))
    desk.session_commands.inspect(InspectSource(token=3, magnet="nonsense"))
    good, also_good, bad = desk.heard(SourceInspected)
    assert good == SourceInspected(
        token=1,
        torrent=sample.torrent,
        info_hash_v1=sample.torrent,
        name="sample",
        metadata=KnownMetadata(name="sample", size=sample.size, piece_length=PIECE_LENGTH, files=2, pieces=6),
    )
    assert also_good == SourceInspected(token=2, torrent=sample.torrent, info_hash_v1=sample.torrent, name="sample")
    assert (bad.token, bad.torrent) == (3, None)
    assert bad.problem
    assert desk.session.calls == []


def test_trackers_are_told_with_what_is_known_of_them(desk: Desk) -> None:
    """Null for an unknown torrent."""
    url = "udp://tracker.example:6969"
    desired = desk.sample.desired(trackers=(url,))
    desk.session_commands.answer(QueryTrackers(token=1, torrent=desired.torrent))
    assert desk.trackers == []
    desk.ensure(desired)
    desk.session_commands.answer(QueryTrackers(token=2, torrent=desired.torrent))
    [(_, [state])] = desk.trackers
    assert state.reading == TrackerReading(url, 0)
    assert desk.heard(TrackersQueried) == [
        TrackersQueried(token=1, trackers=None),
        TrackersQueried(token=2, trackers=[state.reading]),
    ]


def test_peers_are_told(desk: Desk) -> None:
    """Null for an unknown torrent."""
    desired = desk.sample.desired()
    peer = PeerRow(
        endpoint="192.0.2.7:6881",
        client="c",
        flags=[PeerFlag.SEED],
        progress=1.0,
        download_bps=1,
        upload_bps=0,
        downloaded=5,
        uploaded=0,
        connection=PeerConnection.UTP,
    )
    desk.session_commands.answer(QueryPeers(token=1, torrent=desired.torrent))
    desk.ensure(desired)
    desk.session.swarms[desired.torrent] = Peers([peer], 7)
    desk.session_commands.answer(QueryPeers(token=2, torrent=desired.torrent))
    assert desk.heard(PeersQueried) == [
        PeersQueried(token=1, peers=None),
        PeersQueried(token=2, peers=[peer], connected=7),
    ]


def test_pieces_are_told(desk: Desk) -> None:
    """Null for an unknown torrent."""
    desired = desk.sample.desired()
    desk.session_commands.answer(QueryPieces(token=1, torrent=desired.torrent))
    desk.ensure(desired)
    desk.session.download(desired.torrent, 3 * PIECE_LENGTH)
    desk.session_commands.answer(QueryPieces(token=2, torrent=desired.torrent))
    count = -(-desk.sample.size // PIECE_LENGTH)
    assert desk.heard(PiecesQueried) == [
        PiecesQueried(token=1, pieces=None),
        PiecesQueried(token=2, pieces=count, have=b"\xe0", availability=bytes(count)),
    ]


def test_web_seeds_are_told(desk: Desk) -> None:
    """Null for an unknown torrent."""
    url = "http://mirror.example/"
    desired = desk.sample.desired(web_seeds=(url,))
    desk.session_commands.answer(QueryWebSeeds(token=1, torrent=desired.torrent))
    desk.ensure(desired)
    desk.session_commands.answer(QueryWebSeeds(token=2, torrent=desired.torrent))
    assert desk.heard(WebSeedsQueried) == [WebSeedsQueried(token=1, urls=None), WebSeedsQueried(token=2, urls=[url])]


def test_bytes_done_are_told_by_file(desk: Desk) -> None:
    """Null for an unknown torrent, or unknown files."""
    desired = desk.sample.desired()
    desk.session_commands.query_files(QueryFiles(token=1, torrent=desired.torrent))
    desk.ensure(desired)
    desk.session.download(desired.torrent, 3 * PIECE_LENGTH)
    desk.session_commands.query_files(QueryFiles(token=2, torrent=desired.torrent))
    assert desk.heard(FilesQueried) == [
        FilesQueried(token=1, bytes_done=None),
        FilesQueried(token=2, bytes_done=[3 * PIECE_LENGTH, 0]),
    ]


def test_a_torrent_that_is_being_forgotten_can_be_asked_for(desk: Desk) -> None:
    """A client's request at that moment gets an empty answer."""
    desired = desk.sample.desired()
    desk.ensure(desired)
    desk.session.hold(TorrentGone)
    desk.forget(desired, delete_files=False)
    desk.session_commands.query_files(QueryFiles(token=1, torrent=desired.torrent))
    assert desk.heard(FilesQueried) == [FilesQueried(token=1, bytes_done=None)]


def test_counters_are_told_without_a_round_trip(desk: Desk) -> None:
    """Null before libtorrent's first report."""
    desk.session_commands.answer(QueryCounters(token=1))
    desk.session.post_statistics()
    desk.session_commands.answer(QueryCounters(token=2))
    nothing, found = desk.heard(CountersQueried)
    assert nothing == CountersQueried(token=1, counters=None)
    assert found.counters == {"net.recv_payload_bytes": 0, "net.sent_payload_bytes": 0}
