"""Whether the engine loses lines of its log, by what its heartbeats say. Pure."""

from typing import Final

QUIET_S: Final = 10.0
"""For how long after the last lost line the loss is a problem."""


class LostLines:
    """Counts what engines have lost. Times are monotonic seconds."""

    def __init__(self) -> None:
        self._gen = 0
        self._of_gen = 0
        self._lost = 0
        self._at = -QUIET_S

    def told(self, gen: int, lost: int, now: float) -> None:
        """An engine of this generation has lost so many, of all its lines so far."""
        if gen != self._gen:
            self._gen, self._of_gen = gen, 0
        if lost > self._of_gen:
            self._lost += lost - self._of_gen
            self._of_gen, self._at = lost, now

    def problem(self, now: float) -> str | None:
        """What is wrong, in words; None where nothing was lost of late."""
        if not self._lost or now - self._at >= QUIET_S:
            return None
        what = f"the engine writes more log than the supervisor reads in time (lines lost so far: {self._lost})"
        return f"{what}; the machine, or where the log goes, is too slow for it; nothing but log is lost"
