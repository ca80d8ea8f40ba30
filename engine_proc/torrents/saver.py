"""Requests and stores resume data. Performs the drain: saves all unsaved resume data.

The resume policy decides when a save is due. The saver discards resume data in two cases, and requests it again later:

- Some claimed pieces are not on disk yet.
- The torrent's paths have not been checked yet.

If this process cannot write the data, the supervisor gets it.
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
"""The time limit of a drain. After that, unsaved pieces are found again by hashing."""


class Saver:
    """Saves the resume data of one session's torrents.

    Args:
        parts: the session, and the parts that work with it.
        dispatcher: has the torrents whose paths are not checked yet. It is notified of saves and errors.
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
        """Notes an unsaved change of a torrent. Does nothing during a drain."""
        if self._drain_until is None:
            self._policy.mark_dirty(torrent, urgency, self._clock())

    def progressed(self, torrent: str) -> None:
        """Notes that a torrent has downloaded data. The data may be useless."""
        self.want(torrent, Urgency.PROGRESS)

    def save_all(self, *, hand_over: bool) -> None:
        """Requests resume data of all torrents. `hand_over`: the supervisor gets and writes the data."""
        self._policy.release()
        torrents = self._session.torrents()
        for torrent in torrents:
            self.want(torrent, Urgency.AT_ONCE)
        self._to_hand_over = set(torrents) if hand_over else None
        self._handed_over(None)

    def flush(self, torrent: str) -> None:
        """Flushes a torrent that has just finished. Does nothing if the torrent is being removed."""
        with contextlib.suppress(UnknownTorrent), self._faults_are_the_torrents():
            self._session.flush(torrent)

    def tick(self, now: float, calm_from: float) -> None:
        """Requests the due resume data.

        Args:
            calm_from: when a burst of commands counts as over. Before that, requests are made in batches.
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
        """The time of the next request; None if no request is due."""
        due_at = self._policy.next_due()
        return None if due_at is None else max(due_at, self._not_before(calm_from))

    def _not_before(self, calm_from: float) -> float:
        """The earliest time of the next requests.

        During a burst of commands, requests are delayed. The engine can restore new torrents without resume data.
        """
        return 0.0 if self.draining else min(calm_from, self._saved_at + SAVES_BUSY_S)

    # -- results --------------------------------------------------------------------------------------------------

    def made(self, alert: ResumeData) -> None:
        """Stores new resume data, or discards it."""
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
        """Handles a failed request: nothing has changed, the request was too early, or there was an error."""
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
        if outcome.marked:
            self._mover.marked(outcome.torrent, outcome.problem)
            return
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
        """Notes that a torrent's resume data was handed over, cannot be made, or is no longer needed."""
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
        """Ends the drain early, without further saves."""
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
        """Reports an unexpected error about one torrent as that torrent's error. The other torrents are still saved."""
        try:
            yield
        except TorrentFault as fault:
            self._flush_to_save.discard(fault.torrent)
            self._dispatcher.faulted(fault.torrent, fault.problem)
