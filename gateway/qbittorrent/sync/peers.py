"""Makes the answers of `sync/torrentPeers`. Pure."""

from collections.abc import Iterable, Mapping
from typing import Any, Final

import msgspec

from gateway.qbittorrent.rows.numbers import count, fraction
from gateway.qbittorrent.sync.sessions import Answers
from protocol.wire.peer_rows import PeerConnection, PeerFlag, PeerRow
from protocol.wire.rows import TorrentRow

CONNECTIONS: Final = {PeerConnection.UTP: "μTP", PeerConnection.WEB_SEED: "Web"}

Peers = dict[str, dict[str, object]]


class Peer(msgspec.Struct, frozen=True, kw_only=True):
    """One connected peer."""

    client: str
    connection: str
    country: str = ""
    country_code: str = ""
    dl_speed: int
    downloaded: int
    files: str = ""
    flags: str
    flags_desc: str
    ip: str
    peer_id_client: str = ""
    port: int
    progress: float
    relevance: float
    up_speed: int
    uploaded: int


def peers_of(rows: Iterable[PeerRow], torrent: TorrentRow) -> Peers:
    """Returns the peers by address."""
    found = {}
    for row in rows:
        host, _, port = row.endpoint.rpartition(":")
        letters = list(_flags(row))
        peer = Peer(
            client=row.client,
            connection=CONNECTIONS.get(row.connection, "BT"),
            dl_speed=count(row.download_bps),
            downloaded=count(row.downloaded),
            flags=" ".join(letter for letter, _ in letters),
            flags_desc="\n".join(f"{letter} = {text}" for letter, text in letters),
            ip=host.strip("[]"),
            port=count(int(port) if port.isdecimal() else 0, most=65535),
            progress=fraction(row.progress),
            relevance=fraction(row.progress) if torrent.progress < 1 else 0,
            up_speed=count(row.upload_bps),
            uploaded=count(row.uploaded),
        )
        found[row.endpoint] = msgspec.structs.asdict(peer)
    return found


def torrent_peers(answers: Answers[tuple[str, Peers]], info_hash: str, peers: Peers, rid: int) -> dict[str, Any]:
    """Returns the changes of a torrent's peers that a session does not have."""
    base = answers.base(rid)
    answer: dict[str, Any] = {"rid": answers.send((info_hash, peers))}
    if base is None or base[0] != info_hash:
        return answer | {"full_update": True, "show_flags": True, "peers": peers}
    changed = {key: _changes(base[1].get(key, {}), peer) for key, peer in peers.items()}
    if changed := {key: changes for key, changes in changed.items() if changes}:
        answer["peers"] = changed
    if removed := [key for key in base[1] if key not in peers]:
        answer["peers_removed"] = removed
    return answer


def _changes(before: Mapping[str, object], after: Mapping[str, object]) -> dict[str, object]:
    return {name: value for name, value in after.items() if name not in before or before[name] != value}


def _flags(row: PeerRow) -> Iterable[tuple[str, str]]:
    """Returns the letters of a peer's flags, and the meaning of each letter."""
    flags = set(row.flags)
    unchoked, remote_unchoked = PeerFlag.UNCHOKED in flags, PeerFlag.REMOTE_UNCHOKED in flags
    if PeerFlag.INTERESTED in flags:
        yield ("D", "wants data from the peer, which sends") if remote_unchoked else ("d", "wants data, is choked")
    elif remote_unchoked:
        yield "K", "is unchoked by the peer, wants nothing"
    if PeerFlag.REMOTE_INTERESTED in flags:
        yield ("U", "the peer wants data, which is sent") if unchoked else ("u", "the peer wants data, is choked")
    elif unchoked:
        yield "?", "the peer is unchoked, wants nothing"
    for flag, letter, text in SIMPLE_FLAGS:
        if flag in flags:
            yield letter, text
    if PeerFlag.OUTGOING not in flags:
        yield "I", "incoming connection"
    if row.connection is PeerConnection.UTP:
        yield "P", "uTP"


SIMPLE_FLAGS: Final = (
    (PeerFlag.OPTIMISTIC, "O", "optimistic unchoke"),
    (PeerFlag.SNUBBED, "S", "snubbed"),
    (PeerFlag.FROM_DHT, "H", "from the DHT"),
    (PeerFlag.FROM_PEX, "X", "from peer exchange"),
    (PeerFlag.FROM_LSD, "L", "from the local network"),
    (PeerFlag.ENCRYPTED, "E", "encrypted"),
    (PeerFlag.HOLEPUNCHED, "h", "NAT hole punching"),
)
