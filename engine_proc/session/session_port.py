"""The session port: the interface to libtorrent, as a Protocol. Tests use a fake implementation.

Torrents are identified by Ouzel's ids. Most calls are requests, and an alert has the outcome. A few calls return
values. These calls wait for libtorrent, so the engine makes them only on demand.
"""

from collections.abc import Callable, Mapping, Sequence, Set
from types import MappingProxyType
from typing import Final, NamedTuple, Protocol

from engine_proc.resume.pieces import Examined, Unverified, Verified
from engine_proc.session.alerts import Alert
from engine_proc.session.caps_port import CapsPort
from engine_proc.session.counters_port import CountersPort
from engine_proc.session.network_port import NetworkPort
from engine_proc.session.options_port import OptionsPort
from engine_proc.session.peer_sources import PeerSources
from engine_proc.session.peers_port import PeersPort
from engine_proc.session.settings_port import SettingsPort
from engine_proc.session.sources_port import SourcesPort
from protocol.wire.desired import ContentLayout, DesiredTorrent
from protocol.wire.events.torrent_events import FileEntry
from protocol.wire.metadata import KnownMetadata

Metainfo = bytes | Callable[[], bytes | None] | None
"""A .torrent file's content, or a function that reads the file. Torrents with resume data rarely need the content."""


class InvalidSource(Exception):
    """libtorrent refuses a magnet link or metainfo. The message has the reason."""


class InvalidSetting(Exception):
    """A setting that libtorrent does not have, or a value of the wrong type or range."""

    def __init__(self, setting: str, message: str) -> None:
        super().__init__(message)
        self.setting = setting


class UnknownTorrent(Exception):
    """The session does not have this torrent."""

    def __init__(self, torrent: str) -> None:
        super().__init__(torrent)
        self.torrent = torrent


class NotSelected(Exception):
    """The evaluation of a torrent's selection takes a while. `Selected` follows once the result is cached."""

    def __init__(self, torrent: str) -> None:
        super().__init__(torrent)
        self.torrent = torrent


class TorrentFault(Exception):
    """A call about one torrent failed unexpectedly in libtorrent or in its binding.

    Only that torrent is affected: the session and its other torrents are unchanged.
    """

    def __init__(self, torrent: str, problem: str) -> None:
        super().__init__(problem)
        self.torrent = torrent
        self.problem = problem


FAULTS: Final = (RuntimeError, ArithmeticError, ValueError, TypeError, LookupError, SystemError)
"""The errors that the binding raises if libtorrent or a conversion fails.

MemoryError is left out, because no torrent causes it.
"""


class Hashes(NamedTuple):
    """A torrent's info-hashes in hexadecimal. A missing or unknown info-hash is None."""

    v1: str | None = None
    v2: str | None = None

    def known(self) -> frozenset[str]:
        """The info-hashes that are not None."""
        return frozenset(each for each in self if each is not None)


class AlreadyThere(Exception):
    """The session already has this torrent under another id: its other info-hash.

    Fields:
        other: the other id.
        hashes: all known info-hashes of both records.
        proven: whether metadata proves that both are the same torrent. Without metadata, the only evidence is a magnet
            link, which may be wrong.
    """

    def __init__(self, other: str, hashes: Hashes, *, proven: bool) -> None:
        super().__init__(f"it has an info-hash of torrent {other}, and of the two only one can be loaded")
        self.other = other
        self.hashes = hashes
        self.proven = proven


class SourceInfo(NamedTuple):
    """The content of a source: the torrent's id and name, and more.

    Fields:
        hashes: all info-hashes in the source. Metainfo has all info-hashes of its torrent. A magnet link may lack an
            info-hash.
        metadata: the metadata in the info dictionary; None for a magnet link.
        only: the indices of files that a link selects; see `protocol.wire.desired.Selection`.
        paths: absolute paths that libtorrent may write, delete or read; empty without a save path. They are the part
            file, each file without padding, and the directory of each symbolic link (BEP 47). Links are never created.
        parsed: the session's own parsed form, which `add` can reuse; None if there is none.
        private: whether the torrent is private (BEP 27); False for a magnet link.
        trackers: the trackers in the source, each with its tier.
        web_seeds: the web seeds (BEP 19) in the source.
        resume: the claims of another client, in the form for `LibtSession.resume`; see `engine_proc.resume.foreign`.
    """

    torrent: str
    name: str
    paths: Sequence[str] = ()
    metadata: KnownMetadata | None = None
    only: str | None = None
    hashes: Hashes = Hashes()
    parsed: object = None
    private: bool = False
    trackers: Sequence[tuple[str, int]] = ()
    web_seeds: Sequence[str] = ()
    resume: bytes | None = None


