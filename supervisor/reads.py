"""What clients can ask without changing anything. Answered at once, from memory, with or without an engine."""

import time
from collections import Counter
from typing import Any, Final

import msgspec
import psutil

from protocol import codec
from protocol.commands import (
    BY_OP,
    GetTorrent,
    Health,
    Hello,
    ListFiles,
    ListTorrents,
    Ping,
    Read,
    Replay,
    Stats,
)
from protocol.commands import Snapshot as SnapshotVerb
from protocol.desired import DesiredTorrent
from protocol.envelope import VERSION
from protocol.errors import ErrorKind, OuzelError
from protocol.rows import (
    ROW_FIELDS,
    EngineReport,
    HealthReport,
    ProcessReport,
    RestoreReport,
    SessionReport,
    SettingsReport,
    StatsReport,
    SupervisorReport,
    TorrentState,
)
from supervisor.catalogue import Catalogue
from supervisor.config import Config
from supervisor.event_log import EventLog
from supervisor.health import Health as HealthBook
from supervisor.keeper import Keeper
from supervisor.restore import Restore
from supervisor.snapshot import Snapshot

SERVER: Final = "ouzel"
REPLAY_BYTES_MAX: Final = 1024 * 1024
REPLAY_EVENTS_MAX: Final = 1000
"""A page of a replay is made in one turn of the loop, and others wait: so many take about two milliseconds."""


