"""The dispatcher's record of each torrent. Pure.

A torrent that is settled has little more than its state, and what is applied; what is under way, or waits, is in
`Pending`, which is there only while there is something. So a record of fifty thousand idle torrents costs little.
"""

from collections.abc import Sequence
from enum import Enum
from typing import NamedTuple

from engine_proc.session.session_port import TorrentFault
from engine_proc.storage.leftovers import Leftover
from engine_proc.torrents.transitions import BEING_REMOVED, ON_ITS_WAY, IllegalTransition, Input, State, step
from protocol.internal.link_commands import DropTorrent
from protocol.wire.desired import DesiredTorrent


class Expelled(NamedTuple):
    """Why a torrent is being taken out that does not come back: the error's name, and in words."""

    name: str
    problem: str


class LeaveAgain(NamedTuple):
    """When a torrent is asked to leave again that could not be taken out, and what was wrong."""

    at: float
    problem: str


class Stage(Enum):
    """How far a recheck is: the next engine begins anew, unless what was found is stored."""

    HASHING = "hashing"
    HASHED = "hashed"
    STORING = "storing"


class Recheck(NamedTuple):
    """A torrent is hashed again: the revision in which that was asked for, and how far it is."""

    revision: int | None
    stage: Stage


class Removal:
    """How far the removal of a torrent is.

    Fields:
        command: what was asked for.
        renamed: it was added to be deleted, with other names for the files that are left.
        spared: why its files are left alone.
        deleted: the paths that are to be gone once it is.
        said: what libtorrent says of it.
        left: what is left of its files.
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
    """What is under way for one torrent, or waits.

    Fields:
        next: what is to be done of it once it is ready.
        selections: how many selections libtorrent has yet to confirm.
        selecting: one of them waits until it is known which files are wanted.
        undiscovered: its files were not known before, and are told of with its selection.
        unjudged: a magnet link; it is not known whether its files are in bounds, and nothing of it is wanted before.
        writer: the torrent that writes to its files.
        recheck: it is hashed again.
        retry_until: until when it is waited for that libtorrent goes on with it.
        again: it could not be taken out.
        expelled: why it is being taken out.
        removal: it is being removed.
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
        """The session does not have the torrent any more; what is to be done of it then is as it was."""
        self.selections = 0
        self.selecting = False
        self.undiscovered = False
        self.unjudged = False
        self.writer: str | None = None
        self.recheck: Recheck | None = None
        self.retry_until: float | None = None
        self.again: LeaveAgain | None = None
        if self.removal is not None:
            self.removal.renamed = False  # what is loaded next has the names that it is given then

    def is_empty(self) -> bool:
        """Whether there is nothing."""
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
    """One torrent.

    Fields:
        state: see `transitions`.
        applied: what the session was asked to make of it, or is on its way to be; None where it is not loaded.
        confirmed: what of that was confirmed last.
        pending: None while there is nothing.
    """

    __slots__ = ("applied", "confirmed", "pending", "state")

    def __init__(self) -> None:
        self.state = State.ABSENT
        self.applied: DesiredTorrent | None = None
        self.confirmed: DesiredTorrent | None = None
        self.pending: Pending | None = None

    def begin(self) -> Pending:
        """What is under way, to be added to."""
        if self.pending is None:
            self.pending = Pending()
        return self.pending

    @property
    def removal(self) -> Removal | None:
        """Its removal, where it is being removed."""
        return None if self.pending is None else self.pending.removal

    @property
    def recheck(self) -> Recheck | None:
        """How far it is hashed again, where a client has asked for that."""
        return None if self.pending is None else self.pending.recheck

    @property
    def unjudged(self) -> bool:
        """Whether it is not known yet whether its files are in bounds."""
        return self.pending is not None and self.pending.unjudged

    @property
    def unconfirmed(self) -> bool:
        """Whether libtorrent has yet to confirm something: that it is there, or what is wanted of it."""
        return self.state in ON_ITS_WAY or (self.pending is not None and self.pending.selections > 0)


