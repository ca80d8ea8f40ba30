"""Admission: sends torrents to the engine. Only this module sends torrents.

Isolation may hold torrents back. These torrents are not sent.
"""

from collections.abc import Callable

from protocol.internal.link_commands import EnsureTorrent
from protocol.wire.desired import DesiredTorrent
from protocol.wire.reports import RestoreReport
from protocol.wire.rows import TorrentState
from supervisor.engine.burst import AddBurst
from supervisor.engine.facts import EngineFact
from supervisor.engine.poison.isolation import Isolation
from supervisor.engine.process.engine_link import EngineLink
from supervisor.engine.torrents.observed.snapshot import Snapshot
from supervisor.engine.torrents.own_torrents import OwnTorrents
from supervisor.engine.torrents.restore import Restore
from supervisor.engine.torrents.restorer import Restorer, drop_command
from supervisor.log import logs


class Admission:
    """Sends the torrents of one slot to the engine.

    Args:
        torrents: the records of the slot.
        emit: called with the progress of a restore and the findings of isolation.

    Fields:
        isolation: decides which torrents may be loaded.
        burst: the adds under way.
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
        self.burst = AddBurst(link)
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
        """Whether the engine has confirmed all sent torrents."""
        return self._restorer.done

    def ensure(self, *commands: EnsureTorrent) -> None:
        """Sends torrents to the engine, except held-back torrents.

        Isolation notes which torrents were sent.
        """
        if self._link.connected:
            self._link.send(*(each for each in commands if self.isolation.admit(each.desired.torrent)))

    def load(self, command: EnsureTorrent) -> None:
        """Sends a new torrent to the engine, unless it is held back. In a burst of adds, the torrent is sent later."""
        if self._link.connected and self.isolation.admit(command.desired.torrent):
            self.burst.load(command)

    def forget(self, desired: DesiredTorrent) -> None:
        """Has the engine unload a removed torrent.

        If files have to be deleted, the engine loads the torrent first. In that case, the command is sent only if
        isolation admits the torrent.
        """
        command = drop_command(desired)
        if self._link.connected and (not command.delete_files or self.isolation.admit(desired.torrent)):
            self._link.send(command)

    def give_all(self) -> None:
        """Sends all torrents to the engine.

        Call `give_all` when a new engine is up, or when all records were read anew.
        """
        self._restorer.give_all()

    def give_again(self) -> None:
        """Sends the torrents with an error again. During a restore, sends all torrents again."""
        self._restorer.forget_leaving()
        if not self._link.up:
            return
        again = [
            torrent
            for torrent in self._own.torrents
            if not self.restored or self._snapshot.of(torrent).state is TorrentState.ERROR
        ]
        if again:
            self._restorer.give(again)

    def taken_up(self, torrent: str) -> None:
        """Notes that the engine has confirmed a torrent, or that the torrent was removed."""
        self._restorer.taken_up(torrent)

    def tell(self) -> None:
        """Emits the progress of a restore. Call `tell` every second."""
        self._restorer.report()

    def tick(self) -> None:
        """Continues the isolation of suspects. Call `tick` every second."""
        if self._link.up:
            self.isolation.tick(restored=self.restored)

    def report(self) -> RestoreReport:
        """The progress of the restore, for `health`."""
        return RestoreReport(done=self._plan.done, total=self._plan.total)

    def _admits(self, torrent: str) -> bool:
        return self.isolation.admits(torrent)