class Layout(NamedTuple):
    """The metadata of a torrent, and its files without padding (BEP 47).

    The entries have the current `priority`, and the `path` on disk.

    Fields:
        metadata: the metadata. If the session has only the info dictionary, the texts and the time of the .torrent file
            are missing.
        torrent_paths: by index, the path in the torrent. Only files with another path on disk are included.
    """

    metadata: KnownMetadata
    files: list[FileEntry]
    torrent_paths: Mapping[str, str] = MappingProxyType({})


class Loading(NamedTuple):
    """The facts that are known when a torrent is being added.

    Fields:
        complete: whether the resume data claims all pieces of the selected files.
        layout: the torrent's files; None if there is no metadata, or with `files_known`.
        stored: the state in the resume data, which the desired state overrides; None without resume data.
        tracked: whether the torrent has trackers. libtorrent announces to trackers only after `release_trackers`.
        nameless: whether the paths are unknown, because there is no metadata.
        hashes: the known info-hashes. If there is metadata, all are known.
    """

    complete: bool
    layout: Layout | None
    stored: DesiredTorrent | None = None
    tracked: bool = False
    nameless: bool = False
    hashes: Hashes = Hashes()


class Applied(NamedTuple):
    """The present values of a torrent, as read back from libtorrent."""

    paused: bool
    sequential: bool
    download_bps: int
    upload_bps: int


