"""Copies a torrent's status into a value, and converts its counts to bytes of the selected files."""

from collections import deque
from typing import Any, Final

import libtorrent
import msgspec

from engine_proc.files.selected_bytes import SelectedBytes
from engine_proc.libtorrent_adapter.parsing.libtorrent_flags import is_managed, paused, queue_position, queued
from engine_proc.session.alerts import NativeState, TorrentStatus

lt: Any = libtorrent
"""Untyped: the binding's type stubs lack the attributes of alerts."""

STATES: Final = {getattr(lt.torrent_status.states, state.value): state for state in NativeState}
_UPLOAD_MODE: Final = lt.torrent_flags.upload_mode


def copy_status(torrent: str, status: Any) -> TorrentStatus:
    """Copies libtorrent's status, which counts the bytes of all pieces that reach into a selected file."""
    flags, complete, incomplete = status.flags, status.num_complete, status.num_incomplete
    return TorrentStatus(
        torrent,
        state=STATES[status.state],
        paused=paused(flags),
        progress=status.progress,
        done=status.total_wanted_done,
        wanted=status.total_wanted,
        size=status.total,
        downloaded=status.all_time_download,
        uploaded=status.all_time_upload,
        moved_down=status.total_payload_download,
        moved_up=status.total_payload_upload,
        wasted=status.total_failed_bytes + status.total_redundant_bytes,
        download_bps=status.download_payload_rate,
        upload_bps=status.upload_payload_rate,
        peers=status.num_peers,
        seeds=status.num_seeds,
        error=status.errc.message() if status.errc.value() else None,
        upload_mode=bool(flags & _UPLOAD_MODE),
        swarm_seeds=None if complete < 0 else complete,
        swarm_leeches=None if incomplete < 0 else incomplete,
        queued=queued(flags),
        queue_position=queue_position(status) if is_managed(flags) else None,
    )


class Selections:
    """The selections that libtorrent has confirmed, for torrents with unselected files."""

    def __init__(self) -> None:
        self._in_force: dict[str, SelectedBytes] = {}
        self._asked: dict[str, deque[SelectedBytes | None]] = {}
        """By torrent, the selections that libtorrent has not confirmed yet."""
        self._counted: dict[str, tuple[int, int]] = {}
        """By torrent, libtorrent's last count of bytes, and the bytes of the selected files among them."""

    def begin_with(self, torrent: str, selected: SelectedBytes | None) -> None:
        """Notes the selection with which a torrent is about to be added; None if all files are selected."""
        self._put(torrent, selected)

    def ask(self, torrent: str, selected: SelectedBytes | None) -> None:
        """Notes the selection that a torrent is about to get. It applies once libtorrent confirms the selection."""
        self._asked.setdefault(torrent, deque()).append(selected)

    def confirm(self, torrent: str) -> None:
        """Notes that libtorrent has confirmed the oldest requested selection of a torrent."""
        if (asked := self._asked.get(torrent)) is not None:
            self._put(torrent, asked.popleft())
            if not asked:
                del self._asked[torrent]

    def drop(self, torrent: str) -> None:
        """Removes a torrent."""
        for table in (self._in_force, self._asked, self._counted):
            table.pop(torrent, None)

    def copy_status(self, torrent: str, status: Any) -> TorrentStatus:
        """Copies the status, with the bytes of the selected files."""
        row = copy_status(torrent, status)
        selected = self._in_force.get(torrent)
        if selected is None:
            return row
        counted, done = self._counted.get(torrent, (-1, 0))
        if counted != row.done:
            # Reading `pieces` makes a list of all pieces, which is not needed once the selection is complete.
            have = status.pieces if row.done < row.wanted else ()
            done = selected.done(row.done, row.wanted, have)
            self._counted[torrent] = row.done, done
        return msgspec.structs.replace(row, done=done, wanted=selected.total)

    def _put(self, torrent: str, selected: SelectedBytes | None) -> None:
        self._counted.pop(torrent, None)
        if selected is None:
            self._in_force.pop(torrent, None)
        else:
            self._in_force[torrent] = selected
