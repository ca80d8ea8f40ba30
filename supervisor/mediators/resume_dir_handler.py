"""The resume directory handler: reports the state of the resume directory to clients and to the engine."""

from functools import partial
from typing import Final

from protocol.durable.directory_lock import DirectoryLock
from protocol.durable.resume_dir import ResumeDir
from protocol.internal.resume_events import FilePutAside, MetainfoDamaged
from protocol.wire.desired import DesiredTorrent
from protocol.wire.events.session_events import Reconciled
from protocol.wire.events.torrent_events import TorrentRemoved
from supervisor.concurrency.background import Tasks
from supervisor.concurrency.threads import in_thread
from supervisor.engine.engine import Engine
from supervisor.events.publisher import Publisher
from supervisor.health.health import Severity
from supervisor.health.health_reporter import HealthReporter
from supervisor.log import logs
from supervisor.mediators.announcements import Announcements
from supervisor.store.catalogue import Catalogue
from supervisor.store.damage import DamagedFile
from supervisor.store.differences import Mended, move_staged, refused_metainfo
from supervisor.store.remedies import with_remedy
from supervisor.store.resume_dir_warden import Callbacks
from supervisor.totals.totals_keeper import TotalsKeeper

COMPONENT: Final = "resume_dir"
"""The component of the resume directory's problems in `health`."""


class ResumeDirHandler:
    """Reports the state of the resume directory to clients and to the engine.

    Args:
        locks: held locks on directories. The first lock is on the resume directory. If another resume directory is
            adopted, its lock replaces the first lock.
        group: runs the tasks that move files.
    """

    def __init__(
        self,
        resume_dir: ResumeDir,
        *,
        locks: list[DirectoryLock],
        catalogue: Catalogue,
        engine: Engine,
        totals: TotalsKeeper,
        publisher: Publisher,
        announcements: Announcements,
        reporter: HealthReporter,
        group: Tasks,
        log: logs.Logger,
    ) -> None:
        self._dir = resume_dir
        self._locks = locks
        self._catalogue = catalogue
        self._engine = engine
        self._totals = totals
        self._publisher = publisher
        self._announcements = announcements
        self._reporter = reporter
        self._group = group
        self._log = log

    def callbacks(self) -> Callbacks:
        """The callbacks for the warden."""
        return Callbacks(
            trouble=self.in_trouble,
            writes=self.writes_fail,
            locked=self.replaced,
            inherited=self.held_by_engine,
            back=self.back,
            damaged=self._reporter.put_aside,
            unreadable=self._reporter.unreadable,
            loaded=self.loaded,
            found=self.found,
            session_found=self._engine.configure,
            lying=self._reporter.set_damaged,
        )

    def began(self, damaged: list[DamagedFile]) -> None:
        """Reports the damaged, unreadable and unmoved files that the first read of the directory found."""
        for file in damaged:
            self._reporter.put_aside(file)
        for unreadable in self._catalogue.unreadable.values():
            self._engine.snapshot.unreadable(unreadable.torrent or "", unreadable.problem)
        for name, error in self._catalogue.not_moved:
            self._log.warning("resume_data_not_moved", file=name, problem=str(error))

    # -- findings of the warden -----------------------------------------------------------------------------------

    def in_trouble(self, problem: str | None) -> None:
        """Reports that the directory is not usable. None means that it is usable again."""
        self._report("directory", f"the resume directory {self._dir.root}", problem)

    def writes_fail(self, problem: str | None) -> None:
        """Reports that writes fail although the directory is usable. None means that writes succeed again."""
        self._reporter.report(COMPONENT, "writes", problem)

    def replaced(self, lock: DirectoryLock) -> None:
        """Replaces the lock, because another directory has replaced the first directory."""
        before, self._locks[0] = self._locks[0], lock
        before.close()

    def held_by_engine(self) -> None:
        """Replaces the engine. The first directory is back, and the engine still holds its inherited lock."""
        self._engine.recycle("it holds the lock of a resume directory that is back")

    def back(self, mended: list[Mended]) -> None:
        """Publishes the repairs. Has the engine save its fast-resume data and load failed torrents again."""
        for torrent, what, done in mended:
            self._publisher.lifecycle(Reconciled(torrent=torrent, what=what, done=done))
        self._engine.retry()
        self._totals.save_all()

    def loaded(self, damaged: list[DamagedFile]) -> None:
        """Announces all torrents, and has the engine load all torrents.

        Called when the directory was finally listed.
        """
        for file in damaged:
            self._reporter.put_aside(file)
        for unreadable in self._catalogue.unreadable.values():
            self._engine.snapshot.unreadable(unreadable.torrent or "", unreadable.problem)
            self._reporter.unreadable(unreadable.name, unreadable.problem)
        for desired in self._catalogue.torrents.values():
            self._announcements.appeared(desired)
        self._engine.configure()
        self._engine.restore()

    def found(self, torrent: str, desired: DesiredTorrent | None) -> None:
        """Announces a torrent after its record was finally read. If there is no valid record, announces the torrent's
        removal.
        """
        if desired is None or desired.removal is not None:
            self._publisher.lifecycle(TorrentRemoved(torrent=torrent, delete_files=False))
            self._engine.snapshot.discard(torrent)
        else:
            self._announcements.appeared(desired)
        if desired is None:
            return
        if desired.removal is None:
            self._engine.ensure(desired)
        else:
            self._engine.forget(desired)

    # -- findings of an engine ------------------------------------------------------------------------------------

    def resume_data_not_written(self, problem: str | None) -> None:
        """Reports that the engine cannot write fast-resume data. None means that the engine can write again."""
        self._report("fastresume", f"fast-resume data in {self._dir.fastresume_dir}", problem)

    def put_aside(self, event: FilePutAside) -> None:
        """Moves a file that the engine has put aside to `damaged/`."""
        self._group.create_task(self._move_on(event))

    def metainfo_damaged(self, event: MetainfoDamaged) -> None:
        """Puts a .torrent file aside, because the engine has found damage."""
        self._group.create_task(self._put_metainfo_aside(event))

    async def _move_on(self, event: FilePutAside) -> None:
        done, staged = event.done, event.staged
        if staged is not None:
            done = await in_thread(partial(move_staged, self._dir, done, staged))
        gone = event.torrent not in self._catalogue.torrents  # if so, no event would clear the problem
        self._reporter.put_aside(DamagedFile(event.file, event.torrent, event.what, done, orphan=gone))

    async def _put_metainfo_aside(self, event: MetainfoDamaged) -> None:
        torrents, torrent = self._catalogue.torrents, event.torrent
        file = await in_thread(partial(refused_metainfo, self._dir, torrents, torrent, event.problem))
        if file is not None:
            self._reporter.put_aside(file)

    def _report(self, subject: str, what: str, problem: str | None) -> None:
        self._reporter.report(COMPONENT, subject, with_remedy(what, problem), Severity.DEGRADING)
