"""The session port: all that Ouzel needs of libtorrent, as a Protocol with one real and one fake side.

Torrents are identified by Ouzel's ids. Calls are requests whose outcome is an alert, except for the few that read back
or answer directly. Those are synchronous round trips into libtorrent and are made on demand only.
"""

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Final, NamedTuple, Protocol

from engine_proc.resume.pieces import Examined, Unverified, Verified
from engine_proc.session.alerts import Alert
from protocol.internal.link_queries import TrackerReading
from protocol.wire.desired import DesiredTorrent, KnownMetadata
from protocol.wire.events import FileEntry

SettingValue = int | str | bool

Metainfo = bytes | Callable[[], bytes | None] | None
"""A .torrent file's content, or a function that reads it: most torrents have resume data and never need it."""


class InvalidSource(Exception):
    """A magnet link or metainfo that libtorrent refuses; the message says why."""


class InvalidSetting(Exception):
    """A setting that libtorrent does not have, or a value of the wrong type or range."""

    def __init__(self, setting: str, message: str) -> None:
        super().__init__(message)
        self.setting = setting


class UnknownTorrent(Exception):
    """The session does not have this torrent, or not any more."""

    def __init__(self, torrent: str) -> None:
        super().__init__(torrent)
        self.torrent = torrent


class NotSelected(Exception):
    """The evaluation of a torrent's selection takes a while: `Selected` follows, and then it is known."""

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
"""Errors of the binding if libtorrent or a conversion fails. Lack of memory is blamed on no torrent."""


class Hashes(NamedTuple):
    """A torrent's info-hashes in hexadecimal; None for a version that it does not have, or that is unknown."""

    v1: str | None = None
    v2: str | None = None

    def known(self) -> frozenset[str]:
        """Its known hashes."""
        return frozenset(each for each in self if each is not None)


class AlreadyThere(Exception):
    """The session has this torrent under another id, by its other info-hash, and accepts it only once.

    Fields:
        other: that id.
        hashes: all known hashes of the two.
        proven: by metadata; otherwise a link claims it, which may be wrong.
    """

    def __init__(self, other: str, hashes: Hashes, *, proven: bool) -> None:
        super().__init__(f"it has an info-hash of torrent {other}, and of the two only one can be loaded")
        self.other = other
        self.hashes = hashes
        self.proven = proven


class SourceInfo(NamedTuple):
    """What a source says of its torrent: Ouzel's id for it, and its name.

    Fields:
        hashes: all info-hashes in the source. Metainfo has all of its torrent's; a link may lack one.
        metadata: from the info dictionary; None for a link.
        only: the indices of files that a link selects; see `protocol.wire.desired.Selection`.
        paths: absolute, if a save path was given: each file but padding, libtorrent's part file, and for a symbolic
            link (BEP 47), which is never made, the directory that it would be in.
        parsed: the session's own parsed form, which `add` can reuse; None if there is none.
    """

    torrent: str
    name: str
    paths: Sequence[str] = ()
    metadata: KnownMetadata | None = None
    only: str | None = None
    hashes: Hashes = Hashes()
    parsed: object = None


class Layout(NamedTuple):
    """What the info dictionary says: name, bytes of all files, bytes a piece, and the files but for padding (BEP 47).

    The `priority` of the entries is the current one, their `path` that on the disk.

    Fields:
        torrent_paths: by index, what the torrent itself calls files that have another name on the disk.
    """

    name: str
    size: int
    piece_length: int
    files: list[FileEntry]
    torrent_paths: Mapping[str, str] = MappingProxyType({})


class Loading(NamedTuple):
    """What is known of a torrent when it is being added.

    Fields:
        complete: its resume data claims all wanted pieces.
        layout: its files, or None while there is no metadata, or if they are known.
        stored: the values of its resume data, before desired state overrode them; None without any.
        tracked: it has trackers, which get announces once they are released.
        nameless: there is no metadata, so its paths are unknown.
        hashes: its info-hashes; all of them if there is metadata.
    """

    complete: bool
    layout: Layout | None
    stored: DesiredTorrent | None = None
    tracked: bool = False
    nameless: bool = False
    hashes: Hashes = Hashes()


class Applied(NamedTuple):
    """A torrent's values as libtorrent has them, read back just now."""

    paused: bool
    sequential: bool
    download_bps: int
    upload_bps: int


class TrackerState(NamedTuple):
    """One tracker of a torrent; `legs` are its present ones, as in `tracker_book`."""

    reading: TrackerReading
    legs: Sequence[str] = ()


