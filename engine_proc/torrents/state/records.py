"""The dispatcher's record of each torrent. Pure.

The record of an idle torrent has little more than its state and its applied desired state. A record has a `Pending`
only while an operation is in progress. So the records of 50,000 idle torrents need little memory.
"""

from collections.abc import Sequence
from enum import Enum
from typing import NamedTuple

from engine_proc.session.session_port import TorrentFault
from engine_proc.storage.leftovers import Leftover
from engine_proc.torrents.state.transitions import BEING_REMOVED, ON_ITS_WAY, IllegalTransition, Input, State, step
from protocol.internal.link_commands import DropTorrent
from protocol.wire.desired import DesiredTorrent


class Expelled(NamedTuple):
    """Why a torrent is being unloaded permanently: the name of the error, and a sentence about it."""

    name: str
    problem: str


class LeaveAgain(NamedTuple):
    """When to retry a failed unload, and the problem."""

    at: float
    problem: str


class Stage(Enum):
    """The progress of a recheck. If an engine dies before the result is stored, the next engine repeats the recheck."""

    INSPECTING = "inspecting"
    """The storage guard checks whether the files exist. A recheck of missing files would discard their pieces."""
    HASHING = "hashing"
    HASHED = "hashed"
    STORING = "storing"


class Recheck(NamedTuple):
    """A recheck: the revision of the request, and the progress."""

    revision: int | None
    stage: Stage


class Removal:
    """The progress of a torrent's removal.

    Fields:
        command: the command that requested the removal.
        renamed: whether the torrent was loaded with new names for the files that must be kept.
        spared: why the files are not deleted.
        deleted: the paths that must not exist after the removal.
        said: libtorrent's error message.
        left: the files that still exist after the deletion.
    """

    __slots__ = ("command", "deleted", "left", "renamed", "said", "spared")

    def __init__(self, command: DropTorrent) -> None:
        self.command = command
        self.renamed = False
        self.spared: str | None = None
        self.deleted: Sequence[str] = ()
        self.said: str | None = None
        self.left: Sequence[Leftover] = ()


class Pending:
    """The operations on one torrent that are in progress, or that wait.

    Fields:
        next: the desired state to apply once the torrent is ready.
        selections: the number of selections that libtorrent has not confirmed yet.
        selecting: whether one of these selections is still being evaluated.
        undiscovered: whether the files have to be reported once the selection is in force.
        unjudged: whether the paths of a magnet link have not been checked yet. Before the check, no file is selected.
        writer: the other torrent that writes to the files of this torrent.
        recheck: the recheck, if any.
        retry_until: the deadline for libtorrent to continue with the torrent, in monotonic seconds.
        again: when to retry the unload; set after a failed unload.
        expelled: why the torrent is being unloaded.
        removal: the progress of the removal, if the torrent is being removed.
    """

    __slots__ = (
        "again",
        "expelled",
        "next",
        "recheck",
        "removal",
        "retry_until",
        "selecting",
        "selections",
        "undiscovered",
        "unjudged",
        "writer",
    )

    def __init__(self) -> None:
        self.next: DesiredTorrent | None = None
        self.expelled: Expelled | None = None
        self.removal: Removal | None = None
        self.clear()

    def clear(self) -> None:
        """After an unload, resets the members about the loaded torrent. Keeps the members about the next operation."""
        self.selections = 0
        self.selecting = False
        self.undiscovered = False
        self.unjudged = False
        self.writer: str | None = None
        self.recheck: Recheck | None = None
        self.retry_until: float | None = None
        self.again: LeaveAgain | None = None
        if self.removal is not None:
            self.removal.renamed = False  # names are set again when the torrent is loaded next

    def is_empty(self) -> bool:
        """Whether no operation is pending."""
        return not (
            self.selections
            or self.selecting
            or self.undiscovered
            or self.unjudged
            or self.writer is not None
            or self.recheck is not None
            or self.retry_until is not None
            or self.again is not None
            or self.next is not None
            or self.expelled is not None
            or self.removal is not None
        )


class Record:
    """The dispatcher's record of one torrent.

    Fields:
        state: the state; see `transitions`.
        applied: the desired state of the loaded torrent, or of the torrent that is being loaded. None if the torrent is
            not loaded.
        confirmed: the desired state that was last confirmed.
        pending: the pending operations; None if there are none.
    """

    __slots__ = ("applied", "confirmed", "pending", "state")

    def __init__(self) -> None:
        self.state = State.ABSENT
        self.applied: DesiredTorrent | None = None
        self.confirmed: DesiredTorrent | None = None
        self.pending: Pending | None = None

    def begin(self) -> Pending:
        """The pending operations, created if there are none."""
        if self.pending is None:
            self.pending = Pending()
        return self.pending

    @property
    def removal(self) -> Removal | None:
        """The progress of the torrent's removal; None if the torrent is not being removed."""
        return None if self.pending is None else self.pending.removal

    @property
    def recheck(self) -> Recheck | None:
        """The torrent's recheck; None if no client has requested one."""
        return None if self.pending is None else self.pending.recheck

    @property
    def unjudged(self) -> bool:
        """Whether the torrent's paths have not been checked yet."""
        return self.pending is not None and self.pending.unjudged

    @property
    def unconfirmed(self) -> bool:
        """Whether libtorrent still has to confirm the addition or a selection, or to begin a recheck."""
        if self.state in ON_ITS_WAY:
            return True
        inspecting = self.recheck is not None and self.recheck.stage is Stage.INSPECTING
        return inspecting or (self.pending is not None and self.pending.selections > 0)


