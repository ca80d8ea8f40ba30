"""Reads that are answered from memory, with or without an engine.

Most reads are answered at once. Long pages are made in steps, and other requests run between the steps.
"""

import contextlib
import re
import time
from bisect import bisect_right
from collections.abc import Callable, Generator, Iterable, Sequence
from typing import Any, Final

import msgspec
import psutil

from protocol.wire import codec
from protocol.wire.commands.category_commands import ListCategories
from protocol.wire.commands.goal_commands import GetGoals
from protocol.wire.commands.group_commands import ListGroups
from protocol.wire.commands.kinds import EngineRead, InstantRead, PagedRead, SessionRead
from protocol.wire.commands.peer_commands import ListBans
from protocol.wire.commands.session_commands import GetSettings, Health, Hello, Ping, Replay, Stats
from protocol.wire.commands.session_commands import Snapshot as SnapshotVerb
from protocol.wire.commands.torrent_commands import GetTorrent, ListTorrents
from protocol.wire.desired import DesiredTorrent
from protocol.wire.envelope import VERSION
from protocol.wire.errors import ErrorKind, OuzelError
from protocol.wire.operations import OPERATIONS
from protocol.wire.reports import (
    EngineReport,
    GlobalGoals,
    HealthReport,
    IpFilterReport,
    ProcessReport,
    RestoreReport,
    SessionReport,
    SettingReport,
    SettingsReport,
    StatsReport,
    SupervisorReport,
)
from protocol.wire.results import BanList, CategoryList, Nothing, ServerInfo, SettingList
from protocol.wire.rows import DETAIL_FIELDS, ROW_FIELDS, TorrentDetail, TorrentRow
from protocol.wire.session.group_results import GroupList
from supervisor.commands import categories, groups
from supervisor.commands.handlers import check_complete, handlers_of, handles
from supervisor.commands.reads import pages
from supervisor.commands.reads.setting_reports import setting_reports
from supervisor.commands.seeding import global_goals, goals
from supervisor.config.config import Config
from supervisor.config.goals_config import GoalsConfig
from supervisor.config.limit_schedule import in_force
from supervisor.engine.engine import Engine
from supervisor.events.event_log import EventLog
from supervisor.health.health import Health as HealthBook
from supervisor.metrics.meters import Meters
from supervisor.payload.root_space import RootSpaces
from supervisor.store.catalogue import Catalogue

SERVER: Final = "ouzel"
REPLAY_BYTES_MAX: Final = 1024 * 1024
_ID: Final = re.compile("[0-9a-f]{40}|[0-9a-f]{64}")

STATS_FRESH_S: Final = 0.1
"""For how long a result of `stats` is reused. A new event ends this time."""

Steps = Generator[None, None, dict[str, Any]]
REPLAY_EVENTS_MAX: Final = 1000
"""The maximum number of events in a page of a replay.

Such a page is made in one step, and takes about two milliseconds.
"""


