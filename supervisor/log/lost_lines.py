"""Counts the log lines that engines have dropped. Heartbeats report these lines. Pure."""

from typing import Final

QUIET_S: Final = 10.0
"""After the last dropped line, the loss is reported as a problem for this time."""


class LostLines:
    """Counts the dropped lines of engines. Times are monotonic seconds.

    Fields:
        lost: the number of lines that all engines have dropped.
    """

    def __init__(self) -> None:
        self._gen = 0
        self._of_gen = 0
        self.lost = 0
        self._at = -QUIET_S

    def count(self, gen: int, lost: int, now: float) -> None:
        """Records the total of dropped lines that an engine of this generation has reported."""
        if gen != self._gen:
            self._gen, self._of_gen = gen, 0
        if lost > self._of_gen:
            self.lost += lost - self._of_gen
            self._of_gen, self._at = lost, now

    def problem(self, now: float) -> str | None:
        """The text of the problem; None if no line was dropped lately."""
        if not self.lost or now - self._at >= QUIET_S:
            return None
        what = f"the engine writes more log than the supervisor reads in time (lines lost so far: {self.lost})"
        return f"{what}; the machine, or the destination of the log, is too slow; only log lines are lost"
