"""Reports differences between the values in force and the desired values to the supervisor."""

from collections.abc import Callable

from engine_proc.process.log import log
from engine_proc.session.session_port import LibtSession
from protocol.wire.desired import DesiredTorrent
from protocol.wire.events.session_events import LimitsApplied, LimitsStale, Reconciled


def report_limits(
    emit: Callable[[LimitsApplied | LimitsStale], None],
    torrent: str | None,
    wanted: tuple[int, int],
    found: tuple[int, int],
) -> None:
    """Reports the limits in force of a torrent. If `torrent` is None, reports the session's limits.

    Args:
        wanted: the desired download and upload limit in bytes per second.
        found: both limits as read back from libtorrent.
    """
    download_bps, upload_bps = found
    if found == wanted:
        emit(LimitsApplied(torrent=torrent, download_bps=download_bps, upload_bps=upload_bps))
    else:
        message = f"asked for {wanted[0]} down and {wanted[1]} up"
        emit(LimitsStale(torrent=torrent, download_bps=download_bps, upload_bps=upload_bps, message=message))


def read_back_limits(
    emit: Callable[[LimitsApplied | LimitsStale], None],
    session: LibtSession,
    before: DesiredTorrent,
    desired: DesiredTorrent,
) -> None:
    """If a torrent's limits were changed, reads them from the session, and reports them."""
    wanted = (desired.download_bps, desired.upload_bps)
    if wanted != (before.download_bps, before.upload_bps):
        applied = session.applied(desired.torrent)
        report_limits(emit, desired.torrent, wanted, (applied.download_bps, applied.upload_bps))


def report_reconciled(emit: Callable[[Reconciled], None], torrent: str, differences: list[str], done: str) -> None:
    """Reports differences from the desired state, in the session or in resume data, and their repair."""
    what = "; ".join(differences)
    log("debug", "reconciled", torrent=torrent, what=what, done=done)
    emit(Reconciled(torrent=torrent, what=what, done=done))
