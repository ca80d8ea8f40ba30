"""Tracks files that several torrents use.

These files are reported at an add, kept at a removal, and verified while a torrent writes.

Two torrents may use one path for different content. The last writer overwrites pieces of the other torrent. Then the
other torrent would upload wrong data. So while one torrent writes, complete torrents that share its files are verified
periodically.

During a move, a torrent uses the old paths and the new paths.
"""

import time
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import Final

from protocol.internal.link_commands import VerifyTorrent
from protocol.wire.desired import DesiredTorrent, StorageMove
from protocol.wire.events.torrent_events import FileEntry, Progress
from protocol.wire.rows import TorrentState
from supervisor.concurrency.background import Tasks
from supervisor.concurrency.threads import in_thread
from supervisor.engine.engine import Engine
from supervisor.engine.torrents.observed.snapshot import Snapshot
from supervisor.payload.places import Places
from supervisor.payload.used_files import UsedFiles, roots, sharing, to_spare, with_one_of
from supervisor.store.catalogue import Catalogue

VERIFY_S: Final = 60.0
"""The minimum interval between verifications of a torrent while another torrent writes its files."""

WATCHED_MAX: Final = 50
"""The maximum number of torrents that are verified because of one writer. Adds and removals have no limit."""

_COMPLETE: Final = frozenset({TorrentState.SEEDING, TorrentState.FINISHED})


