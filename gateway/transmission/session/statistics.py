"""The method `session-stats`."""

from typing import Any

from gateway.transmission.arguments import Arguments
from gateway.transmission.face import Face
from gateway.transmission.torrents.standing import status_of


async def session_stats(face: Face, _: Arguments) -> dict[str, Any]:
    """Returns counts, rates and totals. A session begins with the start of the daemon."""
    stats, health = face.mirror.stats, face.mirror.health
    rows = [torrent.row for torrent in face.mirror.torrents.values()]
    stopped = sum(status_of(row) == 0 for row in rows)
    active_s = 0 if health is None else health.supervisor.uptime_ms // 1000
    session = None if stats is None else stats.session
    return {
        "activeTorrentCount": len(rows) - stopped,
        "downloadSpeed": 0 if session is None else session.download_bps,
        "pausedTorrentCount": stopped,
        "torrentCount": len(rows),
        "uploadSpeed": 0 if session is None else session.upload_bps,
        "cumulative-stats": _totals(
            0 if session is None else session.all_time_downloaded,
            0 if session is None else session.all_time_uploaded,
            len(rows),
            active_s,
        ),
        "current-stats": _totals(
            0 if session is None else session.downloaded,
            0 if session is None else session.uploaded,
            len(rows),
            active_s,
        ),
    }


def _totals(downloaded: int, uploaded: int, files: int, active_s: int) -> dict[str, int]:
    return {
        "downloadedBytes": downloaded,
        "uploadedBytes": uploaded,
        "filesAdded": files,
        "sessionCount": 1,
        "secondsActive": active_s,
    }
