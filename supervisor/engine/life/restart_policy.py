"""The restart policy: decides when a dead engine is restarted. Pure.

After the first crash in a window, the engine is restarted at once. The delay after later crashes grows exponentially
while engines die young. A run of `SETTLED_S` resets the delay. The budget is spent after more than `budget` crashes in
the window. Then an engine is started only every `probe_s`.
"""

from typing import Final

import msgspec

from supervisor.pacing.backoff import Backoff, exponential

SETTLED_S: Final = 1.0
"""If an engine dies within this time after its readiness, it has died young."""

STABLE_S: Final = 60.0
"""A run of this length restores the whole budget."""

PROBE_S: Final = 300.0
"""The interval between starts after the budget is spent."""

FIRST_DELAY_S: Final = 0.25
JITTER_S: Final = 0.1


class RestartPolicy(msgspec.Struct, frozen=True, kw_only=True):
    """Budget and back-off.

    Fields:
        window_s: for how long a crash counts.
        budget: the number of crashes in the window that are tolerated.
        backoff: the delay after the n-th young death in a row, with random jitter.
        probe_s: the interval between starts after the budget is spent.
    """

    window_s: float
    budget: int
    backoff: Backoff
    probe_s: float = PROBE_S

    def recent(self, crashes: tuple[float, ...], now: float) -> tuple[float, ...]:
        """The crashes that still count at `now`."""
        return tuple(at for at in crashes if now - at <= self.window_s)

    def delay_s(self, crashes: tuple[float, ...], young_deaths: int) -> float | None:
        """The seconds until the next start. None if the budget is spent.

        Args:
            crashes: the crashes in the window, including this crash.
            young_deaths: the number of consecutive runs that each ended within `SETTLED_S`, including this run.
        """
        if len(crashes) > self.budget:
            return None
        if len(crashes) <= 1:
            return 0.0
        return self.backoff.delay_s(max(1, young_deaths))


def standard_policy(*, window_s: float, budget: int, max_delay_s: float, probe_s: float = PROBE_S) -> RestartPolicy:
    """The policy of the configuration.

    Its back-off is exponential and jittered. It begins at a quarter of a second, and is at most `max_delay_s`.
    """
    backoff = exponential(min(FIRST_DELAY_S, max_delay_s), max_delay_s, jitter_s=min(JITTER_S, max_delay_s))
    return RestartPolicy(window_s=window_s, budget=budget, backoff=backoff, probe_s=probe_s)
