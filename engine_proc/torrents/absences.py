"""Torrents that are not loaded: why, what is told of them, and what some of them wait for.

Those whose storage is missing wait with the storage guard. Here wait those of which something stored cannot be read,
and those of which another record of the same torrent is loaded.
"""

from collections.abc import Callable
from typing import Final

from engine_proc.process.log import log
from engine_proc.resume.pieces import Examined
from engine_proc.session.metadata_events import metadata_events
from engine_proc.session.orders import TranslatedEvent
from engine_proc.session.session_port import AlreadyThere, Hashes
from engine_proc.torrents.loading.loader import Absent, Loader
from engine_proc.torrents.parts import Parts
from engine_proc.torrents.records import Records
from engine_proc.torrents.transitions import Input
from protocol.durable.integrity import cannot_be_read
from protocol.internal.link_events import HashesProven, TorrentApplied
from protocol.wire.desired import DesiredTorrent
from protocol.wire.events import TorrentError

READ_AGAIN: Final = 100
"""Torrents that could not be read and are tried again in one go."""

UNREADABLE: Final = "unreadable"
FAULT: Final = "call_failed"
"""The name of the error that clients are told of a torrent with which libtorrent, or its binding, failed."""
ADD_FAILED: Final = "add_failed"


class Absences:
    """One session's.

    Args:
        parts: what works on its torrents.
        loader: gets torrents into the session.
        records: the dispatcher's.
    """

    def __init__(self, parts: Parts, loader: Loader, records: Records) -> None:
        self._parts = parts
        self._loader = loader
        self._records = records
        self._unread: dict[str, str] = {}
        """What keeps torrents from being read, as it was told."""
        self._awaiting: dict[str, DesiredTorrent] = {}
        """Those of them that are tried again."""
        self._rivals: dict[str, tuple[DesiredTorrent, str]] = {}
        """Torrents that are not loaded because another record of the same torrent is, and that record's id."""

    # -- why ------------------------------------------------------------------------------------------------------

    def miss(self, absent: Absent) -> None:
        """A torrent's storage is not there: it waits for it."""
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
        """A torrent is in state `error`, by an error of this name."""
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
        """What is stored of a torrent cannot be read, which says nothing about it: it waits, and is tried again."""
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
        """Another record of the same torrent is loaded. Once that one is gone, this one is."""
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
        """A torrent did not come, or is lost."""
        self._records.move(torrent, Input.DROP)
        self.drop(torrent)

    def drop(self, torrent: str) -> None:
        """Nothing is remembered of what the session had of a torrent."""
        self._records.clear(torrent)
        self._loader.drop(torrent)
        self._parts.translator.discard(torrent)
        self._parts.policy.discard(torrent)
        self._parts.pacer.discard(torrent)

    # -- what waits -----------------------------------------------------------------------------------------------

    def end_wait(self, torrent: str) -> None:
        """A torrent is put on its way, or removed: it waits for no file, and for no other torrent."""
        self._rivals.pop(torrent, None)
        self._awaiting.pop(torrent, None)

    def was_read(self, torrent: str) -> None:
        """What is stored of a torrent could be read, or is of no interest any more."""
        self._unread.pop(torrent, None)

    def to_read_again(self) -> list[DesiredTorrent]:
        """Some of those of which something stored could not be read."""
        return list(self._awaiting.values())[:READ_AGAIN]

    def rivals_of(self, torrent: str) -> list[DesiredTorrent]:
        """Those that are not loaded because this one is."""
        return [rival for rival, other in self._rivals.values() if other == torrent]

    # -- what is told ---------------------------------------------------------------------------------------------

    def tell(
        self,
        desired: DesiredTorrent,
        events_of: Callable[[str, Examined | None], list[TranslatedEvent]],
        examined: Examined | None = None,
    ) -> None:
        """Tells of the files of a torrent that is not loaded, as far as they are known, and how much of them is there.

        Args:
            events_of: the translator's for that.
            examined: what is told where they are not known.
        """
        described = self._loader.describe(desired)
        if described is not None:
            layout, examined = described
            for known in metadata_events(desired.torrent, layout, restored=True):
                self._parts.emit(known)
        for event in events_of(desired.torrent, examined):
            self._parts.emit(event)

    def tell_rivals(self, loaded: DesiredTorrent, hashes: Hashes) -> None:
        """The metadata of a loaded torrent shows which of those that it keeps out are the same one."""
        for rival in self.rivals_of(loaded.torrent):
            self._tell_same(rival, loaded, hashes)

    def _tell_same(self, desired: DesiredTorrent, loaded: DesiredTorrent, hashes: Hashes) -> None:
        """Tells that two records are of one torrent, and how much of it each has, as far as is stored."""
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
