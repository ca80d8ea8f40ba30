"""Torrents that are not loaded, the reasons, and the events about these torrents.

The storage guard has the torrents whose storage is missing. This module has the torrents whose stored data cannot be
read. It also has the *rivals*. If two records are of the same torrent, only one record is loaded. The other record is a
rival.
"""

from collections.abc import Callable
from typing import Final

from engine_proc.events.metadata_events import metadata_events
from engine_proc.events.orders import TranslatedEvent
from engine_proc.process.log import log
from engine_proc.resume.pieces import Examined
from engine_proc.session.session_port import AlreadyThere, Hashes
from engine_proc.torrents.loading.loader import Absent, Loader
from engine_proc.torrents.mover import Mover
from engine_proc.torrents.parts import Parts
from engine_proc.torrents.state.records import Records
from engine_proc.torrents.state.transitions import Input
from protocol.durable.integrity import cannot_be_read
from protocol.internal.link_events import HashesProven, TorrentApplied
from protocol.wire.desired import DesiredTorrent
from protocol.wire.events.torrent_events import TorrentError

READ_AGAIN: Final = 100
"""The maximum number of torrents with unreadable data that are retried at one time."""

UNREADABLE: Final = "unreadable"
FAULT: Final = "call_failed"
"""The name of the public error of a torrent if a call of libtorrent failed unexpectedly."""
ADD_FAILED: Final = "add_failed"


