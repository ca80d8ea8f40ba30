"""Has resume data made when it is time, and stored; at the end it drains: it saves what is unsaved.

The policy says when. Resume data that claims more than is on the disk, or more than is known to be in bounds, is made
again later. Where the supervisor stores it, it is handed over.
"""

import contextlib
from collections.abc import Iterator
from typing import Final

from engine_proc.process.log import log
from engine_proc.resume.resume_policy import Urgency
from engine_proc.resume.resume_store import Outcome
from engine_proc.session.alerts import ResumeData, ResumeUnsaved
from engine_proc.session.session_port import TorrentFault, UnknownTorrent
from engine_proc.torrents.dispatch import Dispatcher
from engine_proc.torrents.parts import Parts
from protocol.durable.integrity import seal
from protocol.internal.link_events import AllHandedOver, ResumeHandedOver, ResumeStoreState

SAVES_BUSY_S: Final = 0.25
"""While commands come in numbers, how often as much resume data is asked for as may be under way."""
DRAIN_S: Final = 10.0
"""How long a drain may take; what is unsaved then is found again by hashing."""


class Saver:
    """One session's.

    Args:
        parts: what works on its torrents.
        dispatcher: knows which ones are not judged yet, and is told what was saved and what has failed.
    """

    def __init__(self, parts: Parts, dispatcher: Dispatcher) -> None:
        self._session = parts.session
        self._store = parts.store
        self._policy = parts.policy
        self._translator = parts.translator
        self._emit = parts.emit
        self._clock = parts.clock
        self._dispatcher = dispatcher
        self._saved_at = self._clock() - SAVES_BUSY_S
        self._writing = 0
        self._store_problem: str | None = None
        self._drain_until: float | None = None
        self._flush_to_save: set[str] = set()
        """Those that are saved once their write cache is flushed."""
        self._to_hand_over: set[str] | None = None
        """The torrents whose resume data the supervisor waits for, since this process cannot write it."""

    # -- what is wanted -------------------------------------------------------------------------------------------

    def want(self, torrent: str, urgency: Urgency) -> None:
        """Something of a torrent is worth keeping. While draining nothing new is."""
        if self._drain_until is None:
            self._policy.mark_dirty(torrent, urgency, self._clock())

    def save_all(self, *, hand_over: bool) -> None:
        """Saves all torrents at once, or has their resume data handed over."""
        self._policy.release()
        torrents = self._session.torrents()
        for torrent in torrents:
            self.want(torrent, Urgency.AT_ONCE)
        self._to_hand_over = set(torrents) if hand_over else None
        self._handed_over(None)

    def flush(self, torrent: str) -> None:
        """Flushes a torrent that has just finished. While it is being removed, the session does not know it."""
        with contextlib.suppress(UnknownTorrent), self._faults_are_the_torrents():
            self._session.flush(torrent)

    def tick(self, now: float, calm_from: float) -> None:
        """Asks for resume data that is due.

        Args:
            calm_from: when commands do not come in numbers any more; until then only some is asked for in between.
        """
        if now < self._not_before(calm_from):
            return
        for torrent in self._policy.due(now):
            self._saved_at = now
            try:
                with self._faults_are_the_torrents():
                    self._session.save_resume(torrent, only_if_modified=False)
            except UnknownTorrent:
                self._policy.discard(torrent)

    def next_due(self, calm_from: float) -> float | None:
        """When `tick` has something to do."""
        due_at = self._policy.next_due()
        return None if due_at is None else max(due_at, self._not_before(calm_from))

    def _not_before(self, calm_from: float) -> float:
        """What was just added needs no resume data to be restored, and has it saved soon where it is complete."""
        return 0.0 if self.draining else min(calm_from, self._saved_at + SAVES_BUSY_S)

    # -- what comes of it -----------------------------------------------------------------------------------------

    def made(self, alert: ResumeData) -> None:
        """Resume data was made."""
        torrent = alert.torrent
        if self._translator.flushing(torrent):
            # It claims every piece, and some may be in the write cache still: see libtorrent's traps in the tests.
            self._policy.settle(torrent)
            self._flush_to_save.add(torrent)
        elif self._dispatcher.awaits_judgement(torrent):
            self._policy.settle(torrent)  # it is wanted again once they are
        elif self._to_hand_over is not None:
            self._policy.settle(torrent)
            self._emit(ResumeHandedOver(torrent=torrent, content=seal(alert.blob)))
            self._handed_over(torrent)
        else:
            self._writing += 1
            self._store.save(torrent, alert.blob)
            self._dispatcher.resume_data_made(torrent)

    def not_made(self, alert: ResumeUnsaved) -> None:
        """Resume data was not made: nothing has changed, or something is wrong."""
        self._policy.settle(alert.torrent)
        self._handed_over(alert.torrent)
        if alert.problem is not None:
            log("warning", "resume_data_not_made", torrent=alert.torrent, problem=alert.problem)

    def flushed(self, torrent: str) -> None:
        """A write cache was flushed."""
        if torrent in self._flush_to_save:
            self._flush_to_save.discard(torrent)
            self._policy.mark_dirty(torrent, Urgency.AT_ONCE, self._clock())

    def stored(self, outcome: Outcome) -> None:
        """Resume data is durable, or could not be written."""
        self._writing -= 1
        self._policy.settle(outcome.torrent)
        if outcome.problem is None:
            self._policy.release()
            self._dispatcher.resume_stored(outcome.torrent)
        elif self._drain_until is None:
            self._policy.hold(self._clock())
            self._policy.mark_dirty(outcome.torrent, Urgency.PROGRESS, self._clock())
        if outcome.problem != self._store_problem:
            self._store_problem = outcome.problem
            self._emit(ResumeStoreState(problem=outcome.problem))

    def gone(self, torrent: str) -> None:
        """A torrent is gone."""
        self._flush_to_save.discard(torrent)
        self._handed_over(torrent)

    def _handed_over(self, torrent: str | None) -> None:
        """A torrent's resume data was handed over, cannot be made, or is not needed any more."""
        if self._to_hand_over is None:
            return
        waiting = bool(self._to_hand_over) or torrent is None
        self._to_hand_over.discard(torrent or "")
        if waiting and not self._to_hand_over:
            self._emit(AllHandedOver())

    # -- the end --------------------------------------------------------------------------------------------------

    @property
    def draining(self) -> bool:
        """Whether the engine is about to end."""
        return self._drain_until is not None

    def drain(self) -> None:
        """Flushes and then saves what has changed; what is unchanged costs nothing."""
        if self._drain_until is not None:
            return
        self._drain_until = self._clock() + DRAIN_S
        self._session.suspend()
        self._policy.release()  # each gets one more try
        loaded = self._session.torrents()
        for torrent in self._policy.unsaved():
            if torrent in loaded:
                self._flush_to_save.add(torrent)
                with self._faults_are_the_torrents():
                    self._session.flush(torrent)
            else:
                self._policy.discard(torrent)

    def give_up(self) -> None:
        """What is not saved by now is not saved any more."""
        self._drain_until = 0.0

    def drained(self) -> bool:
        """Whether nothing is left to save, or it takes too long."""
        if self._drain_until is None:
            return False
        if self._clock() > self._drain_until:
            log("warning", "drain_timed_out", unsaved=len(self._policy.unsaved()))
            return True
        return not (self._flush_to_save or self._policy.unsaved() or self._policy.busy() or self._writing)

    @contextlib.contextmanager
    def _faults_are_the_torrents(self) -> Iterator[None]:
        """What fails about one torrent is that torrent's error, and is told; the others are saved."""
        try:
            yield
        except TorrentFault as fault:
            self._flush_to_save.discard(fault.torrent)
            self._dispatcher.faulted(fault.torrent, fault.problem)