class Reads:
    """Answers every read from what the supervisor holds in memory.

    Args:
        config: the configuration; replaced by the service when another one comes into force.
        version: Ouzel's.
    """

    def __init__(
        self,
        *,
        config: Config,
        catalogue: Catalogue,
        snapshot: Snapshot,
        health: HealthBook,
        log: EventLog,
        keeper: Keeper,
        restore: Restore,
        version: str,
    ) -> None:
        self.config = config
        self._catalogue = catalogue
        self._snapshot = snapshot
        self._health = health
        self._log = log
        self._keeper = keeper
        self._restore = restore
        self._version = version
        self._started_at = time.monotonic()
        self._supervisor_process = psutil.Process()
        self.libtorrent = ""
        self.pid = self._supervisor_process.pid

    def answer(self, command: Read) -> Any:
        """The result of a read. Raises OuzelError."""
        now = time.monotonic()
        match command:
            case Hello():
                return {
                    "server": SERVER,
                    "version": self._version,
                    "protocol": VERSION,
                    "libtorrent": self.libtorrent,
                    "ops": list(BY_OP),
                    "max_frame_bytes": codec.MAX_FRAME_BYTES,
                }
            case Ping():
                return {}
            case Health():
                return self.health(now)
            case Stats():
                return self._stats(now)
            case SnapshotVerb(cursor=cursor, limit=limit):
                page, cursor = self._page(list(self._catalogue.torrents), cursor, limit)
                rows = [self._snapshot.row(self._catalogue.torrents[torrent], now) for torrent in page]
                return {
                    "health": self.health(now),
                    "settings": self.settings(),
                    "torrents": rows,
                    "cursor": cursor,
                }
            case ListTorrents():
                return self._list(command, now)
            case GetTorrent(torrent=torrent):
                return self._snapshot.detail(self.find(torrent), now)
            case ListFiles():
                return self._files(command, now)
            case Replay(epoch=epoch, after_seq=after_seq, limit=limit):
                return self._replay(epoch, after_seq, limit)

    def find(self, torrent: str) -> DesiredTorrent:
        """A torrent's desired state. Raises OuzelError: UNKNOWN_TORRENT."""
        desired = self._catalogue.torrents.get(torrent)
        if desired is None:
            raise OuzelError(
                ErrorKind.UNKNOWN_TORRENT, f"args.torrent: there is no torrent {torrent}", field="args.torrent"
            )
        return desired

    def settings(self) -> SettingsReport:
        """The session's limits: what clients asked for, else what is configured."""
        session, limits = self._catalogue.session, self.config.limits
        return SettingsReport(
            download_bps=limits.download_bps if session.download_bps is None else session.download_bps,
            upload_bps=limits.upload_bps if session.upload_bps is None else session.upload_bps,
        )

    def health(self, now: float) -> HealthReport:
        """The result of `health`."""
        keeper = self._keeper
        running = keeper.child is not None
        return HealthReport(
            status=self._health.status,
            reasons=self._health.reasons,
            engine=EngineReport(
                state=keeper.lifecycle.state.value,
                pid=keeper.child.pid if keeper.child else None,
                gen=keeper.gen,
                restarts=keeper.restarts,
                uptime_ms=int((now - keeper.spawned_at) * 1000) if running else 0,
            ),
            supervisor=SupervisorReport(
                pid=self.pid,
                version=self._version,
                uptime_ms=int((now - self._started_at) * 1000),
            ),
            restore=RestoreReport(done=self._restore.done, total=self._restore.total),
        )

    def _stats(self, now: float) -> StatsReport:
        session = self._snapshot.session
        states = self._snapshot.states()
        counts = Counter(states.get(torrent, TorrentState.QUEUED) for torrent in self._catalogue.torrents)
        child = self._keeper.child
        return StatsReport(
            session=SessionReport(
                download_bps=session.download_bps if session else 0,
                upload_bps=session.upload_bps if session else 0,
                downloaded=session.downloaded if session else 0,
                uploaded=session.uploaded if session else 0,
                peers=session.peers if session else 0,
                listen_port=session.listen_port if session else 0,
                age_ms=self._snapshot.session_age_ms(now),
            ),
            supervisor=_measure(self.pid),
            engine=_measure(child.pid if child else None),
            torrents={state.value: count for state, count in counts.items()},
        )

    def _list(self, command: ListTorrents, now: float) -> dict[str, Any]:
        unknown = sorted(set(command.fields or ()) - ROW_FIELDS)
        if unknown:
            raise OuzelError(
                ErrorKind.INVALID_ARGUMENT, f"args.fields: a row has no {unknown[0]!r}", field="args.fields"
            )
        torrents = self._catalogue.torrents
        chosen = torrents if command.ids is None else {key: torrents[key] for key in command.ids if key in torrents}
        kept = [
            torrent
            for torrent, desired in chosen.items()
            if (command.state is None or self._snapshot.of(torrent).state is command.state)
            and (command.label is None or command.label in desired.labels)
        ]
        page, cursor = self._page(kept, command.cursor, command.limit)
        rows: list[Any] = [self._snapshot.row(torrents[torrent], now) for torrent in page]
        if command.fields is not None:
            names = {"torrent", *command.fields}
            rows = [{name: getattr(row, name) for name in names} for row in rows]
        return {"torrents": rows, "cursor": cursor}

    def _files(self, command: ListFiles, now: float) -> dict[str, Any]:
        self.find(command.torrent)
        files = self._snapshot.files(command.torrent)
        if files is None:
            raise OuzelError(ErrorKind.NO_METADATA, "the torrent's metadata has not arrived yet", retry_after_ms=1000)
        start = _offset(command.cursor)
        end = start + command.limit
        told = self._snapshot.of(command.torrent).file_bytes
        return {
            "files": files[start:end],
            "cursor": str(end) if end < len(files) else None,
            "age_ms": None if told is None else max(0, int((now - told[0]) * 1000)),
        }

    def _replay(self, epoch: str, after_seq: int, limit: int) -> dict[str, Any]:
        """As many as one turn of the loop may take; the bytes that went out are put into the reply as they are."""
        events: list[msgspec.Raw] = []
        size = 0
        for logged in self._log.replay(epoch, after_seq, min(limit, REPLAY_EVENTS_MAX)):
            frame = self._log.frame(logged)
            size += len(frame)
            if events and size > REPLAY_BYTES_MAX:
                break
            events.append(msgspec.Raw(frame))
        return {"events": events, "head": self._log.head}

    @staticmethod
    def _page(torrents: list[str], cursor: str | None, limit: int) -> tuple[list[str], str | None]:
        """The page after `cursor`, which is the last id of the page before, and the next cursor."""
        after = sorted(torrent for torrent in torrents if cursor is None or torrent > cursor)
        page = after[:limit]
        return page, (page[-1] if len(after) > limit else None)


def _offset(cursor: str | None) -> int:
    if cursor is None:
        return 0
    if not cursor.isdecimal() or len(cursor) > 9:
        raise OuzelError(ErrorKind.INVALID_ARGUMENT, "args.cursor: not one that was given", field="args.cursor")
    return int(cursor)


def _measure(pid: int | None) -> ProcessReport:
    try:
        process = psutil.Process(pid) if pid is not None else None
        if process is not None:
            with process.oneshot():
                used = process.cpu_times()
                return ProcessReport(
                    rss_bytes=process.memory_info().rss,
                    cpu_ms=int((used.user + used.system) * 1000),
                    fds=process.num_fds(),
                )
    except psutil.Error:
        pass
    return ProcessReport(rss_bytes=0, cpu_ms=0, fds=0)
