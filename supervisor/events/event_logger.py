"""Logs published lifecycle events in the form of `supervisor.events.event_lines`.

A failure is logged once, even if later engines find it again. A recovery is logged only after it has lasted for
`LASTS_S`. The command `resume`, and each new engine, check a torrent again. During this check, the torrent briefly has
no error.
"""

import time
from collections.abc import Callable
from typing import Final

from protocol.wire.events.event import LifecycleEvent
from protocol.wire.events.session_events import HealthChanged
from protocol.wire.events.torrent_events import (
    ErrorCleared,
    Quarantined,
    StateChanged,
    TorrentAdded,
    TorrentError,
    TorrentRemoved,
)
from protocol.wire.rows import TorrentState
from supervisor.events import event_frames, event_lines
from supervisor.events.event_lines import Line
from supervisor.log import logs
from supervisor.log.line_budget import LeftOut, LineBudget

LASTS_S: Final = 3.0
"""The time that a recovery must last before it is logged."""

_LIMITED_BY_ENGINE: Final = frozenset({"libtorrent_log"})
"""Names of lines whose rate the engine limits."""

_STOPPED: Final = frozenset({TorrentState.ERROR, TorrentState.MISSING_STORAGE})
_UNDECIDED: Final = frozenset({TorrentState.QUEUED, TorrentState.QUARANTINED})


class EventLogger:
    """Logs events, and tracks which torrents were logged as failed.

    Args:
        log: the log.
        began_us: when the supervisor started, in microseconds since 1970. Torrents from before that time are not logged
            as added.
        budget: the token buckets of lines.
        clock: monotonic seconds.
    """

    def __init__(
        self,
        log: logs.Logger,
        *,
        began_us: int = 0,
        budget: LineBudget | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._log = log
        self._began_us = began_us
        self._budget = budget or LineBudget()
        self._clock = clock
        self._failing: dict[str, tuple[str, str]] = {}
        """By torrent, the name and message of its last logged error."""
        self._well_since: dict[str, float] = {}
        """By torrent of `_failing` that has recovered: the time of the recovery."""
        self._health: HealthChanged | None = None

    @property
    def failing(self) -> int:
        """The number of torrents that have failed, or wait for a disk."""
        return len(self._failing)

    def log_event(self, event: LifecycleEvent) -> None:
        """If an event has a line, logs the event."""
        kind = event_frames.type_of(type(event))
        if kind in event_lines.SILENT or (kind == "state_changed" and not self._failing):
            return  # these events come by the thousand
        match event:
            case HealthChanged():
                before, self._health = self._health, event
                self._write(event_lines.health_line(before, event))
                return
            case TorrentAdded(added_us=added_us) if added_us < self._began_us:
                return
            case TorrentError() if not self._is_news(event):
                return
            case ErrorCleared(torrent=torrent):
                self._is_well(torrent)
            case StateChanged(torrent=torrent, previous=previous, state=state):
                if previous in _STOPPED and state not in _STOPPED and state not in _UNDECIDED:
                    self._is_well(torrent)
            case TorrentRemoved(torrent=torrent) | Quarantined(torrent=torrent):
                self._failing.pop(torrent, None)
                self._well_since.pop(torrent, None)
        if (line := event_lines.line(event)) is not None:
            self._write(line)

    def paused(self, torrent: str, paused: bool) -> None:
        """Logs that a client has paused or resumed a torrent. No event reports these commands."""
        self._write(Line("info", "torrent_paused" if paused else "torrent_resumed", {"torrent": torrent}))

    def tick(self) -> None:
        """Logs recoveries that have lasted for `LASTS_S`, and counts of omitted lines. Call `tick` every second."""
        now = self._clock()
        if self._well_since:
            for torrent in [each for each, since in self._well_since.items() if now - since >= LASTS_S]:
                del self._well_since[torrent]
                error, _ = self._failing.pop(torrent)
                self._write(Line("info", "torrent_recovered", {"torrent": torrent, "error": error}))
        for left_out in self._budget.left_out(now):
            self._tell(left_out)

    def close(self) -> None:
        """Logs the remaining counts of omitted lines. Call `close` at the end."""
        for left_out in self._budget.rest():
            self._tell(left_out)

    def admits(self, event: str, level: str) -> bool:
        """Whether a line of this name may be written now. If not, the line is counted."""
        return event in _LIMITED_BY_ENGINE or self._budget.spend_token(event, level, self._clock())

    def _is_news(self, event: TorrentError) -> bool:
        """Whether an error was not logged yet."""
        if event.name in ("engine_lost", "resume_rejected"):  # neither error stops a torrent
            return True
        self._well_since.pop(event.torrent, None)
        # Messages about a disk contain numbers that change.
        told = (event.name, "" if event.name in event_lines.WAITING else event.message)
        if self._failing.get(event.torrent) == told:
            return False
        self._failing[event.torrent] = told
        return True

    def _is_well(self, torrent: str) -> None:
        if torrent in self._failing:
            self._well_since.setdefault(torrent, self._clock())

    def _write(self, line: Line) -> None:
        if self.admits(line.event, line.level):
            logs.write(self._log, line.level, line.event, line.fields)

    def _tell(self, left_out: LeftOut) -> None:
        logs.write(self._log, left_out.level, "lines_left_out", {"of": left_out.of, "lines": left_out.lines})
