"""The implementation of the session port by a libtorrent session.

This module has the calls that add and remove torrents, and the calls about the whole session. `TorrentCalls` and
`OptionCalls` have the calls about one loaded torrent.
"""

import contextlib
from collections.abc import Mapping, Set
from types import MappingProxyType
from typing import Any, Final

import libtorrent

from engine_proc.libtorrent_adapter.alerts.libtorrent_alerts import ALERT_MASK
from engine_proc.libtorrent_adapter.alerts.libtorrent_log import NativeLog
from engine_proc.libtorrent_adapter.libtorrent_calls import TorrentCalls
from engine_proc.libtorrent_adapter.libtorrent_filter import FilteredSession
from engine_proc.libtorrent_adapter.libtorrent_network import NetworkSession
from engine_proc.libtorrent_adapter.libtorrent_options import OptionCalls
from engine_proc.libtorrent_adapter.libtorrent_peers import KeptSeeds, PeerCalls, call_again, everybody
from engine_proc.libtorrent_adapter.libtorrent_settings import Settings
from engine_proc.libtorrent_adapter.libtorrent_source_calls import SourceCalls
from engine_proc.libtorrent_adapter.parsing import (
    libtorrent_claims,
    libtorrent_files,
    libtorrent_hashes,
    libtorrent_params,
    libtorrent_sources,
)
from engine_proc.process.network_thread import NetworkThread, threads
from engine_proc.resume.pieces import Examined, Unverified, Verified
from engine_proc.session import faults, recorded
from engine_proc.session.alerts import Alert, CountersRead, PrioritiesSet
from engine_proc.session.session_port import (
    FAULTS,
    AlreadyThere,
    Hashes,
    Layout,
    Loading,
    Metainfo,
    TorrentFault,
    UnknownTorrent,
)
from protocol.internal.flight_recorder import FLIGHT_BYTES, NO_ALERT, FlightRecorder
from protocol.wire.desired import DesiredTorrent, SettingValue

lt: Any = libtorrent
"""Untyped: the binding's type stubs require class instances where the binding itself accepts dictionaries."""

LIBTORRENT_VERSION: Final[str] = libtorrent.__version__

_FLAGS: Final = lt.torrent_flags
_NO_HISTORY: Final = dict.fromkeys(CountersRead.__struct_fields__[1:], 0)


