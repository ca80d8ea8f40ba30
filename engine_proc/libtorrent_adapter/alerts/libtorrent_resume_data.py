"""Copies the answers to requests for resume data.

After a torrent is added, libtorrent checks its resume data in the background. Resume data that libtorrent makes during
this check lacks the complete pieces and blocks. If the engine stored that data, a crash would lose the pieces, and
libtorrent would hash all files.
"""

from typing import Any, Final

import libtorrent

from engine_proc.libtorrent_adapter.alerts.libtorrent_failures import Failures
from engine_proc.libtorrent_adapter.parsing import libtorrent_claims, libtorrent_sources
from engine_proc.session.alerts import ResumeData, ResumeUnsaved
from engine_proc.session.caps_port import Caps
from engine_proc.trackers.held_trackers import HeldTrackers

lt: Any = libtorrent
"""Untyped: the binding's type stubs lack the attributes of alerts."""

_NOT_MODIFIED: Final = 143


class ResumeDataCopier:
    """Copies resume data. Skips data that was made during the check of earlier resume data.

    Args:
        trackers: the held trackers. The copier adds these trackers to resume data.
        failures: reads the banned peers.
        caps: the caps of limits. Resume data has the own limits of a torrent.
    """

    def __init__(self, trackers: HeldTrackers, failures: Failures, caps: Caps) -> None:
        self._trackers = trackers
        self._failures = failures
        self._caps = caps
        self._unchecked: set[str] = set()
        """The torrents whose resume data libtorrent has not checked yet."""

    def expect(self, torrent: str) -> None:
        """Notes that a torrent is about to be added with resume data."""
        self._unchecked.add(torrent)

    @property
    def expects(self) -> bool:
        """Whether any torrent's resume data has not been checked yet."""
        return bool(self._unchecked)

    def checked(self, torrent: str | None) -> None:
        """Notes that libtorrent has checked a torrent's resume data, or that the torrent is gone."""
        self._unchecked.discard(torrent or "")

    def made(self, torrent: str, native: Any) -> ResumeData | ResumeUnsaved:
        """Copies a `save_resume_data_alert`."""
        params = native.params
        lacking = self._trackers.save_ended(torrent)
        if torrent in self._unchecked and params.ti is not None and not params.have_pieces:
            return ResumeUnsaved(torrent, None, early=True)
        if lacking and not params.trackers:
            libtorrent_sources.give_trackers(params, lacking)
        libtorrent_claims.settle_check(params)
        self._failures.resume_data(torrent, params)
        if (own := self._caps.own_of(torrent)) is not None:
            params.download_limit, params.upload_limit = own.download_bps or -1, own.upload_bps or -1
        return ResumeData(torrent, lt.write_resume_data_buf(params))

    def unsaved(self, torrent: str, native: Any) -> ResumeUnsaved:
        """Copies a `save_resume_data_failed_alert`."""
        self._trackers.save_ended(torrent)
        return ResumeUnsaved(torrent, None if native.error.value() == _NOT_MODIFIED else native.error.message())
