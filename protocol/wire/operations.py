"""The table of operations: what each command takes, what it gives, and how it can be refused.

A command exists once it has a row here: requests are parsed by it, and the documentation, the schemas, the vectors and
the methods of the Python clients are made of it.

Errors come in three groups: those that any request can get, those that any mutation can get beside these, and a
command's own. The words at an error say when this command gives it, where the error table alone does not.
"""

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

import msgspec

from protocol.wire import codec, commands, reports, results, rows
from protocol.wire.commands import Command, Mutation
from protocol.wire.crashes import CrashReport
from protocol.wire.errors import ErrorKind, OuzelError


class Refusal(NamedTuple):
    """An error of a command, and its condition: empty if the error table has it."""

    kind: ErrorKind
    when: str = ""


class Operation(NamedTuple):
    """One row of the table.

    Fields:
        arguments: the Struct of `args`.
        result: the Struct of a reply's `result`.
        errors: its own, beside `ALWAYS` and, of a mutation, `OF_MUTATIONS`.
        cut: the result where its rows are cut to what a client asked for, for the one command that does that.
    """

    arguments: type[Command]
    result: type[msgspec.Struct]
    errors: tuple[Refusal, ...] = ()
    cut: type[msgspec.Struct] | None = None

    @property
    def op(self) -> str:
        """Its name on the wire."""
        return str(self.arguments.__struct_config__.tag)

    @property
    def mutates(self) -> bool:
        """Whether it is a mutation: then it is durable, can be repeated with its id, and can be waited for."""
        return issubclass(self.arguments, Mutation)

    @property
    def refusals(self) -> tuple[Refusal, ...]:
        """Every error of its reply."""
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
    Refusal(ErrorKind.TOO_MANY_BAD_FRAMES, "only with a null `id`: a frame whose id cannot be read is answered so"),
    Refusal(ErrorKind.TOO_MANY_IN_FLIGHT, "not to `hello`, `ping`, `health`, `stats` and `get_torrent`"),
    Refusal(ErrorKind.NOT_PERMITTED, "on tcp: a mutation with the role `read`, or anything after the key was removed"),
)
"""The errors of any request."""

OF_MUTATIONS: Final = (
    Refusal(ErrorKind.ID_REUSED),
    Refusal(
        ErrorKind.STORAGE_UNAVAILABLE,
        "the resume directory cannot be written, or the torrent's record not be read; where `accepted` is left out, a "
        "write failed half way and could not be taken back yet",
    ),
    Refusal(
        ErrorKind.STOPPING, "the supervisor is shutting down; `accepted` says whether it is done after its restart"
    ),
    Refusal(ErrorKind.DEADLINE_EXCEEDED, "no outcome was known at the deadline; `accepted` says what is known"),
    Refusal(ErrorKind.ENGINE_REFUSED, 'with `"wait": "applied"`: it is durable, and libtorrent refused it'),
    Refusal(ErrorKind.QUARANTINED, 'with `"wait": "applied"`: it is durable, and the torrent is not loaded'),
)
"""The further errors of any mutation."""

_UNKNOWN: Final = Refusal(ErrorKind.UNKNOWN_TORRENT)
_FROM_DISK: Final = (
    Refusal(ErrorKind.STORAGE_UNAVAILABLE, "the crash reports cannot be read"),
    Refusal(ErrorKind.STOPPING, "the supervisor is shutting down"),
    Refusal(ErrorKind.DEADLINE_EXCEEDED, "the disk did not answer in time"),
)

