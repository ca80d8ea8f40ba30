"""Differences between lists of peers."""

from typing import Any

from gateway.qbittorrent.sync.peers import Peers, peers_of, torrent_peers
from gateway.qbittorrent.sync.sessions import Answers
from protocol.wire.peer_rows import PeerConnection, PeerFlag, PeerRow
from tests.gateway.qbittorrent.made import row


def peer(endpoint: str = "10.0.0.1:6881", **members: Any) -> PeerRow:
    """A peer."""
    made: dict[str, Any] = {
        "endpoint": endpoint,
        "client": "Ouzel",
        "flags": [],
        "progress": 0.5,
        "download_bps": 0,
        "upload_bps": 0,
        "downloaded": 0,
        "uploaded": 0,
        "connection": PeerConnection.TCP,
    }
    return PeerRow(**made | members)


def test_addresses_and_flags() -> None:
    """IPv6 addresses lose their brackets."""
    flags = [PeerFlag.INTERESTED, PeerFlag.REMOTE_UNCHOKED, PeerFlag.FROM_DHT, PeerFlag.OUTGOING]
    found = peers_of([peer("[::1]:5", flags=flags), peer(connection=PeerConnection.UTP)], row())
    first = found["[::1]:5"]
    assert (first["ip"], first["port"], first["flags"], first["connection"]) == ("::1", 5, "D H", "BT")
    second = found["10.0.0.1:6881"]
    assert (second["flags"], second["connection"]) == ("I P", "μTP")


def test_only_changes_are_sent() -> None:
    """Another torrent gets a full update."""
    answers: Answers[tuple[str, Peers]] = Answers()
    one, two = peers_of([peer(), peer("b:1")], row()), peers_of([peer(upload_bps=5), peer("c:1")], row())
    assert torrent_peers(answers, "h", one, 0)["full_update"] is True
    assert torrent_peers(answers, "h", one, 1) == {"rid": 2}
    found = torrent_peers(answers, "h", two, 2)
    assert found["peers"]["10.0.0.1:6881"] == {"up_speed": 5}
    assert (found["peers"]["c:1"]["ip"], found["peers_removed"]) == ("c", ["b:1"])
    assert torrent_peers(answers, "other", two, 3)["full_update"] is True