class Absences:
    """Tracks the torrents of one session that are not loaded, and the reasons.

    Args:
        parts: the session, and the parts that work with it.
        loader: loads torrents into the session.
        records: the records of the dispatcher.

    Fields:
        mover: moves the files of torrents. These torrents are not loaded during the move.
    """

    def __init__(self, parts: Parts, loader: Loader, records: Records) -> None:
        self._parts = parts
        self._loader = loader
        self._records = records
        self.mover = Mover(parts, loader)
        self._unread: dict[str, str] = {}
        """By torrent, the reported problem with its stored data."""
        self._awaiting: dict[str, DesiredTorrent] = {}
        """The desired states of the torrents whose stored data will be read again."""
        self._rivals: dict[str, tuple[DesiredTorrent, str]] = {}
        """By rival, its desired state, and the id of the loaded record."""

    # -- reasons --------------------------------------------------------------------------------------------------

    def miss(self, absent: Absent) -> None:
        """Lets a torrent wait, because its storage is missing."""
        desired, examined, verdict = absent
        torrent, translator = desired.torrent, self._parts.translator
        files_known = self._loader.knows_files(torrent)
        self.dismiss(torrent)
        newest = self._newest(desired)
        self._parts.guard.miss(newest, examined, verdict)
        if files_known and newest.selection == desired.selection:
            for event in translator.missing(torrent, examined):
                self._parts.emit(event)
        else:
            self.tell(newest, translator.missing, examined)
        self._parts.emit(TorrentApplied(torrent=torrent, revision=newest.revision))

    def refuse(self, desired: DesiredTorrent, problem: str, *, name: str = ADD_FAILED) -> None:
        """Puts a torrent that cannot be loaded into state `error`, with an error of this name."""
        torrent = desired.torrent
        if name == FAULT:
            problem = f"the engine has failed at it and took it out; `resume` tries again ({problem})"
        log("debug", "torrent_not_loaded", torrent=torrent, problem=problem)
        self.dismiss(torrent)
        self._parts.guard.discard(torrent)
        self.tell(desired, self._parts.translator.refused)
        self._parts.emit(TorrentError(torrent=torrent, name=name, message=problem, recoverable=False))
        self._parts.emit(TorrentApplied(torrent=torrent, revision=desired.revision, problem=problem))

    def wait_for_file(self, desired: DesiredTorrent, error: OSError) -> None:
        """Lets a torrent wait, because its stored data cannot be read but may be intact. The read is retried later."""
        torrent = desired.torrent
        desired = self._records.take_next(torrent) or desired
        problem = cannot_be_read(error.filename or "the resume directory", error)
        self.dismiss(torrent)
        self._parts.guard.discard(torrent)
        if self._unread.get(torrent) != problem:
            self._unread[torrent] = problem
            log("debug", "torrent_unreadable", torrent=torrent, problem=problem)
            self._parts.emit(TorrentError(torrent=torrent, name=UNREADABLE, message=problem, recoverable=True))
        self._parts.emit(TorrentApplied(torrent=torrent, revision=desired.revision, problem=problem))
        self._awaiting[torrent] = desired

    def give_way(self, desired: DesiredTorrent, error: AlreadyThere) -> None:
        """Lets a record wait until the loaded record of the same torrent is removed."""
        torrent, other = desired.torrent, error.other
        loaded = self._records.applied(other)
        newest = self._newest(desired)
        self.refuse(newest, str(error))
        self._rivals[torrent] = (newest, other)
        if error.proven and loaded is not None:
            self._tell_same(desired, loaded, error.hashes)

    def _newest(self, desired: DesiredTorrent) -> DesiredTorrent:
        torrent = desired.torrent
        return self._records.take_next(torrent) or self._parts.guard.wanted(torrent) or desired

    def dismiss(self, torrent: str) -> None:
        """Notes that a torrent could not be loaded, or that the session has lost it."""
        self._records.move(torrent, Input.DROP)
        self.drop(torrent)

    def drop(self, torrent: str) -> None:
        """Discards the state that was kept for a loaded torrent."""
        self._records.clear(torrent)
        self._loader.drop(torrent)
        self._parts.translator.discard(torrent)
        self._parts.policy.discard(torrent)
        self._parts.pacer.discard(torrent)

    def moves(self, desired: DesiredTorrent) -> bool:
        """Whether a torrent's files are being moved. If so, the torrent must not be loaded now."""
        moves = self.mover.takes(desired)
        if moves:
            self._records.note(desired.torrent, self._records.of(desired.torrent))
        return moves

    # -- waiting torrents -----------------------------------------------------------------------------------------

    def end_wait(self, torrent: str) -> None:
        """Ends a torrent's wait for a file or for another torrent, because the torrent is being loaded or removed."""
        self._rivals.pop(torrent, None)
        self._awaiting.pop(torrent, None)

    def was_read(self, torrent: str) -> None:
        """Notes that a torrent's stored data was read, or is no longer needed."""
        self.mover.discard(torrent)
        self._unread.pop(torrent, None)

    def to_read_again(self) -> list[DesiredTorrent]:
        """Some torrents whose stored data could not be read."""
        return list(self._awaiting.values())[:READ_AGAIN]

    def rivals_of(self, torrent: str) -> list[DesiredTorrent]:
        """The records that are not loaded because this torrent is loaded."""
        return [rival for rival, other in self._rivals.values() if other == torrent]

    # -- events ---------------------------------------------------------------------------------------------------

    def tell(
        self,
        desired: DesiredTorrent,
        events_of: Callable[[str, Examined | None], list[TranslatedEvent]],
        examined: Examined | None = None,
    ) -> None:
        """Sends events about the known files and progress of a torrent that is not loaded.

        Args:
            events_of: the translator's method that returns the events.
            examined: the claims to report if the stored data cannot be described.
        """
        described = self._loader.describe(desired)
        if described is not None:
            layout, examined = described
            for known in metadata_events(desired.torrent, layout, restored=True):
                self._parts.emit(known)
        for event in events_of(desired.torrent, examined):
            self._parts.emit(event)

    def tell_rivals(self, loaded: DesiredTorrent, hashes: Hashes) -> None:
        """Reports which rivals are the same torrent. Call `tell_rivals` once the metadata of the loaded torrent is
        known.
        """
        for rival in self.rivals_of(loaded.torrent):
            self._tell_same(rival, loaded, hashes)

    def _tell_same(self, desired: DesiredTorrent, loaded: DesiredTorrent, hashes: Hashes) -> None:
        """Reports that two records are of one torrent, with the number of claimed bytes of each."""
        self._parts.emit(
            HashesProven(
                torrent=desired.torrent,
                info_hash_v1=hashes.v1,
                info_hash_v2=hashes.v2,
                bytes_done=self._loader.claimed_bytes(desired),
                other=loaded.torrent,
                other_bytes_done=self._loader.claimed_bytes(loaded),
            )
        )
