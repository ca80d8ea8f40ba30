"""Announcements: publishes events of torrents, and notifies the parts that track torrents."""

from protocol.wire.desired import DesiredTorrent
from protocol.wire.events.event import LifecycleEvent
from protocol.wire.events.torrent_events import TorrentAdded, TorrentRemoved
from supervisor.commands.lifecycle.adding import appeared
from supervisor.engine.engine import Engine
from supervisor.events.publisher import Publisher
from supervisor.health.failing_trackers import FailingTrackers
from supervisor.health.health_reporter import HealthReporter
from supervisor.payload.shared_files import SharedFiles
from supervisor.store.catalogue import Catalogue


class Announcements:
    """Publishes events of torrents, and notifies the parts that track torrents."""

    def __init__(
        self,
        *,
        catalogue: Catalogue,
        publisher: Publisher,
        reporter: HealthReporter,
        shared_files: SharedFiles,
        failing_trackers: FailingTrackers,
        engine: Engine,
    ) -> None:
        self._catalogue = catalogue
        self._publisher = publisher
        self._reporter = reporter
        self._shared_files = shared_files
        self._failing_trackers = failing_trackers
        self._engine = engine

    def publish(self, event: LifecycleEvent) -> int:
        """Publishes an event. Returns its sequence number."""
        if isinstance(event, TorrentAdded | TorrentRemoved):
            self._reporter.clear_torrent(event.torrent)
        if isinstance(event, TorrentRemoved):
            self._shared_files.gone(event.torrent)
            self._failing_trackers.note(event.torrent, None)
        return self._publisher.lifecycle(event)

    def appeared(self, desired: DesiredTorrent) -> None:
        """Publishes a torrent that is new to clients. Clients may already know the torrent's id."""
        torrent, quarantine, snapshot = desired.torrent, desired.quarantine, self._engine.snapshot
        self._shared_files.appeared(desired)
        for event in appeared(desired, self._catalogue.category_of(desired)):
            self._publisher.lifecycle(event)
        changes = snapshot.queued(torrent) if quarantine is None else snapshot.quarantined(torrent, quarantine.reason)
        for change in changes:
            self._publisher.lifecycle(change)
