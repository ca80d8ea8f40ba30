"""The back-off: the delay before the n-th attempt in a row. Pure.

tenacity's strategies compute the delays: exponential growth, cap and jitter. This module does not sleep or retry. The
caller counts its attempts, and has its own timers. Only the jitter is random.
"""

import msgspec
import tenacity
from tenacity.wait import WaitBaseT

_NO_CALLS = tenacity.Retrying()


class Backoff(msgspec.Struct, frozen=True):
    """The delay before each attempt. It depends on the attempt's number.

    Fields:
        wait: a wait strategy of tenacity's.
    """

    wait: WaitBaseT

    def delay_s(self, attempt: int) -> float:
        """The seconds to wait after the given number of attempts in a row. The first attempt is 1."""
        # A strategy takes tenacity's state of a retried call, of which it reads only `attempt_number`.
        state = tenacity.RetryCallState(_NO_CALLS, None, (), {})
        state.attempt_number = attempt
        return self.wait(state)


def exponential(first_s: float, max_s: float, *, jitter_s: float = 0.0) -> Backoff:
    """Returns an exponential back-off.

    The delay is `first_s` at first, and doubles with each attempt. `jitter_s` of jitter is added at most. The delay
    never exceeds `max_s`.
    """
    if not jitter_s:
        return Backoff(tenacity.wait_exponential(multiplier=first_s, max=max_s))
    return Backoff(tenacity.wait_exponential_jitter(multiplier=first_s, max=max_s, jitter=jitter_s))