class LibtSession(
    PeerSources, PeersPort, OptionsPort, CapsPort, SourcesPort, NetworkPort, CountersPort, SettingsPort, Protocol
):
    """One libtorrent session.

    Any call about one torrent may raise TorrentFault. A call that needs the torrent's file priorities may raise
    NotSelected. A call about a torrent that the session does not have raises UnknownTorrent.
    """

    def fileno(self) -> int:
        """A file descriptor that is readable while alerts are queued."""
        ...

    def pop_alerts(self) -> list[Alert]:
        """Removes and returns all queued alerts. Drains the descriptor first, in order not to miss alerts."""
        ...

    def inspect(
        self,
        *,
        magnet: str | None,
        metainfo: bytes | None,
        save_path: str | None = None,
        content_layout: ContentLayout = "original",
        resume: bytes | None = None,
    ) -> SourceInfo:
        """Parses a source, with a content layout and with resume data of another client. Raises InvalidSource."""
        ...

    def add(
        self, desired: DesiredTorrent, *, metainfo: Metainfo, resume: bytes | None, parsed: object = None
    ) -> Loading:
        """Adds a torrent with its desired state. `TorrentAdded` follows.

        Args:
            parsed: the parsed form that `inspect` returned for the same metainfo and save path. It can be used only
                once.

        Raises:
            InvalidSource: the source or the resume data is invalid.
            AlreadyThere: the session has the torrent under another id.

        The torrent is active at once. But it announces to trackers only after `release_trackers`.
        """
        ...

    def count_from(self, torrent: str, counted: tuple[int, int] | None) -> None:
        """Sets the start values of a torrent's totals. Greater totals in its resume data are kept.

        Args:
            counted: the downloaded and the uploaded bytes; None if they are unknown. If they are unknown and there is
                resume data, `CountersRead` follows.
        """
        ...

    def examine(self, desired: DesiredTorrent, *, metainfo: Metainfo, resume: bytes) -> Examined:
        """The claims of resume data. Raises InvalidSource if the data is invalid."""
        ...

    def describe(
        self, desired: DesiredTorrent, *, metainfo: Metainfo, resume: bytes | None
    ) -> tuple[Layout, Examined] | None:
        """The files of a torrent that is not loaded, and the claims of its resume data.

        Returns None while there is no metadata. Raises InvalidSource.
        """
        ...

    def resume(
        self,
        desired: DesiredTorrent,
        *,
        metainfo: Metainfo,
        resume: bytes,
        verified: Verified | None = None,
        short: Mapping[int, int] = MappingProxyType({}),
        examined: Examined | None = None,
        seen: bool = False,
        files_known: bool = False,
    ) -> Loading | Unverified:
        """Adds a torrent from its resume data, or returns the pieces to verify on disk first.

        Raises the same errors as `add`.

        Args:
            verified: the outcome of the verification; None before the verification. If `verified` is None and pieces
                have to be verified, `resume` returns these pieces and does not add the torrent.
            short: by file index, the sizes on disk of files that are shorter than claimed. The claims beyond these
                sizes are dropped.
            examined: the result of `examine` for the same torrent and data. If it is given, the data is not parsed
                again. A result can be used only once.
            seen: whether the sizes of the claimed files were checked just now. Then `short` has all files that are too
                short. If all files of the torrent are claimed, libtorrent does not check the files again.
            files_known: whether the caller knows the layout. If so, the layout is not computed.
        """
        ...

    def remove(self, torrent: str, *, delete_files: bool) -> None:
        """Removes a torrent. `TorrentGone` follows."""
        ...

    def unload(self, torrent: str) -> None:
        """Removes a torrent, but keeps all files, including libtorrent's part file. `TorrentGone` follows."""
        ...

    def torrents(self) -> Set[str]:
        """The ids of the torrents that were added and not removed. May be a view, which later calls change."""
        ...

    def set_paused(self, torrent: str, paused: bool) -> None:
        """Pauses or resumes a torrent, outside the queue. Resuming retries a torrent that an error has stopped."""
        ...

    def verify(self, torrent: str) -> None:
        """Hashes a torrent's files again, then pauses the torrent. `NativeStateChanged` has the outcome."""
        ...

    def set_sequential(self, torrent: str, sequential: bool) -> None:
        """Sets the download order: pieces in order, or rarest first."""
        ...

    def set_limits(self, torrent: str, download_bps: int, upload_bps: int) -> None:
        """Sets the rate limits of one torrent; 0 means no limit."""
        ...

    def set_selection(self, torrent: str, desired: DesiredTorrent) -> bool:
        """Applies the selection's file priorities.

        Returns True if `PrioritiesSet` follows, and False while there is no metadata.
        """
        ...

    def connect(self, torrent: str, peers: Sequence[str]) -> None:
        """Connects a torrent to peers given as `address:port`."""
        ...

    def call_peers(self, torrent: str) -> None:
        """Connects to a torrent's known peers soon. Call `call_peers` after a resume, and after more files were
        selected.
        """
        ...

    def applied(self, torrent: str) -> Applied:
        """Reads back the applied limits and flags of a torrent."""
        ...

    def observed(self, desired: DesiredTorrent) -> DesiredTorrent:
        """The desired state with the values of the session. A value that the session does not have stays the same.

        Two kinds of torrents do not count as paused: a torrent that an error has stopped, and a torrent that waits in
        the queue.
        """
        ...

    def remove_unknown_torrents(self) -> int:
        """Removes unknown torrents from the session, but keeps their files.

        Unknown torrents are torrents that no call added. Returns their number.
        """
        ...

    def layout(self, torrent: str) -> Layout | None:
        """The torrent's files; None while there is no metadata."""
        ...

    def hashes(self, torrent: str) -> Hashes:
        """The torrent's known info-hashes. Once there is metadata, all are known."""
        ...

    def paths(self, torrent: str) -> list[str]:
        """The paths that libtorrent may write, delete or read for a torrent, as in `SourceInfo`.

        The first path is the part file's.
        """
        ...

    def file_progress(self, torrent: str) -> list[int]:
        """By file index, the number of complete bytes. Padding is included. Only whole pieces count."""
        ...

    def flush(self, torrent: str) -> None:
        """Starts writing out the torrent's write cache. `Flushed` follows."""
        ...

    def save_resume(self, torrent: str, *, only_if_modified: bool) -> None:
        """Requests resume data. `ResumeData` or `ResumeUnsaved` follows."""
        ...

    def post_updates(self) -> None:
        """Requests the status of all torrents that have changed. `StatusUpdate` follows."""
        ...

    def post_statistics(self) -> None:
        """Requests the session's counters. The answer also shows that the network thread is alive.

        `SessionStatistics` follows.
        """
        ...

    def listen_port(self) -> int:
        """The TCP listening port; 0 if there is none."""
        ...

    def suspend(self) -> None:
        """Permanently stops all transfers of all torrents. Flushing and saving still work."""
        ...

    def close(self) -> None:
        """Ends the session. No call may follow."""
        ...
