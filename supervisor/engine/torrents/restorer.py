"""The restorer: sends an engine its torrents, in the window of `supervisor.engine.torrents.restore`."""

import asyncio
import time
from collections.abc import Callable, Iterable
from typing import Final, Protocol

from protocol.internal.link_commands import DropTorrent, EnsureTorrent
from protocol.wire.desired import DesiredTorrent
from supervisor.engine.facts import Problem, Restored
from supervisor.engine.process.engine_link import EngineLink
from supervisor.engine.torrents.observed.snapshot import Snapshot
from supervisor.engine.torrents.own_torrents import OwnTorrents
from supervisor.engine.torrents.restore import Order, Restore

OUTLOOK: Final = "the others follow by themselves"


class Ensure(Protocol):
    """Has the engine load torrents."""

    def __call__(self, *commands: EnsureTorrent) -> None:
        """Sends the torrents that may be loaded now."""


class Restorer:
    """Restores torrents into the current engine process.

    Args:
        plan: the order and window of the restore.
        torrents: the records of the slot.
        admits: whether a torrent may be loaded now.
        ensure: sends torrents to the engine, except held-back torrents.
        forget: has the engine unload a removed torrent.
        emit: called with the progress as a problem, and with `Restored` at the end.
    """

    def __init__(
        self,
        plan: Restore,
        *,
        torrents: OwnTorrents,
        snapshot: Snapshot,
        link: EngineLink,
        admits: Callable[[str], bool],
        ensure: Ensure,
        forget: Callable[[DesiredTorrent], None],
        emit: Callable[[Problem | Restored], None],
    ) -> None:
        self._plan = plan
        self._own = torrents
        self._snapshot = snapshot
        self._link = link
        self._admits = admits
        self._ensure = ensure
        self._forget = forget
        self._emit = emit
        self._since: float | None = None
        """The monotonic time at which the restore began; None without a restore."""
        self._round = 0

    @property
    def done(self) -> bool:
        """Whether the engine has confirmed all torrents of the restore."""
        return self._plan.done == self._plan.total

    def forget_leaving(self) -> None:
        """Has the engine unload all torrents that are being removed."""
        for desired in self._own.leaving.values():
            self._forget(desired)

    def give(self, torrents: Iterable[str]) -> None:
        """Begins a restore of these torrents. Torrents that may not be loaded now are left out.

        The torrents are put in order first, one slice in each iteration of the loop.
        """
        order = Order(torrents)
        self._plan.begin(len(order))
        self._round += 1
        self._arrange(self._round, order)
        self.report()

    def give_all(self) -> None:
        """Begins the restore of all torrents, for a new engine."""
        self.forget_leaving()
        self.give(self._own.torrents)

    def give_missing(self) -> None:
        """Begins a restore of the torrents that the engine does not have yet.

        Call `give_missing` when more torrents may be loaded.
        """
        self.forget_leaving()
        present = self._snapshot.present
        self.give(torrent for torrent in self._own.torrents if torrent not in present)

    def taken_up(self, torrent: str) -> None:
        """Notes that the engine has confirmed a torrent, or that the torrent was removed.

        Sends more torrents.
        """
        if self._plan.taken_up(torrent):
            self.report()
        elif self._plan.has_room:
            self._give_more(self._round)

    def report(self) -> None:
        """Emits the progress of the restore."""
        done, total = self._plan.done, self._plan.total
        if done < total:
            self._since = self._since or time.monotonic()
            self._emit(Problem("restore", f"{done} of {total} torrents are back; {OUTLOOK}"))
            return
        if self._since is not None:
            took_ms = int((time.monotonic() - self._since) * 1000)
            self._since = None
            self._emit(Restored(total, took_ms))
        self._emit(Problem("restore", None))

    def _arrange(self, number: int, order: Order) -> None:
        """Puts the next slice in order. After the last slice, sends the first torrents."""
        if number != self._round:
            return
        found = order.next()
        known = self._own.torrents
        admitted = [known[torrent] for torrent in found if torrent in known and self._admits(torrent)]
        order.put(admitted, self._snapshot.state_of)
        self._plan.admit([desired.torrent for desired in admitted], seen=len(found))
        if order.more:
            asyncio.get_running_loop().call_soon(self._arrange, number, order)
        else:
            self._plan.arrange(iter(order))
            self._give_more(number)

    def _give_more(self, number: int) -> None:
        """Sends torrents to the engine while the window has room. Sends one chunk in each iteration of the loop."""
        if number != self._round or not self._link.up:
            return
        torrents, known = self._own.torrents, self._snapshot.files_known
        chosen = self._plan.next()
        if chosen:
            wanted = (torrents[torrent] for torrent in chosen if torrent in torrents)
            self._ensure(*(self._command(each, files_known=known(each)) for each in wanted))
            asyncio.get_running_loop().call_soon(self._give_more, number)

    def _command(self, desired: DesiredTorrent, *, files_known: bool) -> EnsureTorrent:
        totals = self._snapshot.totals
        counts = totals.of(desired.torrent)
        return EnsureTorrent(
            desired=desired,
            files_known=files_known,
            downloaded=counts.downloaded,
            uploaded=counts.uploaded,
            history=totals.lacks_history(desired.torrent),
        )


def drop_command(desired: DesiredTorrent) -> DropTorrent:
    """The command that unloads a removed torrent. Files of a quarantined torrent are kept, because the torrent is not
    loaded.
    """
    delete_files = desired.removal == "delete_files" and desired.quarantine is None
    return DropTorrent(torrent=desired.torrent, delete_files=delete_files, desired=desired)
