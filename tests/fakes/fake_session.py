"""The fake side of the session port: a session in memory, without libtorrent, network or disk.

It is deterministic: a call has its effect at once, and its alerts are queued in the order of the calls. Like the real
side it knows a torrent only once its `TorrentAdded` was popped, and its resume data claims pieces before they were
flushed.

Metainfo is bencoded, v1 only (`tools.rig.bencode`). Resume data is of a format of its own. Tests move things along by
the calls below "what tests do"; those may be made from another thread than the session's.
"""

import errno
import hashlib
import os
import re
import socket
import threading
import time
from collections.abc import Collection, Mapping, Sequence
from types import MappingProxyType
from typing import Final, NamedTuple
from urllib.parse import parse_qs, urlsplit

import msgspec

from engine_proc.files import selection
from engine_proc.files.content_layout import renamed
from engine_proc.resume import foreign
from engine_proc.resume.pieces import ClaimedFile, Examined, Unverified, Verified
from engine_proc.session import session_settings
from engine_proc.session.alerts import (
    Alert,
    FileError,
    FileFinished,
    Finished,
    Flushed,
    MetadataReceived,
    NativeState,
    NativeStateChanged,
    PrioritiesSet,
    ResumeData,
    ResumeUnsaved,
    SessionStatistics,
    StatusUpdate,
    TorrentAdded,
    TorrentGone,
    TorrentStatus,
    TorrentTrouble,
    TrackersChanged,
)
from engine_proc.session.caps_port import Caps, Limits
from engine_proc.session.counters_port import Counters
from engine_proc.session.peer_sources import TrackerState
from engine_proc.session.peers_port import Peers, Pieces
from engine_proc.session.session_port import (
    AlreadyThere,
    Applied,
    Hashes,
    InvalidSource,
    Layout,
    Loading,
    Metainfo,
    SourceInfo,
    UnknownTorrent,
)
from protocol.internal.link_queries import TrackerReading
from protocol.wire.desired import (
    ContentLayout,
    DesiredTorrent,
    Selection,
    SettingValue,
    TorrentOptions,
    TrackerEdits,
    edited_web_seeds,
)
from protocol.wire.events.torrent_events import FileEntry
from protocol.wire.metadata import KnownMetadata, content_of
from tools.rig import bencode
from tools.rig.bencode import Bencodable

KNOWN_SETTINGS: Final[Mapping[str, SettingValue]] = {
    **session_settings.DEFAULTS,
    "listen_interfaces": "0.0.0.0:6881",
    "enable_dht": True,
    "enable_lsd": True,
    "enable_upnp": True,
    "enable_natpmp": True,
    "user_agent": "fake",
    "proxy_password": "",
    "alert_mask": 0,
    "alert_queue_size": 0,
    "download_rate_limit": 0,
    "upload_rate_limit": 0,
}
LISTEN_PORT: Final = 6881
_RESUME_FORMAT: Final = b"fake resume data"
_HAS_ALL: Final = frozenset({NativeState.FINISHED, NativeState.SEEDING})
_BTIH: Final = re.compile(r"urn:btih:([0-9a-f]{40})", re.IGNORECASE)


