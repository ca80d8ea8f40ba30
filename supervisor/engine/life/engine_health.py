"""What health says of the engine's process after a death, from what the lifecycle has decided. Pure."""

from supervisor.engine.life.lifecycle import Lifecycle, State
from supervisor.health.health import Severity


def problem(lifecycle: Lifecycle, death: str) -> tuple[str, Severity]:
    """In words, and how bad it is.

    Args:
        lifecycle: after the death.
        death: how the engine ended, as the beginning of a sentence.
    """
    wait_ms = int((lifecycle.next_start_s or 0.0) * 1000)
    if lifecycle.state is State.OVER_BUDGET:
        remedy = "`ouzel crashes` says why; once that is mended, restart ouzeld to have one at once"
        return f"{death}; too many crashes, next attempt in {wait_ms} ms; {remedy}", Severity.FATAL
    return f"{death}; restart in {wait_ms} ms, by itself; `ouzel crashes` has the report", Severity.DEGRADING