class Reads:
    """Answers reads from the supervisor's memory.

    Args:
        config: the configuration in force. The config handler replaces it.
        engines: the engines of all slots, at least one.
        version: the version of Ouzel.
        others: further objects with handlers of reads.
        spaces: the free space of the download roots.
        roots: returns the download roots. The first root is the default save path.
        limits: returns the session's limits.
    """

    def __init__(
        self,
        *,
        config: Config,
        catalogue: Catalogue,
        engines: Sequence[Engine],
        health: HealthBook,
        log: EventLog,
        version: str,
        others: Sequence[object] = (),
        limits: Callable[[], SettingsReport],
        meters: Meters,
        spaces: RootSpaces,
        roots: Callable[[], Iterable[str]],
    ) -> None:
        self.config = config
        self._catalogue = catalogue
        self._engines = engines
        self._engine = engines[0]
        self._snapshot = self._engine.snapshot
        self._health = health
        self._log = log
        self._spaces = spaces
        self._roots = roots
        self._version = version
        self._limits = limits
        self._meters = meters
        self._started_at = time.monotonic()
        self._supervisor_process = psutil.Process()
        self._stats_kept: tuple[float, int, StatsReport] | None = None
        """The last result of `stats`.

        It has three parts: the time of the result, the sequence number at that time, and the result itself.
        """
        self.pid = self._supervisor_process.pid
        self._handlers = handlers_of(self, *others)
        check_complete(InstantRead, self._handlers)
        check_complete(PagedRead, self._handlers, but=(EngineRead, SessionRead))

    def answer(self, command: InstantRead) -> Any:
        """Returns the result of a read that is answered at once. Raises OuzelError."""
        return self._handlers[type(command)](command)

    def steps(self, command: PagedRead) -> Steps:
        """Makes the result of a long read in steps.

        The rows and events in the result are encoded. Raises OuzelError.
        """
        steps: Steps = self._handlers[type(command)](command)
        return steps

    @handles(Hello)
    def _hello(self, _: Hello) -> ServerInfo:
        return ServerInfo(
            server=SERVER,
            version=self._version,
            protocol=VERSION,
            libtorrent=self._engine.libtorrent,
            ops=list(OPERATIONS),
            max_frame_bytes=codec.MAX_FRAME_BYTES,
        )

    @handles(Ping)
    def _ping(self, _: Ping) -> Nothing:
        return Nothing()

    @handles(Health)
    def _health_now(self, _: Health) -> HealthReport:
        return self.health(time.monotonic())

    @handles(ListBans)
    def _bans(self, _: ListBans) -> BanList:
        return BanList(addresses=list(self._catalogue.session.banned))

    @handles(ListCategories)
    def _categories(self, _: ListCategories) -> CategoryList:
        return categories.listed(self._catalogue.session)

    @handles(ListGroups)
    def _groups(self, _: ListGroups) -> GroupList:
        return groups.listed(self._catalogue.session)

    @handles(GetTorrent)
    def _detail(self, command: GetTorrent) -> TorrentDetail:
        desired = self.shown(command.torrent)
        return self._snapshot.detail(desired, time.monotonic(), goals.report(desired, self.global_goals()))

    def find(self, torrent: str) -> DesiredTorrent:
        """Returns a torrent's desired state.

        The torrent is given by its id or its other info-hash.

        Raises:
            OuzelError: UNKNOWN_TORRENT.
            OuzelError: STORAGE_UNAVAILABLE: the torrent's record cannot be read.
        """
        torrent = self._catalogue.resolve(torrent)
        self._catalogue.check_readable(torrent)
        return self.shown(torrent)

    def shown(self, torrent: str) -> DesiredTorrent:
        """Like `find`. If the torrent's record cannot be read, returns a placeholder that has only the id."""
        desired = self._catalogue.shown(self._catalogue.resolve(torrent))
        if desired is None:
            raise OuzelError(
                ErrorKind.UNKNOWN_TORRENT, f"args.torrent: there is no torrent {torrent}", field="args.torrent"
            )
        return desired

    def settings(self) -> SettingsReport:
        """The session's limits. Limits of clients override configured limits."""
        return self._limits()

    @handles(GetSettings)
    def _settings(self, _: GetSettings) -> SettingList:
        return SettingList(settings=self.setting_reports(), limits=self._limits())

    def setting_reports(self, only: Iterable[str] | None = None) -> dict[str, SettingReport]:
        """The settings of libtorrent by name. If `only` is given, the result has only these settings."""
        return setting_reports(
            client=self._catalogue.session.settings,
            configured=self.config.engine,
            defaults=self._engine.default_settings,
            only=only,
        )

    @handles(GetGoals)
    def _goals(self, _: GetGoals) -> GlobalGoals:
        return self.goals_report()

    def goals_report(self) -> GlobalGoals:
        """The global seeding goals, and who set each."""
        return global_goals.report(self._catalogue.session.goals, self.config.goals)

    def global_goals(self) -> GoalsConfig:
        """The global seeding goals in force."""
        return global_goals.in_force(self._catalogue.session.goals, self.config.goals)

    def health(self, now: float) -> HealthReport:
        """The result of `health`."""
        engines = [engine.report(now) for engine in self._engines]
        restores = [engine.restore_report() for engine in self._engines]
        first = engines[0]
        return HealthReport(
            status=self._health.status,
            reasons=self._health.reasons,
            engine=EngineReport(
                state=first.state, pid=first.pid, gen=first.gen, restarts=first.restarts, uptime_ms=first.uptime_ms
            ),
            supervisor=SupervisorReport(
                pid=self.pid,
                version=self._version,
                uptime_ms=int((now - self._started_at) * 1000),
            ),
            restore=RestoreReport(done=sum(each.done for each in restores), total=sum(each.total for each in restores)),
            sandbox=self._engine.sandbox,
            engines=engines,
        )

    @handles(Stats)
    def _stats(self, _: Stats) -> StatsReport:
        now = time.monotonic()
        kept = self._stats_kept
        if kept is None or now - kept[0] > STATS_FRESH_S or kept[1] != self._log.head:
            kept = self._stats_kept = now, self._log.head, self._stats_now(now)
        return kept[2]

    def _stats_now(self, now: float) -> StatsReport:
        session = self._snapshot.session
        counts = self._snapshot.count_states(self._catalogue.torrents, self._catalogue.unreadable)
        totals = self._snapshot.totals
        all_time_downloaded, all_time_uploaded = totals.all_time
        return StatsReport(
            session=SessionReport(
                download_bps=session.download_bps if session else 0,
                upload_bps=session.upload_bps if session else 0,
                downloaded=totals.session_downloaded,
                uploaded=totals.session_uploaded,
                peers=session.peers if session else 0,
                listen_port=session.listen_port if session else 0,
                age_ms=self._snapshot.session_age_ms(now),
                all_time_downloaded=all_time_downloaded,
                all_time_uploaded=all_time_uploaded,
                network_thread_load=session.network_load if session else None,
                alternative_limits=in_force(self._limits()).alternative,
            ),
            supervisor=_measure([self.pid]),
            engine=_measure([engine.pid for engine in self._engines]),
            torrents={state.value: count for state, count in counts.items()},
            ip_filter=self._ip_filter(),
            roots=self._spaces.reports(self._roots(), now),
        )

    def _ip_filter(self) -> IpFilterReport | None:
        found, file = self._snapshot.ip_filter, self.config.ip_filter.file
        if found is None or file is None or not found.on:
            return None
        return IpFilterReport(file=file, rules=found.rules, bad_lines=found.bad_lines)

    @handles(SnapshotVerb)
    def _all(self, command: SnapshotVerb) -> Steps:
        rows, cursor = yield from self._page(self._catalogue.ids_after, self._row, command.cursor, command.limit)
        return {
            "health": self.health(time.monotonic()),
            "settings": self.settings(),
            "torrents": rows,
            "cursor": cursor,
        }

    @handles(ListTorrents)
    def _list(self, command: ListTorrents) -> Steps:
        asked = {"torrent", *(command.fields or ())}
        unknown = sorted(asked - ROW_FIELDS - DETAIL_FIELDS)
        if unknown:
            raise OuzelError(
                ErrorKind.INVALID_ARGUMENT, f"args.fields: a row has no {unknown[0]!r}", field="args.fields"
            )
        names, details = asked & ROW_FIELDS, asked & DETAIL_FIELDS
        chosen = None if command.ids is None else sorted({self._catalogue.resolve(each) for each in command.ids})

        def ids_after(cursor: str | None, count: int) -> list[str]:
            assert chosen is not None
            start = 0 if cursor is None else bisect_right(chosen, cursor)
            return chosen[start : start + count]

        among = None if chosen is None else frozenset(chosen)

        def row(torrent: str) -> Any:
            desired = self._catalogue.shown(torrent)
            if desired is None or (among is not None and torrent not in among):
                return None
            if command.state is not None and self._snapshot.of(torrent).state is not command.state:
                return None
            if command.label is not None and command.label not in desired.labels:
                return None
            if command.category is not None and command.category != (self._catalogue.category_of(desired) or ""):
                return None
            now = time.monotonic()
            found = self._snapshot.row(desired, now, goals.report(desired, self.global_goals()))
            if command.fields is None:
                return found
            cut = {name: getattr(found, name) for name in names}
            return cut | self._snapshot.members(desired, details, now) if details else cut

        ids = self._catalogue.ids_after if chosen is None else ids_after
        rows, cursor = yield from self._page(ids, row, command.cursor, command.limit)
        return {"torrents": rows, "cursor": cursor}

    def _page(
        self,
        ids_after: Callable[[str | None, int], list[str]],
        row: Callable[[str], Any],
        cursor: str | None,
        limit: int,
    ) -> pages.Steps:
        if cursor is not None and not _ID.fullmatch(cursor):
            raise no_cursor()
        return pages.of_torrents(ids_after, row, self._log, cursor=cursor, limit=limit)

    def _row(self, torrent: str) -> TorrentRow | None:
        desired = self._catalogue.shown(torrent)
        if desired is None:
            return None
        return self._snapshot.row(desired, time.monotonic(), goals.report(desired, self.global_goals()))

    @handles(Replay)
    def _replay(self, command: Replay) -> Steps:
        """Makes a page of a replay. The page has the published frames, and its size is bounded."""
        events: list[msgspec.Raw] = []
        size = 0
        for logged in self._log.replay(command.epoch, command.after_seq, min(command.limit, REPLAY_EVENTS_MAX)):
            frame = self._log.frame(logged)
            size += len(frame)
            if events and size > REPLAY_BYTES_MAX:
                break
            events.append(msgspec.Raw(frame))
        self._meters.replays += 1
        self._meters.replayed += len(events)
        yield from ()
        return {"events": events, "head": self._log.head}


def no_cursor() -> OuzelError:
    """The error for a cursor that is not valid."""
    return OuzelError(ErrorKind.INVALID_ARGUMENT, "args.cursor: not the cursor of an earlier page", field="args.cursor")


def _measure(pids: Iterable[int | None]) -> ProcessReport:
    """The total memory, CPU time and descriptors of some processes. Processes that cannot be examined do not count."""
    rss_bytes = cpu_ms = fds = 0
    for pid in pids:
        with contextlib.suppress(psutil.Error):
            process = psutil.Process(pid) if pid is not None else None
            if process is not None:
                with process.oneshot():
                    used, held, opened = process.cpu_times(), process.memory_info().rss, process.num_fds()
                rss_bytes, cpu_ms, fds = rss_bytes + held, cpu_ms + int((used.user + used.system) * 1000), fds + opened
    return ProcessReport(rss_bytes=rss_bytes, cpu_ms=cpu_ms, fds=fds)