class _Content(NamedTuple):
    """An info dictionary and its content: paths with the root folder, and sizes."""

    info: bytes
    name: str
    piece_length: int
    paths: list[str]
    sizes: list[int]

    @property
    def size(self) -> int:
        return sum(self.sizes)

    @property
    def pieces(self) -> int:
        return -(-self.size // self.piece_length)

    def piece_size(self, piece: int) -> int:
        return min(self.piece_length, self.size - piece * self.piece_length)

    def pieces_of(self, index: int) -> range:
        """The pieces of a file; none if it is empty."""
        start = sum(self.sizes[:index])
        end = start + self.sizes[index]
        return range(start // self.piece_length, -(-end // self.piece_length) if end > start else 0)


def _known(content: _Content, paths: Sequence[str]) -> KnownMetadata:
    return KnownMetadata(
        name=content.name,
        size=content.size,
        piece_length=content.piece_length,
        files=len(paths),
        pieces=content.pieces,
        root=content_of(paths),
    )


class _Torrent:
    """One torrent of the session."""

    def __init__(
        self, desired: DesiredTorrent, content: _Content | None, have: list[bool], trackers: Sequence[str]
    ) -> None:
        self.desired = desired
        self.trackers = [(url, tier) for tier, url in enumerate(dict.fromkeys([*trackers, *desired.trackers]))]
        if desired.tracker_edits is not None:
            self.trackers = desired.tracker_edits.apply(self.trackers)
        self.web_seeds = edited_web_seeds([], desired)
        self.torrent = desired.torrent
        self.paused = desired.paused
        self.managed = desired.managed
        self.options = desired.options
        self.ends_first = False
        self.sequential = desired.sequential
        self.limits = (desired.download_bps, desired.upload_bps)
        self.content = None if content is None else _laid_out(content, desired.content_layout)
        self.have = have
        self.partial = 0
        self.priorities: list[int] = []
        self.state = NativeState.CHECKING_RESUME_DATA
        self.downloaded = 0
        self.uploaded = 0
        self.error: str | None = None
        self.upload_mode = False
        self.known = False
        self.removed = False
        self.modified = True
        self.prioritize(desired)

    def prioritize(self, desired: DesiredTorrent) -> None:
        """Applies the selection's priorities, if there are files."""
        if self.content is not None:
            rooted = any("/" in path for path in self.content.paths)
            self.priorities = selection.priorities(self.content.paths, desired.selection, rooted=rooted)

    def wanted(self) -> list[int]:
        """The pieces of wanted files."""
        if self.content is None:
            return []
        content = self.content
        return sorted({piece for index, p in enumerate(self.priorities) if p for piece in content.pieces_of(index)})

    def missing(self) -> list[int]:
        return [piece for piece in self.wanted() if not self.have[piece]]

    def has_file(self, index: int) -> bool:
        return self.content is not None and all(self.have[piece] for piece in self.content.pieces_of(index))

    def layout(self) -> Layout | None:
        if self.content is None:
            return None
        files = [
            FileEntry(index, dict(self.desired.renames).get(index, path), size, self.priorities[index])
            for index, (path, size) in enumerate(zip(self.content.paths, self.content.sizes, strict=True))
        ]
        return Layout(metadata=_known(self.content, [file.path for file in files]), files=files)

    def observed(self, desired: DesiredTorrent) -> DesiredTorrent:
        selected = desired.selection
        if self.content is not None:
            rooted = any("/" in path for path in self.content.paths)
            if self.priorities != selection.priorities(self.content.paths, selected, rooted=rooted):
                selected = Selection(priorities={str(index): each for index, each in enumerate(self.priorities)})
        return msgspec.structs.replace(
            desired,
            save_path=self.desired.save_path,
            paused=desired.paused if self.error else self.paused,
            sequential=self.sequential,
            download_bps=self.limits[0],
            upload_bps=self.limits[1],
            selection=selected,
            options=self.observed_options(desired),
        )

    def observed_options(self, desired: DesiredTorrent) -> TorrentOptions:
        """As libtorrent has them: of those that it has no word for, the desired ones."""
        kept = {
            name: getattr(desired.options, name)
            for name in ("super_seeding", "first_last_piece_first", "name", "auto_managed", "force_start")
        }
        if self.managed is not desired.managed:
            kept |= {"auto_managed": self.managed, "force_start": False}
        return msgspec.structs.replace(self.options, **kept)

    def status(self) -> TorrentStatus:
        wanted, done = 0, 0
        if self.content is not None:
            wanted = sum(self.content.piece_size(piece) for piece in self.wanted())
            done = wanted - sum(self.content.piece_size(piece) for piece in self.missing()) + self.partial
        return TorrentStatus(
            self.torrent,
            state=self.state,
            paused=self.paused,
            progress=done / wanted if wanted else float(self.content is not None),
            done=done,
            wanted=wanted,
            size=self.content.size if self.content is not None else 0,
            downloaded=self.downloaded,
            uploaded=self.uploaded,
            wasted=0,
            download_bps=0,
            upload_bps=0,
            peers=0,
            seeds=0,
            error=self.error,
            upload_mode=self.upload_mode,
        )


class FakeSession:
    """See the module.

    Fields for tests to read:
        calls: each call that changes something, as `(method, torrent)`, in order.
        seen: the torrents that were resumed with their files seen.
        counted: what `count_from` was told of each torrent.
        settings: what was configured last.
        swarms: to be set; the peers of torrents.
        banned: the addresses that were banned last.
        blocked: the last filter.
        queue: the order of the queue that was requested last.
        dht: the state of the DHT.
        reopened: how often sockets were opened anew.
        deadlines: the arguments of `set_deadline` that had an effect.
        on_disk: to be set; resume data claims files below the save path, as if this session had ever written there.
    """

    def __init__(
        self,
        settings: Mapping[str, SettingValue] | None = None,
        *,
        download_bps: int = 0,
        upload_bps: int = 0,
        torrents: int = 0,
    ) -> None:
        self._lock = threading.RLock()
        self._torrents: dict[str, _Torrent] = {}
        self._alerts: list[Alert] = []
        self._holding: set[type[Alert]] = set()
        self._held: list[Alert] = []
        self._counters: Counters | None = None
        self.network_thread_s: float | None = 0.0
        self._told: dict[str, TorrentStatus] = {}
        self._held_trackers: dict[str, list[tuple[str, int]]] = {}
        self._doubts: dict[str, Unverified] = {}
        self._add_problems: dict[str, str] = {}
        self._removal_problems: dict[str, str] = {}
        self._twins: dict[str, str] = {}
        self._stuck_limits = False
        self._caps = Caps()
        self._suspended = False
        self.on_disk = False
        self._expected = torrents
        self._session_limits = (0, 0)
        self.calls: list[tuple[str, str]] = []
        self.seen: set[str] = set()
        self.swarms: dict[str, Peers] = {}
        self.banned: Sequence[str] = ()
        self.blocked: object = None
        self.queue: list[str] = []
        self.dht: bytes | None = None
        self.reopened = 0
        self.deadlines: list[tuple[str, int, int, int, int]] = []
        self.counted: dict[str, tuple[int, int] | None] = {}
        self.settings: dict[str, SettingValue] = {}
        self.stuck_settings: dict[str, SettingValue] = {}
        """Settings that keep these values, whatever is set."""
        self.configure(settings or {}, download_bps=download_bps, upload_bps=upload_bps)
        self._alert_socket, self._wake_socket = socket.socketpair()
        self._alert_socket.setblocking(False)

    # -- alerts ---------------------------------------------------------------------------------------------------

    def fileno(self) -> int:
        """Readable while alerts wait."""
        return self._alert_socket.fileno()

    def count_from(self, torrent: str, counted: tuple[int, int] | None) -> None:
        """Only recorded."""
        self.counted[torrent] = counted

    def pop_alerts(self) -> list[Alert]:
        """All waiting alerts."""
        with self._lock:
            alerts, self._alerts = self._alerts, []
            if alerts:
                self._alert_socket.recv(1)
            for alert in alerts:
                if isinstance(alert, TorrentAdded) and alert.problem is None:
                    self._torrents[alert.torrent].known = True
                elif isinstance(alert, TorrentGone):
                    del self._torrents[alert.torrent]
                    self._told.pop(alert.torrent, None)
                    self._held_trackers.pop(alert.torrent, None)
            return alerts

    def _post(self, alert: Alert) -> None:
        if type(alert) in self._holding:
            self._held.append(alert)
            return
        if not self._alerts:
            self._wake_socket.send(b"\0")
        self._alerts.append(alert)

    # -- torrents -------------------------------------------------------------------------------------------------

    def inspect(
        self,
        *,
        magnet: str | None,
        metainfo: bytes | None,
        save_path: str | None = None,
        content_layout: ContentLayout = "original",
        resume: bytes | None = None,
    ) -> SourceInfo:
        """A source's content, with paths only if `on_disk` is set. Raises InvalidSource."""
        if magnet is not None:
            return _parse_magnet(magnet)
        content = _laid_out(_parse_metainfo(metainfo or b""), content_layout)
        paths = self._on_disk(content, save_path)
        known = _known(content, content.paths)
        torrent = hashlib.sha1(content.info).hexdigest()
        if resume is not None:
            try:
                of_another = _parse_resume(resume)[0] != torrent
            except InvalidSource as error:
                raise InvalidSource(f"the resume data: {error}") from error
            if of_another:
                raise InvalidSource("the resume data: it is of another torrent")
        return SourceInfo(
            torrent,
            content.name,
            paths,
            known,
            hashes=Hashes(torrent),
            private=b"7:privatei1e" in content.info,
            trackers=[(url, 0) for url in _trackers_of(metainfo or b"")],
            resume=None if resume is None else foreign.mark(resume),
        )

    def _on_disk(self, content: _Content | None, save_path: str | None) -> list[str]:
        if content is None or save_path is None or not self.on_disk:
            return []
        return [f"{save_path}/{path}" for path in content.paths]

    def examine(self, desired: DesiredTorrent, *, metainfo: Metainfo, resume: bytes) -> Examined:
        """The claims of resume data, with files only if `on_disk` is set. Raises InvalidSource."""
        _, content, have, trackers = _parse_resume(resume)
        if content is None and callable(metainfo):
            metainfo = metainfo()
        if content is None and isinstance(metainfo, bytes):
            content = _parse_metainfo(metainfo)
            have = [False] * content.pieces
        if content is None:
            return Examined([], 0, 0, 0)
        there = _Torrent(desired, content, have, trackers)
        status = there.status()
        claimed = [
            ClaimedFile(number, f"{desired.save_path}/{path}", _claimed_end(content, have, number))
            for number, path in enumerate(content.paths)
            if self.on_disk and there.priorities[number] and any(have[piece] for piece in content.pieces_of(number))
        ]
        others = self._on_disk(content, desired.save_path)
        return Examined(claimed, status.done, status.wanted, content.size, others=others)

    def describe(
        self, desired: DesiredTorrent, *, metainfo: Metainfo, resume: bytes | None
    ) -> tuple[Layout, Examined] | None:
        """The files of a torrent that is not loaded, and the claims of its resume data. Raises InvalidSource."""
        content: _Content | None = None
        have: list[bool] = []
        if resume is not None:
            _, content, have, _ = _parse_resume(resume)
        if content is None:
            found = metainfo() if callable(metainfo) else metainfo
            content = None if found is None else _parse_metainfo(found)
        if content is None:
            return None
        there = _Torrent(desired, content, have or [False] * content.pieces, [])
        layout, status = there.layout(), there.status()
        assert layout is not None
        others = [f"{desired.save_path}/{file.path}" for file in layout.files] if self.on_disk else []
        return layout, Examined([], status.done, status.wanted, content.size, others=others)

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
        """Adds a torrent; there is something to examine only after `doubt`. Raises InvalidSource."""
        doubt = self._doubts.get(desired.torrent)
        if verified is None and doubt is not None:
            return doubt
        if seen:
            self.seen.add(desired.torrent)
        loading = self._add(desired, metainfo=metainfo, resume=resume, short=short)
        return loading._replace(layout=None) if files_known else loading

    def doubt(self, torrent: str, unverified: Unverified) -> None:
        """From now on this is examined before the torrent continues from resume data."""
        self._doubts[torrent] = unverified

    def add(
        self, desired: DesiredTorrent, *, metainfo: Metainfo, resume: bytes | None, parsed: object = None
    ) -> Loading:
        """Adds a torrent as desired. Raises InvalidSource."""
        return self._add(desired, metainfo=metainfo, resume=resume, short={})

    def _add(
        self, desired: DesiredTorrent, *, metainfo: Metainfo, resume: bytes | None, short: Mapping[int, int]
    ) -> Loading:
        with self._lock:
            content: _Content | None = None
            have: list[bool] = []
            trackers: list[str] = []
            named = desired.torrent
            if callable(metainfo):
                metainfo = metainfo()
            if resume is not None:
                named, content, have, trackers = _parse_resume(resume)
            elif metainfo is None:
                named = _parse_magnet(desired.magnet or "").torrent
                trackers = parse_qs(urlsplit(desired.magnet or "").query).get("tr", [])
            else:
                trackers = _trackers_of(metainfo)
            if content is None and metainfo is not None:
                content = _parse_metainfo(metainfo)
                named = hashlib.sha1(content.info).hexdigest()
            if named != desired.torrent:
                raise InvalidSource(f"the source is of another torrent, {named}")
            if content is not None and not have:
                have = [desired.seed_mode and resume is None] * content.pieces
            if content is not None:
                _disown(content, have, short)
            torrent = _Torrent(desired, content, have, trackers)
            if (other := self._twins.get(desired.torrent)) in self._torrents:
                assert other is not None
                raise AlreadyThere(other, Hashes(desired.torrent), proven=content is not None)
            self.calls.append(("add", desired.torrent))
            problem = self._add_problems.pop(desired.torrent, None)
            if desired.torrent in self._torrents:
                problem = "it is there already"
            if problem is None:
                self._torrents[desired.torrent] = torrent
                torrent.limits = self._caps.in_force(desired.torrent) or torrent.limits
                self._held_trackers[desired.torrent] = torrent.trackers
            self._post(TorrentAdded(desired.torrent, problem))
            if problem is None:
                self._go_on(torrent)
            complete = resume is not None and content is not None and not torrent.missing()
            return Loading(
                complete=complete,
                layout=torrent.layout(),
                tracked=bool(torrent.trackers),
                nameless=content is None,
                hashes=Hashes(desired.torrent),
            )

    def release_trackers(self, torrent: str) -> None:
        """There is no network for announces. Raises UnknownTorrent."""
        with self._lock:
            self._known("release_trackers", torrent)
            self._held_trackers.pop(torrent, None)

    def held_trackers(self, torrent: str) -> Sequence[tuple[str, int]]:
        """The withheld trackers."""
        with self._lock:
            return self._held_trackers.get(torrent, [])

    def trackers(self, torrent: str) -> list[TrackerState]:
        """The trackers, which never answer. Raises UnknownTorrent."""
        with self._lock:
            return [TrackerState(TrackerReading(url, tier)) for url, tier in self._known(None, torrent).trackers]

    def edit_trackers(self, torrent: str, edits: TrackerEdits) -> None:
        """Changes the trackers, and withholds them. Raises UnknownTorrent."""
        with self._lock:
            known = self._known("edit_trackers", torrent)
            after = edits.apply(known.trackers)
            if after != known.trackers:
                known.trackers = self._held_trackers[torrent] = after
                known.modified = True
                self._post(TrackersChanged(torrent))

    def web_seeds(self, torrent: str) -> list[str]:
        """The web seeds, without those in the source. Raises UnknownTorrent."""
        with self._lock:
            return sorted(self._known(None, torrent).web_seeds)

    def edit_web_seeds(self, torrent: str, desired: DesiredTorrent) -> None:
        """Adds and removes web seeds. Raises UnknownTorrent."""
        with self._lock:
            known = self._known("edit_web_seeds", torrent)
            known.web_seeds = edited_web_seeds(known.web_seeds, desired)
            known.modified = True

    def reannounce(self, torrent: str, tracker: str | None) -> None:
        """Records the call. Raises UnknownTorrent."""
        with self._lock:
            self._known("reannounce", torrent)

    def remove(self, torrent: str, *, delete_files: bool) -> None:
        """Removes a torrent. Raises UnknownTorrent."""
        with self._lock:
            self._known("remove, and its files" if delete_files else "remove", torrent).removed = True
            self._post(TorrentGone(torrent, self._removal_problems.pop(torrent, None)))

    def unload(self, torrent: str) -> None:
        """Removes a torrent but no file. Raises UnknownTorrent."""
        with self._lock:
            self._known("unload", torrent).removed = True
            self._post(TorrentGone(torrent, None))

    def torrents(self) -> frozenset[str]:
        """The ids of the torrents that were added and not removed."""
        with self._lock:
            return frozenset(t.torrent for t in self._torrents.values() if t.known and not t.removed)

    def set_paused(self, torrent: str, paused: bool) -> None:
        """Pauses or resumes; resuming retries a failed write. Raises UnknownTorrent."""
        with self._lock:
            known = self._known("set_paused", torrent)
            known.paused, known.managed, known.modified = paused, False, True
            if not paused:
                known.error, known.upload_mode = None, False

    def enqueue(self, torrent: str) -> None:
        """Takes the torrent into the queue, in which every torrent runs. Raises UnknownTorrent."""
        with self._lock:
            known = self._known("enqueue", torrent)
            known.paused, known.managed, known.modified = False, True, True
            known.error, known.upload_mode = None, False

    def set_deadline(self, torrent: str, file: int, offset: int, length: int, due_in_ms: int) -> None:
        """Notes it, if there are files. Raises UnknownTorrent."""
        with self._lock:
            if self._known("set_deadline", torrent).content is not None:
                self.deadlines.append((torrent, file, offset, length, due_in_ms))

    def arrange_queue(self, torrents: Sequence[str]) -> None:
        """Notes the order."""
        self.queue = list(torrents)

    def set_options(self, torrent: str, options: TorrentOptions) -> None:
        """Sets the options. Raises UnknownTorrent."""
        with self._lock:
            known = self._known("set_options", torrent)
            known.options, known.modified = options, True

    def prefer_ends(self, torrent: str, preferred: bool) -> None:
        """Notes it, if there are files. Raises UnknownTorrent."""
        with self._lock:
            known = self._known("prefer_ends", torrent)
            known.ends_first = preferred and known.content is not None

    def verify(self, torrent: str) -> None:
        """The test decides the result. Raises UnknownTorrent."""
        with self._lock:
            self._known("verify", torrent)

    def set_sequential(self, torrent: str, sequential: bool) -> None:
        """Pieces in order, or rarest first. Raises UnknownTorrent."""
        with self._lock:
            known = self._known("set_sequential", torrent)
            known.sequential, known.modified = sequential, True

    def set_limits(self, torrent: str, download_bps: int, upload_bps: int) -> None:
        """Rate limits of one torrent, 0 for none. Raises UnknownTorrent."""
        with self._lock:
            known = self._known("set_limits", torrent)
            known.modified = True
            limits = self._caps.put_own(torrent, Limits(download_bps, upload_bps))
            if not self._stuck_limits:
                known.limits = limits

    def cap_limits(self, torrent: str, own: Limits, cap: Limits) -> None:
        """Limits beside the torrent's own, also of a torrent that is not there yet."""
        with self._lock:
            limits = self._caps.put(torrent, own, cap)
            known = self._torrents.get(torrent)
            if known is not None and not self._stuck_limits:
                known.limits = limits

    def set_selection(self, torrent: str, desired: DesiredTorrent) -> bool:
        """Applies the selection's priorities. Raises UnknownTorrent."""
        with self._lock:
            known = self._known("set_selection", torrent)
            if known.content is None:
                return False
            known.prioritize(desired)
            known.ends_first = False
            known.partial, known.modified = 0, True
            self._go_on(known)
            self._post(PrioritiesSet(torrent))
            return True

    def connect(self, torrent: str, peers: Sequence[str]) -> None:
        """Records the peers. Raises UnknownTorrent."""
        with self._lock:
            self._known("connect", torrent)

    def call_peers(self, torrent: str) -> None:
        """Records the call. Raises UnknownTorrent."""
        with self._lock:
            self._known("call_peers", torrent)

    def applied(self, torrent: str) -> Applied:
        """Reads back what is applied. Raises UnknownTorrent."""
        with self._lock:
            known = self._known(None, torrent)
            return Applied(known.paused, known.sequential, *self._caps.own(torrent, Limits(*known.limits)))

    def limits_in_force(self, torrent: str) -> tuple[int, int]:
        """The limits with the cap."""
        with self._lock:
            return self._known(None, torrent).limits

    def observed(self, desired: DesiredTorrent) -> DesiredTorrent:
        """A torrent's desired state as the session has it. Raises UnknownTorrent."""
        with self._lock:
            known = self._known(None, desired.torrent)
            own = self._caps.own(desired.torrent, Limits(*known.limits))
            found = known.observed(desired)
            return msgspec.structs.replace(found, download_bps=own.download_bps, upload_bps=own.upload_bps)

    def remove_unknown_torrents(self) -> int:
        """None: no torrent can be added in another way."""
        return 0

    def layout(self, torrent: str) -> Layout | None:
        """The torrent's files, None while there is no metadata. Raises UnknownTorrent."""
        with self._lock:
            return self._known(None, torrent).layout()

    def private(self, torrent: str) -> bool | None:
        """Whether the info dictionary says so, None while there is no metadata. Raises UnknownTorrent."""
        with self._lock:
            content = self._known(None, torrent).content
            return None if content is None else b"7:privatei1e" in content.info

    def bare_resume(self, desired: DesiredTorrent) -> bytes | None:
        """Resume data without claims, None while there is no metadata. Raises UnknownTorrent."""
        with self._lock:
            content = self._known(None, desired.torrent).content
            return None if content is None else _write_resume(_Torrent(desired, content, [False] * content.pieces, []))

    def hashes(self, torrent: str) -> Hashes:
        """v1 only. Raises UnknownTorrent."""
        with self._lock:
            self._known(None, torrent)
            return Hashes(torrent)

    def paths(self, torrent: str) -> list[str]:
        """The paths of the part file and the torrent's files, if `on_disk` is set. Raises UnknownTorrent."""
        with self._lock:
            known = self._known(None, torrent)
            files = self._on_disk(known.content, known.desired.save_path)
            return [f"{known.desired.save_path}/.{torrent}.parts", *files] if files else []

    def peers(self, torrent: str) -> Peers:
        """The peers that a test has set. Raises UnknownTorrent."""
        with self._lock:
            self._known(None, torrent)
            return self.swarms.get(torrent, Peers([], 0))

    def pieces(self, torrent: str) -> Pieces | None:
        """The pieces, which no peer has. Raises UnknownTorrent."""
        with self._lock:
            known = self._known(None, torrent)
            if known.content is None:
                return None
            flags = [known.have[at : at + 8] for at in range(0, len(known.have), 8)]
            have = bytes(sum(bit << 7 - place for place, bit in enumerate(byte)) for byte in flags)
            return Pieces(len(known.have), have, b"" if all(known.have) else bytes(len(known.have)))

    def file_progress(self, torrent: str) -> list[int]:
        """Bytes done of each file by index; only complete files count. Raises UnknownTorrent."""
        with self._lock:
            known = self._known(None, torrent)
            sizes = known.content.sizes if known.content is not None else []
            return [size if known.has_file(index) else 0 for index, size in enumerate(sizes)]

    def flush(self, torrent: str) -> None:
        """Flushes nothing, and confirms it. Raises UnknownTorrent."""
        with self._lock:
            self._known("flush", torrent)
            # One answer to all requests so far, after the last of them.
            self._held = [alert for alert in self._held if alert != Flushed(torrent)]
            self._post(Flushed(torrent))

    def save_resume(self, torrent: str, *, only_if_modified: bool) -> None:
        """Requests resume data. Raises UnknownTorrent."""
        with self._lock:
            known = self._known("save_resume", torrent)
            if only_if_modified and not known.modified:
                self._post(ResumeUnsaved(torrent, None))
            else:
                known.modified = False
                self._post(ResumeData(torrent, _write_resume(known)))

    def _known(self, method: str | None, torrent: str) -> _Torrent:
        known = self._torrents.get(torrent)
        if known is None or known.removed or not known.known:
            raise UnknownTorrent(torrent)
        if method is not None:
            self.calls.append((method, torrent))
        return known

    def _go_on(self, torrent: _Torrent) -> None:
        """Updates a torrent's state by what it has and wants."""
        if torrent.content is None:
            state = NativeState.DOWNLOADING_METADATA
        elif torrent.missing():
            state = NativeState.DOWNLOADING
        else:
            state = NativeState.SEEDING if all(torrent.have) else NativeState.FINISHED
        if state is torrent.state:
            return
        if state in _HAS_ALL and torrent.state not in _HAS_ALL:
            self._told.pop(torrent.torrent, None)  # libtorrent reports it again, also if it changes back meanwhile
            self._post(NativeStateChanged(torrent.torrent, NativeState.FINISHED))
            self._post(Finished(torrent.torrent))
            torrent.state = NativeState.FINISHED
        if state is not torrent.state:
            torrent.state = state
            self._told.pop(torrent.torrent, None)
            self._post(NativeStateChanged(torrent.torrent, state))

    # -- the session ----------------------------------------------------------------------------------------------

    def post_updates(self) -> None:
        """Requests the changed status of all torrents."""
        with self._lock:
            now = {torrent.torrent: torrent.status() for torrent in self._torrents.values() if torrent.known}
            rows = [row for torrent, row in now.items() if self._told.get(torrent) != row]
            self._told |= now
            self._post(StatusUpdate(rows))

    def post_statistics(self) -> None:
        """Requests the session's counters."""
        with self._lock:
            downloaded = sum(torrent.downloaded for torrent in self._torrents.values())
            uploaded = sum(torrent.uploaded for torrent in self._torrents.values())
            values = {"net.recv_payload_bytes": downloaded, "net.sent_payload_bytes": uploaded}
            self._counters = Counters(values, time.monotonic())
            self._post(SessionStatistics(downloaded=downloaded, uploaded=uploaded, peers=0))

    def log_messages(self, wanted: bool) -> None:
        """Notes whether messages are wanted. The fake has none."""
        self.logs_messages = wanted

    def network_cpu_s(self) -> float | None:
        """What the test has set."""
        return self.network_thread_s

    def counters(self) -> Counters | None:
        """The counters of the last request."""
        return self._counters

    def configure(self, settings: Mapping[str, SettingValue], *, download_bps: int, upload_bps: int) -> None:
        """Applies settings and limits. Raises InvalidSetting, and then nothing was applied."""
        with self._lock:
            self.settings = session_settings.checked(settings, KNOWN_SETTINGS, torrents=self._expected)
            if not self._stuck_limits:
                self._session_limits = (download_bps, upload_bps)

    def stale_settings(self) -> dict[str, str]:
        """How the settings in force differ from the configured ones."""
        found = {**self.settings, **self.stuck_settings}
        return session_settings.differences(self.settings, found)

    def block(self, filter_: object) -> None:
        """Stores a filter."""
        self.blocked = filter_

    def reopen_sockets(self) -> None:
        """Counts the calls."""
        self.reopened += 1

    def dht_state(self) -> bytes | None:
        """The state that a test has set."""
        return self.dht

    def load_dht(self, state: bytes) -> None:
        """Stores a state."""
        self.dht = state

    def ban(self, addresses: Sequence[str]) -> None:
        """Bans addresses."""
        self.banned = addresses

    def session_limits(self) -> tuple[int, int]:
        """Reads back the session's limits in bytes per second."""
        return self._session_limits

    def listen_port(self) -> int:
        """A port without a listener."""
        return LISTEN_PORT

    def suspend(self) -> None:
        """Stops all transfers."""
        self.calls.append(("suspend", ""))
        self._suspended = True

    def close(self) -> None:
        """Ends the session."""
        self._alert_socket.close()
        self._wake_socket.close()

    # -- what tests do --------------------------------------------------------------------------------------------

    def hold(self, kind: type[Alert]) -> None:
        """Holds back alerts of this kind, and their effects, until they are released."""
        with self._lock:
            self._holding.add(kind)

    def release(self, kind: type[Alert], count: int | None = None) -> None:
        """Posts the held alerts of this kind; with a count, only this many, and goes on holding."""
        with self._lock:
            ready = [alert for alert in self._held if type(alert) is kind]
            others = [alert for alert in self._held if type(alert) is not kind]
            self._held = others if count is None else [*others, *ready[count:]]
            self._holding.discard(kind)
            for alert in ready[:count]:
                self._post(alert)
            if count is not None:
                self._holding.add(kind)

    def post(self, alert: Alert) -> None:
        """Posts an alert of the test's own."""
        with self._lock:
            self._post(alert)

    def held(self) -> Collection[Alert]:
        """The alerts that are held back."""
        with self._lock:
            return tuple(self._held)

    def statuses(self) -> list[TorrentStatus]:
        """The status of all torrents, reported or not."""
        with self._lock:
            return [torrent.status() for torrent in self._torrents.values()]

    def move(self, torrent: str, save_path: str) -> None:
        """Moves the torrent's files silently."""
        with self._lock:
            known = self._torrents[torrent]
            known.desired = msgspec.structs.replace(known.desired, save_path=save_path)

    def lose(self, torrent: str) -> None:
        """Removes the torrent silently."""
        with self._lock:
            del self._torrents[torrent]
            self._told.pop(torrent, None)

    def make_same(self, one: str, other: str) -> None:
        """From now on only one of these can be added, as if both were hashes of one torrent."""
        self._twins |= {one: other, other: one}

    def refuse_add(self, torrent: str, problem: str) -> None:
        """The next add of this torrent results in `TorrentAdded` with a problem."""
        self._add_problems[torrent] = problem

    def refuse_deletion(self, torrent: str, problem: str) -> None:
        """The removal of this torrent results in `TorrentGone` with a problem."""
        self._removal_problems[torrent] = problem

    def refuse_limits(self) -> None:
        """From now on limits do not change, whatever is set."""
        self._stuck_limits = True

    def heed_limits(self) -> None:
        """Limits change again when they are set."""
        self._stuck_limits = False

    def fail(self, torrent: str, problem: str) -> None:
        """Stops the torrent with an error, as a full disk does; resuming it clears the error."""
        with self._lock:
            known = self._torrents[torrent]
            known.error = problem
            self._told.pop(torrent, None)  # libtorrent's next update contains it, whatever happens until then
            self._post(TorrentTrouble(torrent, problem))

    def fail_file(self, torrent: str, error: int) -> None:
        """Fails a write with this error number; after some of them libtorrent only stops downloading."""
        with self._lock:
            known = self._torrents[torrent]
            self._post(FileError(torrent, error, f"file_write: {os.strerror(error)}"))
            if error in (errno.ENOSPC, errno.EROFS, errno.EACCES, errno.EPERM, errno.EFBIG):
                known.upload_mode = True
            else:
                self.fail(torrent, os.strerror(error))

    def upload(self, torrent: str, size: int) -> None:
        """Peers download this many bytes."""
        with self._lock:
            self._torrents[torrent].uploaded += size

    def download(self, torrent: str, size: int) -> int:
        """Peers send this many wanted bytes in order, at most the missing ones. Returns how many they sent.

        Pieces are hashed as they become whole: `FileFinished` for each wanted file, `Finished` after the last piece.
        """
        with self._lock:
            known = self._torrents[torrent]
            if known.content is None or known.paused or known.error or known.upload_mode or self._suspended:
                return 0
            sent = 0
            for piece in known.missing():
                taken = min(size - sent, known.content.piece_size(piece) - known.partial)
                sent += taken
                known.partial += taken
                if known.partial < known.content.piece_size(piece):
                    break
                known.partial = 0
                self._finish_piece(known, known.content, piece)
            known.downloaded += sent
            known.modified = known.modified or sent > 0
            self._go_on(known)
            return sent

    def _finish_piece(self, torrent: _Torrent, content: _Content, piece: int) -> None:
        torrent.have[piece] = True
        for index, priority in enumerate(torrent.priorities):
            if priority and piece in content.pieces_of(index) and torrent.has_file(index):
                self._post(FileFinished(torrent.torrent, index))

    def receive_metadata(
        self, torrent: str, files: Mapping[str, int], *, name: str = "magnet", piece_length: int = 16 * 1024
    ) -> None:
        """Peers send a magnet link's info dictionary: a root folder with files of these sizes.

        Nothing is wanted until the selection is applied to it.
        """
        with self._lock:
            known = self._torrents[torrent]
            known.content = _content_of(_info(name, files, piece_length))  # with the original paths, like libtorrent
            known.have = [False] * known.content.pieces
            known.priorities = [selection.UNWANTED] * len(files)
            known.modified = True
            self._post(MetadataReceived(torrent))
            self._go_on(known)


def claimed_pieces(resume: bytes) -> list[bool]:
    """The pieces that a fake's resume data claims."""
    return _parse_resume(resume)[2]


def _disown(content: _Content, have: list[bool], short: Mapping[int, int]) -> None:
    for number, there in short.items():
        for piece in content.pieces_of(number):
            if (piece + 1) * content.piece_length > sum(content.sizes[:number]) + there:
                have[piece] = False


def _claimed_end(content: _Content, have: list[bool], number: int) -> int:
    last = max((piece for piece in content.pieces_of(number) if have[piece]), default=-1)
    return min(content.sizes[number], (last + 1) * content.piece_length - sum(content.sizes[:number]))


def _laid_out(content: _Content, layout: ContentLayout) -> _Content:
    names = renamed(layout, dict(enumerate(content.paths)))
    return content._replace(paths=[names.get(index, path) for index, path in enumerate(content.paths)])


def _info(name: str, files: Mapping[str, int], piece_length: int) -> bytes:
    entries: list[Bencodable] = [
        {b"length": size, b"path": [part.encode() for part in path.split("/")]} for path, size in files.items()
    ]
    pieces = -(-sum(files.values()) // piece_length)
    return bencode.encode(
        {b"name": name.encode(), b"piece length": piece_length, b"pieces": bytes(20 * pieces), b"files": entries}
    )


def _parse_magnet(magnet: str) -> SourceInfo:
    parts = urlsplit(magnet)
    query = parse_qs(parts.query)
    match = _BTIH.fullmatch(query.get("xt", [""])[0])
    if parts.scheme != "magnet" or match is None:
        raise InvalidSource("not a magnet link with an info-hash")
    torrent = match[1].lower()
    return SourceInfo(torrent, query.get("dn", [""])[0], hashes=Hashes(torrent))


def _parse_metainfo(metainfo: bytes) -> _Content:
    try:
        match bencode.decode(metainfo):
            case {b"info": dict(info)}:
                return _content_of(bencode.encode(info))
            case _:
                raise InvalidSource("there is no info dictionary")
    except ValueError as error:
        raise InvalidSource(f"not bencoded: {error}") from error


def _trackers_of(metainfo: bytes) -> list[str]:
    try:
        match bencode.decode(metainfo):
            case {b"announce": bytes(url)}:
                return [url.decode()]
            case _:
                return []
    except ValueError:
        return []


def _content_of(info: bytes) -> _Content:
    match bencode.decode(info):
        case {b"name": bytes(name), b"piece length": int(piece_length), b"pieces": bytes(pieces), **rest}:
            pass
        case _:
            raise InvalidSource("the info dictionary lacks members")
    root = name.decode(errors="replace")
    paths: list[str] = []
    sizes: list[int] = []
    match rest:
        case {b"length": int(size)}:
            paths, sizes = [root], [size]
        case {b"files": list(files)}:
            for file in files:
                match file:
                    case {b"length": int(size), b"path": list(parts)}:
                        sizes.append(size)
                        names = [part.decode(errors="replace") for part in parts if isinstance(part, bytes)]
                        paths.append("/".join([root, *names]))
                    case _:
                        raise InvalidSource("a file lacks members")
        case _:
            raise InvalidSource("the info dictionary has no files")
    if piece_length <= 0 or min(sizes, default=-1) < 0 or len(pieces) != 20 * -(-sum(sizes) // piece_length):
        raise InvalidSource("sizes do not fit each other")
    return _Content(info, root, piece_length, paths, sizes)


def _write_resume(torrent: _Torrent) -> bytes:
    return bencode.encode(
        {
            b"format": _RESUME_FORMAT,
            b"torrent": torrent.torrent.encode(),
            b"info": torrent.content.info if torrent.content is not None else b"",
            b"have": bytes(torrent.have),
            b"trackers": [url.encode() for url, _ in torrent.trackers],
        }
    )


def _parse_resume(resume: bytes) -> tuple[str, _Content | None, list[bool], list[str]]:
    try:
        match bencode.decode(resume):
            case {
                b"format": format_,
                b"torrent": bytes(torrent),
                b"info": bytes(info),
                b"have": bytes(have),
                b"trackers": list(trackers),
            } if format_ == _RESUME_FORMAT:
                urls = [url.decode() for url in trackers if isinstance(url, bytes)]
                return torrent.decode(), _content_of(info) if info else None, [bool(piece) for piece in have], urls
            case _:
                raise InvalidSource("not resume data")
    except ValueError as error:
        raise InvalidSource(f"not resume data: {error}") from error
