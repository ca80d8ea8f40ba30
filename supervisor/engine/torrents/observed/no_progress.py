"""The progress that rows show before an engine's first report about a torrent."""

from typing import Final

from protocol.wire.events.torrent_events import Progress
from protocol.wire.rows import TorrentState

NO_PROGRESS: Final = Progress(
    torrent="",
    state=TorrentState.QUEUED,
    progress=0.0,
    bytes_done=0,
    bytes_total=0,
    size=0,
    downloaded=0,
    uploaded=0,
    wasted=0,
    download_bps=0,
    upload_bps=0,
    peers=0,
    seeds=0,
)
