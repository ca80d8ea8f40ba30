"""The entries of a history. Pure."""

from typing import Any, Literal

import msgspec

from tools.chaos.plan.plan import Header, PlannedFault, PlannedOp

End = Literal["ok", "fail", "unknown"]
Fields = dict[str, Any]
"""The desired values of one torrent by name. An empty map if the daemon does not have the torrent."""


class Entry(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", omit_defaults=True):
    """The base of all entries. `at` is a monotonic time in seconds."""

    at: float


class Invoked(Entry, frozen=True, kw_only=True, tag="invoked"):
    """A client has sent an operation. `sends` is how often the client sends the request."""

    number: int
    sends: int = 1


class Ended(Entry, frozen=True, kw_only=True, tag="ended"):
    """An operation has ended.

    Fields:
        end: `ok`: acknowledged. `fail`: it has changed nothing, and never will. `unknown`: it is not known which.
        error: the name of the error; empty for `ok`.
        found: the values that a read returned; None for other operations.
        duplicate: whether an add found that the torrent already exists.
    """

    number: int
    end: End
    error: str = ""
    found: Fields | None = None
    duplicate: bool = False


class Answered(Entry, frozen=True, kw_only=True, tag="answered"):
    """One reply to an operation has arrived. `late`: after the deadline."""

    number: int
    ok: bool
    error: str = ""
    dup: bool = False
    late: bool = False


class FaultBegan(Entry, frozen=True, kw_only=True, tag="fault_began"):
    """The nemesis begins a fault."""

    number: int
    fault: str


class FaultBit(Entry, frozen=True, kw_only=True, tag="fault_bit"):
    """The effect of a fault was observed. `deaths` is the number of engines that it has killed."""

    number: int
    fault: str
    detail: str = ""
    deaths: int = 0


class FaultEnded(Entry, frozen=True, kw_only=True, tag="fault_ended"):
    """A fault is undone. `problem` is a failure of the harness."""

    number: int
    fault: str
    problem: str = ""


class Supervisor(Entry, frozen=True, kw_only=True, tag="supervisor"):
    """The harness has started a supervisor, or ends it on purpose.

    Fields:
        started: the start time of the process in clock ticks since boot. 0 if the harness ends the process.
    """

    pid: int
    started: int


class Heard(Entry, frozen=True, kw_only=True, tag="heard"):
    """A subscriber has received a message.

    Fields:
        seq: the number of the event. For a tick, the number of the last event before the tick.
        tick: whether the message was a tick.
        status: the status in a tick.
        type: the type of an event.
    """

    subscriber: int
    epoch: str
    seq: int
    tick: bool = False
    status: str = ""
    type: str = ""


class Repaired(Entry, frozen=True, kw_only=True, tag="repaired"):
    """A subscriber has detected a gap, or begins again. It knows all events up to `seq` now."""

    subscriber: int
    epoch: str
    seq: int


class Processes(Entry, frozen=True, kw_only=True, tag="processes"):
    """A sample of the daemon's processes.

    Fields:
        supervisor: the pid of the running supervisor. 0 if no supervisor runs.
        started: the supervisor's start time in clock ticks since boot.
        engines: the pids of all engines, also of orphans, by the pid of the supervisor that started them.
        sessions: the pids of the engines that listen for peers.
        zombies: the children of the supervisor that nobody has reaped.
    """

    supervisor: int
    started: int
    engines: dict[str, list[int]] = {}
    sessions: list[int] = []
    zombies: list[int] = []


class Probe(Entry, frozen=True, kw_only=True, tag="probe"):
    """A read of `health`, and a durable mutation just after it.

    Fields:
        status: the status before the mutation.
        after: the status after the mutation. The same engine ran at both reads.
        ok: whether the mutation was acknowledged.
    """

    status: str
    after: str
    ok: bool
    error: str = ""


class Resources(msgspec.Struct, frozen=True, kw_only=True):
    """The resources of the supervisor at a checkpoint. `uss` is in bytes."""

    pid: int
    fds: int
    threads: int
    children: int
    uss: int


class Checkpoint(Entry, frozen=True, kw_only=True, tag="checkpoint"):
    """The state between two rounds: no operation is open, and all faults are undone.

    Fields:
        round: the round that ended.
        recovered_s: the time until the daemon was healthy and had applied everything. None if it did not recover.
        troubles: why the daemon has not recovered.
        torrents: the values of each torrent according to the daemon, by the torrent's index.
        disk: the values of each torrent according to the records on disk, by the torrent's index.
        strangers: the ids of torrents, in the daemon or on disk, that nobody has added.
        quarantined: the indices of torrents in quarantine.
        table: the differences between a subscriber's table and the daemon's rows.
        files: for each complete download, whether its files have the right SHA-1.
        uploaded: the bytes that the seed has uploaded, by the index of the download.
        outside: paths that were created, changed or removed outside the roots.
        resources: the supervisor's resources.
    """

    round: int
    recovered_s: float | None
    troubles: list[str] = []
    torrents: dict[int, Fields] = {}
    disk: dict[int, Fields] = {}
    strangers: list[str] = []
    quarantined: list[int] = []
    table: list[str] = []
    files: dict[int, bool] = {}
    uploaded: dict[int, int] = {}
    outside: list[str] = []
    resources: Resources | None = None


class Aborted(Entry, frozen=True, kw_only=True, tag="aborted"):
    """The run ended early, because the daemon did not answer. `problem` is the error."""

    problem: str


class Finished(Entry, frozen=True, kw_only=True, tag="finished"):
    """The end of the run.

    Fields:
        exit_code: the supervisor's exit code after SIGTERM.
        left: the pids of the daemon's processes some seconds later.
        claimed: for each download, how many claimed pieces have a wrong hash on disk.
    """

    exit_code: int
    left: list[int] = []
    claimed: dict[int, int] = {}


Line = (
    Header
    | PlannedOp
    | PlannedFault
    | Invoked
    | Ended
    | Answered
    | FaultBegan
    | FaultBit
    | FaultEnded
    | Supervisor
    | Heard
    | Repaired
    | Processes
    | Probe
    | Checkpoint
    | Aborted
    | Finished
)