class Records:
    """Stores the records of one session's torrents. Absent torrents have no record while no operation is pending."""

    def __init__(self) -> None:
        self._records: dict[str, Record] = {}
        self._unconfirmed: set[str] = set()
        self._timed: set[str] = set()

    @property
    def unconfirmed(self) -> int:
        """The number of torrents for which a confirmation by libtorrent is pending."""
        return len(self._unconfirmed)

    def get(self, torrent: str) -> Record | None:
        """A torrent's record; None if it does not exist."""
        return self._records.get(torrent)

    def of(self, torrent: str) -> Record:
        """A torrent's record, created if it does not exist."""
        record = self._records.get(torrent)
        if record is None:
            record = self._records[torrent] = Record()
        return record

    def state(self, torrent: str) -> State:
        """The state of a torrent."""
        record = self._records.get(torrent)
        return State.ABSENT if record is None else record.state

    def applied(self, torrent: str) -> DesiredTorrent | None:
        """The applied desired state of a torrent; None if the torrent is not loaded."""
        record = self._records.get(torrent)
        return None if record is None else record.applied

    def being_removed(self, torrent: str) -> bool:
        """Whether a torrent is being removed."""
        return self.state(torrent) in BEING_REMOVED

    def move(self, torrent: str, happened: Input) -> Record:
        """Moves a torrent's record to the next state. Returns the record.

        Raises:
            TorrentFault: the input is illegal in the present state. This is a defect. The exception stops the torrent,
                and the engine continues.
        """
        record = self.of(torrent)
        try:
            record.state = step(record.state, happened)
        except IllegalTransition as illegal:
            raise TorrentFault(torrent, f"defect: {illegal}") from illegal
        self.note(torrent, record)
        return record

    def note(self, torrent: str, record: Record) -> None:
        """Updates the indexes after a torrent's state or pending operations have changed."""
        if record.unconfirmed:
            self._unconfirmed.add(torrent)
        else:
            self._unconfirmed.discard(torrent)
        if record.pending is not None and record.pending.is_empty():
            record.pending = None
        if record.pending is None and record.state is State.ABSENT and record.applied is None:
            self._records.pop(torrent, None)

    def clear(self, torrent: str) -> None:
        """Resets the record of a torrent that was unloaded."""
        record = self._records.get(torrent)
        if record is not None:
            record.applied = record.confirmed = None
            if record.pending is not None:
                record.pending.clear()
            self.note(torrent, record)

    def has_next(self, torrent: str) -> bool:
        """Whether a desired state waits to be applied to a torrent."""
        record = self._records.get(torrent)
        return record is not None and record.pending is not None and record.pending.next is not None

    def take_next(self, torrent: str) -> DesiredTorrent | None:
        """Removes and returns the desired state to apply to a torrent next."""
        record = self._records.get(torrent)
        if record is None or record.pending is None or record.pending.next is None:
            return None
        desired, record.pending.next = record.pending.next, None
        self.note(torrent, record)
        return desired

    # -- time -----------------------------------------------------------------------------------------------------

    def retry_until(self, torrent: str, until: float) -> None:
        """Sets the deadline for libtorrent to continue with a torrent."""
        self.of(torrent).begin().retry_until = until
        self._timed.add(torrent)

    def leave_again(self, torrent: str, at: float, problem: str) -> None:
        """Sets when to retry a failed unload."""
        self.of(torrent).begin().again = LeaveAgain(at, problem)
        self._timed.add(torrent)

    def retried(self, torrent: str) -> bool:
        """Ends the wait for libtorrent to continue with a torrent. Returns whether the torrent was waiting."""
        record = self._records.get(torrent)
        if record is None or record.pending is None or record.pending.retry_until is None:
            return False
        record.pending.retry_until = None
        self.note(torrent, record)
        return True

    def due(self, now: float) -> tuple[list[str], list[tuple[str, str]]]:
        """The torrents whose wait has ended, and the torrents to unload again, each with its problem."""
        waited: list[str] = []
        leaving: list[tuple[str, str]] = []
        for torrent in list(self._timed):
            record = self._records.get(torrent)
            pending = None if record is None else record.pending
            if record is None or pending is None:
                self._timed.discard(torrent)
                continue
            if pending.retry_until is not None and pending.retry_until <= now:
                pending.retry_until = None
                waited.append(torrent)
            if pending.again is not None and pending.again.at <= now:
                leaving.append((torrent, pending.again.problem))
                pending.again = None
            if pending.retry_until is None and pending.again is None:
                self._timed.discard(torrent)
            self.note(torrent, record)
        return waited, leaving
