"""Removes torrents, with their files or without, up to the deletion of their resume data.

Only a torrent in the session can have its files deleted, so one that is not is loaded first. libtorrent deletes all
files of a torrent, by their names: where some are to be left, since other torrents use them, the torrent is loaded with
other names for those. Before files are deleted the disk is asked whether they are in bounds, and after it which are
left.
"""

from collections.abc import Sequence
from typing import Final

import msgspec

from engine_proc.storage.leftovers import Leftover
from engine_proc.torrents.loading.loader import Loader, NotLoaded
from engine_proc.torrents.parts import Parts
from engine_proc.torrents.records import Record, Records, Removal
from engine_proc.torrents.transitions import Input, State
from protocol.internal.link_commands import DropTorrent
from protocol.internal.link_events import TorrentDropped
from protocol.wire.desired import DesiredTorrent, Selection

LEFT_NAMED: Final = 10
"""Paths that the message names of files that were not deleted."""

LEFT_TOLD: Final = 1000
"""Paths that are told beside the message."""


class Remover:
    """One session's. Each torrent's `Removal` is in its record.

    Args:
        parts: what works on its torrents.
        loader: gets torrents into the session.
        records: the dispatcher's.
    """

    def __init__(self, parts: Parts, loader: Loader, records: Records) -> None:
        self._parts = parts
        self._loader = loader
        self._records = records

    def must_rename(self, removal: Removal) -> bool:
        """Whether the files that are left need other names yet, which only what is being added can be given."""
        command = removal.command
        return command.delete_files and bool(command.desired.spared) and not removal.renamed

    def asks_first(self, removal: Removal) -> bool:
        """Whether the disk is asked whether the files are in bounds, before the torrent is taken out."""
        return removal.command.delete_files and not self.must_rename(removal)

    def take_out(self, torrent: str, removal: Removal) -> None:
        """Removes a torrent. What is left of one that is part of another record now is that one's, every file.

        One of which files are to be left is loaded anew before its files are deleted.
        """
        if removal.command.desired.removal == "merged":
            self._records.move(torrent, Input.REMOVE)
            self._parts.session.unload(torrent)
        elif self.must_rename(removal):
            self._records.move(torrent, Input.RELOAD_TO_REMOVE)
            self._parts.session.unload(torrent)
        else:
            self._remove(torrent, removal, delete_files=removal.command.delete_files)

    def spare(self, torrent: str, removal: Removal, problem: str) -> None:
        """A torrent's files lead out of bounds: it is removed without them."""
        removal.spared = problem
        self._remove(torrent, removal, delete_files=False)

    def _remove(self, torrent: str, removal: Removal, *, delete_files: bool) -> None:
        """Takes a torrent out of the session, and notes which files are to be gone then."""
        session = self._parts.session
        self._records.move(torrent, Input.REMOVE)
        if delete_files:
            removal.deleted = session.paths(torrent)
        elif removal.command.desired.selection != Selection():
            removal.deleted = session.paths(torrent)[:1]  # the part file, which goes in any case
        session.remove(torrent, delete_files=delete_files)

    def load(self, torrent: str, removal: Removal) -> NotLoaded | None:
        """Puts a torrent on its way to have its files deleted: all of them."""
        self._records.move(torrent, Input.LOAD_TO_REMOVE)
        removal.renamed = True
        self._parts.guard.stop_waiting(torrent)
        whole = msgspec.structs.replace(removal.command.desired, paused=True, selection=Selection())
        return self._loader.load(whole, to_remove=True)

    def gone(self, torrent: str, removal: Removal, problem: str | None) -> None:
        """A torrent is out of the session for good; `problem` is what libtorrent says of its files."""
        removal.said = problem
        if removal.deleted:
            self._parts.guard.look_after(torrent, removal.command.desired.save_path, removal.deleted)
        else:
            self._parts.store.delete(torrent)

    def looked_after(self, torrent: str, removal: Removal, left: Sequence[Leftover]) -> None:
        """It is known what is left of a torrent's files; what libtorrent said of them is of no more interest then."""
        removal.left = left
        removal.said = removal.said if left else None
        self._parts.store.delete(torrent)

    def deleted(self, torrent: str, problem: str | None) -> DesiredTorrent | None:
        """Its resume data is gone, or could not be deleted: tells of it, and returns what is to be done next."""
        record = self._records.get(torrent)
        if record is None or record.state is not State.CLEANING_UP:
            return None
        removal = _finish(record)
        if removal is not None:
            left = [leftover.path for leftover in removal.left[:LEFT_TOLD]]
            if problem is not None:
                left.append(self._parts.store.path(torrent))
            problems = [each for each in (problem_of(removal), problem) if each is not None]
            self._parts.emit(TorrentDropped(torrent=torrent, problem="; ".join(problems) or None, left=left))
            self._parts.session.count_from(torrent, (0, 0))  # one of the same id that is added again begins anew
        self._records.move(torrent, Input.DELETED)
        return self._records.take_next(torrent)


def _finish(record: Record) -> Removal | None:
    removal = record.removal
    if record.pending is not None:
        record.pending.removal = None
    return removal


def problem_of(removal: Removal) -> str | None:
    """What went otherwise than asked for: why files were left alone, what libtorrent says, and what is left."""
    named = ", ".join(map(str, removal.left[:LEFT_NAMED]))
    more = f", and {len(removal.left) - LEFT_NAMED} more" if len(removal.left) > LEFT_NAMED else ""
    said = f"libtorrent says: {removal.said}" if removal.said is not None and named else removal.said
    return "; ".join(each for each in (removal.spared, left_alone(removal.command), named + more, said) if each) or None


def left_alone(command: DropTorrent) -> str | None:
    """What is told of files that were left because other torrents use them."""
    if not (command.delete_files and command.desired.spared):
        return None
    return f"other torrents use {len(command.desired.spared)} of them, which are left"
