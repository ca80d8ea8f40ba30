"""The session port's calls that act on one loaded torrent, by libtorrent's handle."""

from collections.abc import Callable, Sequence
from typing import Any, Final

import libtorrent

from engine_proc.files.selector import Selector
from engine_proc.libtorrent_adapter import libtorrent_peer_info
from engine_proc.libtorrent_adapter.alerts.alert_inbox import AlertInbox
from engine_proc.libtorrent_adapter.alerts.libtorrent_alerts import FLUSHES_PER_BARRIER, AlertCopier
from engine_proc.libtorrent_adapter.alerts.libtorrent_status import Selections
from engine_proc.libtorrent_adapter.libtorrent_handles import Handles
from engine_proc.libtorrent_adapter.parsing import (
    libtorrent_files,
    libtorrent_flags,
    libtorrent_hashes,
    libtorrent_params,
)
from engine_proc.session import faults, recorded
from engine_proc.session.alerts import Flushed, Selected, TrackersChanged
from engine_proc.session.caps_port import Caps, Limits
from engine_proc.session.counters_port import Counters
from engine_proc.session.peer_sources import TrackerState
from engine_proc.session.peers_port import Peers, Pieces
from engine_proc.session.session_port import Applied, Hashes, Layout, UnknownTorrent
from engine_proc.trackers import announce_entries
from engine_proc.trackers.held_trackers import HeldTrackers
from protocol.internal.flight_recorder import FlightRecorder
from protocol.internal.link_queries import TrackerReading
from protocol.wire.desired import DesiredTorrent, TrackerEdits, edited_web_seeds

lt: Any = libtorrent
"""Untyped: the binding's type stubs require class instances where the binding itself accepts dictionaries."""

_FLAGS: Final = lt.torrent_flags
_QUERY_SAVE_PATH: Final = 1 << 7
"""`torrent_handle::query_save_path`, a name that the binding lacks. The default flags would request all pieces."""
_QUERY_FLAGS: Final = 0
"""A status with flags and limits only. One call reads all flags and limits, because each call waits for libtorrent's
thread.
"""