class LibtorrentSession(OptionCalls, SourceCalls, FilteredSession, NetworkSession):
    """A libtorrent session. Its rate limits also apply to peers on the local network.

    Args:
        settings: libtorrent settings, by libtorrent's names.
        download_bps, upload_bps: limits for all torrents together; 0 means no limit.
        torrents: the expected number of torrents, which determines the size of the alert queue.
        recorder: the flight recorder, which records each call before it is made. By default nobody reads the records.

    Raises:
        InvalidSetting: no session was created.
    """

    def __init__(
        self,
        settings: Mapping[str, SettingValue],
        *,
        download_bps: int,
        upload_bps: int,
        torrents: int,
        recorder: FlightRecorder | None = None,
    ) -> None:
        recorder = recorder or FlightRecorder(bytearray(FLIGHT_BYTES))
        self._settings = Settings(torrents)
        checked = self._settings.take(settings)
        checked |= {"download_rate_limit": download_bps, "upload_rate_limit": upload_bps, "alert_mask": ALERT_MASK}
        outer = recorder.begin(b"session")
        before = threads()
        self._session = lt.session(checked)
        self._network_thread = NetworkThread(before)
        self._limit_local_peers_too()
        recorder.end(outer)
        TorrentCalls.__init__(self, recorder, self._dropped)
        FilteredSession.__init__(self)
        self._native_log = NativeLog(self._handles.torrents)
        self._kept_seeds = KeptSeeds()
        self._peer_calls = PeerCalls()
        self._counted: dict[str, tuple[int, int] | None] = {}
        """By torrent that will be added, the start values of the totals. None: report the totals in resume data."""
        self._session.set_alert_fd(self._inbox.native_fileno())

    def _dropped(self, torrent: str) -> None:
        self._release_seeds(torrent)
        self._selector.discard(torrent)

    def _release_seeds(self, torrent: str) -> None:
        self._kept_seeds.release(torrent, self._session.apply_settings, self._settings.close_redundant)

    def _limit_local_peers_too(self) -> None:
        """Puts every address into the global peer class. The rate limits apply to this class.

        By default, limits do not apply to peers in loopback and private networks.
        """
        self._session.set_peer_class_filter(everybody(1 << self._session.global_peer_class_id))

    # -- alerts ---------------------------------------------------------------------------------------------------

    def fileno(self) -> int:
        """The descriptor to poll. It is readable while alerts are queued."""
        return self._inbox.fileno()

    @recorded.of_session
    def pop_alerts(self) -> list[Alert]:
        """Drains the descriptor, then pops and copies all queued alerts."""
        copies = self._inbox.take()
        popped = self._native_log.without_log(self._session.pop_alerts())
        copies += [copy for native in popped if (copy := self._alerts.copy(native)) is not None]
        copies += self._alerts.take_more()
        self.recorder.alert(NO_ALERT)
        for alert in copies:
            if isinstance(alert, PrioritiesSet):
                self._release_seeds(alert.torrent)
                # The selection may have changed although none of libtorrent's counts has.
                if (handle := self._handles.by_torrent.get(alert.torrent)) is not None:
                    with contextlib.suppress(*FAULTS):  # on failure the next status update has the change
                        handle.post_status()
        return copies

    # -- torrents -------------------------------------------------------------------------------------------------

    @faults.of_desired
    @recorded.of_desired
    def add(
        self, desired: DesiredTorrent, *, metainfo: Metainfo, resume: bytes | None, parsed: object = None
    ) -> Loading:
        """Adds a torrent with its desired state. Raises InvalidSource, AlreadyThere."""
        params = parsed if parsed is not None else libtorrent_sources.parse(desired, metainfo=metainfo, resume=resume)
        choose = self._selector.priorities
        libtorrent_params.apply_desired(params, desired, resumed=resume is not None, choose=choose)
        libtorrent_params.spare(params, desired)
        complete = resume is not None and libtorrent_files.has_all_wanted(params)
        return self._add(desired.torrent, params, complete=complete)

    @faults.of_desired
    @recorded.of_desired
    def examine(self, desired: DesiredTorrent, *, metainfo: Metainfo, resume: bytes) -> Examined:
        """The claims of the resume data, without adding the torrent. Raises InvalidSource."""
        params = libtorrent_sources.parse(desired, metainfo=metainfo, resume=resume)
        before = params.file_priorities
        stored = libtorrent_params.stored(params, desired, before, self._selector.priorities)
        choose = self._selector.priorities
        libtorrent_params.apply_desired(params, desired, resumed=True, stored=stored, choose=choose)
        return libtorrent_claims.examine(params, (params, stored, before))

    @faults.of_desired
    @recorded.of_desired
    def describe(
        self, desired: DesiredTorrent, *, metainfo: Metainfo, resume: bytes | None
    ) -> tuple[Layout, Examined] | None:
        """The files of a torrent that is not loaded, and the claims of its resume data. Raises InvalidSource."""
        return libtorrent_claims.describe(desired, metainfo=metainfo, resume=resume, selector=self._selector)

    @faults.of_desired
    @recorded.of_desired
    def resume(
        self,
        desired: DesiredTorrent,
        *,
        metainfo: Metainfo,
        resume: bytes,
        verified: Verified | None = None,
        short: Mapping[int, int] = MappingProxyType({}),
        examined: Examined | None = None,
        seen: bool = False,
        files_known: bool = False,
    ) -> Loading | Unverified:
        """Adds a torrent from its resume data, or returns the pieces to verify first.

        Raises InvalidSource, AlreadyThere.
        """
        if examined is None:
            examined = self.examine(desired, metainfo=metainfo, resume=resume)
        parsed: Any = examined.parsed
        params, stored, before = parsed
        libtorrent_claims.disown(params, short)
        complete = examined.complete if not short else libtorrent_files.has_all_wanted(params)
        if verified is None:
            unverified = libtorrent_claims.unverified(
                params, before, complete=complete, metainfo=metainfo, resume=resume
            )
            if unverified is not None:
                return unverified
        elif libtorrent_claims.claim(params, verified):
            complete = libtorrent_files.has_all_wanted(params)
        if short or verified is not None:
            libtorrent_claims.settle_check(params)  # the removed claims may have left gaps
        if seen and complete and not short and len(examined.claimed) == params.ti.layout().num_files():
            # If there are other files than the claimed ones, libtorrent creates empty files and looks for a part file.
            params.flags |= _FLAGS.no_verify_files
        libtorrent_params.spare(params, desired)
        return self._add(
            desired.torrent, params, resumes=True, complete=complete, stored=stored, files_known=files_known
        )

    def _add(
        self,
        torrent: str,
        params: Any,
        *,
        complete: bool,
        resumes: bool = False,
        stored: DesiredTorrent | None = None,
        files_known: bool = False,
    ) -> Loading:
        layout = None
        if params.ti is not None and not files_known:
            layout = libtorrent_files.layout(params.ti, params.file_priorities, params.renamed_files, params)
        hashes = libtorrent_hashes.hashes(params.info_hashes)
        known = hashes.known()  # reading them is slow, and there may be 10,000 torrents to restore
        if (other := self._handles.rival(torrent, known)) is not None:
            raise self._already_there(other, hashes, proven=params.ti is not None)
        self._count_on(torrent, params)
        trackers, nameless = libtorrent_sources.take_trackers(params), params.ti is None
        self._alerts.expect(torrent, known, resumes=resumes, complete=complete)
        if torrent not in self._handles.by_torrent:
            if nameless:
                self._kept_seeds.keep(torrent, self._session.apply_settings)
            else:
                self._selections.begin_with(torrent, libtorrent_files.selected(params.ti, params.file_priorities))
        if trackers and torrent not in self._handles.by_torrent:
            self._trackers.hold(torrent, trackers)
        if (limits := self._caps.in_force(torrent)) is not None:
            params.download_limit, params.upload_limit = limits.download_bps or -1, limits.upload_bps or -1
        self.recorder.under_way(b"add", torrent)
        self._session.async_add_torrent(params)
        return Loading(complete, layout, stored, bool(trackers), nameless=nameless, hashes=hashes)

    def count_from(self, torrent: str, counted: tuple[int, int] | None) -> None:
        """Sets the start values of a torrent's totals, before the torrent is added; see `LibtSession`."""
        if counted is not None and not any(counted):
            self._counted.pop(torrent, None)
        elif torrent not in self._handles.by_torrent:
            self._counted[torrent] = counted

    def _count_on(self, torrent: str, params: Any) -> None:
        if torrent not in self._counted:
            return
        counted = self._counted.pop(torrent)
        if counted is not None:
            downloaded, uploaded = counted
            if downloaded > params.total_downloaded:
                params.total_downloaded = downloaded
            if uploaded > params.total_uploaded:
                params.total_uploaded = uploaded
            return
        found = CountersRead(
            torrent,
            downloaded=params.total_downloaded,
            uploaded=params.total_uploaded,
            active_s=params.active_time,
            seeding_s=params.finished_time,
            completed_s=params.completed_time,
            last_activity_s=max(params.last_upload, params.last_download),
        )
        if found != CountersRead(torrent, **_NO_HISTORY):
            self._inbox.put(found)

    def _already_there(self, other: str, hashes: Hashes, *, proven: bool) -> AlreadyThere:
        handle = self._handles.by_torrent.get(other)
        if not proven and handle is not None and handle.torrent_file() is not None:
            hashes, proven = libtorrent_hashes.hashes(handle.info_hashes()), True
        return AlreadyThere(other, hashes, proven=proven)

    @faults.of_torrent
    @recorded.of_torrent
    def remove(self, torrent: str, *, delete_files: bool) -> None:
        """Removes a torrent. Raises UnknownTorrent."""
        self._counted.pop(torrent, None)
        what = lt.session.delete_partfile | (lt.session.delete_files if delete_files else 0)
        self._remove(torrent, b"remove", what, with_files=delete_files)

    @faults.of_torrent
    @recorded.of_torrent
    def unload(self, torrent: str) -> None:
        """Removes a torrent from the session, but none of its files. Raises UnknownTorrent."""
        with contextlib.suppress(*FAULTS):  # on failure, the totals in the torrent's resume data are used
            status = self._handle(torrent).status(0)
            self._counted[torrent] = (status.all_time_download, status.all_time_upload)
        self._remove(torrent, b"unload", 0, with_files=False)

    def _remove(self, torrent: str, verb: bytes, what: int, *, with_files: bool) -> None:
        handle = self._handle(torrent)
        self._alerts.expect_removal(torrent, with_files=with_files)
        self.recorder.under_way(verb, torrent)
        try:
            self._session.remove_torrent(handle, what)
        except FAULTS:
            self._alerts.stays(torrent, handle)
            raise

    def torrents(self) -> Set[str]:
        """A view of the ids of the torrents that the session has. Copying the ids would take too long."""
        return self._handles.by_torrent.keys()

    @faults.of_torrent
    @recorded.of_torrent
    def call_peers(self, torrent: str) -> None:
        """Requests connections to a torrent's known peers, soon after the next request for statistics.

        Raises UnknownTorrent.
        """
        self._handle(torrent)
        self._peer_calls.ask(torrent)

    @faults.of_torrent
    @recorded.of_torrent
    def _call_peers_of(self, torrent: str) -> None:
        call_again(self._handle(torrent))

    @recorded.of_session
    def remove_unknown_torrents(self) -> int:
        """Removes unknown torrents from the session. Returns their number."""
        count = 0
        for handle in self._session.get_torrents():
            with contextlib.suppress(*FAULTS):  # the next call checks it again
                if not self._handles.expects(handle):
                    self._session.remove_torrent(handle)
                    count += 1
        return count

    # -- the session ----------------------------------------------------------------------------------------------

    @recorded.of_session
    def post_updates(self) -> None:
        """Requests the status of all torrents that have changed."""
        self._session.post_torrent_updates()

    @recorded.of_session
    def post_statistics(self) -> None:
        """Requests the session's counters."""
        self._session.post_session_stats()
        for torrent in self._peer_calls.turn(self._session.apply_settings, self._settings.max_failcount):
            if torrent in self._handles.by_torrent:
                with contextlib.suppress(TorrentFault, UnknownTorrent):  # libtorrent calls its peers later anyway
                    self._call_peers_of(torrent)

    @recorded.of_session
    def configure(self, settings: Mapping[str, SettingValue], *, download_bps: int, upload_bps: int) -> None:
        """Applies settings and limits. Settings that are no longer configured return to their defaults.

        Raises:
            InvalidSetting: nothing was applied.
        """
        checked = self._settings.take(settings)
        if self._kept_seeds:
            checked["close_redundant_connections"] = False
        self._session.apply_settings({**checked, "download_rate_limit": download_bps, "upload_rate_limit": upload_bps})

    @recorded.of_session
    def session_limits(self) -> tuple[int, int]:
        """Reads back the session's limits in bytes per second."""
        settings = self._session.get_settings()
        return settings["download_rate_limit"], settings["upload_rate_limit"]

    @recorded.of_session
    def stale_settings(self) -> dict[str, str]:
        """Settings with other values than configured, each with a text. Temporary changes are left out."""
        changed = {"close_redundant_connections": bool(self._kept_seeds), "max_failcount": bool(self._peer_calls)}
        return self._settings.stale(self._session.get_settings(), but=[name for name, now in changed.items() if now])

    @recorded.of_session
    def listen_port(self) -> int:
        """The TCP listening port; 0 if there is none."""
        return int(self._session.listen_port())

    def network_cpu_s(self) -> float | None:
        """The CPU time of the network thread; None if it is unknown."""
        return self._network_thread.cpu_s()

    @recorded.of_session
    def suspend(self) -> None:
        """Permanently stops all transfers. Flushing and saving still work."""
        self._session.pause()

    @recorded.of_session
    def close(self) -> None:
        """Ends the session."""
        self._selector.close()
        self._let_go()
        self._session.pause()
        del self._session
        self._inbox.close()
