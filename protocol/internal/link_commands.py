"""Engine commands: what the supervisor has the engine do.

They are level-triggered: `EnsureTorrent` has the whole desired state of a torrent, and can be repeated at any time; the
engine applies what differs. So the next engine needs no log of earlier commands, only the catalogue.
"""

from protocol.internal.bounds import Bounds
from protocol.internal.link_messages import CommandMessage
from protocol.internal.link_queries import InspectSource, QueryFiles, QueryTrackers
from protocol.wire.desired import DesiredTorrent


class Configure(CommandMessage, frozen=True, kw_only=True, tag="configure"):
    """The first command of each generation, and of each change of session settings; the session is made at the first.

    Fields:
        settings: libtorrent settings by their own names, over Ouzel's defaults.
        download_bps, upload_bps: limits of all torrents together, 0 is none.
        torrents: the number that is about to be restored, to size queues by.
        resume_dir: the resume directory, by its `ResumeDir.identity`; None accepts any at its path.
        config: the number of the settings' configuration; returned in the answer, `SettingsApplied` or
            `SettingsRefused`.
        bounds: where payload may be; by default nowhere.
    """

    settings: dict[str, int | str | bool]
    download_bps: int
    upload_bps: int
    torrents: int
    revision: int
    resume_dir: str | None = None
    config: int = 0
    bounds: Bounds = Bounds()


class EnsureTorrent(CommandMessage, frozen=True, kw_only=True, tag="ensure_torrent"):
    """Apply a torrent's desired state. Answered by `TorrentApplied` with the revision.

    Fields:
        files_known: its files and their priorities are known; if it is restored, they need not be reported.
        afresh: check again what has stopped it, an error or missing storage; the answer has the present state.
        downloaded, uploaded: lifetime payload bytes, the start values of an engine that loads it, if its resume data
            has less.
        history: no totals are stored; report those of its resume data (`HistoryFound`).
    """

    desired: DesiredTorrent
    files_known: bool = False
    afresh: bool = False
    downloaded: int = 0
    uploaded: int = 0
    history: bool = False


class DropTorrent(CommandMessage, frozen=True, kw_only=True, tag="forget_torrent"):
    """Remove a torrent from the session, delete its files if requested, and its fast-resume data.

    Answered by `TorrentDropped`.

    Fields:
        desired: set with `delete_files`, so that an engine that has not loaded the torrent can find its files.
    """

    torrent: str
    delete_files: bool
    desired: DesiredTorrent


class SaveAll(CommandMessage, frozen=True, kw_only=True, tag="save_all"):
    """Save every torrent's fast-resume data again: the resume directory was unavailable, and may be another one now.

    Fields:
        resume_dir: the directory, by its `ResumeDir.identity`.
        hand_over: the engine's sandbox does not let it write there: it sends the data (`ResumeHandedOver`), and
            `AllHandedOver` at the end.
    """

    resume_dir: str
    hand_over: bool = False


class CallPeers(CommandMessage, frozen=True, kw_only=True, tag="call_peers"):
    """Connect a torrent to these peers, even if it knows them already. There is no answer."""

    torrent: str
    peers: list[str]


class VerifyTorrent(CommandMessage, frozen=True, kw_only=True, tag="verify_torrent"):
    """Hash a torrent's files again, since another torrent writes to some of them. Where they are not its own any more
    it ends in an error.

    Fields:
        writer: the other torrent.
    """

    torrent: str
    writer: str


class CheckFiles(CommandMessage, frozen=True, kw_only=True, tag="look_at_files"):
    """Check that a torrent's files are still on disk; if not, it is loaded anew. There is no answer."""

    torrent: str


class Drain(CommandMessage, frozen=True, kw_only=True, tag="drain"):
    """Save unsaved resume data and exit with 0."""


EngineCommand = (
    Configure
    | InspectSource
    | EnsureTorrent
    | DropTorrent
    | QueryFiles
    | QueryTrackers
    | SaveAll
    | CallPeers
    | VerifyTorrent
    | CheckFiles
    | Drain
)
