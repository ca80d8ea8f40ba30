"""The problem for `health` after an engine's death, and the error for commands that need an engine. Pure."""

from protocol.wire.errors import ErrorKind, OuzelError
from supervisor.engine.life.lifecycle import Lifecycle, State
from supervisor.health.health import Severity


def problem(lifecycle: Lifecycle, death: str) -> tuple[str, Severity]:
    """The text of the problem, and its severity.

    Args:
        lifecycle: the state of the lifecycle after the death.
        death: how the engine ended, as the beginning of a sentence.
    """
    wait_ms = int((lifecycle.next_start_s or 0.0) * 1000)
    if lifecycle.state is State.OVER_BUDGET:
        remedy = "`ouzel crashes` says why; after fixing the cause, restart ouzeld to start an engine at once"
        return f"{death}; too many crashes, next attempt in {wait_ms} ms; {remedy}", Severity.FATAL
    return f"{death}; restart in {wait_ms} ms, by itself; `ouzel crashes` has the report", Severity.DEGRADING


def unavailable(lifecycle: Lifecycle) -> OuzelError | None:
    """If the restart budget is spent, the error for commands that need an engine. Otherwise None."""
    if lifecycle.state is not State.OVER_BUDGET:
        return None
    return OuzelError(
        ErrorKind.ENGINE_UNAVAILABLE,
        "the engine has crashed too often and is only started every few minutes; nothing was accepted",
        retry_after_ms=int((lifecycle.next_start_s or 0) * 1000),
    )
