"""Requests resume data when it is due, and stores it. Performs the drain: saves everything that is unsaved.

The policy decides when a save is due. Resume data that claims more than is on disk, or more than has been confined to
the bounds, is discarded and requested again later. If this process cannot write the data, it is handed over to the
supervisor.
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
from protocol.internal.resume_events import AllHandedOver, ResumeHandedOver, ResumeStoreState

SAVES_BUSY_S: Final = 0.25
"""The interval of batches of requests for resume data during a burst of commands."""
DRAIN_S: Final = 10.0
"""The time limit of a drain. Data that is unsaved by then is found again by hashing."""


class Saver:
    """Saves the resume data of one session's torrents.

    Args:
        parts: the session, and the parts that work with it.
        dispatcher: knows which torrents have not been checked yet, and is notified of saves and errors.
    """

    def __init__(self, parts: Parts, dispatcher: Dispatcher) -> None:
        self._session = parts.session
        self._store = parts.store
        self._policy = parts.policy
        self._translator = parts.translator
        self._emit = parts.emit
        self._clock = parts.clock
        self._dispatcher = dispatcher
        self._mover = dispatcher.absences.mover
        self._saved_at = self._clock() - SAVES_BUSY_S
        self._writing = 0
        self._store_problem: str | None = None
        self._drain_until: float | None = None
        self._flush_to_save: set[str] = set()
        """The torrents that are saved once their write cache is flushed."""
        self._to_hand_over: set[str] | None = None
        """The torrents whose resume data still has to be handed over to the supervisor."""

    # -- requests -------------------------------------------------------------------------------------------------

    def want(self, torrent: str, urgency: Urgency) -> None:
        """Notes an unsaved change of a torrent. Ignored during a drain."""
        if self._drain_until is None:
            self._policy.mark_dirty(torrent, urgency, self._clock())

    def progressed(self, torrent: str) -> None:
        """Notes that a torrent has downloaded something, whether it was of use or not."""
        self.want(torrent, Urgency.PROGRESS)

    def save_all(self, *, hand_over: bool) -> None:
        """Requests resume data of all torrents, to be written or handed over."""
        self._policy.release()
        torrents = self._session.torrents()
        for torrent in torrents:
            self.want(torrent, Urgency.AT_ONCE)
        self._to_hand_over = set(torrents) if hand_over else None
        self._handed_over(None)

    def flush(self, torrent: str) -> None:
        """Flushes a torrent that has just finished, unless it is being removed."""
        with contextlib.suppress(UnknownTorrent), self._faults_are_the_torrents():
            self._session.flush(torrent)

    def tick(self, now: float, calm_from: float) -> None:
        """Requests the resume data that is due.

        Args:
            calm_from: when a burst of commands counts as over. Until then only batches are requested.
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
        """The time at which `tick` will have something to do."""
        due_at = self._policy.next_due()
        return None if due_at is None else max(due_at, self._not_before(calm_from))

    def _not_before(self, calm_from: float) -> float:
        """The earliest time of the next requests.

        Requests can be delayed during a burst of commands, since a torrent that was just added can be restored without
        resume data.
        """
        return 0.0 if self.draining else min(calm_from, self._saved_at + SAVES_BUSY_S)

    # -- results --------------------------------------------------------------------------------------------------

    def made(self, alert: ResumeData) -> None:
        """Stores resume data that was made, or discards it."""
        torrent = alert.torrent
        if self._translator.flushing(torrent):
            # The data claims every piece, but some may still be in the write cache; tests show this trap of libtorrent.
            self._policy.settle(torrent)
            self._flush_to_save.add(torrent)
        elif self._dispatcher.awaits_judgement(torrent):
            self._policy.settle(torrent)  # requested again once the paths are checked
        elif self._to_hand_over is not None:
            self._policy.settle(torrent)
            self._emit(ResumeHandedOver(torrent=torrent, content=seal(alert.blob)))
            self._handed_over(torrent)
        else:
            self._writing += 1
            self._store.save(torrent, alert.blob)
            self._dispatcher.resume_data_made(torrent)
            self._mover.resume_data_made(torrent)

    def not_made(self, alert: ResumeUnsaved) -> None:
        """Handles a request without resume data: nothing has changed, it was too early, or there was an error."""
        self._policy.settle(alert.torrent)
        self._handed_over(alert.torrent)
        if alert.early:
            self.want(alert.torrent, Urgency.PROGRESS)
        if alert.problem is not None:
            log("warning", "resume_data_not_made", torrent=alert.torrent, problem=alert.problem)

    def flushed(self, torrent: str) -> None:
        """Handles the end of a flush."""
        if torrent in self._flush_to_save:
            self._flush_to_save.discard(torrent)
            self._policy.mark_dirty(torrent, Urgency.AT_ONCE, self._clock())
        self._mover.flushed(torrent)

    def stored(self, outcome: Outcome) -> None:
        """Handles the outcome of writing resume data."""
        self._writing -= 1
        self._policy.settle(outcome.torrent)
        if outcome.problem is None:
            self._policy.release()
            self._dispatcher.resume_stored(outcome.torrent)
            self._mover.resume_stored(outcome.torrent)
        elif self._drain_until is None:
            self._policy.hold(self._clock())
            self._policy.mark_dirty(outcome.torrent, Urgency.PROGRESS, self._clock())
        if outcome.problem != self._store_problem:
            self._store_problem = outcome.problem
            self._emit(ResumeStoreState(problem=outcome.problem))

    def gone(self, torrent: str) -> None:
        """Removes a torrent."""
        self._flush_to_save.discard(torrent)
        self._handed_over(torrent)

    def _handed_over(self, torrent: str | None) -> None:
        """Notes that a torrent's resume data was handed over, cannot be made, or is not needed any more."""
        if self._to_hand_over is None:
            return
        waiting = bool(self._to_hand_over) or torrent is None
        self._to_hand_over.discard(torrent or "")
        if waiting and not self._to_hand_over:
            self._emit(AllHandedOver())

    # -- the end --------------------------------------------------------------------------------------------------

    @property
    def draining(self) -> bool:
        """Whether a drain is in progress."""
        return self._drain_until is not None

    def drain(self) -> None:
        """Begins the drain: flushes, then saves all torrents with unsaved changes."""
        if self._drain_until is not None:
            return
        self._drain_until = self._clock() + DRAIN_S
        self._session.suspend()
        self._policy.release()  # each unsaved torrent gets one more attempt
        loaded = self._session.torrents()
        for torrent in self._policy.unsaved():
            if torrent in loaded:
                self._flush_to_save.add(torrent)
                with self._faults_are_the_torrents():
                    self._session.flush(torrent)
            else:
                self._policy.discard(torrent)

    def give_up(self) -> None:
        """Ends the drain early: what has not been saved by now is not saved any more."""
        self._drain_until = 0.0

    def drained(self) -> bool:
        """Whether the drain is complete, or has exceeded its time limit."""
        if self._drain_until is None:
            return False
        if self._clock() > self._drain_until:
            log("warning", "drain_timed_out", unsaved=len(self._policy.unsaved()))
            return True
        return not (self._flush_to_save or self._policy.unsaved() or self._policy.busy() or self._writing)

    @contextlib.contextmanager
    def _faults_are_the_torrents(self) -> Iterator[None]:
        """Reports an unexpected error about one torrent as that torrent's error. The other torrents are saved."""
        try:
            yield
        except TorrentFault as fault:
            self._flush_to_save.discard(fault.torrent)
            self._dispatcher.faulted(fault.torrent, fault.problem)
