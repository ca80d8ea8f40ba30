"""The restart policy: a dead engine is restarted at once, after a back-off, or much later. Pure.

After the first crash in a window the engine is restarted at once. The delay after later crashes grows exponentially
while engines keep dying young; a run of `SETTLED_S` resets the delay. After more than `budget` crashes in the window,
an engine is started only every `probe_s`.
"""

from typing import Final

import msgspec

from supervisor.pacing.backoff import Backoff, exponential

SETTLED_S: Final = 1.0
"""An engine that dies within this time after it became ready has died young."""

STABLE_S: Final = 60.0
"""A run of this length restores the whole budget."""

PROBE_S: Final = 300.0
"""The interval between starts once the budget is spent."""

FIRST_DELAY_S: Final = 0.25
JITTER_S: Final = 0.1


class RestartPolicy(msgspec.Struct, frozen=True, kw_only=True):
    """Budget and back-off.

    Fields:
        window_s: the time for which a crash counts.
        budget: the number of crashes in the window that are tolerated.
        backoff: the delay after the n-th young death in a row, with random jitter.
        probe_s: the interval between starts once the budget is spent.
    """

    window_s: float
    budget: int
    backoff: Backoff
    probe_s: float = PROBE_S

    def recent(self, crashes: tuple[float, ...], now: float) -> tuple[float, ...]:
        """The crashes that still count at `now`."""
        return tuple(at for at in crashes if now - at <= self.window_s)

    def delay_s(self, crashes: tuple[float, ...], young_deaths: int) -> float | None:
        """Seconds until the next start, None once the budget is spent.

        Args:
            crashes: the crashes in the window, including this one.
            young_deaths: the number of consecutive runs that each ended within `SETTLED_S`, including this one.
        """
        if len(crashes) > self.budget:
            return None
        if len(crashes) <= 1:
            return 0.0
        return self.backoff.delay_s(max(1, young_deaths))


def standard_policy(*, window_s: float, budget: int, max_delay_s: float, probe_s: float = PROBE_S) -> RestartPolicy:
    """The policy of the configuration: exponential from a quarter of a second, jittered, capped at `max_delay_s`."""
    backoff = exponential(min(FIRST_DELAY_S, max_delay_s), max_delay_s, jitter_s=min(JITTER_S, max_delay_s))
    return RestartPolicy(window_s=window_s, budget=budget, backoff=backoff, probe_s=probe_s)
