"""A desk: the dispatcher, the loader and the session commands over the fake session and real files."""

from collections.abc import Sequence
from pathlib import Path
from typing import TypeVar

import msgspec

from engine_proc.events.translator import AlertTranslator
from engine_proc.resume.rehasher import Rehasher
from engine_proc.resume.resume_policy import ResumePolicy
from engine_proc.resume.resume_store import FastResumeStore
from engine_proc.session.alerts import Alert, MetadataReceived, PrioritiesSet, ResumeData, TorrentAdded, TorrentGone
from engine_proc.session.peer_sources import TrackerState
from engine_proc.session_commands import SessionCommands
from engine_proc.settings_watch import SettingsWatch
from engine_proc.storage.storage_guard import StorageGuard
from engine_proc.storage.storage_watch import MountsRead, Sight, StorageWatch
from engine_proc.torrents.dispatch import Dispatcher
from engine_proc.torrents.loading.judged_sources import JudgedSources
from engine_proc.torrents.loading.loader import Loader
from engine_proc.torrents.parts import Parts
from engine_proc.trackers.announce_pacer import AnnouncePacer
from protocol.durable.integrity import seal
from protocol.durable.resume_dir import ResumeDir
from protocol.internal.bounds import Bounds
from protocol.internal.link_commands import DropTorrent
from protocol.internal.link_events import EngineEvent, StorageState, TorrentApplied
from protocol.wire.desired import DesiredTorrent, Selection
from tests.fakes.fake_session import KNOWN_SETTINGS, FakeSession
from tools.rig.probe import eventually, readable
from tools.rig.samples import two_files

EventT = TypeVar("EventT")
RULES = Selection(include=("*.bin",))


class Watch(StorageWatch):
    """Remembers the last mounts; they are read from time to time, and whenever a test mounts something."""

    sights: Sequence[Sight] = ()

    def seen(self) -> list[Sight]:
        self.sights = super().seen()
        return list(self.sights)

    @property
    def answered(self) -> bool:
        """Whether a question of the guard was answered."""
        return any(not isinstance(sight, MountsRead) for sight in self.sights)


