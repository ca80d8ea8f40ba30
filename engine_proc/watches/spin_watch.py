"""Detects that libtorrent's network thread uses a CPU core, but transfers hardly any payload. Pure."""

from typing import Final

SAMPLE_S: Final = 5.0
"""The interval of samples."""

LASTS_S: Final = 60.0
"""The time after which a busy thread counts as spinning."""

BUSY: Final = 0.8
"""The fraction of a core that counts as busy."""

CALM: Final = 0.5
"""The fraction of a core below which the thread is no longer busy."""

QUIET_BPS: Final = 2_000_000
"""The payload rate, of both directions together, below which traffic does not explain a busy thread.

Even with small pieces and many peers, a core transfers about fifty times more.
"""


class SpinWatch:
    """Watches the network thread of one session. Times are monotonic seconds that the caller passes.

    Fields:
        load: the fraction of a core that the thread used during the last sample; None if unknown.
        spins: whether the thread has been busy without traffic for `LASTS_S`.
    """

    def __init__(self) -> None:
        self.load: float | None = None
        self.spins = False
        self._last: tuple[float, float, int] | None = None
        self._since: float | None = None

    def due(self, now: float) -> bool:
        """Whether the next sample is due."""
        return self._last is None or now - self._last[0] >= SAMPLE_S

    def sample(self, now: float, cpu_s: float | None, moved: int) -> None:
        """Handles a sample.

        Args:
            cpu_s: the CPU time of the thread so far, in seconds; None if unknown.
            moved: the payload bytes of the session so far, both directions together.
        """
        before, self._last = self._last, None if cpu_s is None else (now, cpu_s, moved)
        if before is None or cpu_s is None:
            self.load, self.spins, self._since = None, False, None
            return
        seconds = max(now - before[0], 1e-3)
        self.load = max(0.0, cpu_s - before[1]) / seconds
        quiet = (moved - before[2]) / seconds < QUIET_BPS
        if not quiet or self.load < CALM:
            self.spins, self._since = False, None
        elif self.load >= BUSY:
            if self._since is None:
                self._since = before[0]
            self.spins = self.spins or now - self._since >= LASTS_S
        elif not self.spins:
            self._since = None
