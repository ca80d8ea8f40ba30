"""The real side of the session port: a libtorrent session.

Together with `libtorrent_params`, `libtorrent_claims` and `libtorrent_alerts` it is all that imports libtorrent.

Longer than most files here: it has a method for each of the port's, and no decisions.
"""

import contextlib
import itertools
import socket
from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, Final

import libtorrent

from engine_proc.files import magnet_link
from engine_proc.files.selector import Selector
from engine_proc.native import libtorrent_claims, libtorrent_params
from engine_proc.native.libtorrent_alerts import ALERT_MASK, FLUSHES_PER_BARRIER, AlertCopier
from engine_proc.resume.pieces import Examined, Unverified, Verified
from engine_proc.session import faults, recorded, session_settings
from engine_proc.session.alerts import Alert, Flushed, Historied, PrioritiesSet, Selected
from engine_proc.session.session_port import (
    FAULTS,
    AlreadyThere,
    Applied,
    Hashes,
    InvalidSource,
    Layout,
    Loading,
    Metainfo,
    SettingValue,
    SourceInfo,
    TorrentFault,
    TrackerState,
    UnknownTorrent,
)
from engine_proc.trackers import announce_entries
from engine_proc.trackers.held_trackers import HeldTrackers
from protocol.internal.flight_recorder import FLIGHT_BYTES, NO_ALERT, FlightRecorder
from protocol.internal.link import TrackerReading
from protocol.wire.desired import DesiredTorrent

lt: Any = libtorrent
"""Untyped: the binding's stubs want class instances where the binding itself takes dictionaries."""

LIBTORRENT_VERSION: Final[str] = libtorrent.__version__

_FLAGS: Final = lt.torrent_flags
_FAILCOUNTS: Final = (31, 30)
"""How often a peer may have failed while known peers are called; libtorrent counts no further than 31."""
_UNLIMITED: Final = 2**24 - 1
"""libtorrent's number of connections of a torrent that has no limit."""
_CALLED_AT_ONCE: Final = 200
"""Torrents whose peers are called in one turn; each takes some round trips into libtorrent."""
_CALLING_TURNS: Final = 12
"""Each a request for statistics: at four a second, long enough for libtorrent to have called some dozen peers."""
_NO_HISTORY: Final = dict.fromkeys(Historied.__struct_fields__[1:], 0)
_QUERY_SAVE_PATH: Final = 1 << 7
"""`torrent_handle::query_save_path`, which the binding does not name; its default asks for all pieces, too."""


def check_settings(
    wanted: Mapping[str, SettingValue], torrents: int, before: Iterable[str] = ()
) -> dict[str, SettingValue]:
    """`session_settings.checked` against this libtorrent. Raises InvalidSetting."""
    return session_settings.checked(wanted, lt.default_settings(), torrents=torrents, before=before)


def problems_of_settings(wanted: Mapping[str, SettingValue]) -> dict[str, str]:
    """`session_settings.problems` by this libtorrent."""
    return session_settings.problems(wanted, lt.default_settings())


def describe(
    desired: DesiredTorrent, *, metainfo: Metainfo, resume: bytes | None, selector: Selector | None = None
) -> tuple[Layout, Examined] | None:
    """What is stored of a torrent, without a session; see `LibtSession.describe`. Raises InvalidSource.

    Rules that take long, and are not known to the selector, leave no file out.
    """
    choose = (selector or Selector(lambda torrent, problem: None)).priorities_at_hand
    params = libtorrent_params.load(desired, metainfo=metainfo, resume=resume, choose=choose)
    if params.ti is None:
        return None
    layout = libtorrent_params.layout(params.ti, params.file_priorities, params.renamed_files)
    return layout, libtorrent_claims.examine(params)


