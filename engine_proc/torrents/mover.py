"""Moves the files of torrents, as the `move` in their desired state requests.

A torrent is not loaded while it has a move:

1. *Settling*: if the torrent is in the session, the engine pauses, flushes, saves and unloads it.
2. A thread performs the step for the phase of the move.
3. The supervisor makes the result durable, and sends a new desired state. The new desired state has the next phase, or
   no move.
4. If the desired state has no move, the torrent is loaded again.
"""

from enum import Enum
from typing import Final, NamedTuple

import msgspec

from engine_proc.events.metadata_events import metadata_events
from engine_proc.events.progress import idle
from engine_proc.moving.file_moves import Plan
from engine_proc.moving.move_threads import MoveThreads, Performed, Progressed, Step
from engine_proc.process.log import log
from engine_proc.resume.pieces import Examined
from engine_proc.resume.resume_policy import Urgency
from engine_proc.session.session_port import TorrentFault, UnknownTorrent
from engine_proc.torrents.loading.loader import Loader
from engine_proc.torrents.parts import Parts
from protocol.durable.integrity import Damaged
from protocol.internal.link_events import TorrentApplied
from protocol.internal.move_events import MoveCopied, MoveEnded, MoveProgress
from protocol.wire.desired import DesiredTorrent, StorageMove
from protocol.wire.events.torrent_events import ErrorCleared, TorrentError
from protocol.wire.rows import TorrentState

SETTLE_S: Final = 10.0
"""The time limit to flush and save a torrent. After that, unsaved pieces are found again by hashing."""

AGAIN_S: Final = 2.0
"""The delay before a failed step is tried again, or a result is reported again."""

_STEPS: Final = {"copying": Step.STAGE, "placing": Step.PLACE, "undoing": Step.UNDO}


class _Stage(Enum):
    FLUSHING = "flushing"
    FLUSHED = "flushed"
    SAVING = "saving"


class _Settling(NamedTuple):
    """A torrent that is about to be unloaded: its progress, and the deadline in monotonic seconds."""

    stage: _Stage
    until: float


class _Job:
    """The move of a torrent that is not loaded.

    Fields:
        move: the move in the phase that is being performed.
        ticket: the ticket of the step that a thread performs; None if no step is being performed.
        result: the result that the supervisor has not made durable yet.
        again_at: when to begin the step, or to report the result again, in monotonic seconds.
        problem: the reported problem that delays the move.
        claims: the claims to report as the torrent's progress; None once they are reported.
    """

    __slots__ = ("again_at", "claims", "desired", "move", "problem", "result", "ticket")

    def __init__(self, desired: DesiredTorrent, move: StorageMove) -> None:
        self.desired = desired
        self.move = move
        self.ticket: int | None = None
        self.result: MoveCopied | MoveEnded | None = None
        self.again_at = 0.0
        self.problem: str | None = None
        self.claims: Examined | None = None


