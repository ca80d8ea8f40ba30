"""The table of operations: the arguments, the result and the errors of each command.

A command exists once it has a row here. Requests are parsed by this table. The documentation, the schemas, the test
vectors and the methods of the Python clients are generated from it.

Errors are in three groups:

- the errors of any request
- the further errors of any mutation
- the errors of a single command

The text beside an error says when a command returns the error. If the error table says it, the text is empty.
"""

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

import msgspec

from protocol.wire import codec, making_results, reports, results, rows
from protocol.wire.commands import (
    category_commands,
    deadline_commands,
    file_commands,
    goal_commands,
    group_commands,
    making_commands,
    option_commands,
    peer_commands,
    queue_commands,
    session_commands,
    torrent_commands,
    tracker_commands,
    upload_commands,
)
from protocol.wire.commands.kinds import Command, Mutation
from protocol.wire.commands.service import counter_commands, log_commands
from protocol.wire.crashes import CrashReport
from protocol.wire.errors import ErrorKind, OuzelError
from protocol.wire.log import log_results
from protocol.wire.metrics.metrics_report import MetricsReport
from protocol.wire.metrics.spans_report import SpansPage
from protocol.wire.session import group_results


class Refusal(NamedTuple):
    """An error of a command, and the condition for it. The condition is empty if the error table states it."""

    kind: ErrorKind
    when: str = ""


class Operation(NamedTuple):
    """One row of the table.

    Fields:
        arguments: the Struct for `args`.
        result: the Struct for a reply's `result`.
        errors: the errors in addition to `ALWAYS` and, for a mutation, `OF_MUTATIONS`.
        cut: the Struct for a result with only the requested fields in its rows. Only one command has such a result.
    """

    arguments: type[Command]
    result: type[msgspec.Struct]
    errors: tuple[Refusal, ...] = ()
    cut: type[msgspec.Struct] | None = None

    @property
    def op(self) -> str:
        """The command's name on the wire."""
        return str(self.arguments.__struct_config__.tag)

    @property
    def mutates(self) -> bool:
        """Whether the command is a mutation: durable, idempotent for equal ids, and with `wait`."""
        return issubclass(self.arguments, Mutation)

    @property
    def refusals(self) -> tuple[Refusal, ...]:
        """Every error that the command can return."""
        return (*self.errors, *(OF_MUTATIONS if self.mutates else ()), *ALWAYS)


ALWAYS: Final = (
    Refusal(ErrorKind.MALFORMED_FRAME),
    Refusal(ErrorKind.FRAME_TOO_LARGE),
    Refusal(ErrorKind.TOO_DEEP),
    Refusal(ErrorKind.UNSUPPORTED_VERSION),
    Refusal(ErrorKind.INVALID_ENVELOPE),
    Refusal(ErrorKind.UNKNOWN_OP),
    Refusal(ErrorKind.INVALID_ARGUMENT),
    Refusal(ErrorKind.INTERNAL_ERROR),
    Refusal(ErrorKind.TOO_MANY_BAD_FRAMES, "only with a null `id`, in the reply to a frame whose id cannot be read"),
    Refusal(ErrorKind.TOO_MANY_IN_FLIGHT, "never for `hello`, `ping`, `health`, `stats` and `get_torrent`"),
    Refusal(
        ErrorKind.NOT_PERMITTED,
        "on tcp: a mutation, `get_log` or `get_spans` with the role `read`, or any request after the key was removed",
    ),
)
"""The errors that any request can get."""

OF_MUTATIONS: Final = (
    Refusal(ErrorKind.ID_REUSED),
    Refusal(
        ErrorKind.STORAGE_UNAVAILABLE,
        "the resume directory cannot be written, or the torrent's record cannot be read; if `accepted` is absent, a "
        "write failed half way and could not be undone yet",
    ),
    Refusal(
        ErrorKind.STOPPING,
        "the supervisor is shutting down; `accepted` says whether the change applies after the restart",
    ),
    Refusal(ErrorKind.DEADLINE_EXCEEDED, "no outcome was known at the deadline; `accepted` says what is known"),
    Refusal(ErrorKind.ENGINE_REFUSED, 'with `"wait": "applied"`: the change is durable, but libtorrent refused it'),
    Refusal(ErrorKind.QUARANTINED, 'with `"wait": "applied"`: the change is durable, but the torrent is not loaded'),
)
"""The further errors that any mutation can get."""