class SharedFiles:
    """Tracks shared files. Times are monotonic seconds.

    Args:
        engine: verifies torrents.
        group: runs the tasks that compare files.
    """

    def __init__(
        self,
        *,
        catalogue: Catalogue,
        snapshot: Snapshot,
        engine: Engine,
        group: Tasks,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._catalogue = catalogue
        self._snapshot = snapshot
        self._engine = engine
        self._group = group
        self._clock = clock
        self._places = Places()
        self._reserved: dict[str, StorageMove] = {}
        """Moves that are not in a record yet."""
        self._sharing: dict[str, set[str]] = {}
        self._verified_at: dict[str, float] = {}
        self._written: dict[str, int] = {}
        for desired in catalogue.torrents.values():
            self.appeared(desired)

    # -- torrents and their files ---------------------------------------------------------------------------------

    def appeared(self, desired: DesiredTorrent) -> None:
        """Adds a torrent from its record. Its files become known when the engine loads it."""
        if desired.source == "metainfo" and desired.name and desired.content_layout == "original":
            renamed = (path for _, path in desired.renames)
            places = roots(desired.save_path, [desired.name, *renamed])
            self._places.put(desired.torrent, [*places, *_moved(desired, desired.move, places)])
        elif desired.move is not None and desired.name:
            self._places.put(desired.torrent, _moved(desired, desired.move, [f"{desired.save_path}/{desired.name}"]))

    def reserve(self, desired: DesiredTorrent, move: StorageMove) -> None:
        """Counts the files of a torrent at their new paths, too. Its record does not have the move yet."""
        torrent = desired.torrent
        self._reserved[torrent] = move
        present = self._places.of(torrent)
        self._places.put(torrent, [*present, *_moved(desired, move, present)])
        if (files := self._snapshot.of(torrent).metadata) is not None:
            self._put(desired, list(files.files()))

    def release(self, torrent: str) -> None:
        """Ends a reservation. The move is in the record now, or was refused."""
        self._reserved.pop(torrent, None)
        desired, files = self._catalogue.torrents.get(torrent), self._snapshot.of(torrent).metadata
        if desired is not None and files is not None:
            self._put(desired, list(files.files()))

    def added(self, torrent: str, places: Iterable[str]) -> list[str]:
        """Adds an accepted torrent. Returns the torrents that may share a file with the added torrent."""
        self._places.put(torrent, places)
        return self._near(torrent)

    def gone(self, torrent: str) -> None:
        """Drops a torrent that was removed, or merged into another torrent."""
        self._places.drop(torrent)
        self._verified_at.pop(torrent, None)
        self._written.pop(torrent, None)
        self._reserved.pop(torrent, None)
        for other in self._sharing.pop(torrent, ()):
            if (sharing := self._sharing.get(other)) is not None:
                sharing.discard(torrent)
                if not sharing:
                    del self._sharing[other]

    def files_known(self, torrent: str, files: Sequence[FileEntry]) -> None:
        """Compares a torrent's files with files of other torrents. The torrent's files are in the snapshot now."""
        desired = self._catalogue.torrents.get(torrent)
        if desired is None or not files:
            return
        self._put(desired, files)
        if near := self._near(torrent)[:WATCHED_MAX]:
            self._group.create_task(self._compare(torrent, near))

    def _put(self, desired: DesiredTorrent, files: Sequence[FileEntry]) -> None:
        """Sets the places of a torrent with known files."""
        move = self._move_of(desired)
        scattered = desired.renames or desired.content_layout == "no_subfolder"
        places = roots(desired.save_path, (file.path for file in (files if scattered else files[:1])))
        if move is not None:
            renames = dict(move.renames)
            some = files if scattered or renames else files[:1]
            places += roots(move.save_path, (renames.get(file.index, file.path) for file in some))
        self._places.put(desired.torrent, places)

    async def _compare(self, torrent: str, near: list[str]) -> None:
        ours = self._files_of(torrent)
        theirs = {each: files for each in near if (files := self._files_of(each)) is not None}
        if ours is None:
            return
        for other in await in_thread(partial(sharing, ours, theirs)):
            if torrent in self._catalogue.torrents and other in self._catalogue.torrents:
                self._sharing.setdefault(torrent, set()).add(other)
                self._sharing.setdefault(other, set()).add(torrent)

    def near(self, torrent: str) -> list[str]:
        """The other torrents that may share a file with this torrent."""
        return self._near(torrent)

    async def users_of(self, torrent: str, paths: Sequence[str]) -> list[str]:
        """The other torrents that use a file at one of these paths.

        If the files of a torrent are unknown, all paths below its root folder count as used.
        """
        near = [each for each in self._places.near_to(paths) if each in self._catalogue.torrents and each != torrent]
        unknown = [each for each in near if self._files_of(each) is None]
        return [*await self.sharing(near, paths), *unknown]

    def _near(self, torrent: str) -> list[str]:
        return [each for each in self._places.near(torrent) if each in self._catalogue.torrents]

    def _move_of(self, desired: DesiredTorrent) -> StorageMove | None:
        return desired.move or self._reserved.get(desired.torrent)

    def _files_of(self, torrent: str) -> UsedFiles | None:
        desired, metadata = self._catalogue.torrents.get(torrent), self._snapshot.of(torrent).metadata
        if desired is None or metadata is None:
            return None
        return UsedFiles(desired.save_path, metadata, self._move_of(desired))

    # -- queries --------------------------------------------------------------------------------------------------

    async def sharing(self, near: list[str], paths: Iterable[str]) -> list[str]:
        """The torrents in `near` that have one of these files."""
        theirs = {each: files for each in near if (files := self._files_of(each)) is not None}
        return await in_thread(lambda: with_one_of(frozenset(paths), theirs))

    async def to_spare(self, desired: DesiredTorrent) -> tuple[int, ...] | None:
        """The indices of a torrent's files that other torrents use. A removal must not delete these files.

        If another torrent's files are unknown, all files below its root folder count as used.

        Returns:
            The indices. None if the torrent's own files are unknown, and other torrents may use some of the files.
        """
        near = self._near(desired.torrent)
        if not near:
            return ()
        ours = self._files_of(desired.torrent)
        if ours is None:
            return None
        theirs = {each: self._files_of(each) for each in near}
        places = {each: self._places.of(each) for each in near}
        return await in_thread(lambda: to_spare(ours, theirs, places))

    # -- verification ---------------------------------------------------------------------------------------------

    def progress(self, event: Progress) -> None:
        """If a torrent has written new data, verifies the torrents that share files with it."""
        if event.torrent not in self._sharing or event.state is not TorrentState.DOWNLOADING:
            return
        if event.downloaded > self._written.get(event.torrent, 0):
            self._written[event.torrent] = event.downloaded
            self._verify(event.torrent, at_once=False)

    def completed(self, torrent: str) -> None:
        """A torrent is complete now. Verifies the torrents that share files with this torrent, for the last time."""
        if torrent in self._sharing:
            self._verify(torrent, at_once=True)

    def _verify(self, writer: str, *, at_once: bool) -> None:
        now = self._clock()
        for other in sorted(self._sharing[writer]):
            if self._snapshot.of(other).state not in _COMPLETE:
                continue
            if at_once or now - self._verified_at.get(other, -VERIFY_S) >= VERIFY_S:
                self._verified_at[other] = now
                self._engine.send(VerifyTorrent(torrent=other, writer=writer))


def _moved(desired: DesiredTorrent, move: StorageMove | None, places: Iterable[str]) -> list[str]:
    """Computes the places of a torrent after a move from the places before the move."""
    if move is None:
        return []
    below = f"{desired.save_path}/"
    kept = [f"{move.save_path}/{place.removeprefix(below)}" for place in places if place.startswith(below)]
    return [*kept, *roots(move.save_path, (path for _, path in move.renames))]