class Mover:
    """Moves the files of one session's torrents.

    Args:
        parts: the session, and the parts that work with it.
        loader: knows the files of torrents that are not loaded.
    """

    def __init__(self, parts: Parts, loader: Loader) -> None:
        self._parts = parts
        self._loader = loader
        self._threads = MoveThreads()
        self._settling: dict[str, _Settling] = {}
        self._jobs: dict[str, _Job] = {}

    def fileno(self) -> int:
        """The descriptor to poll. It is readable while there are results for `tick`."""
        return self._threads.fileno()

    # -- desired state --------------------------------------------------------------------------------------------

    def takes(self, desired: DesiredTorrent) -> bool:
        """Begins or continues the move of a torrent. Returns whether the torrent must not be loaded."""
        torrent, move = desired.torrent, desired.move
        job = self._jobs.get(torrent)
        if move is None:
            self._clear(job)
            self.discard(torrent)
            return False
        self._parts.emit(TorrentApplied(torrent=torrent, revision=desired.revision))
        if job is not None and job.move == move:
            job.desired = desired
            return True
        self._clear(job)
        self.discard(torrent)
        self._parts.guard.discard(torrent)
        self._jobs[torrent] = _Job(desired, move)
        return True

    def discard(self, torrent: str) -> None:
        """Ends the work on a torrent. Call `discard` if the move has ended, or the torrent was removed."""
        self._settling.pop(torrent, None)
        job = self._jobs.pop(torrent, None)
        if job is not None and job.ticket is not None:
            self._threads.cancel(job.ticket)

    @staticmethod
    def effective(desired: DesiredTorrent) -> DesiredTorrent:
        """The effective desired state of a torrent in the session. If its files have to be moved, it is paused."""
        return desired if desired.move is None else msgspec.structs.replace(desired, paused=True)

    def settle(self, desired: DesiredTorrent) -> None:
        """If a torrent's files have to be moved, begins to flush and save the torrent. It is already paused."""
        torrent = desired.torrent
        if desired.move is None:
            self._settling.pop(torrent, None)
        elif torrent not in self._settling:
            now = self._parts.clock()
            flushes = self._parts.session.layout(torrent) is not None
            self._settling[torrent] = _Settling(_Stage.FLUSHING, now + SETTLE_S if flushes else now)
            if flushes:
                self._parts.session.flush(torrent)

    def flushed(self, torrent: str) -> None:
        """Notes the end of a flush. Next, the torrent's resume data is saved."""
        if self._advance(torrent, _Stage.FLUSHING, _Stage.FLUSHED):
            self._parts.policy.mark_dirty(torrent, Urgency.AT_ONCE, self._parts.clock())

    def resume_data_made(self, torrent: str) -> None:
        """Notes that resume data was made, and is being written."""
        self._advance(torrent, _Stage.FLUSHED, _Stage.SAVING)

    def resume_stored(self, torrent: str) -> None:
        """Notes that resume data is on disk. Then the torrent can be unloaded."""
        settling = self._settling.get(torrent)
        if settling is not None and settling.stage is _Stage.SAVING:
            self._settling[torrent] = settling._replace(until=self._parts.clock())

    def _advance(self, torrent: str, before: _Stage, after: _Stage) -> bool:
        settling = self._settling.get(torrent)
        if settling is None or settling.stage is not before:
            return False
        self._settling[torrent] = settling._replace(stage=after)
        return True

    # -- time -----------------------------------------------------------------------------------------------------

    def tick(self, now: float) -> list[str]:
        """Handles the results of the threads, and begins due steps. Returns the torrents to unload."""
        if self._jobs:
            for result in self._threads.results():
                self._take(result)
            for torrent, job in self._jobs.items():
                if job.ticket is None and job.again_at <= now:
                    self._go_on(torrent, job)
                if (claims := job.claims) is not None:
                    job.claims, done, total, size = None, *claims[1:4]
                    self._parts.emit(idle(torrent, TorrentState.QUEUED, done, total, size))
        due = [torrent for torrent, settling in self._settling.items() if settling.until <= now]
        for torrent in due:
            del self._settling[torrent]
        return due

    def _go_on(self, torrent: str, job: _Job) -> None:
        """Begins the step for the phase of a move. If the step has a result, reports the result again."""
        job.again_at = self._parts.clock() + AGAIN_S
        if job.result is not None:
            self._parts.emit(job.result)
            return
        if job.move.phase == "relocating":
            self._relocate(torrent, job)
            return
        plan = self._plan(job)
        if plan is None:
            return
        if job.problem is None:
            self._parts.emit(MoveProgress(torrent=torrent, done=0, total=0))
        bounds = self._parts.guard.bounds
        job.ticket = self._threads.submit(job.move.mount_point, _STEPS[job.move.phase], plan, bounds)

    def _relocate(self, torrent: str, job: _Job) -> None:
        """Reports that the files are at the new save path. Doubted files are marked before that."""
        if not job.move.doubted:
            self._report(job, MoveEnded(torrent=torrent, move=job.move))
            return
        try:
            self._parts.store.mark_doubted(torrent, job.move.doubted)
        except Damaged:  # then the files are hashed anyway
            self._report(job, MoveEnded(torrent=torrent, move=job.move))
        except OSError as error:
            self._delay(job, str(error))

    def marked(self, torrent: str, problem: str | None) -> None:
        """Notes that doubted files were marked in a torrent's resume data, or could not be marked."""
        job = self._jobs.get(torrent)
        if job is None or job.move.phase != "relocating" or job.result is not None:
            return
        if problem is None:
            self._clear(job)
            self._report(job, MoveEnded(torrent=torrent, move=job.move))
        else:
            self._delay(job, problem)

    def _plan(self, job: _Job) -> Plan | None:
        """The plan of a move. None if the move has to wait for a disk, or the files are unknown."""
        desired, move, guard = job.desired, job.move, self._parts.guard
        for path, mount_point in ((desired.save_path, desired.mount_point), (move.save_path, move.mount_point)):
            if mount_point and guard.homes.of(path).mount_point != mount_point:
                self._delay(job, f"{mount_point} is not mounted: mount it; then the move continues")
                return None
        try:
            before, after = self._loader.describe(desired), self._loader.describe(desired.moved())
        except (TorrentFault, UnknownTorrent) as error:
            self._delay(job, str(error))
            return None
        known = desired.source == "metainfo" or desired.metainfo_crc32 is not None or desired.metadata is not None
        if known and (before is None or after is None) and move.phase != "undoing":
            self._delay(job, "the torrent's metadata cannot be read")
            return None
        pairs, claimed = list[tuple[str, str]](), frozenset[str]()
        if before is not None and after is not None:
            job.claims = before[1]
            for event in metadata_events(desired.torrent, before[0], restored=True):
                self._parts.emit(event)
            both = zip(_paths(before[1]), _paths(after[1]), strict=True)
            pairs = [(old, new) for old, new in both if old != new]
            claimed = frozenset(file.path for file in before[1].claimed)
        return Plan(desired.torrent, desired.save_path, move.save_path, move.made, pairs, claimed)

    def _delay(self, job: _Job, problem: str) -> None:
        """Lets a move wait. Reports each problem once."""
        torrent = job.desired.torrent
        if job.problem != problem:
            job.problem = problem
            log("warning", "move_delayed", torrent=torrent, problem=problem)
            self._parts.emit(TorrentError(torrent=torrent, name="move_delayed", message=problem, recoverable=True))

    def _clear(self, job: _Job | None) -> None:
        """Reports the end of a problem that has delayed a move."""
        if job is not None and job.problem is not None:
            job.problem = None
            self._parts.emit(ErrorCleared(torrent=job.desired.torrent))

    def _take(self, result: Progressed | Performed) -> None:
        found = ((torrent, job) for torrent, job in self._jobs.items() if job.ticket == result.ticket)
        torrent, job = next(found, (None, None))
        if torrent is None or job is None:
            return
        if isinstance(result, Progressed):
            self._parts.emit(MoveProgress(torrent=torrent, done=result.done, total=result.total))
            return
        job.ticket, job.again_at = None, self._parts.clock() + AGAIN_S
        if result.problem is None:
            self._clear(job)
            copied = job.move.phase == "copying"
            self._report(job, (MoveCopied if copied else MoveEnded)(torrent=torrent, move=job.move))
        elif result.failed:
            self._clear(job)
            log("warning", "move_failed", torrent=torrent, problem=result.problem)
            self._report(job, MoveEnded(torrent=torrent, move=job.move, problem=result.problem))
        else:
            self._delay(job, result.problem)

    def _report(self, job: _Job, result: MoveCopied | MoveEnded) -> None:
        job.result = result
        self._parts.emit(result)


def _paths(examined: Examined) -> list[str]:
    """The paths of all files, in an order that does not depend on the save path."""
    return [*(file.path for file in examined.claimed), *examined.others]
