"""The real side of the session port, and the only module that imports libtorrent.

Longer than most files here, because all that is known of libtorrent's Python binding is kept in this one place. What
the binding does that one would not expect is said where it is worked around; tests hold each of these.
"""

import socket
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

import libtorrent

from engine_proc import selection, session_settings
from engine_proc.alerts import (
    Alert,
    AlertsLost,
    FileFinished,
    Finished,
    Flushed,
    ListenTrouble,
    MetadataReceived,
    NativeState,
    NativeStateChanged,
    PrioritiesSet,
    ResumeData,
    ResumeRejected,
    ResumeUnsaved,
    SessionStatistics,
    StatusUpdate,
    TorrentAdded,
    TorrentGone,
    TorrentStatus,
    TorrentTrouble,
)
from engine_proc.session_port import (
    Applied,
    InvalidSource,
    Layout,
    Loading,
    SettingValue,
    SourceInfo,
    UnknownTorrent,
)
from protocol.desired import DesiredTorrent
from protocol.events import FileEntry

lt: Any = libtorrent
"""Untyped: the binding's stubs want class instances where the binding itself takes dictionaries."""

LIBTORRENT_VERSION: Final[str] = libtorrent.__version__

METAINFO_LIMITS: Final = {
    "max_buffer_size": 16 * 1024 * 1024,
    "max_pieces": 1_000_000,
    "max_decode_depth": 100,
    "max_decode_tokens": 4_000_000,
}
RESUME_LIMITS: Final = {**METAINFO_LIMITS, "max_buffer_size": 64 * 1024 * 1024}

_NOT_MODIFIED: Final = 143
_CATEGORIES: Final = lt.alert.category_t
_ALERT_MASK: Final = int(
    _CATEGORIES.error_notification
    | _CATEGORIES.status_notification
    | _CATEGORIES.storage_notification
    | _CATEGORIES.file_progress_notification
)
_FLAGS: Final = lt.torrent_flags
_STATES: Final = {getattr(lt.torrent_status.states, state.value): state for state in NativeState}
_FLUSHES_PER_BARRIER: Final = 2
"""`cache_flushed` also comes once by itself when a torrent finishes. Of two requests made now, the second alert to
arrive answers one of them at the least, whether or not the stray one was first."""


def check_settings(wanted: Mapping[str, SettingValue], torrents: int) -> dict[str, SettingValue]:
    """`session_settings.checked` against this libtorrent. Raises InvalidSetting."""
    return session_settings.checked(wanted, lt.default_settings(), torrents=torrents)


