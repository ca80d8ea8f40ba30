"""Converts libtorrent's info-hashes to text."""

from typing import Any

from engine_proc.session.session_port import Hashes


def hash_of(info_hashes: Any) -> str:
    """Ouzel's torrent id: the v1 info-hash (40 digits) if there is one, otherwise the v2 info-hash (64 digits)."""
    return text_of(info_hashes.v1 if info_hashes.has_v1() else info_hashes.v2)


def hashes(info_hashes: Any) -> Hashes:
    """The v1 and the v2 info-hash in hexadecimal. A missing info-hash is None."""
    return Hashes(
        text_of(info_hashes.v1) if info_hashes.has_v1() else None,
        text_of(info_hashes.v2) if info_hashes.has_v2() else None,
    )


def text_of(digest: Any) -> str:
    """A digest in hexadecimal. A restore converts each hash, and the binding's `str` takes six times as long as
    `text_of`.
    """
    text: str = digest.to_bytes().hex()
    return text
