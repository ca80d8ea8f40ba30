"""What health says of the engine's process after a death, and commands that need it, by the lifecycle. Pure."""

from protocol.wire.errors import ErrorKind, OuzelError
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


def unavailable(lifecycle: Lifecycle) -> OuzelError | None:
    """What those are told who need an engine, where there is none and none is about to come."""
    if lifecycle.state is not State.OVER_BUDGET:
        return None
    return OuzelError(
        ErrorKind.ENGINE_UNAVAILABLE,
        "the engine has crashed too often and is only tried now and then; nothing was accepted",
        retry_after_ms=int((lifecycle.next_start_s or 0) * 1000),
    )
