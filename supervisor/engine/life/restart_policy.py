"""The restart policy: a dead engine is restarted at once, after a back-off, or much later. Pure.

The first crash in a window costs no wait. Later ones wait exponentially longer while the engine keeps dying young; a
run of `SETTLED_S` starts the back-off over. More than `budget` crashes in the window, and the policy says no.
"""

from typing import Final

import msgspec

from supervisor.pacing.backoff import Backoff, exponential

SETTLED_S: Final = 1.0
"""An engine that took commands for this long did not die of starting."""

STABLE_S: Final = 60.0
"""A run this long gives the whole budget back."""

PROBE_S: Final = 300.0
"""How often an engine is tried once the budget is spent."""

FIRST_DELAY_S: Final = 0.25
JITTER_S: Final = 0.1


class RestartPolicy(msgspec.Struct, frozen=True, kw_only=True):
    """Budget and back-off.

    Fields:
        window_s: how far back crashes count.
        budget: how many crashes in the window are put up with.
        backoff: of the n-th young death in a row; its jitter is the only chance in here.
        probe_s: how often an engine is tried once the budget is spent.
    """

    window_s: float
    budget: int
    backoff: Backoff
    probe_s: float = PROBE_S

    def recent(self, crashes: tuple[float, ...], now: float) -> tuple[float, ...]:
        """The crashes that still count."""
        return tuple(at for at in crashes if now - at <= self.window_s)

    def delay_s(self, crashes: tuple[float, ...], young_deaths: int) -> float | None:
        """Seconds until the next start, None once the budget is spent.

        Args:
            crashes: the ones in the window, this one included.
            young_deaths: how many runs in a row ended before `SETTLED_S`, this one included if it did.
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
