"""What was asked for and what is in force: how the supervisor hears where they agree, and where they do not."""

from collections.abc import Callable

from engine_proc.process.log import log
from protocol.wire.events import LimitsApplied, LimitsStale, Reconciled


def report_limits(
    emit: Callable[[LimitsApplied | LimitsStale], None],
    torrent: str | None,
    wanted: tuple[int, int],
    found: tuple[int, int],
) -> None:
    """Says what the limits of a torrent (None: of the session) are.

    Args:
        wanted: download and upload limit in bytes per second, as asked for.
        found: the same, as read back from libtorrent.
    """
    download_bps, upload_bps = found
    if found == wanted:
        emit(LimitsApplied(torrent=torrent, download_bps=download_bps, upload_bps=upload_bps))
    else:
        message = f"asked for {wanted[0]} down and {wanted[1]} up"
        emit(LimitsStale(torrent=torrent, download_bps=download_bps, upload_bps=upload_bps, message=message))


def report_reconciled(emit: Callable[[Reconciled], None], torrent: str, differences: list[str], done: str) -> None:
    """Says what the session or resume data had otherwise than it was asked for, and what was done about it."""
    what = "; ".join(differences)
    log("debug", "reconciled", torrent=torrent, what=what, done=done)
    emit(Reconciled(torrent=torrent, what=what, done=done))