_UNKNOWN: Final = Refusal(ErrorKind.UNKNOWN_TORRENT)
_OF_RENAMES: Final = (
    _UNKNOWN,
    Refusal(ErrorKind.NO_METADATA, "its files are not known yet; nothing was accepted"),
    Refusal(ErrorKind.TORRENT_MOVING, "its files are being moved or renamed; nothing was accepted"),
    Refusal(ErrorKind.FILES_SHARED),
    Refusal(ErrorKind.QUARANTINED, "files of a torrent in quarantine cannot be renamed; nothing was accepted"),
    Refusal(ErrorKind.STORAGE_UNAVAILABLE, "the save path's file system does not answer; nothing was accepted"),
    Refusal(ErrorKind.NO_SPACE, "if a folder is on another file system; nothing was accepted"),
    Refusal(ErrorKind.STORAGE_MISSING),
    Refusal(ErrorKind.FILE_EXISTS),
)
_FROM_DISK: Final = (
    Refusal(ErrorKind.STORAGE_UNAVAILABLE, "the crash reports cannot be read"),
    Refusal(ErrorKind.STOPPING, "the supervisor is shutting down"),
    Refusal(ErrorKind.DEADLINE_EXCEEDED, "the disk did not answer in time"),
)

_TABLE: Final = (
    Operation(session_commands.Hello, results.ServerInfo),
    Operation(session_commands.Ping, results.Nothing),
    Operation(session_commands.Health, reports.HealthReport),
    Operation(session_commands.Stats, reports.StatsReport),
    Operation(session_commands.GetSettings, results.SettingList),
    Operation(goal_commands.GetGoals, reports.GlobalGoals),
    Operation(
        counter_commands.GetCounters,
        reports.CountersReport,
        (Refusal(ErrorKind.ENGINE_UNAVAILABLE, "no engine has answered yet"),),
    ),
    Operation(log_commands.GetLog, log_results.LogPage),
    Operation(log_commands.GetLogLevels, log_results.LogLevels),
    Operation(counter_commands.GetMetrics, MetricsReport),
    Operation(counter_commands.GetSpans, SpansPage),
    Operation(session_commands.Snapshot, results.SnapshotPage),
    Operation(torrent_commands.ListTorrents, results.TorrentPage, cut=results.CutPage),
    Operation(torrent_commands.GetTorrent, rows.TorrentDetail, (_UNKNOWN,)),
    Operation(
        torrent_commands.ListFiles,
        results.FilePage,
        (_UNKNOWN, Refusal(ErrorKind.NO_METADATA, "a magnet link's metadata has not arrived yet")),
    ),
    Operation(torrent_commands.ListTrackers, results.TrackerList, (_UNKNOWN,)),
    Operation(peer_commands.ListPeers, results.PeerList, (_UNKNOWN,)),
    Operation(
        peer_commands.PieceMap,
        results.PieceReport,
        (
            _UNKNOWN,
            Refusal(ErrorKind.NO_METADATA, "a magnet link's metadata has not arrived yet"),
            Refusal(ErrorKind.ENGINE_UNAVAILABLE, "the supervisor has no map, and no engine has answered in time"),
        ),
    ),
    Operation(peer_commands.ListBans, results.BanList),
    Operation(tracker_commands.ListWebSeeds, results.WebSeedList, (_UNKNOWN,)),
    Operation(category_commands.ListCategories, results.CategoryList),
    Operation(group_commands.ListGroups, group_results.GroupList),
    Operation(session_commands.Replay, results.Replayed, (Refusal(ErrorKind.REPLAY_GONE),)),
    Operation(session_commands.ListCrashes, results.CrashList, _FROM_DISK),
    Operation(session_commands.GetCrash, CrashReport, (Refusal(ErrorKind.UNKNOWN_CRASH), *_FROM_DISK)),
    Operation(
        session_commands.ListDamaged,
        results.DamagedList,
        (Refusal(ErrorKind.STORAGE_UNAVAILABLE, "`damaged/` cannot be read"), *_FROM_DISK[1:]),
    ),
    Operation(
        making_commands.ExportTorrent,
        making_results.TorrentExport,
        (
            _UNKNOWN,
            Refusal(ErrorKind.METAINFO_TOO_LARGE, "the message names the .torrent file's size"),
            Refusal(ErrorKind.STORAGE_UNAVAILABLE, "none of the torrent's stored data can be read"),
            *_FROM_DISK[1:],
        ),
    ),
    Operation(making_commands.ListJobs, making_results.JobList),
    Operation(
        torrent_commands.AddTorrent,
        results.AddAccepted,
        (
            Refusal(
                ErrorKind.INVALID_MAGNET,
                "libtorrent cannot parse it, or its info-hashes contradict those of an existing torrent",
            ),
            Refusal(
                ErrorKind.INVALID_METAINFO,
                "libtorrent cannot load it, or an existing link names one of its info-hashes and a wrong second one",
            ),
            Refusal(
                ErrorKind.PATH_NOT_ALLOWED,
                "`args.save_path`, the save path of `args.category`, or with `args.metainfo` one of its files, is not "
                "in the download roots",
            ),
            Refusal(ErrorKind.INVALID_RESUME),
            Refusal(ErrorKind.UNKNOWN_UPLOAD),
            Refusal(ErrorKind.UNKNOWN_CATEGORY, "nothing was accepted"),
            Refusal(ErrorKind.UNKNOWN_GROUP, "nothing was accepted"),
            Refusal(ErrorKind.TORRENT_BUSY, "a torrent of this id is still being removed"),
            Refusal(ErrorKind.ENGINE_UNAVAILABLE, "no engine could validate the source in time; nothing was accepted"),
            Refusal(ErrorKind.ENGINE_LOST, "two engines died while they validated the source; nothing was accepted"),
            Refusal(ErrorKind.STORAGE_UNAVAILABLE, "the save path's file system does not answer; nothing was accepted"),
        ),
    ),
    Operation(
        upload_commands.UploadPart,
        results.PartAccepted,
        (
            Refusal(ErrorKind.UPLOAD_TOO_LARGE),
            Refusal(ErrorKind.UPLOAD_OUT_OF_ORDER),
            Refusal(ErrorKind.TOO_MANY_UPLOADS),
        ),
    ),
    Operation(
        torrent_commands.RemoveTorrent,
        results.TorrentAccepted,
        (
            _UNKNOWN,
            Refusal(ErrorKind.TORRENT_MOVING, "its files are being moved or renamed; nothing was accepted"),
            Refusal(
                ErrorKind.NO_METADATA,
                "with `delete_files`: its files are not known yet, and may be shared; nothing was accepted",
            ),
            Refusal(
                ErrorKind.QUARANTINED,
                "with `delete_files`: its files can be found only by loading the torrent; nothing was accepted",
            ),
        ),
    ),
    Operation(torrent_commands.PauseTorrent, results.TorrentAccepted, (_UNKNOWN,)),
    Operation(torrent_commands.ResumeTorrent, results.TorrentAccepted, (_UNKNOWN,)),
    Operation(torrent_commands.SetSequential, results.SequentialAccepted, (_UNKNOWN,)),
    Operation(torrent_commands.UpdateLimits, reports.SettingsReport, (_UNKNOWN,)),
    Operation(
        session_commands.UpdateSettings,
        results.SettingList,
        (
            Refusal(ErrorKind.INVALID_SETTING, "one of the settings is invalid; nothing was changed"),
            Refusal(
                ErrorKind.ENGINE_UNAVAILABLE,
                "no engine has started yet, so libtorrent's settings are not known; nothing was accepted",
            ),
        ),
    ),
    Operation(goal_commands.UpdateGoals, reports.GlobalGoals),
    Operation(log_commands.UpdateLogLevels, log_results.LogLevels),
    Operation(torrent_commands.UpdateSelection, results.TorrentAccepted, (_UNKNOWN,)),
    Operation(
        option_commands.UpdateOptions,
        results.TorrentAccepted,
        (
            _UNKNOWN,
            Refusal(ErrorKind.UNKNOWN_CATEGORY, "nothing was changed"),
            Refusal(ErrorKind.UNKNOWN_GROUP, "nothing was changed"),
        ),
    ),
    Operation(
        queue_commands.MoveInQueue,
        results.QueueMoved,
        (_UNKNOWN, Refusal(ErrorKind.NOT_IN_QUEUE, "one of the torrents is not in the queue; nothing was accepted")),
    ),
    Operation(
        deadline_commands.SetPieceDeadlines,
        results.TorrentAccepted,
        (
            _UNKNOWN,
            Refusal(ErrorKind.NO_METADATA, "a magnet link's metadata has not arrived yet"),
            Refusal(ErrorKind.FILE_NOT_SELECTED),
            Refusal(ErrorKind.TORRENT_PAUSED, "a paused torrent does not download"),
            Refusal(ErrorKind.QUARANTINED, "a torrent in quarantine is not loaded"),
        ),
    ),
    Operation(
        torrent_commands.Recheck,
        results.TorrentAccepted,
        (
            _UNKNOWN,
            Refusal(ErrorKind.NO_METADATA, "a magnet link's metadata has not arrived yet; nothing was accepted"),
        ),
    ),
    Operation(
        tracker_commands.Reannounce,
        results.TorrentAccepted,
        (
            _UNKNOWN,
            Refusal(ErrorKind.TORRENT_PAUSED, "a paused torrent does not announce"),
            Refusal(ErrorKind.QUARANTINED, "a torrent in quarantine does not announce"),
        ),
    ),
    Operation(tracker_commands.UpdateTrackers, results.TorrentAccepted, (_UNKNOWN,)),
    Operation(tracker_commands.UpdateWebSeeds, results.TorrentAccepted, (_UNKNOWN,)),
    Operation(
        file_commands.MoveStorage,
        results.TorrentAccepted,
        (
            _UNKNOWN,
            Refusal(ErrorKind.PATH_NOT_ALLOWED),
            Refusal(ErrorKind.TORRENT_MOVING, "its files are being moved elsewhere, or are about to be in place"),
            Refusal(ErrorKind.FILES_SHARED),
            Refusal(ErrorKind.QUARANTINED, "a torrent in quarantine cannot be moved; nothing was accepted"),
            Refusal(ErrorKind.STORAGE_UNAVAILABLE, "the save path's file system does not answer; nothing was accepted"),
            Refusal(ErrorKind.NO_SPACE),
            Refusal(ErrorKind.STORAGE_MISSING),
            Refusal(ErrorKind.FILE_EXISTS),
        ),
    ),
    Operation(
        file_commands.RelocateStorage,
        results.StorageRelocated,
        (
            _UNKNOWN,
            Refusal(ErrorKind.PATH_NOT_ALLOWED, "the new save path is not in the download roots"),
            Refusal(ErrorKind.TORRENT_MOVING, "its files are being moved or renamed; nothing was accepted"),
            Refusal(ErrorKind.STORAGE_MISSING, "files are not at the new save path, and `force` is not set"),
            Refusal(ErrorKind.QUARANTINED, "a torrent in quarantine cannot be relocated; nothing was accepted"),
            Refusal(ErrorKind.STORAGE_UNAVAILABLE, "the save path's file system does not answer; nothing was accepted"),
        ),
    ),
    Operation(file_commands.RenameFile, results.TorrentAccepted, _OF_RENAMES),
    Operation(file_commands.RenameFolder, results.TorrentAccepted, _OF_RENAMES),
    Operation(torrent_commands.AddPeers, results.PeersAccepted, (_UNKNOWN,)),
    Operation(peer_commands.BanPeer, results.BanAccepted),
    Operation(peer_commands.UnbanPeer, results.BanAccepted),
    Operation(
        category_commands.PutCategory,
        results.CategoryReport,
        (
            Refusal(ErrorKind.PATH_NOT_ALLOWED, "`args.save_path` is not in the download roots"),
            Refusal(ErrorKind.STORAGE_UNAVAILABLE, "the save path's file system does not answer; nothing was accepted"),
        ),
    ),
    Operation(category_commands.RemoveCategory, results.CategoryRemoved, (Refusal(ErrorKind.UNKNOWN_CATEGORY),)),
    Operation(group_commands.PutGroup, group_results.GroupReport),
    Operation(group_commands.RemoveGroup, group_results.GroupRemoved, (Refusal(ErrorKind.UNKNOWN_GROUP),)),
    Operation(
        making_commands.CreateTorrent,
        making_results.JobAccepted,
        (
            Refusal(ErrorKind.PATH_NOT_ALLOWED, "`args.path` or `args.output` is not in the download roots"),
            Refusal(ErrorKind.TOO_MANY_JOBS),
        ),
    ),
    Operation(making_commands.CancelJob, making_results.JobAccepted, (Refusal(ErrorKind.UNKNOWN_JOB),)),
    Operation(torrent_commands.ReleaseTorrent, results.TorrentAccepted, (_UNKNOWN,)),
    Operation(
        session_commands.RestoreDamaged,
        results.DamagedRestored,
        (
            Refusal(ErrorKind.UNKNOWN_DAMAGED),
            Refusal(ErrorKind.NOT_RESTORABLE),
            Refusal(ErrorKind.TORRENT_BUSY, "a torrent of this id is still being removed"),
        ),
    ),
)

OPERATIONS: Final[Mapping[str, Operation]] = {operation.op: operation for operation in _TABLE}
"""All operations by `op`, in the order of the documentation."""


def parse_command(op: str, args: dict[str, Any]) -> Command:
    """Decodes the command in a request.

    Raises:
        OuzelError: UNKNOWN_OP, or INVALID_ARGUMENT with the name of the argument.
    """
    operation = OPERATIONS.get(op)
    if operation is None:
        raise OuzelError(ErrorKind.UNKNOWN_OP, f"op: there is no command {op[:100]!r}", field="op")
    named = {name: value for name, value in args.items() if name != "op"}
    return codec.convert(named, operation.arguments, within="args", error=ErrorKind.INVALID_ARGUMENT)
