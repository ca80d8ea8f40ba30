"""Reports to the supervisor whether the values in force are the desired ones."""

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
    """Reports the limits of a torrent (None: of the session) that are in force.

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
    """Reads a torrent's limits from the session, if they were changed, and reports them."""
    wanted = (desired.download_bps, desired.upload_bps)
    if wanted != (before.download_bps, before.upload_bps):
        applied = session.applied(desired.torrent)
        report_limits(emit, desired.torrent, wanted, (applied.download_bps, applied.upload_bps))


def report_reconciled(emit: Callable[[Reconciled], None], torrent: str, differences: list[str], done: str) -> None:
    """Reports differences of the session or of resume data from the desired state, and their repair."""
    what = "; ".join(differences)
    log("debug", "reconciled", torrent=torrent, what=what, done=done)
    emit(Reconciled(torrent=torrent, what=what, done=done))
