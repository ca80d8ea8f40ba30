"""Removes torrents, with their files or without.

libtorrent can delete only the files of a torrent in the session. So a torrent that is not loaded is loaded first.
libtorrent deletes files by name. If other torrents use some files, these files must be kept. Then the torrent is loaded
with other names for these files. The steps of a removal with files:

1. The paths are checked: they must not lead out of the bounds.
2. libtorrent removes the torrent and deletes the files.
3. The disk is checked for leftovers.
4. The resume data is deleted.
"""

from collections.abc import Sequence
from typing import Final

import msgspec

from engine_proc.storage.leftovers import Leftover
from engine_proc.torrents.loading.loader import Loader, NotLoaded
from engine_proc.torrents.parts import Parts
from engine_proc.torrents.state.records import Record, Records, Removal
from engine_proc.torrents.state.transitions import Input, State
from protocol.internal.link_commands import DropTorrent
from protocol.internal.link_events import TorrentDropped
from protocol.wire.desired import DesiredTorrent, Selection

LEFT_NAMED: Final = 10
"""The maximum number of paths of leftover files in the message."""

LEFT_TOLD: Final = 1000
"""The maximum number of paths in the event's list."""


class Remover:
    """Removes torrents of one session. Each torrent's `Removal` is in its record.

    Args:
        parts: the session, and the parts that work with it.
        loader: loads torrents into the session.
        records: the records of the dispatcher.
    """

    def __init__(self, parts: Parts, loader: Loader, records: Records) -> None:
        self._parts = parts
        self._loader = loader
        self._records = records

    def must_rename(self, removal: Removal) -> bool:
        """Whether the files that must be kept still need other names. A torrent gets such names when it is added."""
        command = removal.command
        return command.delete_files and bool(command.desired.spared) and not removal.renamed

    def asks_first(self, removal: Removal) -> bool:
        """Whether the torrent's paths have to be checked on disk before it is removed from the session."""
        return removal.command.delete_files and not self.must_rename(removal)

    def take_out(self, torrent: str, removal: Removal) -> None:
        """Removes a torrent from the session. If its record was merged into another record, all files are kept.

        If some files must be kept, the torrent is first loaded again with other names for these files.
        """
        if removal.command.desired.removal == "merged":
            self._records.move(torrent, Input.REMOVE)
            self._parts.session.unload(torrent)
        elif self.must_rename(removal):
            self._records.move(torrent, Input.RELOAD_TO_REMOVE)
            self._parts.session.unload(torrent)
        else:
            self._remove(torrent, removal, delete_files=removal.command.delete_files)

    def confined(self, torrent: str, removal: Removal, problem: str | None) -> None:
        """Removes a torrent after the check of its paths. If a path leads out of the bounds, all files are kept."""
        if problem is None:
            self.take_out(torrent, removal)
        else:
            removal.spared = problem
            self._remove(torrent, removal, delete_files=False)

    def _remove(self, torrent: str, removal: Removal, *, delete_files: bool) -> None:
        """Removes a torrent from the session. Notes which files must not exist afterwards."""
        session = self._parts.session
        self._records.move(torrent, Input.REMOVE)
        if delete_files:
            removal.deleted = session.paths(torrent)
        elif removal.command.desired.selection != Selection():
            removal.deleted = session.paths(torrent)[:1]  # the part file, which is always deleted
        session.remove(torrent, delete_files=delete_files)

    def load(self, torrent: str, removal: Removal) -> NotLoaded | None:
        """Begins to load a torrent in order to delete its files."""
        self._records.move(torrent, Input.LOAD_TO_REMOVE)
        removal.renamed = True
        self._parts.guard.stop_waiting(torrent)
        whole = msgspec.structs.replace(removal.command.desired, paused=True, selection=Selection())
        return self._loader.load(whole, to_remove=True)

    def gone(self, torrent: str, removal: Removal, problem: str | None) -> None:
        """Continues after a torrent was removed from the session. `problem`: libtorrent's error about the files."""
        removal.said = problem
        if removal.deleted:
            self._parts.guard.look_after(torrent, removal.command.desired.save_path, removal.deleted)
        else:
            self._parts.store.delete(torrent)

    def looked_after(self, torrent: str, removal: Removal, left: Sequence[Leftover]) -> None:
        """Continues after the check for leftovers. Its result replaces libtorrent's error message."""
        removal.left = left
        removal.said = removal.said if left else None
        self._parts.store.delete(torrent)

    def deleted(self, torrent: str, problem: str | None) -> DesiredTorrent | None:
        """Ends a removal after the deletion of the resume data has succeeded or failed.

        Reports the removal, and returns the desired state to apply next, if any.
        """
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
            self._parts.session.count_from(torrent, (0, 0))  # if the torrent is added again, its totals start with 0
        self._records.move(torrent, Input.DELETED)
        return self._records.take_next(torrent)


def _finish(record: Record) -> Removal | None:
    removal = record.removal
    if record.pending is not None:
        record.pending.removal = None
    return removal


def problem_of(removal: Removal) -> str | None:
    """A text about the problems: why files were kept, libtorrent's error, and the leftovers."""
    named = ", ".join(map(str, removal.left[:LEFT_NAMED]))
    more = f", and {len(removal.left) - LEFT_NAMED} more" if len(removal.left) > LEFT_NAMED else ""
    said = f"libtorrent says: {removal.said}" if removal.said is not None and named else removal.said
    return "; ".join(each for each in (removal.spared, left_alone(removal.command), named + more, said) if each) or None


def left_alone(command: DropTorrent) -> str | None:
    """A text about files that were kept because other torrents use them."""
    if not (command.delete_files and command.desired.spared):
        return None
    return f"other torrents use {len(command.desired.spared)} of them, which are left"
