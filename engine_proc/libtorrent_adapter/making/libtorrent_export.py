"""Makes the .torrent file and the magnet link of a torrent from its stored data."""

from collections.abc import Sequence
from typing import Any, Final
from urllib.parse import quote

import libtorrent

from engine_proc.files import announce_list, selection
from engine_proc.libtorrent_adapter.parsing import libtorrent_params, libtorrent_sources
from engine_proc.libtorrent_adapter.parsing.libtorrent_hashes import hashes
from engine_proc.session.session_port import Metainfo
from protocol.internal.making import Exported
from protocol.wire.desired import DesiredTorrent

lt: Any = libtorrent
"""Untyped: the binding's type stubs require class instances where the binding itself accepts dictionaries."""

_MULTIHASH: Final = "1220"
"""The prefix of a SHA-256 hash in a magnet link (BEP 52)."""


def export(desired: DesiredTorrent, *, metainfo: Metainfo, resume: bytes | None) -> Exported:
    """The .torrent file and the magnet link of a torrent, with its present trackers and web seeds.

    The info section has the source's bytes. Raises InvalidSource.
    """
    params = libtorrent_params.load(desired, metainfo=metainfo, resume=resume, choose=_all)
    magnet = _magnet(params, desired.name)
    return Exported(metainfo=_metainfo(params), magnet=magnet)


def _all(_: DesiredTorrent, paths: Sequence[str]) -> list[int]:
    """A selection of all files. An export does not depend on the rules, so they are not evaluated."""
    return [selection.DEFAULT] * len(paths)


def _metainfo(params: Any) -> bytes | None:
    """The .torrent file; None if metadata or piece layers (BEP 52) are missing."""
    if params.ti is None:
        return None
    # libtorrent would write an empty list for each tier without a tracker, and no `announce`.
    trackers = libtorrent_sources.take_trackers(params)
    try:
        entry = lt.write_torrent_file(params)
    except RuntimeError:
        return None
    return bytes(lt.bencode({**entry, **announce_list.members(trackers)}))


def _magnet(params: Any, name: str) -> str:
    """Makes the magnet link. libtorrent's own link would lack the name, and would contain addresses of peers."""
    found = hashes(params.info_hashes)
    topics = [] if found.v1 is None else [f"urn:btih:{found.v1}"]
    topics += [] if found.v2 is None else [f"urn:btmh:{_MULTIHASH}{found.v2}"]
    name = name if params.ti is None else params.ti.name()
    parts = [*(f"xt={topic}" for topic in topics), *([f"dn={quote(name, safe='')}"] if name else [])]
    parts += [f"tr={quote(url, safe='')}" for url in params.trackers]
    parts += [f"ws={quote(url, safe='')}" for url in params.url_seeds]
    return f"magnet:?{'&'.join(parts)}"
