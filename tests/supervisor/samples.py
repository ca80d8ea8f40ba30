"""Torrents and engines' reports about them, for tests that need any."""

from typing import Any

from protocol.internal.link_events import SessionStats
from protocol.wire.desired import DesiredTorrent
from protocol.wire.events.torrent_events import Progress
from protocol.wire.rows import TorrentState

V1 = "a" * 40
OTHER = "b" * 40
V2 = "c" * 64
NOW_US = 1_795_368_000_000_000


def desired(torrent: str = V1, **fields: Any) -> DesiredTorrent:
    """A desired torrent of some client."""
    given: dict[str, Any] = {
        "torrent": torrent,
        "source": "magnet",
        "magnet": f"magnet:?xt=urn:btih:{torrent}",
        "name": f"name-{torrent[0]}",
        "save_path": "/data",
    }
    return DesiredTorrent(**(given | fields))


def progress(torrent: str = V1, state: TorrentState = TorrentState.DOWNLOADING, **fields: Any) -> Progress:
    """Half done, with rates and peers."""
    given: dict[str, Any] = {
        "progress": 0.5,
        "bytes_done": 50,
        "bytes_total": 100,
        "size": 200,
        "downloaded": 60,
        "uploaded": 7,
        "wasted": 3,
        "download_bps": 1000,
        "upload_bps": 100,
        "peers": 9,
        "seeds": 4,
    }
    return Progress(torrent=torrent, state=state, **(given | fields))


def session_stats() -> SessionStats:
    """A busy session."""
    return SessionStats(download_bps=1000, upload_bps=100, downloaded=10**6, uploaded=10**5, peers=9, listen_port=6881)
