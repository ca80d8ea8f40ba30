"""Executes queries, and commands about the whole session."""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

import msgspec

from engine_proc.session.peer_sources import TrackerState
from engine_proc.session.session_port import (
    InvalidSource,
    LibtSession,
    TorrentFault,
    UnknownTorrent,
)
from engine_proc.storage.storage_guard import StorageGuard
from engine_proc.torrents.loading.judged_sources import JudgedSource, JudgedSources
from protocol.durable.integrity import crc32_of
from protocol.internal.link_events import EngineEvent
from protocol.internal.link_queries import (
    CountersQueried,
    FilesQueried,
    InspectSource,
    PeersQueried,
    PiecesQueried,
    PrivateQueried,
    Query,
    QueryCounters,
    QueryFiles,
    QueryPeers,
    QueryPieces,
    QueryPrivate,
    QueryTrackers,
    QueryWebSeeds,
    SourceInspected,
    TrackersQueried,
    WebSeedsQueried,
)
from protocol.wire.events.session_events import Reconciled

_PART_FILE: Final = re.compile(r"\.[0-9a-f]+\.parts")


class SessionCommands:
    """Executes queries, and commands about the whole session.

    Args:
        session: the session.
        guard: checks the paths of a source's files.
        judged: stores parsed sources.
        emit: sends an event to the supervisor.
        clock: returns monotonic seconds.
        on_trackers: called with a torrent, and with the session's state of the torrent's trackers.
    """

    def __init__(
        self,
        session: LibtSession,
        guard: StorageGuard,
        judged: JudgedSources,
        emit: Callable[[EngineEvent], None],
        clock: Callable[[], float],
        on_trackers: Callable[[str, Sequence[TrackerState]], None],
    ) -> None:
        self._session = session
        self._judged = judged
        self._clock = clock
        self._guard = guard
        self._emit = emit
        self._on_trackers = on_trackers
        self._inspected: dict[int, tuple[SourceInspected, JudgedSource]] = {}
        self._answering: Mapping[type[Query[Any]], Callable[[Any], None]] = {
            InspectSource: self.inspect,
            QueryFiles: self.query_files,
            QueryCounters: self.query_counters,
            QueryTrackers: self.query_trackers,
            QueryPrivate: self.query_private,
            QueryPeers: self.query_peers,
            QueryPieces: self.query_pieces,
            QueryWebSeeds: self.query_web_seeds,
        }

    def answer(self, query: Query[Any]) -> None:
        """Answers a query. The answer may follow only after a check of the disk."""
        self._answering[type(query)](query)

    def inspect(self, command: InspectSource) -> None:
        """Validates a source.

        If the source is valid metainfo with a save path, its paths are first checked on disk. Then `confined` sends the
        answer. In all other cases the answer is sent at once.
        """
        token, save_path = command.token, command.save_path if command.metainfo is not None else None
        try:
            info = self._session.inspect(
                magnet=command.magnet,
                metainfo=command.metainfo,
                save_path=save_path,
                content_layout=command.content_layout,
                resume=command.resume,
            )
        except InvalidSource as error:
            self._emit(SourceInspected(token=token, problem=str(error)))
            return
        if command.list_files:
            self._emit(SourceInspected(token=token, torrent=info.torrent, files=list(info.paths)))
            return
        verdict = SourceInspected(
            token=token,
            places=_places(save_path, info.paths),
            torrent=info.torrent,
            name=info.name,
            metadata=info.metadata,
            only=info.only,
            info_hash_v1=info.hashes.v1,
            info_hash_v2=info.hashes.v2,
            private=info.private,
            trackers=list(info.trackers) if command.addresses else [],
            web_seeds=list(info.web_seeds) if command.addresses else [],
            resume=info.resume,
        )
        if save_path is not None and command.metainfo is not None and info.paths:
            source = JudgedSource(
                command.metainfo, crc32_of(command.metainfo), save_path, info, self._clock(), command.content_layout
            )
            self._inspected[token] = (verdict, source)
            self._guard.confine(token, save_path, info.paths)
        else:
            self._emit(verdict)

    def confined(self, token: int, problem: str | None) -> None:
        """Answers a query about a source, after the check of its paths.

        `problem`: a text about a path outside of the download roots; None if all paths are inside.
        """
        verdict, source = self._inspected.pop(token)
        if problem is None:
            self._judged.keep(source)
        self._emit(msgspec.structs.replace(verdict, outside=problem))

    def query_files(self, command: QueryFiles) -> None:
        """Answers how many bytes of each file are complete."""
        try:
            done = self._session.file_progress(command.torrent)
        except (UnknownTorrent, TorrentFault):  # a TorrentFault is reported when a command about the torrent fails
            done = None
        self._emit(FilesQueried(token=command.token, bytes_done=done or None))

    def query_private(self, command: QueryPrivate) -> None:
        """Answers whether a torrent is private."""
        try:
            private = self._session.private(command.torrent)
        except (UnknownTorrent, TorrentFault):
            private = None
        self._emit(PrivateQueried(token=command.token, private=private))

    def query_counters(self, command: QueryCounters) -> None:
        """Answers with libtorrent's counters, without a round trip."""
        found = self._session.counters()
        if found is None:
            self._emit(CountersQueried(token=command.token, counters=None))
        else:
            age_ms = int((self._clock() - found.at) * 1000)
            self._emit(CountersQueried(token=command.token, counters=dict(found.values), age_ms=max(0, age_ms)))

    def query_trackers(self, command: QueryTrackers) -> None:
        """Answers with the state of a torrent's trackers."""
        try:
            states = self._session.trackers(command.torrent)
        except (UnknownTorrent, TorrentFault):
            self._emit(TrackersQueried(token=command.token, trackers=None))
            return
        self._emit(TrackersQueried(token=command.token, trackers=[each.reading for each in states]))
        self._on_trackers(command.torrent, states)

    def query_peers(self, command: QueryPeers) -> None:
        """Answers with the connected peers of a torrent."""
        try:
            rows, connected = self._session.peers(command.torrent)
        except (UnknownTorrent, TorrentFault):
            self._emit(PeersQueried(token=command.token, peers=None))
            return
        self._emit(PeersQueried(token=command.token, peers=list(rows), connected=connected))

    def query_pieces(self, command: QueryPieces) -> None:
        """Answers with the pieces that a torrent and its peers have."""
        try:
            found = self._session.pieces(command.torrent)
        except (UnknownTorrent, TorrentFault):
            found = None
        if found is None:
            self._emit(PiecesQueried(token=command.token, pieces=None))
            return
        number, have, availability = found
        self._emit(PiecesQueried(token=command.token, pieces=number, have=have, availability=availability))

    def query_web_seeds(self, command: QueryWebSeeds) -> None:
        """Answers with the URLs of a torrent's web seeds."""
        try:
            urls = self._session.web_seeds(command.torrent)
        except (UnknownTorrent, TorrentFault):
            urls = None
        self._emit(WebSeedsQueried(token=command.token, urls=urls))

    def remove_undesired(self) -> None:
        """Removes unknown torrents from the session."""
        count = self._session.remove_unknown_torrents()
        if count:
            self._emit(Reconciled(what=f"the session had {count} torrents that nobody asked for", done="removed"))


def _places(save_path: str | None, paths: Sequence[str]) -> list[str]:
    """The top-level paths in the save path: the root folder, or the only file."""
    if save_path is None:
        return []
    start = f"{save_path}/"
    names = {path[len(start) :].partition("/")[0] for path in paths if path.startswith(start)}
    return sorted(start + name for name in names if not _PART_FILE.fullmatch(name))