class LibtorrentSession:
    """A libtorrent session whose limits hold for every peer, the ones on the local network too.

    Args:
        settings: libtorrent's, by their own names.
        download_bps, upload_bps: limits of all torrents together, 0 for none.
        torrents: how many are expected, to size the alert queue by.
        recorder: is told what is about to be asked of libtorrent; None for one that nobody reads.

    Raises:
        InvalidSetting: and then no session was made.
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
        self.recorder = recorder or FlightRecorder(bytearray(FLIGHT_BYTES))
        self._torrents_expected = torrents
        checked = check_settings(settings, torrents)
        self._named = set(settings)
        self._close_redundant = checked.get("close_redundant_connections", True)
        self._max_failcount = checked.get("max_failcount", lt.default_settings()["max_failcount"])
        checked |= {"download_rate_limit": download_bps, "upload_rate_limit": upload_bps, "alert_mask": ALERT_MASK}
        outer = self.recorder.begin(b"session")
        self._session = lt.session(checked)
        self._limit_local_peers_too()
        self.recorder.end(outer)
        self._trackers = HeldTrackers()
        self._selector = Selector(self._selected)
        self._alerts = self._copier()
        self._awaiting_metadata: set[str] = set()
        self._to_call: dict[str, None] = {}
        self._calling = 0
        """For how many turns `max_failcount` is another one than it should be."""
        self._failcount = _FAILCOUNTS[0]
        self._own_alerts: deque[Alert] = deque()
        self._counted: dict[str, tuple[int, int] | None] = {}
        """What torrents count on from that are to be added; None where what they have counted is to be told."""
        # libtorrent writes one byte on the edge from empty to not empty: too few for an eventfd.
        self._alert_socket, self._native_socket = socket.socketpair()
        self._alert_socket.setblocking(False)
        self._native_socket.setblocking(False)
        self._session.set_alert_fd(self._native_socket.fileno())

    def _copier(self) -> AlertCopier:
        return AlertCopier(on_dropped=self._dropped, trackers=self._trackers, recorder=self.recorder)

    def _dropped(self, torrent: str) -> None:
        self._release_peers_for(torrent)
        self._selector.forget(torrent)

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

    @recorded.of_session
    def pop_alerts(self) -> list[Alert]:
        """All alerts that wait, copied while they live; the descriptor is drained first."""
        try:
            while self._alert_socket.recv(4096):
                pass
        except BlockingIOError:
            pass
        copies = [self._own_alerts.popleft() for _ in range(len(self._own_alerts))]
        copies += [copy for native in self._session.pop_alerts() if (copy := self._alerts.copy(native)) is not None]
        copies += self._alerts.take_faulted()
        self.recorder.alert(NO_ALERT)
        for alert in copies:
            if isinstance(alert, PrioritiesSet):
                self._release_peers_for(alert.torrent)
                # What is wanted may have changed while nothing that libtorrent counts did.
                if (handle := self._alerts.handles.get(alert.torrent)) is not None:
                    with contextlib.suppress(*FAULTS):  # then the next change tells
                        handle.post_status()
        return copies

    def _selected(self, torrent: str, problem: str | None) -> None:
        """Called on the selector's thread."""
        self._tell(Selected(torrent, problem))

    def _tell(self, alert: Alert) -> None:
        """Has an alert of our own popped soon."""
        self._own_alerts.append(alert)
        with contextlib.suppress(BlockingIOError):  # where there is that much to read already, it will be read
            self._native_socket.send(b"\0")

    def _keep_peers_for(self, torrent: str) -> None:
        """Holds on to seeds while a magnet link waits for its metadata.

        Until its selection has been applied nothing of it is wanted, so libtorrent takes it for finished, hangs up on
        seeds as redundant, and does not call them again for a while.
        """
        self._awaiting_metadata.add(torrent)
        self._session.apply_settings({"close_redundant_connections": False})

    def _release_peers_for(self, torrent: str) -> None:
        if torrent in self._awaiting_metadata:
            self._awaiting_metadata.discard(torrent)
            if not self._awaiting_metadata:
                self._session.apply_settings({"close_redundant_connections": self._close_redundant})

    # -- torrents -------------------------------------------------------------------------------------------------

    @recorded.of_session
    def inspect(self, *, magnet: str | None, metainfo: bytes | None, save_path: str | None = None) -> SourceInfo:
        """What a source is. Raises InvalidSource."""
        try:
            return self._inspect(magnet, metainfo, save_path)
        except FAULTS as error:
            raise InvalidSource(faults.problem("libtorrent failed at it", error)) from error

    @staticmethod
    def _inspect(magnet: str | None, metainfo: bytes | None, save_path: str | None) -> SourceInfo:
        only = None
        if magnet is not None:
            params = libtorrent_params.parse_magnet(magnet)
            only = magnet_link.read(magnet).only
        else:
            params = libtorrent_params.parse_metainfo(metainfo or b"")
        metadata = None if params.ti is None else libtorrent_params.known(params.ti)
        name = params.name if metadata is None else metadata.name
        paths: Sequence[str] = ()
        if save_path is not None:
            params.save_path = save_path
            paths = libtorrent_params.paths(params)
            libtorrent_params.check_paths(paths)
        hashes = Hashes(*libtorrent_params.both_hashes(params.info_hashes))
        parsed = params if magnet is None and save_path is not None else None
        return SourceInfo(libtorrent_params.hash_of(params.info_hashes), name, paths, metadata, only, hashes, parsed)

    @faults.of_desired
    @recorded.of_desired
    def add(
        self, desired: DesiredTorrent, *, metainfo: Metainfo, resume: bytes | None, parsed: object = None
    ) -> Loading:
        """Adds a torrent as desired. Raises InvalidSource, AlreadyThere."""
        params = parsed if parsed is not None else libtorrent_params.parse(desired, metainfo=metainfo, resume=resume)
        choose = self._selector.priorities
        libtorrent_params.apply_desired(params, desired, resumed=resume is not None, choose=choose)
        libtorrent_params.spare(params, desired)
        complete = resume is not None and libtorrent_params.has_all_wanted(params)
        return self._add(desired.torrent, params, complete=complete)

    @faults.of_desired
    @recorded.of_desired
    def examine(self, desired: DesiredTorrent, *, metainfo: Metainfo, resume: bytes) -> Examined:
        """What the resume data claims. Raises InvalidSource."""
        params = libtorrent_params.parse(desired, metainfo=metainfo, resume=resume)
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
        """The files of a torrent that is not loaded, and what its resume data claims. Raises InvalidSource."""
        return describe(desired, metainfo=metainfo, resume=resume, selector=self._selector)

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
        """Adds a torrent from its resume data, unless there is something to look at first.

        Raises InvalidSource, AlreadyThere.
        """
        if examined is None:
            examined = self.examine(desired, metainfo=metainfo, resume=resume)
        parsed: Any = examined.parsed
        params, stored, before = parsed
        libtorrent_claims.disown(params, short)
        complete = examined.complete if not short else libtorrent_params.has_all_wanted(params)
        if verified is None:
            unverified = libtorrent_claims.unverified(
                params, before, complete=complete, metainfo=metainfo, resume=resume
            )
            if unverified is not None:
                return unverified
        elif libtorrent_claims.claim(params, verified):
            complete = libtorrent_params.has_all_wanted(params)
        if short or verified is not None:
            libtorrent_claims.settle_check(params)  # what was dropped may have left gaps
        if seen and complete and not short and len(examined.claimed) == params.ti.layout().num_files():
            # Where there is more than claimed files, libtorrent makes those that are empty, and looks for a part file.
            params.flags |= _FLAGS.no_verify_files
        libtorrent_params.spare(params, desired)
        return self._add(desired.torrent, params, complete=complete, stored=stored, files_known=files_known)

    def _add(
        self,
        torrent: str,
        params: Any,
        *,
        complete: bool,
        stored: DesiredTorrent | None = None,
        files_known: bool = False,
    ) -> Loading:
        layout = None
        if params.ti is not None and not files_known:
            layout = libtorrent_params.layout(params.ti, params.file_priorities, params.renamed_files)
        hashes = Hashes(*libtorrent_params.both_hashes(params.info_hashes))
        known = hashes.known()  # to read them is slow, and there may be ten thousand torrents to restore
        if (other := self._alerts.rival(torrent, known)) is not None:
            raise self._already_there(other, hashes, proven=params.ti is not None)
        self._count_on(torrent, params)
        trackers, nameless = libtorrent_params.take_trackers(params), params.ti is None
        self._alerts.expect(torrent, known, complete=complete)
        if torrent not in self._alerts.handles:
            if nameless:
                self._keep_peers_for(torrent)
            else:
                self._alerts.begin_with(torrent, libtorrent_params.selected(params.ti, params.file_priorities))
        if trackers and torrent not in self._alerts.handles:
            self._trackers.hold(torrent, trackers)
        self.recorder.under_way(b"add", torrent)
        self._session.async_add_torrent(params)
        return Loading(complete, layout, stored, bool(trackers), nameless=nameless, hashes=hashes)

    def count_from(self, torrent: str, counted: tuple[int, int] | None) -> None:
        """What a torrent counts on from once it is added; see `LibtSession`."""
        if counted is not None and not any(counted):
            self._counted.pop(torrent, None)
        elif torrent not in self._alerts.handles:
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
        found = Historied(
            torrent,
            downloaded=params.total_downloaded,
            uploaded=params.total_uploaded,
            active_s=params.active_time,
            seeding_s=params.finished_time,
            completed_s=params.completed_time,
            last_activity_s=max(params.last_upload, params.last_download),
        )
        if found != Historied(torrent, **_NO_HISTORY):
            self._tell(found)

    def _already_there(self, other: str, hashes: Hashes, *, proven: bool) -> AlreadyThere:
        handle = self._alerts.handles.get(other)
        if not proven and handle is not None and handle.torrent_file() is not None:
            hashes, proven = Hashes(*libtorrent_params.both_hashes(handle.info_hashes())), True
        return AlreadyThere(other, hashes, proven=proven)

    @faults.of_torrent
    @recorded.of_torrent
    def release_trackers(self, torrent: str) -> None:
        """Gives a torrent its trackers. Raises UnknownTorrent."""
        handle = self._handle(torrent)
        trackers = self._trackers.give(torrent)
        if trackers is not None:
            handle.replace_trackers([{"url": url, "tier": tier} for url, tier in trackers])

    def held_trackers(self, torrent: str) -> Sequence[tuple[str, int]]:
        """The trackers that `release_trackers` has yet to give to a torrent."""
        return self._trackers.held(torrent)

    @faults.of_torrent
    @recorded.of_torrent
    def trackers(self, torrent: str) -> list[TrackerState]:
        """What is known of a torrent's trackers. Raises UnknownTorrent."""
        handle = self._handle(torrent)
        if held := self._trackers.held(torrent):
            return [TrackerState(TrackerReading(url, tier)) for url, tier in held]
        return [announce_entries.state(entry) for entry in handle.trackers()]

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
        """Removes a torrent, and no file. Raises UnknownTorrent."""
        with contextlib.suppress(*FAULTS):  # then it goes on from its resume data
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

    def torrents(self) -> frozenset[str]:
        """The ids of the torrents that the session has."""
        return frozenset(self._alerts.handles)

    @faults.of_torrent
    @recorded.of_torrent
    def set_paused(self, torrent: str, paused: bool) -> None:
        """Pauses, or lets run; a failed write is tried again then. Raises UnknownTorrent."""
        handle = self._handle(torrent)
        if paused:
            handle.pause()
        else:
            handle.clear_error()
            handle.unset_flags(_FLAGS.upload_mode)
            handle.resume()

    @faults.of_torrent
    @recorded.of_torrent
    def verify(self, torrent: str) -> None:
        """Hashes a torrent's files again, and pauses it then. Raises UnknownTorrent."""
        handle = self._handle(torrent)
        handle.force_recheck()
        handle.set_flags(_FLAGS.stop_when_ready)  # before, it would pause at once what is ready now

    @faults.of_torrent
    @recorded.of_torrent
    def set_sequential(self, torrent: str, sequential: bool) -> None:
        """Pieces in order, or rarest first. Raises UnknownTorrent."""
        handle = self._handle(torrent)
        if sequential:
            handle.set_flags(_FLAGS.sequential_download)
        else:
            handle.unset_flags(_FLAGS.sequential_download)

    @faults.of_torrent
    @recorded.of_torrent
    def set_limits(self, torrent: str, download_bps: int, upload_bps: int) -> None:
        """Rate limits of one torrent, 0 for none. Raises UnknownTorrent."""
        handle = self._handle(torrent)
        handle.set_download_limit(download_bps)
        handle.set_upload_limit(upload_bps)

    @faults.of_torrent
    @recorded.of_torrent
    def set_selection(self, torrent: str, desired: DesiredTorrent) -> bool:
        """Priorities as the selection has them. Raises UnknownTorrent."""
        handle = self._handle(torrent)
        info = handle.torrent_file()
        if info is None:
            return False
        priorities = libtorrent_params.priorities(info.layout(), desired, self._selector.priorities)
        self._alerts.expect_selection(torrent, libtorrent_params.selected(info, priorities))
        handle.prioritize_files(priorities)
        return True

    @faults.of_torrent
    @recorded.of_torrent
    def connect(self, torrent: str, peers: Sequence[str]) -> None:
        """Connects to peers given as `address:port`. Raises UnknownTorrent."""
        handle = self._handle(torrent)
        for peer in peers:
            handle.connect_peer(libtorrent_params.endpoint(peer))

    @faults.of_torrent
    @recorded.of_torrent
    def call_peers(self, torrent: str) -> None:
        """Has the known peers called with the next statistics, with those of other torrents. Raises UnknownTorrent."""
        self._handle(torrent)
        self._to_call[torrent] = None

    def _call_peers(self) -> None:
        """What libtorrent does not do by itself for a torrent that was finished, or paused.

        It counts the peers that it may call, and calls nobody while there are none. Seeds are none of them while a
        torrent is finished, and that it is not any more counts only once it calls somebody. It counts anew, for all
        torrents, when `max_failcount` changes; that peers which failed too often are among them for a while is wanted
        here.
        """
        if self._calling:
            self._calling -= 1
            if not self._calling:
                self._session.apply_settings({"max_failcount": self._max_failcount})
        if not self._to_call:
            return
        self._failcount = _FAILCOUNTS[self._failcount == _FAILCOUNTS[0]]
        self._session.apply_settings({"max_failcount": self._failcount})
        self._calling = _CALLING_TURNS
        for torrent in list(itertools.islice(self._to_call, _CALLED_AT_ONCE)):
            del self._to_call[torrent]
            if torrent in self._alerts.handles:
                with contextlib.suppress(TorrentFault, UnknownTorrent):  # its peers are called later, as ever
                    self._call_peers_of(torrent)

    @faults.of_torrent
    @recorded.of_torrent
    def _call_peers_of(self, torrent: str) -> None:
        """Has libtorrent call peers that it has hung up on just now, and notice that it may.

        A torrent that leaves upload mode may do the one. It does the other when its number of connections is set to
        another one.
        """
        handle = self._handle(torrent)
        flags = handle.flags()
        if flags & _FLAGS.paused:
            return
        if not flags & _FLAGS.upload_mode and not handle.get_download_queue():
            # Requests that are under way would be taken back; who has some has peers, too.
            handle.set_flags(_FLAGS.upload_mode)
            handle.unset_flags(_FLAGS.upload_mode)
        limit = handle.max_connections()
        handle.set_max_connections(limit + 1 if limit < _UNLIMITED else limit - 1)
        handle.set_max_connections(limit)

    @faults.of_torrent
    @recorded.of_torrent
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

    @faults.of_desired
    @recorded.of_desired
    def observed(self, desired: DesiredTorrent) -> DesiredTorrent:
        """What is desired of a torrent as the session has it. Raises UnknownTorrent."""
        handle = self._handle(desired.torrent)
        status = handle.status(_QUERY_SAVE_PATH)
        info = handle.torrent_file()
        return libtorrent_params.observed(
            desired,
            save_path=status.save_path,
            paused=desired.paused if status.errc.value() else bool(status.flags & _FLAGS.paused),
            flags=status.flags,
            limits=(handle.download_limit(), handle.upload_limit()),
            info=info,
            file_priorities=() if info is None else handle.get_file_priorities(),
            choose=self._selector.priorities,
        )

    @recorded.of_session
    def strangers(self) -> int:
        """How many torrents the session had that nobody added."""
        count = 0
        for handle in self._session.get_torrents():
            with contextlib.suppress(*FAULTS):  # it is looked at again at the next census
                if not self._alerts.expects(handle):
                    self._session.remove_torrent(handle)
                    count += 1
        return count

    @faults.of_torrent
    @recorded.of_torrent
    def layout(self, torrent: str) -> Layout | None:
        """The torrent's files, None while there is no metadata. Raises UnknownTorrent."""
        handle = self._handle(torrent)
        info = handle.torrent_file()
        if info is None:
            return None
        renamed = handle.get_renamed_files().export_filenames(info.layout())
        return libtorrent_params.layout(info, handle.get_file_priorities(), renamed)

    @faults.of_torrent
    @recorded.of_torrent
    def hashes(self, torrent: str) -> Hashes:
        """The torrent's info-hashes. Raises UnknownTorrent."""
        return Hashes(*libtorrent_params.both_hashes(self._handle(torrent).info_hashes()))

    @faults.of_torrent
    @recorded.of_torrent
    def paths(self, torrent: str) -> list[str]:
        """Where libtorrent may write, delete or read for a torrent, the part file first. Raises UnknownTorrent."""
        handle = self._handle(torrent)
        save_path, info = handle.status(_QUERY_SAVE_PATH).save_path, handle.torrent_file()
        parts = libtorrent_params.part_path(save_path, "", handle.info_hashes())
        if info is None:
            return [parts]
        storage = info.layout()
        renamed = handle.get_renamed_files().export_filenames(storage)
        return [parts, *libtorrent_params.file_paths(storage, renamed, save_path)]

    @faults.of_torrent
    @recorded.of_torrent
    def file_progress(self, torrent: str) -> list[int]:
        """Bytes done of each file by index. Raises UnknownTorrent."""
        handle = self._handle(torrent)
        return [int(done) for done in handle.file_progress(flags=handle.piece_granularity)]

    @faults.of_torrent
    @recorded.of_torrent
    def flush(self, torrent: str) -> None:
        """Writes out the torrent's write cache. Raises UnknownTorrent."""
        handle = self._handle(torrent)
        if handle.torrent_file() is None:
            # There is nothing to flush, and libtorrent does not answer.
            self._tell(Flushed(torrent))
            return
        self._alerts.expect_flush(torrent)
        for _ in range(FLUSHES_PER_BARRIER):
            handle.flush_cache()

    @faults.of_torrent
    @recorded.of_torrent
    def save_resume(self, torrent: str, *, only_if_modified: bool) -> None:
        """Asks for resume data, the info dictionary in it. Raises UnknownTorrent."""
        flags = lt.save_resume_flags_t.save_info_dict
        if only_if_modified:
            flags |= lt.save_resume_flags_t.only_if_modified
        handle = self._handle(torrent)
        self._trackers.save_begins(torrent)
        handle.save_resume_data(flags)

    def _handle(self, torrent: str) -> Any:
        handle = self._alerts.handles.get(torrent)
        if handle is None:
            raise UnknownTorrent(torrent)
        return handle

    # -- the session ----------------------------------------------------------------------------------------------

    @recorded.of_session
    def post_updates(self) -> None:
        """Asks for the changed status of all torrents."""
        self._session.post_torrent_updates()

    @recorded.of_session
    def post_statistics(self) -> None:
        """Asks for the session's counters."""
        self._session.post_session_stats()
        self._call_peers()

    @recorded.of_session
    def configure(self, settings: Mapping[str, SettingValue], *, download_bps: int, upload_bps: int) -> None:
        """Applies settings and limits; what was set before and is not any more gets its default.

        Raises:
            InvalidSetting: and then nothing was applied.
        """
        checked = check_settings(settings, self._torrents_expected, self._named)
        self._named = set(settings)
        self._close_redundant = checked.get("close_redundant_connections", True)
        self._max_failcount = checked.get("max_failcount", lt.default_settings()["max_failcount"])
        if self._awaiting_metadata:
            checked["close_redundant_connections"] = False
        self._session.apply_settings({**checked, "download_rate_limit": download_bps, "upload_rate_limit": upload_bps})

    @recorded.of_session
    def session_limits(self) -> tuple[int, int]:
        """Reads back the session's limits in bytes per second."""
        settings = self._session.get_settings()
        return settings["download_rate_limit"], settings["upload_rate_limit"]

    @recorded.of_session
    def listen_port(self) -> int:
        """The TCP port that is listened on, 0 for none."""
        return int(self._session.listen_port())

    @recorded.of_session
    def suspend(self) -> None:
        """Stops all transfers."""
        self._session.pause()

    @recorded.of_session
    def close(self) -> None:
        """Ends the session."""
        self._selector.close()
        self._alerts = self._copier()
        self._session.pause()
        del self._session
        self._alert_socket.close()
        self._native_socket.close()