class LibtSession(Protocol):
    """One libtorrent session.

    Any call about one torrent may raise TorrentFault, and one that needs a torrent's priorities NotSelected. A call
    about a torrent that the session does not have raises UnknownTorrent.
    """

    def fileno(self) -> int:
        """A file descriptor that is readable while alerts are queued."""
        ...

    def pop_alerts(self) -> list[Alert]:
        """All queued alerts, copied; the descriptor is drained first, so that none is missed."""
        ...

    def inspect(self, *, magnet: str | None, metainfo: bytes | None, save_path: str | None = None) -> SourceInfo:
        """Parses a source. Raises InvalidSource."""
        ...

    def add(
        self, desired: DesiredTorrent, *, metainfo: Metainfo, resume: bytes | None, parsed: object = None
    ) -> Loading:
        """Adds a torrent as desired: `TorrentAdded` follows.

        Args:
            parsed: what `inspect` has made of this very metainfo for this save path, if that was kept; to be used once.

        Raises:
            InvalidSource: also for unreadable resume data.
            AlreadyThere: under another id.

        It loads, listens and seeds; its trackers are held back until `release_trackers`.
        """
        ...

    def count_from(self, torrent: str, counted: tuple[int, int] | None) -> None:
        """Sets start values of the downloaded and uploaded counters of an added torrent, if its own are less.

        Args:
            counted: None if they are unknown: then `CountersRead` follows, if there is resume data.
        """
        ...

    def release_trackers(self, torrent: str) -> None:
        """Gives a torrent its trackers: from now on it announces itself, unless it is paused. Idempotent."""
        ...

    def held_trackers(self, torrent: str) -> Sequence[tuple[str, int]]:
        """The withheld trackers of a torrent, each with its tier; none once they were given."""
        ...

    def trackers(self, torrent: str) -> list[TrackerState]:
        """The state of a torrent's trackers, including withheld ones: a round trip."""
        ...

    def examine(self, desired: DesiredTorrent, *, metainfo: Metainfo, resume: bytes) -> Examined:
        """The claims of resume data. Raises InvalidSource if it is unreadable."""
        ...

    def describe(
        self, desired: DesiredTorrent, *, metainfo: Metainfo, resume: bytes | None
    ) -> tuple[Layout, Examined] | None:
        """The stored data of a torrent that is not loaded: its files, and the claims of its resume data.

        Returns:
            None while there is no metadata. Raises InvalidSource.
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
        """Adds a torrent from its resume data, as `add` does, unless that lacks what may be on disk all the same.

        Raises as `add` does.

        Args:
            verified: the outcome of a verification. None without one; then, if there is something to verify, that is
                returned and nothing was added.
            short: the size on disk, by file index, of files of which the resume data claims more; those claims are
                dropped.
            examined: the result of `examine` for the same torrent and data, to be used once: it need not be read again.
            seen: the claimed files were checked just now, and nothing is missing except in `short`. If that is the
                whole torrent, libtorrent does not check them again.
            files_known: the layout is not needed, and not made.
        """
        ...

    def remove(self, torrent: str, *, delete_files: bool) -> None:
        """Removes a torrent: `TorrentGone` follows."""
        ...

    def unload(self, torrent: str) -> None:
        """Removes a torrent and leaves every file, including libtorrent's part file: `TorrentGone` follows."""
        ...

    def torrents(self) -> frozenset[str]:
        """The ids of the torrents that were added and not removed."""
        ...

    def set_paused(self, torrent: str, paused: bool) -> None:
        """Pauses or resumes; a torrent that an error has stopped is tried again."""
        ...

    def verify(self, torrent: str) -> None:
        """Hashes a torrent's files again, and pauses it then: `NativeStateChanged` has the outcome."""
        ...

    def set_sequential(self, torrent: str, sequential: bool) -> None:
        """Pieces in order, or rarest first."""
        ...

    def set_limits(self, torrent: str, download_bps: int, upload_bps: int) -> None:
        """Rate limits of one torrent, 0 for none."""
        ...

    def set_selection(self, torrent: str, desired: DesiredTorrent) -> bool:
        """Sets the priorities of a selection: True when `PrioritiesSet` follows, False while there is no metadata."""
        ...

    def connect(self, torrent: str, peers: Sequence[str]) -> None:
        """Connects to peers given as `address:port`."""
        ...

    def call_peers(self, torrent: str) -> None:
        """Connects to known peers at once: the torrent wants more than before, or was resumed."""
        ...

    def applied(self, torrent: str) -> Applied:
        """Reads back the applied values."""
        ...

    def observed(self, desired: DesiredTorrent) -> DesiredTorrent:
        """The session's state in the form of desired state; values that the session does not have are as given.

        A torrent that libtorrent has stopped for an error does not count as paused.
        """
        ...

    def remove_unknown_torrents(self) -> int:
        """The number of torrents in the session that nobody added; they are removed, and their files left alone."""
        ...

    def layout(self, torrent: str) -> Layout | None:
        """The torrent's files, or None while there is no metadata."""
        ...

    def hashes(self, torrent: str) -> Hashes:
        """The torrent's info-hashes; all of them once there is metadata."""
        ...

    def paths(self, torrent: str) -> list[str]:
        """Where libtorrent may write, delete or read for a torrent, as in `SourceInfo`, and the part file first."""
        ...

    def file_progress(self, torrent: str) -> list[int]:
        """Bytes done of each file, by index, to a piece's granularity; padding files too."""
        ...

    def flush(self, torrent: str) -> None:
        """Writes out the torrent's write cache: `Flushed` follows."""
        ...

    def save_resume(self, torrent: str, *, only_if_modified: bool) -> None:
        """Asks for resume data: `ResumeData` or `ResumeUnsaved` follows."""
        ...

    def post_updates(self) -> None:
        """Asks for the changed status of all torrents: `StatusUpdate` follows."""
        ...

    def post_statistics(self) -> None:
        """Asks for the session's counters, which shows that its network thread lives: `SessionStatistics` follows."""
        ...

    def configure(self, settings: Mapping[str, SettingValue], *, download_bps: int, upload_bps: int) -> None:
        """Applies settings and limits; what was set before and is not any more gets its default.

        Raises:
            InvalidSetting: and then nothing was applied.
        """
        ...

    def session_limits(self) -> tuple[int, int]:
        """Reads back the session's download and upload limit in bytes per second, 0 for none."""
        ...

    def listen_port(self) -> int:
        """The TCP port that is listened on, 0 for none."""
        ...

    def suspend(self) -> None:
        """Stops all transfers of all torrents, for good; flushing and saving still work."""
        ...

    def close(self) -> None:
        """Ends the session; no call is made after this one."""
        ...