_TABLE: Final = (
    Operation(commands.Hello, results.ServerInfo),
    Operation(commands.Ping, results.Nothing),
    Operation(commands.Health, reports.HealthReport),
    Operation(commands.Stats, reports.StatsReport),
    Operation(commands.Snapshot, results.SnapshotPage),
    Operation(commands.ListTorrents, results.TorrentPage, cut=results.CutPage),
    Operation(commands.GetTorrent, rows.TorrentDetail, (_UNKNOWN,)),
    Operation(
        commands.ListFiles,
        results.FilePage,
        (_UNKNOWN, Refusal(ErrorKind.NO_METADATA, "a magnet link's metadata has not arrived yet")),
    ),
    Operation(commands.ListTrackers, results.TrackerList, (_UNKNOWN,)),
    Operation(commands.Replay, results.Replayed, (Refusal(ErrorKind.REPLAY_GONE),)),
    Operation(commands.ListCrashes, results.CrashList, _FROM_DISK),
    Operation(commands.GetCrash, CrashReport, (Refusal(ErrorKind.UNKNOWN_CRASH), *_FROM_DISK)),
    Operation(
        commands.ListDamaged,
        results.DamagedList,
        (Refusal(ErrorKind.STORAGE_UNAVAILABLE, "`damaged/` cannot be read"), *_FROM_DISK[1:]),
    ),
    Operation(
        commands.AddTorrent,
        results.AddAccepted,
        (
            Refusal(
                ErrorKind.INVALID_MAGNET,
                "libtorrent cannot parse it, or its info-hashes contradict those of a torrent that is there",
            ),
            Refusal(
                ErrorKind.INVALID_METAINFO,
                "libtorrent cannot load it, or a link that is there names one of its info-hashes and a wrong other one",
            ),
            Refusal(
                ErrorKind.PATH_NOT_ALLOWED,
                "`args.save_path`, or with `args.metainfo` one of its files, is not in the download roots",
            ),
            Refusal(ErrorKind.TORRENT_BUSY, "a torrent of this id is still being removed"),
            Refusal(ErrorKind.ENGINE_UNAVAILABLE, "no engine could judge the source in time; nothing was accepted"),
            Refusal(ErrorKind.ENGINE_LOST, "two engines died while they judged the source; nothing was accepted"),
            Refusal(ErrorKind.STORAGE_UNAVAILABLE, "the save path's file system does not answer; nothing was accepted"),
        ),
    ),
    Operation(
        commands.RemoveTorrent,
        results.TorrentAccepted,
        (
            _UNKNOWN,
            Refusal(
                ErrorKind.NO_METADATA,
                "with `delete_files`: its files are not known yet, and others may use some; nothing was accepted",
            ),
            Refusal(
                ErrorKind.QUARANTINED,
                "with `delete_files`: files are found by loading the torrent; nothing was accepted",
            ),
        ),
    ),
    Operation(commands.PauseTorrent, results.TorrentAccepted, (_UNKNOWN,)),
    Operation(commands.ResumeTorrent, results.TorrentAccepted, (_UNKNOWN,)),
    Operation(commands.SetSequential, results.SequentialAccepted, (_UNKNOWN,)),
    Operation(commands.UpdateLimits, reports.SettingsReport, (_UNKNOWN,)),
    Operation(commands.UpdateSelection, results.TorrentAccepted, (_UNKNOWN,)),
    Operation(
        commands.Recheck,
        results.TorrentAccepted,
        (
            _UNKNOWN,
            Refusal(ErrorKind.NO_METADATA, "a magnet link's metadata has not arrived yet; nothing was accepted"),
        ),
    ),
    Operation(commands.AddPeers, results.PeersAccepted, (_UNKNOWN,)),
    Operation(commands.ReleaseTorrent, results.TorrentAccepted, (_UNKNOWN,)),
    Operation(
        commands.RestoreDamaged,
        results.DamagedRestored,
        (
            Refusal(ErrorKind.UNKNOWN_DAMAGED),
            Refusal(ErrorKind.NOT_RESTORABLE),
            Refusal(ErrorKind.TORRENT_BUSY, "a torrent of this id is still being removed"),
        ),
    ),
)

OPERATIONS: Final[Mapping[str, Operation]] = {operation.op: operation for operation in _TABLE}
"""Every operation by its op, in the order of the documentation."""


def parse_command(op: str, args: dict[str, Any]) -> Command:
    """The command in a request.

    Raises:
        OuzelError: UNKNOWN_OP, or INVALID_ARGUMENT naming the argument.
    """
    operation = OPERATIONS.get(op)
    if operation is None:
        raise OuzelError(ErrorKind.UNKNOWN_OP, f"op: there is no command {op[:100]!r}", field="op")
    named = {name: value for name, value in args.items() if name != "op"}
    return codec.convert(named, operation.arguments, within="args", error=ErrorKind.INVALID_ARGUMENT)
