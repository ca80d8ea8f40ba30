"""Engine commands: the messages by which the supervisor controls the engine.

Engine commands are level-triggered. `EnsureTorrent` has the whole desired state of a torrent. It can be repeated at any
time, because the engine applies only what differs. So a new engine needs only the desired state of all torrents, and no
log of earlier commands.
"""

from protocol.internal.bounds import Bounds
from protocol.internal.link_messages import CommandMessage
from protocol.internal.link_queries import (
    InspectSource,
    QueryCounters,
    QueryFiles,
    QueryPeers,
    QueryPieces,
    QueryPrivate,
    QueryTrackers,
    QueryWebSeeds,
)
from protocol.wire.desired import DesiredTorrent, SettingValue


class Configure(CommandMessage, frozen=True, kw_only=True, tag="configure"):
    """Apply session settings.

    This command is the first of each generation, and creates the session. The supervisor sends it again whenever the
    settings change.

    Fields:
        settings: the configured libtorrent settings, by libtorrent's names. They override Ouzel's defaults.
        overrides: the settings of clients. They override the configured settings. The engine reports invalid settings
            in `SettingsApplied`, and applies the others.
        download_bps, upload_bps: limits for all torrents together; 0 means no limit.
        torrents: the number of torrents that are about to be restored. The engine derives the size of queues from this
            number.
        resume_dir: the `ResumeDir.identity` of the resume directory. If it is None, the engine accepts any directory at
            the configured path.
        config: the number of the configuration that has these settings. The answer, `SettingsApplied` or
            `SettingsRefused`, repeats the number.
        bounds: where payload may be stored. The default allows no place.
        banned: the IP addresses of banned peers.
        ip_filter: whether the IP filter in the resume directory is in force. The engine answers with `IpFilterState`. A
            new session waits some seconds for the filter.
        log: whether the engine logs libtorrent's messages about the session and about torrents.
        groups: the download and the upload limit of each bandwidth group, by the group's key; 0 means no limit.
    """

    settings: dict[str, SettingValue]
    download_bps: int
    upload_bps: int
    torrents: int
    revision: int
    resume_dir: str | None = None
    config: int = 0
    bounds: Bounds = Bounds()
    overrides: dict[str, SettingValue] = {}
    banned: tuple[str, ...] = ()
    ip_filter: bool = False
    log: bool = False
    groups: dict[str, tuple[int, int]] = {}


class EnsureTorrent(CommandMessage, frozen=True, kw_only=True, tag="ensure_torrent"):
    """Apply a torrent's desired state. The answer is `TorrentApplied` with the state's revision.

    Fields:
        files_known: whether the supervisor knows the torrent's files and their priorities. If so, the engine does not
            report the files when it restores the torrent.
        afresh: check again whether an error or missing storage still stops the torrent. The answer reports the
            torrent's present state.
        downloaded, uploaded: lifetime payload bytes. If the values in the resume data are lower, the engine uses the
            values of this command.
        history: whether the supervisor lacks totals of the torrent. If so, the engine reports the totals in the resume
            data (`HistoryFound`).
        new: whether the torrent was added just now. If so, the engine does not look for resume data.
    """

    desired: DesiredTorrent
    files_known: bool = False
    afresh: bool = False
    downloaded: int = 0
    uploaded: int = 0
    history: bool = False
    new: bool = False


class DropTorrent(CommandMessage, frozen=True, kw_only=True, tag="forget_torrent"):
    """Remove a torrent from the session and delete its fast-resume data. Delete its files, too, if that was requested.

    The answer is `TorrentDropped`.

    Fields:
        desired: the torrent's desired state. An engine that has not loaded the torrent needs this state to find the
            files.
    """

    torrent: str
    delete_files: bool
    desired: DesiredTorrent


class SaveAll(CommandMessage, frozen=True, kw_only=True, tag="save_all"):
    """Save every torrent's fast-resume data again.

    The supervisor sends this after the resume directory was unavailable. The path may lead to another directory now.

    Fields:
        resume_dir: the `ResumeDir.identity` of the directory.
        hand_over: whether the engine's sandbox denies it access to this directory. If so, the engine sends the data to
            the supervisor (`ResumeHandedOver`), and then `AllHandedOver`.
    """

    resume_dir: str
    hand_over: bool = False


class CallPeers(CommandMessage, frozen=True, kw_only=True, tag="call_peers"):
    """Connect a torrent to these peers, even if it already knows their addresses. The engine sends no answer."""

    torrent: str
    peers: list[str]


class ReannounceTorrent(CommandMessage, frozen=True, kw_only=True, tag="reannounce_torrent"):
    """Announce a torrent now. The engine sends no answer.

    If no tracker is given, the engine announces to the trackers in use and to the DHT.

    A torrent that is being loaded needs no such command. The torrent announces once it is loaded.
    """

    torrent: str
    tracker: str | None = None


class SetDeadline(CommandMessage, frozen=True, kw_only=True, tag="set_deadline"):
    """Download a part of a file by a given time, before other parts. The engine sends no answer.

    The command waits until the torrent is loaded and its files are known.

    Fields:
        file: the index of the file.
        offset, length: the part of the file, in bytes.
        due_in_ms: by when the part is wanted, in milliseconds from now.
    """

    torrent: str
    file: int
    offset: int
    length: int
    due_in_ms: int


class VerifyTorrent(CommandMessage, frozen=True, kw_only=True, tag="verify_torrent"):
    """Hash a torrent's files again, because another torrent writes to some of them.

    If the other torrent has overwritten a file, the torrent gets an error.

    Fields:
        writer: the other torrent.
    """

    torrent: str
    writer: str


class CheckFiles(CommandMessage, frozen=True, kw_only=True, tag="look_at_files"):
    """Check that a torrent's files are on disk. If files are missing, load the torrent again. There is no answer."""

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
    | QueryPeers
    | QueryPieces
    | QueryPrivate
    | QueryCounters
    | QueryWebSeeds
    | SaveAll
    | CallPeers
    | ReannounceTorrent
    | SetDeadline
    | VerifyTorrent
    | CheckFiles
    | Drain
)
