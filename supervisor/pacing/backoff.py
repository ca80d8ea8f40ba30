"""How long to wait before the n-th attempt in a row. Pure.

The waits are tenacity's strategies: exponential growth, cap and jitter. Nothing here sleeps or retries: who backs off
counts attempts in its own state, and has its own timers. The jitter is the only chance.
"""

import msgspec
import tenacity
from tenacity.wait import WaitBaseT

_NO_CALLS = tenacity.Retrying()


class Backoff(msgspec.Struct, frozen=True):
    """Waits by the number of the attempt.

    Fields:
        wait: a strategy of tenacity's.
    """

    wait: WaitBaseT

    def delay_s(self, attempt: int) -> float:
        """Seconds to wait after this many attempts in a row; the first is 1."""
        # A strategy takes the state of a call that is retried, and reads one number of it; tenacity has no other way.
        state = tenacity.RetryCallState(_NO_CALLS, None, (), {})
        state.attempt_number = attempt
        return self.wait(state)


def exponential(first_s: float, max_s: float, *, jitter_s: float = 0.0) -> Backoff:
    """A back-off that doubles from `first_s`, with up to `jitter_s` more, and is `max_s` at the most."""
    if not jitter_s:
        return Backoff(tenacity.wait_exponential(multiplier=first_s, max=max_s))
    return Backoff(tenacity.wait_exponential_jitter(multiplier=first_s, max=max_s, jitter=jitter_s))
