import pytest

from supervisor.engine.life import engine_health
from supervisor.engine.life.lifecycle import Lifecycle, State
from supervisor.health.health import Severity


@pytest.mark.parametrize(
    ("state", "severity", "words"),
    [
        (State.BACKING_OFF, Severity.DEGRADING, "restart in 250 ms"),
        (State.OVER_BUDGET, Severity.FATAL, "too many crashes, next attempt in 250 ms"),
    ],
)
def test_a_death_is_as_bad_as_what_comes_next(state: State, severity: Severity, words: str) -> None:
    """If another engine starts soon, the service is degraded; without one it is unhealthy."""
    told, found = engine_health.problem(Lifecycle(state=state, next_start_s=0.25), "the engine exited with 1")
    assert found is severity
    assert told.startswith(f"the engine exited with 1; {words}")
    assert "ouzel crashes" in told
