"""Info-hashes, as libtorrent has them and as text."""

from typing import Any

from engine_proc.session.session_port import Hashes


def hash_of(info_hashes: Any) -> str:
    """Ouzel's id for a torrent: v1 where it has one (40 digits), else v2 (64 digits)."""
    return str(info_hashes.v1 if info_hashes.has_v1() else info_hashes.v2)


def hashes(info_hashes: Any) -> Hashes:
    """The v1 and the v2 info-hash in hexadecimal, None for one that is not there."""
    return Hashes(
        str(info_hashes.v1) if info_hashes.has_v1() else None,
        str(info_hashes.v2) if info_hashes.has_v2() else None,
    )