class TorrentCalls:
    """The calls that act on a torrent, and the state that these calls need.

    Args:
        recorder: the flight recorder, which records each call before it is made.
        dropped: called with a torrent once it was removed, or could not be added.
    """

    def __init__(self, recorder: FlightRecorder, dropped: Callable[[str], None]) -> None:
        self.recorder = recorder
        self._on_dropped = dropped
        self._inbox = AlertInbox()
        self._trackers = HeldTrackers()
        self._caps = Caps()
        self._selector = Selector(lambda torrent, problem: self._inbox.put(Selected(torrent, problem)))
        self._let_go()

    def _let_go(self) -> None:
        """Resets to the state without torrents, and drops all handles."""
        self._handles = Handles()
        self._selections = Selections()
        self._alerts = AlertCopier(
            self._handles, self._selections, self._on_dropped, self._trackers, self._caps, self.recorder
        )

    def counters(self) -> Counters | None:
        """The counters of the last answer to `post_statistics`; None before the first answer."""
        return self._alerts.counters

    def _handle(self, torrent: str) -> Any:
        handle = self._handles.by_torrent.get(torrent)
        if handle is None:
            raise UnknownTorrent(torrent)
        return handle

    @faults.of_torrent
    @recorded.of_torrent
    def release_trackers(self, torrent: str) -> None:
        """Passes a torrent's held trackers to libtorrent. Raises UnknownTorrent."""
        handle = self._handle(torrent)
        given = self._trackers.give(torrent)
        if given is None:
            return
        trackers, present = given
        entries = [{"url": url, "tier": tier} for url, tier in trackers if (url, tier) not in present]
        if present:  # it continues to use these without announcing to them again
            for entry in entries:
                handle.add_tracker(entry)
        else:
            handle.replace_trackers(entries)

    def held_trackers(self, torrent: str) -> Sequence[tuple[str, int]]:
        """A torrent's trackers that `release_trackers` has not passed to libtorrent yet."""
        return self._trackers.held(torrent)

    @faults.of_torrent
    @recorded.of_torrent
    def edit_trackers(self, torrent: str, edits: TrackerEdits) -> None:
        """Changes a torrent's trackers, and holds the changed list. Raises UnknownTorrent."""
        handle = self._handle(torrent)
        before = list(self._trackers.held(torrent)) or [(each["url"], int(each["tier"])) for each in handle.trackers()]
        after = edits.apply(before)
        if after != before:
            if self._trackers.change(torrent, before, after):
                handle.replace_trackers([])
            self._inbox.put(TrackersChanged(torrent))

    @faults.of_torrent
    @recorded.of_torrent
    def trackers(self, torrent: str) -> list[TrackerState]:
        """The state of a torrent's trackers. Raises UnknownTorrent."""
        handle = self._handle(torrent)
        if held := self._trackers.held(torrent):
            return [TrackerState(TrackerReading(url, tier)) for url, tier in held]
        return [announce_entries.state(entry) for entry in handle.trackers()]

    @faults.of_torrent
    @recorded.of_torrent
    def peers(self, torrent: str) -> Peers:
        """The connected peers of a torrent. Raises UnknownTorrent."""
        return libtorrent_peer_info.peers(self._handle(torrent).get_peer_info())

    @faults.of_torrent
    @recorded.of_torrent
    def pieces(self, torrent: str) -> Pieces | None:
        """The pieces that a torrent and its peers have. Raises UnknownTorrent."""
        handle = self._handle(torrent)
        info = handle.torrent_file()
        if info is None:
            return None
        status = handle.status(handle.query_pieces)
        if status.state == lt.torrent_status.checking_resume_data:
            return None
        # While libtorrent hashes all files, the list may be empty; it has no piece then.
        return libtorrent_peer_info.pieces(status.pieces or [False] * info.num_pieces(), handle.piece_availability())

    @faults.of_torrent
    @recorded.of_torrent
    def web_seeds(self, torrent: str) -> list[str]:
        """The URLs of a torrent's web seeds. Raises UnknownTorrent."""
        return sorted(self._handle(torrent).url_seeds())

    @faults.of_torrent
    @recorded.of_torrent
    def edit_web_seeds(self, torrent: str, desired: DesiredTorrent) -> None:
        """Adds and removes web seeds. Raises UnknownTorrent."""
        handle = self._handle(torrent)
        info, before = handle.torrent_file(), handle.url_seeds()
        after = edited_web_seeds(before, desired)
        for url in before:
            if url not in after:
                handle.remove_url_seed(url)
        slash = "/" if info is not None and info.layout().num_files() > 1 else ""  # as libtorrent does while it loads
        for url in after:
            if url not in before:
                handle.add_url_seed(url if url.endswith("/") else url + slash)

    @faults.of_torrent
    @recorded.of_torrent
    def reannounce(self, torrent: str, tracker: str | None) -> None:
        """Announces a torrent now to one tracker. None means all trackers in use and the DHT. Raises UnknownTorrent."""
        handle = self._handle(torrent)
        if tracker is not None:
            handle.force_reannounce(0, tracker, handle.ignore_min_interval)
        else:
            handle.force_reannounce(0, -1, handle.ignore_min_interval)
            handle.force_dht_announce()

    @faults.of_torrent
    @recorded.of_torrent
    def set_paused(self, torrent: str, paused: bool) -> None:
        """Pauses or resumes a torrent. Resuming also retries after a failed write. Raises UnknownTorrent."""
        handle = self._handle(torrent)
        if paused:
            handle.unset_flags(_FLAGS.auto_managed)
            handle.pause()
        else:
            handle.clear_error()
            handle.unset_flags(_FLAGS.upload_mode | _FLAGS.auto_managed)
            handle.resume()

    @faults.of_torrent
    @recorded.of_torrent
    def verify(self, torrent: str) -> None:
        """Hashes a torrent's files again, then pauses the torrent. Raises UnknownTorrent."""
        handle = self._handle(torrent)
        self._alerts.verifying.add(handle)
        handle.force_recheck()
        handle.set_flags(_FLAGS.stop_when_ready)  # set before the recheck, this flag would pause the torrent at once

    @faults.of_torrent
    @recorded.of_torrent
    def set_sequential(self, torrent: str, sequential: bool) -> None:
        """Sets the download order: pieces in order, or rarest first. Raises UnknownTorrent."""
        handle = self._handle(torrent)
        if sequential:
            handle.set_flags(_FLAGS.sequential_download)
        else:
            handle.unset_flags(_FLAGS.sequential_download)

    @faults.of_torrent
    @recorded.of_torrent
    def set_limits(self, torrent: str, download_bps: int, upload_bps: int) -> None:
        """Sets the rate limits of one torrent; 0 means no limit. Raises UnknownTorrent."""
        self._set_limits(self._handle(torrent), self._caps.put_own(torrent, Limits(download_bps, upload_bps)))

    @faults.of_torrent
    @recorded.of_torrent
    def cap_limits(self, torrent: str, own: Limits, cap: Limits) -> None:
        """Sets the cap of a torrent's limits; see `CapsPort`."""
        limits = self._caps.put(torrent, own, cap)
        handle = self._handles.by_torrent.get(torrent)
        if handle is not None:
            self._set_limits(handle, limits)

    def _set_limits(self, handle: Any, limits: Limits) -> None:
        handle.set_download_limit(limits.download_bps)
        handle.set_upload_limit(limits.upload_bps)

    @faults.of_torrent
    @recorded.of_torrent
    def set_selection(self, torrent: str, desired: DesiredTorrent) -> bool:
        """Applies the selection's file priorities. Raises UnknownTorrent."""
        handle = self._handle(torrent)
        info = handle.torrent_file()
        if info is None:
            return False
        priorities = libtorrent_files.priorities(info.layout(), desired, self._selector.priorities)
        self._selections.ask(torrent, libtorrent_files.selected(info, priorities))
        handle.prioritize_files(priorities)
        return True

    @faults.of_torrent
    @recorded.of_torrent
    def connect(self, torrent: str, peers: Sequence[str]) -> None:
        """Connects a torrent to peers given as `address:port`. Raises UnknownTorrent."""
        handle = self._handle(torrent)
        for peer in peers:
            handle.connect_peer(libtorrent_params.endpoint(peer))

    @faults.of_torrent
    @recorded.of_torrent
    def applied(self, torrent: str) -> Applied:
        """Reads back the applied limits and flags. Raises UnknownTorrent."""
        status = self._handle(torrent).status(_QUERY_FLAGS)
        limits = self._own_limits(torrent, status)
        return Applied(
            paused=libtorrent_flags.paused(status.flags),
            sequential=bool(status.flags & _FLAGS.sequential_download),
            download_bps=limits.download_bps,
            upload_bps=limits.upload_bps,
        )

    def _own_limits(self, torrent: str, status: Any) -> Limits:
        return self._caps.own(torrent, Limits(max(0, status.download_limit), max(0, status.upload_limit)))

    @faults.of_desired
    @recorded.of_desired
    def observed(self, desired: DesiredTorrent) -> DesiredTorrent:
        """The desired state with the values that the session actually has. Raises UnknownTorrent."""
        handle = self._handle(desired.torrent)
        status = handle.status(_QUERY_SAVE_PATH)
        info = handle.torrent_file()
        return libtorrent_params.observed(
            desired,
            save_path=status.save_path,
            paused=desired.paused if status.errc.value() else libtorrent_flags.paused(status.flags),
            managed=libtorrent_flags.is_managed(status.flags),
            flags=status.flags,
            limits=self._own_limits(desired.torrent, status),
            peer_limits=(status.connections_limit, status.uploads_limit),
            info=info,
            file_priorities=() if info is None else handle.get_file_priorities(),
            choose=self._selector.priorities,
        )

    @faults.of_torrent
    @recorded.of_torrent
    def layout(self, torrent: str) -> Layout | None:
        """The torrent's files; None while there is no metadata. Raises UnknownTorrent."""
        handle = self._handle(torrent)
        info = handle.torrent_file()
        if info is None:
            return None
        renamed = handle.get_renamed_files().export_filenames(info.layout())
        return libtorrent_files.layout(info, handle.get_file_priorities(), renamed)

    @faults.of_torrent
    @recorded.of_torrent
    def hashes(self, torrent: str) -> Hashes:
        """The torrent's info-hashes. Raises UnknownTorrent."""
        return libtorrent_hashes.hashes(self._handle(torrent).info_hashes())

    @faults.of_torrent
    @recorded.of_torrent
    def paths(self, torrent: str) -> list[str]:
        """The paths that libtorrent may write, delete or read for a torrent. The first path is the part file's.

        Raises UnknownTorrent.
        """
        handle = self._handle(torrent)
        save_path, info = handle.status(_QUERY_SAVE_PATH).save_path, handle.torrent_file()
        parts = libtorrent_files.part_path(save_path, "", handle.info_hashes())
        if info is None:
            return [parts]
        storage = info.layout()
        renamed = handle.get_renamed_files().export_filenames(storage)
        return [parts, *libtorrent_files.file_paths(storage, renamed, save_path)]

    @faults.of_torrent
    @recorded.of_torrent
    def file_progress(self, torrent: str) -> list[int]:
        """How many bytes of each file are complete, by index. Raises UnknownTorrent."""
        handle = self._handle(torrent)
        return [int(done) for done in handle.file_progress(flags=handle.piece_granularity)]

    @faults.of_torrent
    @recorded.of_torrent
    def flush(self, torrent: str) -> None:
        """Starts writing out the torrent's write cache; `Flushed` follows. Raises UnknownTorrent."""
        handle = self._handle(torrent)
        if handle.torrent_file() is None:
            # There is nothing to flush, so libtorrent would send no alert.
            self._inbox.put(Flushed(torrent))
            return
        self._alerts.expect_flush(torrent)
        for _ in range(FLUSHES_PER_BARRIER):
            handle.flush_cache()

    @faults.of_torrent
    @recorded.of_torrent
    def save_resume(self, torrent: str, *, only_if_modified: bool) -> None:
        """Requests resume data that includes the info dictionary. Raises UnknownTorrent."""
        flags = lt.save_resume_flags_t.save_info_dict
        if only_if_modified:
            flags |= lt.save_resume_flags_t.only_if_modified
        handle = self._handle(torrent)
        self._trackers.save_begins(torrent)
        handle.save_resume_data(flags)
