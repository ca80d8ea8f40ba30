"""Admission: gives an engine its torrents, those that may be loaded. It is the only way by which any reaches it."""

from collections.abc import Callable

from protocol.internal.link_commands import EnsureTorrent
from protocol.wire.desired import DesiredTorrent
from protocol.wire.reports import RestoreReport
from protocol.wire.rows import TorrentState
from supervisor.engine.facts import EngineFact
from supervisor.engine.poison.isolation import Isolation
from supervisor.engine.process.engine_link import EngineLink
from supervisor.engine.torrents.own_torrents import OwnTorrents
from supervisor.engine.torrents.restore import Restore
from supervisor.engine.torrents.restorer import Restorer, drop_command
from supervisor.engine.torrents.snapshot import Snapshot
from supervisor.log import logs


class Admission:
    """One slot's.

    Args:
        torrents: the engine's own.
        emit: is given how far a restore is, and what isolation finds out.

    Fields:
        isolation: says which torrents may be loaded.
    """

    def __init__(
        self,
        *,
        torrents: OwnTorrents,
        snapshot: Snapshot,
        link: EngineLink,
        emit: Callable[[EngineFact], None],
        log: logs.Logger,
    ) -> None:
        self._own = torrents
        self._snapshot = snapshot
        self._link = link
        self._plan = Restore()
        self._restorer = Restorer(
            self._plan,
            torrents=torrents,
            snapshot=snapshot,
            link=link,
            admits=self._admits,
            ensure=self.ensure,
            forget=self.forget,
            emit=emit,
        )
        self.isolation = Isolation(
            torrents=torrents, snapshot=snapshot, load=self._restorer.give_missing, emit=emit, log=log
        )

    @property
    def restored(self) -> bool:
        """Whether the engine has taken up all that it was given."""
        return self._restorer.done

    def ensure(self, *commands: EnsureTorrent) -> None:
        """Gives the engine torrents, those that may be loaded now; that they were given is noted."""
        if self._link.connected:
            self._link.send(*(each for each in commands if self.isolation.admit(each.desired.torrent)))

    def forget(self, desired: DesiredTorrent) -> None:
        """Has a torrent that is leaving forgotten. One whose files go is loaded for that, so it has to be admitted."""
        command = drop_command(desired)
        if self._link.connected and (not command.delete_files or self.isolation.admit(desired.torrent)):
            self._link.send(command)

    def give_all(self) -> None:
        """A new engine is up, or none of the torrents was known before."""
        self._restorer.give_all()

    def give_again(self) -> None:
        """What could not be loaded, or has not been, is tried again."""
        self._restorer.forget_leaving()
        if not self._link.up:
            return
        again = {
            torrent: desired
            for torrent, desired in self._own.torrents.items()
            if not self.restored or self._snapshot.of(torrent).state is TorrentState.ERROR
        }
        if again:
            self._restorer.give(again)

    def taken_up(self, torrent: str) -> None:
        """The engine has taken up a torrent, or it was removed."""
        self._restorer.taken_up(torrent)

    def tell(self) -> None:
        """Tells how far a restore is; to be called every second."""
        self._restorer.report()

    def tick(self) -> None:
        """Has isolation go on; to be called every second."""
        if self._link.up:
            self.isolation.tick(restored=self.restored)

    def report(self) -> RestoreReport:
        """How far the engine is in taking up torrents."""
        return RestoreReport(done=self._plan.done, total=self._plan.total)

    def _admits(self, torrent: str) -> bool:
        return self.isolation.admits(torrent)