class Records:
    """One session's. A torrent that is not there, and of which nothing is pending, has none."""

    def __init__(self) -> None:
        self._records: dict[str, Record] = {}
        self._unconfirmed: set[str] = set()
        self._timed: set[str] = set()

    @property
    def unconfirmed(self) -> int:
        """Of how many torrents libtorrent has yet to confirm something."""
        return len(self._unconfirmed)

    def get(self, torrent: str) -> Record | None:
        """A torrent's record, if it has one."""
        return self._records.get(torrent)

    def of(self, torrent: str) -> Record:
        """A torrent's record."""
        record = self._records.get(torrent)
        if record is None:
            record = self._records[torrent] = Record()
        return record

    def state(self, torrent: str) -> State:
        """Where a torrent is."""
        record = self._records.get(torrent)
        return State.ABSENT if record is None else record.state

    def applied(self, torrent: str) -> DesiredTorrent | None:
        """What the session was asked to make of a torrent."""
        record = self._records.get(torrent)
        return None if record is None else record.applied

    def being_removed(self, torrent: str) -> bool:
        """Whether a torrent is."""
        return self.state(torrent) in BEING_REMOVED

    def move(self, torrent: str, happened: Input) -> Record:
        """Something happened to a torrent: its record is in the next state.

        Raises:
            TorrentFault: it cannot happen in that state; a defect, which is to end this torrent and not the engine.
        """
        record = self.of(torrent)
        try:
            record.state = step(record.state, happened)
        except IllegalTransition as illegal:
            raise TorrentFault(torrent, f"defect: {illegal}") from illegal
        self.note(torrent, record)
        return record

    def note(self, torrent: str, record: Record) -> None:
        """What is pending of a torrent has changed, or its state."""
        if record.unconfirmed:
            self._unconfirmed.add(torrent)
        else:
            self._unconfirmed.discard(torrent)
        if record.pending is not None and record.pending.is_empty():
            record.pending = None
        if record.pending is None and record.state is State.ABSENT and record.applied is None:
            self._records.pop(torrent, None)

    def clear(self, torrent: str) -> None:
        """The session does not have a torrent any more."""
        record = self._records.get(torrent)
        if record is not None:
            record.applied = record.confirmed = None
            if record.pending is not None:
                record.pending.clear()
            self.note(torrent, record)

    def has_next(self, torrent: str) -> bool:
        """Whether there is something to be done next of a torrent."""
        record = self._records.get(torrent)
        return record is not None and record.pending is not None and record.pending.next is not None

    def take_next(self, torrent: str) -> DesiredTorrent | None:
        """What is to be done next of a torrent; it is not kept any longer."""
        record = self._records.get(torrent)
        if record is None or record.pending is None or record.pending.next is None:
            return None
        desired, record.pending.next = record.pending.next, None
        self.note(torrent, record)
        return desired

    # -- time -----------------------------------------------------------------------------------------------------

    def retry_until(self, torrent: str, until: float) -> None:
        """It is waited for so long that libtorrent goes on with a torrent."""
        self.of(torrent).begin().retry_until = until
        self._timed.add(torrent)

    def leave_again(self, torrent: str, at: float, problem: str) -> None:
        """A torrent is asked to leave again then."""
        self.of(torrent).begin().again = LeaveAgain(at, problem)
        self._timed.add(torrent)

    def retried(self, torrent: str) -> bool:
        """Whether it was waited for that libtorrent goes on with a torrent; it is not any more."""
        record = self._records.get(torrent)
        if record is None or record.pending is None or record.pending.retry_until is None:
            return False
        record.pending.retry_until = None
        self.note(torrent, record)
        return True

    def due(self, now: float) -> tuple[list[str], list[tuple[str, str]]]:
        """Those that are not waited for any longer, and those that are asked to leave again, each with its problem."""
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