class LibtorrentSession:
    """A libtorrent session whose limits hold for every peer, the ones on the local network too.

    Args:
        settings: libtorrent's, by their own names.
        download_bps, upload_bps: limits of all torrents together, 0 for none.
        torrents: how many are expected, to size the alert queue by.

    Raises:
        InvalidSetting: and then no session was made.
    """

    def __init__(
        self, settings: Mapping[str, SettingValue], *, download_bps: int, upload_bps: int, torrents: int
    ) -> None:
        self._torrents_expected = torrents
        checked = check_settings(settings, torrents)
        self._close_redundant = checked.get("close_redundant_connections", True)
        checked |= {"download_rate_limit": download_bps, "upload_rate_limit": upload_bps, "alert_mask": _ALERT_MASK}
        self._session = lt.session(checked)
        self._limit_local_peers_too()
        self._handles: dict[str, Any] = {}
        self._ids: dict[Any, str] = {}
        self._expected: set[str] = set()
        self._flushes: dict[str, int] = {}
        self._ruled: set[str] = set()
        self._deleting: dict[str, str | None] = {}
        self._removed: set[str] = set()
        # libtorrent writes one byte on the edge from empty to not empty: too few for an eventfd.
        self._alert_socket, self._native_socket = socket.socketpair()
        self._alert_socket.setblocking(False)
        self._native_socket.setblocking(False)
        self._session.set_alert_fd(self._native_socket.fileno())

    def _limit_local_peers_too(self) -> None:
        """Puts every address into the global peer class; without this, limits spare loopback and private networks."""
        everyone = 1 << self._session.global_peer_class_id
        peer_classes = lt.ip_filter()
        peer_classes.add_rule("0.0.0.0", "255.255.255.255", everyone)  # noqa: S104  # a range of addresses, not a bind
        peer_classes.add_rule("::", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", everyone)
        self._session.set_peer_class_filter(peer_classes)

    # -- alerts ---------------------------------------------------------------------------------------------------

    def fileno(self) -> int:
        """Readable while alerts wait."""
        return self._alert_socket.fileno()

    def pop_alerts(self) -> list[Alert]:
        """All alerts that wait, copied while they live; the descriptor is drained first."""
        try:
            while self._alert_socket.recv(4096):
                pass
        except BlockingIOError:
            pass
        copies = []
        for native in self._session.pop_alerts():
            copy = _COPIERS.get(type(native))
            if copy is not None and (alert := copy(self, native)) is not None:
                copies.append(alert)
        return copies

    def _id(self, native: Any) -> str | None:
        return self._ids.get(native.handle)

    def _known(self, info_hashes: Any) -> str | None:
        """The id of the torrent with these hashes; a magnet link may have named it by its v2 hash alone."""
        return next((key for key in (str(info_hashes.v1), str(info_hashes.v2)) if key in self._expected), None)

    def _copy_status_update(self, native: Any) -> Alert:
        rows = []
        for status in native.status:
            torrent = self._ids.get(status.handle)
            if torrent is not None:
                rows.append(_copy_status(torrent, status))
        return StatusUpdate(rows)

    def _copy_added(self, native: Any) -> Alert | None:
        torrent = self._known(native.params.info_hashes)
        if torrent is None:
            return None
        if native.error.value():
            self._drop(torrent)
            return TorrentAdded(torrent, native.error.message())
        self._handles[torrent] = native.handle
        self._ids[native.handle] = torrent
        return TorrentAdded(torrent, None)

    def _copy_removed(self, native: Any) -> Alert | None:
        torrent = self._known(native.info_hashes)
        if torrent is None:
            return None
        self._removed.add(torrent)
        return self._gone(torrent)

    def _copy_deleted(self, native: Any) -> Alert | None:
        torrent = self._known(native.info_hashes)
        return None if torrent is None else self._deletion_ended(torrent, None)

    def _copy_delete_failed(self, native: Any) -> Alert | None:
        torrent = self._known(native.info_hashes)
        if torrent is None:
            return None
        # A torrent that never had files "fails" with success.
        return self._deletion_ended(torrent, native.error.message() if native.error.value() else None)

    def _deletion_ended(self, torrent: str, problem: str | None) -> Alert | None:
        if torrent in self._deleting:
            self._deleting[torrent] = problem or ""
        return self._gone(torrent)

    def _gone(self, torrent: str) -> Alert | None:
        """Gone is what was removed and, where asked for, has its files deleted; the alerts come in any order."""
        if torrent not in self._removed or (torrent in self._deleting and self._deleting[torrent] is None):
            return None
        self._removed.discard(torrent)
        problem = self._deleting.pop(torrent, None)
        self._drop(torrent)
        return TorrentGone(torrent, problem or None)

    def _drop(self, torrent: str) -> None:
        handle = self._handles.pop(torrent, None)
        if handle is not None:
            self._ids.pop(handle, None)
        self._expected.discard(torrent)
        self._flushes.pop(torrent, None)
        self._release_peers_for(torrent)

    def _copy_flushed(self, native: Any) -> Alert | None:
        torrent = self._id(native)
        if torrent is None or torrent not in self._flushes:
            return None
        self._flushes[torrent] -= 1
        if self._flushes[torrent] > 0:
            return None
        del self._flushes[torrent]
        return Flushed(torrent)

    def _keep_peers_for(self, torrent: str) -> None:
        """Holds on to seeds while a magnet link with rules waits for its metadata.

        Until its rules have been applied nothing of it is wanted, so libtorrent takes it for finished, hangs up on
        seeds as redundant, and does not call them again for a minute.
        """
        self._ruled.add(torrent)
        self._session.apply_settings({"close_redundant_connections": False})

    def _release_peers_for(self, torrent: str) -> None:
        if torrent in self._ruled:
            self._ruled.discard(torrent)
            if not self._ruled:
                self._session.apply_settings({"close_redundant_connections": self._close_redundant})

    def _copy_priorities_set(self, native: Any) -> Alert | None:
        torrent = self._id(native)
        if torrent is None:
            return None
        self._release_peers_for(torrent)
        return PrioritiesSet(torrent)

    def _copy_resume_data(self, native: Any) -> Alert | None:
        torrent = self._id(native)
        return None if torrent is None else ResumeData(torrent, lt.write_resume_data_buf(native.params))

    def _copy_resume_unsaved(self, native: Any) -> Alert | None:
        torrent = self._id(native)
        if torrent is None:
            return None
        return ResumeUnsaved(torrent, None if native.error.value() == _NOT_MODIFIED else native.error.message())

    def _copy_statistics(self, native: Any) -> Alert:
        values = native.values
        return SessionStatistics(
            downloaded=values["net.recv_payload_bytes"],
            uploaded=values["net.sent_payload_bytes"],
            peers=values["peer.num_peers_connected"],
        )

    # -- torrents -------------------------------------------------------------------------------------------------

    def inspect(self, *, magnet: str | None, metainfo: bytes | None) -> SourceInfo:
        """What a source is. Raises InvalidSource."""
        params = _parse_magnet(magnet) if magnet is not None else _parse_metainfo(metainfo or b"")
        try:
            name = params.ti.name() if params.ti is not None else params.name
        except UnicodeDecodeError as error:
            raise InvalidSource("the name is not UTF-8") from error
        return SourceInfo(_hash_of(params.info_hashes), name)

    def add(self, desired: DesiredTorrent, *, metainfo: bytes | None, resume: bytes | None) -> Loading:
        """Adds a torrent as desired. Raises InvalidSource."""
        if resume is not None:
            params = _parse_resume(resume)
            if params.ti is None and metainfo is not None:
                params.ti = _parse_metainfo(metainfo).ti
        elif metainfo is not None:
            params = _parse_metainfo(metainfo)
        else:
            params = _parse_magnet(desired.magnet or "")
        _apply_desired(params, desired, resumed=resume is not None)
        self._expected.add(desired.torrent)
        if params.flags & _FLAGS.default_dont_download:
            self._keep_peers_for(desired.torrent)
        self._session.async_add_torrent(params)
        layout = None if params.ti is None else _layout(params.ti, params.file_priorities)
        return Loading(complete=resume is not None and _has_all_wanted(params), layout=layout)

    def remove(self, torrent: str, *, delete_files: bool) -> None:
        """Removes a torrent. Raises UnknownTorrent."""
        handle = self._handle(torrent)
        if delete_files:
            self._deleting[torrent] = None
            self._session.remove_torrent(handle, lt.session.delete_files | lt.session.delete_partfile)
        else:
            self._session.remove_torrent(handle, lt.session.delete_partfile)

    def torrents(self) -> frozenset[str]:
        """The ids of the torrents that the session has."""
        return frozenset(self._handles)

    def set_paused(self, torrent: str, paused: bool) -> None:
        """Pauses, or lets run. Raises UnknownTorrent."""
        handle = self._handle(torrent)
        if paused:
            handle.pause()
        else:
            handle.clear_error()
            handle.resume()

    def set_sequential(self, torrent: str, sequential: bool) -> None:
        """Pieces in order, or rarest first. Raises UnknownTorrent."""
        handle = self._handle(torrent)
        if sequential:
            handle.set_flags(_FLAGS.sequential_download)
        else:
            handle.unset_flags(_FLAGS.sequential_download)

    def set_limits(self, torrent: str, download_bps: int, upload_bps: int) -> None:
        """Rate limits of one torrent, 0 for none. Raises UnknownTorrent."""
        handle = self._handle(torrent)
        handle.set_download_limit(download_bps)
        handle.set_upload_limit(upload_bps)

    def set_selection(self, torrent: str, desired: DesiredTorrent) -> bool:
        """Priorities as the selection has them. Raises UnknownTorrent."""
        handle = self._handle(torrent)
        info = handle.torrent_file()
        if info is None:
            if desired.selection.include or desired.selection.exclude or desired.selection.skip_fluff:
                handle.set_flags(_FLAGS.default_dont_download)
                self._keep_peers_for(torrent)
            return False
        handle.prioritize_files(_priorities(info.layout(), desired))
        return True

    def connect(self, torrent: str, peers: Sequence[str]) -> None:
        """Connects to peers given as `address:port`. Raises UnknownTorrent."""
        handle = self._handle(torrent)
        for peer in peers:
            handle.connect_peer(_endpoint(peer))

    def applied(self, torrent: str) -> Applied:
        """Reads back what is applied. Raises UnknownTorrent."""
        handle = self._handle(torrent)
        flags = handle.flags()
        return Applied(
            paused=bool(flags & _FLAGS.paused),
            sequential=bool(flags & _FLAGS.sequential_download),
            download_bps=max(0, handle.download_limit()),
            upload_bps=max(0, handle.upload_limit()),
        )

    def layout(self, torrent: str) -> Layout | None:
        """The torrent's files, None while there is no metadata. Raises UnknownTorrent."""
        handle = self._handle(torrent)
        info = handle.torrent_file()
        return None if info is None else _layout(info, handle.get_file_priorities())

    def file_progress(self, torrent: str) -> list[int]:
        """Bytes done of each file by index. Raises UnknownTorrent."""
        handle = self._handle(torrent)
        return [int(done) for done in handle.file_progress(flags=handle.piece_granularity)]

    def flush(self, torrent: str) -> None:
        """Writes out the torrent's write cache. Raises UnknownTorrent."""
        handle = self._handle(torrent)
        self._flushes[torrent] = _FLUSHES_PER_BARRIER
        for _ in range(_FLUSHES_PER_BARRIER):
            handle.flush_cache()

    def save_resume(self, torrent: str, *, only_if_modified: bool) -> None:
        """Asks for resume data, the info dictionary in it. Raises UnknownTorrent."""
        flags = lt.save_resume_flags_t.save_info_dict
        if only_if_modified:
            flags |= lt.save_resume_flags_t.only_if_modified
        self._handle(torrent).save_resume_data(flags)

    def _handle(self, torrent: str) -> Any:
        handle = self._handles.get(torrent)
        if handle is None:
            raise UnknownTorrent(torrent)
        return handle

    # -- the session ----------------------------------------------------------------------------------------------

    def post_updates(self) -> None:
        """Asks for the changed status of all torrents."""
        self._session.post_torrent_updates()

    def post_statistics(self) -> None:
        """Asks for the session's counters."""
        self._session.post_session_stats()

    def configure(self, settings: Mapping[str, SettingValue], *, download_bps: int, upload_bps: int) -> None:
        """Applies settings and limits. Raises InvalidSetting, and then nothing was applied."""
        checked = check_settings(settings, self._torrents_expected)
        self._close_redundant = checked.get("close_redundant_connections", True)
        if self._ruled:
            checked["close_redundant_connections"] = False
        self._session.apply_settings({**checked, "download_rate_limit": download_bps, "upload_rate_limit": upload_bps})

    def session_limits(self) -> tuple[int, int]:
        """Reads back the session's limits in bytes per second."""
        settings = self._session.get_settings()
        return settings["download_rate_limit"], settings["upload_rate_limit"]

    def listen_port(self) -> int:
        """The TCP port that is listened on, 0 for none."""
        return int(self._session.listen_port())

    def suspend(self) -> None:
        """Stops all transfers."""
        self._session.pause()

    def close(self) -> None:
        """Ends the session."""
        self._handles.clear()
        self._ids.clear()
        self._session.pause()
        del self._session
        self._alert_socket.close()
        self._native_socket.close()


_Copier = Callable[[LibtorrentSession, Any], Alert | None]


def _of_torrent(make: Callable[[str, Any], Alert]) -> _Copier:
    """A copier for alerts that matter only while their torrent is known."""

    def copy(session: LibtorrentSession, native: Any) -> Alert | None:
        torrent = session._id(native)
        return None if torrent is None else make(torrent, native)

    return copy


_COPIERS: Final[Mapping[type, _Copier]] = {
    lt.state_update_alert: LibtorrentSession._copy_status_update,
    lt.add_torrent_alert: LibtorrentSession._copy_added,
    lt.torrent_removed_alert: LibtorrentSession._copy_removed,
    lt.torrent_deleted_alert: LibtorrentSession._copy_deleted,
    lt.torrent_delete_failed_alert: LibtorrentSession._copy_delete_failed,
    lt.cache_flushed_alert: LibtorrentSession._copy_flushed,
    lt.save_resume_data_alert: LibtorrentSession._copy_resume_data,
    lt.save_resume_data_failed_alert: LibtorrentSession._copy_resume_unsaved,
    lt.session_stats_alert: LibtorrentSession._copy_statistics,
    lt.alerts_dropped_alert: lambda _, native: AlertsLost(),
    lt.listen_failed_alert: lambda _, native: ListenTrouble(native.message()),
    lt.state_changed_alert: _of_torrent(lambda torrent, native: NativeStateChanged(torrent, _STATES[native.state])),
    lt.metadata_received_alert: _of_torrent(lambda torrent, native: MetadataReceived(torrent)),
    lt.torrent_finished_alert: _of_torrent(lambda torrent, native: Finished(torrent)),
    lt.file_completed_alert: _of_torrent(lambda torrent, native: FileFinished(torrent, native.index)),
    lt.file_prio_alert: LibtorrentSession._copy_priorities_set,
    lt.fastresume_rejected_alert: _of_torrent(
        lambda torrent, native: ResumeRejected(torrent, f"{native.error.message()}: {native.file_path()}")
    ),
    lt.torrent_error_alert: _of_torrent(
        lambda torrent, native: TorrentTrouble(torrent, native.message().partition("ERROR: ")[2] or native.message())
    ),
}


def _copy_status(torrent: str, status: Any) -> TorrentStatus:
    return TorrentStatus(
        torrent,
        state=_STATES[status.state],
        paused=bool(status.flags & _FLAGS.paused),
        progress=status.progress,
        done=status.total_wanted_done,
        wanted=status.total_wanted,
        size=status.total,
        downloaded=status.all_time_download,
        uploaded=status.all_time_upload,
        wasted=status.total_failed_bytes + status.total_redundant_bytes,
        download_bps=status.download_payload_rate,
        upload_bps=status.upload_payload_rate,
        peers=status.num_peers,
        seeds=status.num_seeds,
        error=status.errc.message() if status.errc.value() else None,
    )


def _hash_of(info_hashes: Any) -> str:
    """Ouzel's id for a torrent: v1 where it has one (40 digits), else v2 (64 digits)."""
    return str(info_hashes.v1 if info_hashes.has_v1() else info_hashes.v2)


def _parse_magnet(magnet: str) -> Any:
    try:
        return lt.parse_magnet_uri(magnet)
    except UnicodeDecodeError as error:
        raise InvalidSource("a percent-encoded part is not UTF-8") from error
    except RuntimeError as error:
        raise InvalidSource(str(error)) from error


def _parse_metainfo(metainfo: bytes) -> Any:
    try:
        return lt.load_torrent_buffer(metainfo, METAINFO_LIMITS)
    except RuntimeError as error:
        raise InvalidSource(str(error)) from error


def _parse_resume(resume: bytes) -> Any:
    try:
        return lt.read_resume_data(resume, RESUME_LIMITS)
    except RuntimeError as error:
        raise InvalidSource(str(error)) from error


def _apply_desired(params: Any, desired: DesiredTorrent, *, resumed: bool) -> None:
    """Makes the parameters say what is desired, whatever they said before."""
    params.save_path = desired.save_path
    params.download_limit = desired.download_bps or -1
    params.upload_limit = desired.upload_bps or -1
    flags = _FLAGS.update_subscribe | _FLAGS.apply_ip_filter | _FLAGS.duplicate_is_error
    if desired.paused:
        flags |= _FLAGS.paused
    if desired.sequential:
        flags |= _FLAGS.sequential_download
    if desired.seed_mode and not resumed:
        flags |= _FLAGS.seed_mode
    rules = desired.selection
    if params.ti is not None:
        params.file_priorities = _priorities(params.ti.layout(), desired)
    elif rules.include or rules.exclude or rules.skip_fluff or rules.priorities:
        # Nothing may be fetched between the arrival of the metadata and the moment the rules have been applied to it.
        flags |= _FLAGS.default_dont_download
    params.flags = flags
    params.peers = [*params.peers, *(_endpoint(peer) for peer in desired.peers)]
    for tracker in desired.trackers:
        if tracker not in params.trackers:
            params.trackers = [*params.trackers, tracker]
    params.url_seeds = [*params.url_seeds, *(url for url in desired.web_seeds if url not in params.url_seeds)]


def _layout(info: Any, priorities: Sequence[int]) -> Layout:
    storage = info.layout()
    return Layout(
        name=info.name(),
        size=info.total_size(),
        piece_length=info.piece_length(),
        files=[
            FileEntry(
                index=index,
                path=storage.file_path(index),
                size=storage.file_size(index),
                priority=int(priorities[index]) if index < len(priorities) else selection.DEFAULT,
            )
            for index in range(storage.num_files())
            if not storage.file_flags(index) & storage.flag_pad_file
        ],
    )


def _priorities(storage: Any, desired: DesiredTorrent) -> list[int]:
    paths = [storage.file_path(index) for index in range(storage.num_files())]
    return selection.priorities(paths, desired.selection, rooted=any("/" in path for path in paths))


def _has_all_wanted(params: Any) -> bool:
    """Whether the resume data has every piece of every wanted file. `have_pieces` is padded to whole bytes."""
    if params.ti is None:
        return False
    storage, have = params.ti.layout(), params.have_pieces
    if len(have) < storage.num_pieces():
        return False
    for index in range(storage.num_files()):
        size = storage.file_size(index)
        if size == 0 or params.file_priorities[index] == selection.UNWANTED:
            continue
        first = storage.piece_index_at_file(index)
        last = (storage.file_offset(index) + size - 1) // storage.piece_length()
        if not all(have[first : last + 1]):
            return False
    return True


def _endpoint(peer: str) -> tuple[str, int]:
    host, _, port = peer.rpartition(":")
    return host.strip("[]"), int(port)