class Desk:
    """Carries out one session's commands and stores the events; alerts are passed on as the engine does."""

    def __init__(self, root: Path, session: FakeSession | None = None) -> None:
        self.dir = ResumeDir(root)
        self.dir.make_engine_dir()
        self.now = 1000.0
        self.session = session if session is not None else FakeSession()
        self.store = FastResumeStore(self.dir)
        self.rehasher = Rehasher()
        self.watch = Watch()
        self.translator = AlertTranslator()
        self.guard = StorageGuard(self.watch, self.translator, self.hear, lambda: self.now)
        self.guard.set_bounds(Bounds(roots=["/"]))
        self.policy = ResumePolicy()
        self.pacer = AnnouncePacer(1000.0, lambda: 0.5)
        self.said: list[EngineEvent] = []
        self.judged = JudgedSources()
        self.trackers: list[tuple[str, Sequence[TrackerState]]] = []
        self.session_commands = SessionCommands(
            self.session,
            self.guard,
            self.judged,
            self.hear,
            lambda: self.now,
            lambda torrent, states: self.trackers.append((torrent, states)),
        )
        self.settings = SettingsWatch(self.session, KNOWN_SETTINGS, self.hear, lambda: self.now)
        parts = Parts(
            self.session,
            self.store,
            self.guard,
            self.translator,
            self.policy,
            self.pacer,
            self.hear,
            lambda: self.now,
        )
        self.loader = Loader(parts, self.judged, self.rehasher)
        self.dispatcher = Dispatcher(parts, self.loader)
        self.mover = self.dispatcher.absences.mover
        self.sample = two_files()
        self.dir.metainfo(self.sample.torrent).write_bytes(self.sample.metainfo)

    def close(self) -> None:
        self.watch.close()
        self.rehasher.close()
        self.store.close()
        self.session.close()

    def hear(self, event: EngineEvent) -> None:
        self.said.append(event)

    def pump(self) -> None:
        """Passes on all alerts, and the alerts that they cause."""
        while alerts := self.session.pop_alerts():
            for alert in alerts:
                self.hand_on(alert)

    def hand_on(self, alert: Alert) -> None:
        match alert:
            case TorrentAdded():
                self.dispatcher.added(alert)
            case TorrentGone():
                self.dispatcher.gone(alert)
            case PrioritiesSet():
                self.dispatcher.priorities_set(alert)
            case MetadataReceived(torrent):
                self.dispatcher.metadata_received(torrent)
            case _:
                pass

    def ensure(self, desired: DesiredTorrent) -> None:
        self.dispatcher.ensure(desired)
        self.pump()

    def decide(self) -> None:
        """Waits until the disk was checked, and acts on the decisions."""
        self.guard.tick(self.now)
        self.watch.sights = ()
        while not self.watch.answered:
            eventually(lambda: readable(self.guard.fileno(), 0.1), "something was seen")
            for decision in self.guard.decisions():
                self.dispatcher.decided(decision)
        self.pump()

    def told(self) -> list[tuple[str, int]]:
        """The reports about file systems: the problem, and the number of torrents."""
        for decision in self.guard.tick(self.now):
            self.dispatcher.decided(decision)
        return [(event.problem, len(event.torrents)) for event in self.heard(StorageState)]

    def stored(self, content: bytes | None = None) -> bytes:
        """Stores resume data with all pieces; the session's torrents have files on disk."""
        self.session.on_disk = True
        blob = seal(content or self.resume_data())
        self.dir.fastresume(self.sample.torrent).write_bytes(blob)
        return blob

    def forget(self, desired: DesiredTorrent, *, delete_files: bool) -> None:
        self.dispatcher.forget(DropTorrent(torrent=desired.torrent, delete_files=delete_files, desired=desired))
        self.pump()

    def settle(self) -> None:
        """Waits until resume data was deleted, after a check of the disk, and passes on the result."""

        def deleted() -> bool:
            for decision in self.guard.decisions():
                self.dispatcher.decided(decision)
            return readable(self.store.fileno(), 0.02)

        eventually(deleted, "an outcome")
        for outcome in self.store.outcomes():
            if outcome.deleted:
                self.dispatcher.resume_deleted(outcome.torrent)
        self.pump()

    def rehashed(self, count: int = 1) -> None:
        """Waits until this many torrents were examined, and passes on the results."""
        while count:
            eventually(lambda: readable(self.rehasher.fileno(), 0.1), "an outcome")
            for outcome in self.rehasher.outcomes():
                self.dispatcher.rehashed(outcome)
                count -= outcome.verified is not None
        self.pump()

    def heard(self, kind: type[EventT]) -> list[EventT]:
        """The events of one kind, each returned once."""
        found: list[EventT] = [event for event in self.said if isinstance(event, kind)]
        self.said = [event for event in self.said if not isinstance(event, kind)]
        return found

    def resume_data(self, *, seed_mode: bool = True) -> bytes:
        """The sample's resume data from another session, with all pieces or with none."""
        other = FakeSession()
        other.add(self.sample.desired(seed_mode=seed_mode), metainfo=self.sample.metainfo, resume=None)
        other.pop_alerts()
        other.save_resume(self.sample.torrent, only_if_modified=False)
        (alert,) = [alert for alert in other.pop_alerts() if isinstance(alert, ResumeData)]
        other.close()
        return alert.blob


def changed(desired: DesiredTorrent, **fields: object) -> DesiredTorrent:
    """The desired state with the next revision."""
    return msgspec.structs.replace(desired, **{"revision": desired.revision + 1, **fields})


def applied(desired: DesiredTorrent) -> TorrentApplied:
    """The confirmation of a revision."""
    return TorrentApplied(torrent=desired.torrent, revision=desired.revision)
