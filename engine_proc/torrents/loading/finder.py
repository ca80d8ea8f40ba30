"""Reads the stored data of a torrent, and detects damaged data.

Metainfo is read only if it is needed. The loader puts damaged fast-resume data aside. The supervisor puts damaged
metainfo aside, because the supervisor owns that file.
"""

import contextlib
import time
from functools import partial
from typing import NamedTuple

from engine_proc.resume.pieces import Examined
from engine_proc.resume.resume_store import SavedResume
from engine_proc.session.session_port import InvalidSource, Layout, SourceInfo, TorrentFault
from engine_proc.torrents.loading.judged_sources import JudgedSource, JudgedSources
from engine_proc.torrents.parts import Parts
from protocol.durable.integrity import Damaged
from protocol.internal.resume_events import MetainfoDamaged
from protocol.wire.desired import DesiredTorrent


class Found(NamedTuple):
    """The stored data of a torrent, or the reason why it is unusable.

    Fields:
        informed: whether the metadata is from metainfo, because the resume data lacks metadata.
        judged: the torrent's source, if it was validated just now.
    """

    desired: DesiredTorrent
    saved: SavedResume | None = None
    examined: Examined | None = None
    problem: Damaged | InvalidSource | None = None
    informed: bool = False
    judged: JudgedSource | None = None


class Finder:
    """Finds the stored data of one session's torrents.

    Args:
        parts: the session, and the parts that work with it.
        judged: parsed sources that were validated for an add.
    """

    def __init__(self, parts: Parts, judged: JudgedSources) -> None:
        self._session = parts.session
        self._store = parts.store
        self._emit = parts.emit
        self._clock = parts.clock
        self._judged = judged
        self._told_damaged: set[str] = set()
        """The torrents whose damaged .torrent file was reported to the supervisor."""
        self._given: dict[str, SavedResume] = {}
        """By torrent, the resume data for the next load, instead of the stored data."""
        self._new: set[str] = set()
        """The torrents without resume data, until their first load."""

    def forget(self, torrent: str) -> None:
        """Discards the data about a torrent's .torrent file, after a removal or a failed load."""
        self._told_damaged.discard(torrent)
        self._new.discard(torrent)
        self._judged.drop(torrent)

    def is_new(self, torrent: str) -> None:
        """Notes that a torrent was added just now. Its first load does not look for resume data on disk."""
        self._new.add(torrent)

    def give(self, torrent: str, resume: bytes | None) -> None:
        """Sets the resume data for the next load of a torrent. The data is stored once the torrent is loaded."""
        self._given.pop(torrent, None)
        if resume is not None:
            self._given[torrent] = SavedResume(resume, time.time(), new=True)

    def lay_out(self, desired: DesiredTorrent) -> bool:
        """Returns whether a link's torrent has to be loaded again because of its content layout.

        Call `lay_out` when the link's files have become known. A rename in the session would also move existing files.
        """
        resume = None if desired.content_layout == "original" else self._session.bare_resume(desired)
        self.give(desired.torrent, resume)
        return resume is not None

    def find(self, desired: DesiredTorrent, *, to_load: bool) -> Found:
        """Reads the stored data of a torrent. Raises OSError.

        Args:
            to_load: whether the torrent is loaded next. If so, its parsed .torrent file is kept.
        """
        try:
            judged = self._judged.pop(desired)
            saved = self._given.get(desired.torrent)
            if saved is None and not (to_load and desired.torrent in self._new):
                saved = self._store.load(desired.torrent)
            if to_load:
                self._given.pop(desired.torrent, None)
                self._new.discard(desired.torrent)
            if saved is None and judged is not None:
                others = judged.paths_at(self._clock())
                return Found(desired, examined=Examined([], 0, 0, 0, others=others), judged=judged)
            if saved is None:
                return Found(desired, examined=self._unclaimed(desired, keep=to_load))
            given: list[bytes | None] = []

            def metainfo() -> bytes | None:
                given.append(self.metainfo(desired))
                return given[-1]

            examined = self._session.examine(desired, metainfo=metainfo, resume=saved.blob)
            return Found(desired, saved, examined, informed=any(given))
        except (Damaged, InvalidSource) as error:
            return Found(desired, examined=self._unclaimed(desired, keep=to_load), problem=error)

    def _unclaimed(self, desired: DesiredTorrent, *, keep: bool) -> Examined | None:
        """The paths of a torrent without resume data; None if its source is unusable."""
        metainfo, parsed = self._read_metainfo(desired, save_path=desired.save_path)
        if metainfo is not None and parsed is not None:
            crc32 = desired.metainfo_crc32
            if keep:
                layout = desired.content_layout
                self._judged.keep(JudgedSource(metainfo, crc32, desired.save_path, parsed, self._clock(), layout))
            return Examined([], 0, 0, 0, others=parsed.paths)
        if metainfo is not None or desired.magnet is None:
            return None
        try:
            found = self._session.inspect(magnet=desired.magnet, metainfo=None, save_path=desired.save_path)
        except InvalidSource:
            return None
        return Examined([], 0, 0, 0, others=found.paths)

    def take_judged(self, desired: DesiredTorrent) -> JudgedSource | None:
        """Removes and returns the kept parsed .torrent file of a torrent, if any."""
        return self._judged.pop(desired)

    def metainfo(self, desired: DesiredTorrent) -> bytes | None:
        """The content of the torrent's .torrent file; None if the file is damaged. Resume data may suffice."""
        return self._read_metainfo(desired, save_path=None)[0]

    def _read_metainfo(
        self, desired: DesiredTorrent, *, save_path: str | None
    ) -> tuple[bytes | None, SourceInfo | None]:
        """The content of the torrent's .torrent file. If the file had to be parsed, also returns the parsed form.

        The supervisor owns the file. If the file is damaged, this method reports the damage, and the supervisor puts
        the file aside.
        """
        known = desired.metainfo_crc32 is not None
        try:
            metainfo = self._store.load_metainfo(desired.torrent, desired.metainfo_crc32)
            if metainfo is None or (known and save_path is None):
                return metainfo, None
        except Damaged as error:
            self._tell_damaged(desired.torrent, error)
            return None, None
        try:
            parsed = self._session.inspect(
                magnet=None, metainfo=metainfo, save_path=save_path, content_layout=desired.content_layout
            )
            if not known and desired.torrent not in (parsed.torrent, *parsed.hashes):
                raise Damaged(f"it is of another torrent, {parsed.torrent}")
        except (Damaged, InvalidSource) as error:
            if known:  # unchanged since it was accepted; the session reports problems when it adds the torrent
                return metainfo, None
            self._tell_damaged(desired.torrent, error)
            return None, None
        return metainfo, parsed

    def _tell_damaged(self, torrent: str, problem: Exception) -> None:
        if torrent not in self._told_damaged:
            self._told_damaged.add(torrent)
            self._emit(MetainfoDamaged(torrent=torrent, problem=str(problem)))

    def describe(self, desired: DesiredTorrent) -> tuple[Layout, Examined] | None:
        """The files and claims of a torrent that is not loaded; None without metadata, or without usable data."""
        metainfo = partial(self._store.load_metainfo, desired.torrent, desired.metainfo_crc32)  # damage is known
        # The error that made loading fail may occur here again.
        with contextlib.suppress(InvalidSource, Damaged, OSError, TorrentFault):
            saved = self._store.load(desired.torrent)
            return self._session.describe(desired, metainfo=metainfo, resume=None if saved is None else saved.blob)
        with contextlib.suppress(InvalidSource, Damaged, OSError, TorrentFault):
            return self._session.describe(desired, metainfo=metainfo, resume=None)
        return None
