"""Converts libtorrent's descriptions of peers to rows, and libtorrent's lists of pieces to bytes."""

from collections.abc import Iterable, Sequence
from typing import Any, Final

import libtorrent

from engine_proc.session.peers_port import Peers, Pieces
from protocol.wire.peer_rows import PeerConnection, PeerFlag, PeerRow

lt: Any = libtorrent
"""Untyped: the binding's type stubs lack some flags."""

ROWS_MAX: Final = 1000
"""The maximum number of rows. libtorrent's limit on a session's connections has the same default."""
CLIENT_MAX: Final = 100
"""The maximum length of the name of a peer's program, which is untrusted."""

_INFO: Final = lt.peer_info
_UTP: Final = 1 << 17
"""`peer_info::utp_socket`, a name that the binding lacks."""

_FLAGS: Final = (
    (PeerFlag.SEED, _INFO.seed),
    (PeerFlag.UPLOAD_ONLY, _INFO.upload_only),
    (PeerFlag.OUTGOING, _INFO.local_connection),
    (PeerFlag.CONNECTING, _INFO.connecting),
    (PeerFlag.HANDSHAKE, _INFO.handshake),
    (PeerFlag.ENCRYPTED, _INFO.rc4_encrypted),
    (PeerFlag.INTERESTED, _INFO.interesting),
    (PeerFlag.REMOTE_INTERESTED, _INFO.remote_interested),
    (PeerFlag.OPTIMISTIC, _INFO.optimistic_unchoke),
    (PeerFlag.SNUBBED, _INFO.snubbed),
    (PeerFlag.ON_PAROLE, _INFO.on_parole),
    (PeerFlag.HOLEPUNCHED, _INFO.holepunched),
)
_UNLESS: Final = ((PeerFlag.UNCHOKED, _INFO.choked), (PeerFlag.REMOTE_UNCHOKED, _INFO.remote_choked))
"""Ouzel's flags that are set if a flag of libtorrent is not set."""
_SOURCES: Final = (
    (PeerFlag.FROM_TRACKER, _INFO.tracker),
    (PeerFlag.FROM_DHT, _INFO.dht),
    (PeerFlag.FROM_PEX, _INFO.pex),
    (PeerFlag.FROM_LSD, _INFO.lsd),
    (PeerFlag.FROM_RESUME_DATA, _INFO.resume_data),
)
_DIGITS: Final = bytes.maketrans(b"\0\1", b"01")
_ORDER: Final = {flag: number for number, flag in enumerate(PeerFlag)}


def peers(found: Iterable[Any]) -> Peers:
    """The peers of a torrent, from the result of `get_peer_info`."""
    ranked = sorted(found, key=lambda info: info.payload_down_speed + info.payload_up_speed, reverse=True)
    return Peers([_row(info) for info in ranked[:ROWS_MAX]], len(ranked))


def pieces(have: Sequence[bool], availability: Iterable[int]) -> Pieces:
    """The pieces of a torrent, from the results of `status` and `piece_availability`."""
    digits = bytes(have).translate(_DIGITS) + b"0" * (-len(have) % 8)
    bits = int(digits, 2).to_bytes(len(digits) // 8, "big") if digits else b""
    return Pieces(len(have), bits, bytes(min(each, 255) for each in availability))


def _row(info: Any) -> PeerRow:
    host, port = info.ip
    return PeerRow(
        endpoint=f"[{host}]:{port}" if ":" in host else f"{host}:{port}",
        client=info.client[: 4 * CLIENT_MAX].decode(errors="replace")[:CLIENT_MAX],
        flags=_flags(info),
        progress=info.progress_ppm / 1_000_000,
        download_bps=info.payload_down_speed,
        upload_bps=info.payload_up_speed,
        downloaded=info.total_download,
        uploaded=info.total_upload,
        connection=_connection(info),
    )


def _flags(info: Any) -> list[PeerFlag]:
    found = [flag for flag, bit in _FLAGS if info.flags & bit]
    found += [flag for flag, bit in _UNLESS if not info.flags & bit]
    found += [flag for flag, bit in _SOURCES if info.source & bit]
    return sorted(found, key=_ORDER.__getitem__)


def _connection(info: Any) -> PeerConnection:
    if info.connection_type != _INFO.standard_bittorrent:
        return PeerConnection.WEB_SEED
    if info.flags & _INFO.i2p_socket:
        return PeerConnection.I2P
    return PeerConnection.UTP if info.flags & _UTP else PeerConnection.TCP
