"""Computes the public progress of a torrent. Pure."""

from engine_proc.session.alerts import TorrentStatus
from protocol.wire.events.torrent_events import Progress
from protocol.wire.rows import TorrentState


def idle(torrent: str, state: TorrentState, done: int, total: int, size: int) -> Progress:
    """The progress of a torrent that is not in the session."""
    return Progress(
        torrent=torrent,
        state=state,
        progress=_share(done, total, size),
        bytes_done=done,
        bytes_total=total,
        size=size,
        downloaded=0,
        uploaded=0,
        wasted=0,
        download_bps=0,
        upload_bps=0,
        peers=0,
        seeds=0,
    )


def _share(done: int, total: int, size: int) -> float:
    """The fraction of the selected bytes that is complete.

    If the files are known and no file is selected, the fraction is 1.
    """
    return done / total if total else float(size > 0)


def progress_of(row: TorrentStatus, state: TorrentState) -> Progress:
    """The progress of a torrent in the session, with the state that clients see."""
    return Progress(
        torrent=row.torrent,
        state=state,
        progress=_share(row.done, row.wanted, row.size if state is not TorrentState.FETCHING_METADATA else 0),
        bytes_done=row.done,
        bytes_total=row.wanted,
        size=row.size,
        downloaded=row.downloaded,
        uploaded=row.uploaded,
        wasted=row.wasted,
        # After the last peer has disconnected, libtorrent keeps reporting the last rates.
        download_bps=row.download_bps if row.peers else 0,
        upload_bps=row.upload_bps if row.peers else 0,
        peers=row.peers,
        seeds=row.seeds,
        queue_position=row.queue_position,
        swarm_seeds=row.swarm_seeds,
        swarm_leeches=row.swarm_leeches,
    )
