from protocol.wire.events.session_events import SessionError
from supervisor.engine.facts import Problem
from supervisor.engine.life.memory_guard import SAMPLES
from supervisor.engine.life.memory_watch import MemoryWatch

LIMIT = 1_000_000


def test_a_process_that_holds_too_much_is_replaced_and_that_is_told() -> None:
    """The problem is reported with each measurement; the event once, before the process is asked to exit."""
    told: list[Problem | SessionError | str] = []
    held = {7: 2 * LIMIT, 8: 1}
    watch = MemoryWatch(LIMIT, emit=told.append, recycle=told.append, held_bytes=held.get)
    for _ in range(SAMPLES):
        watch.look(7)
    *before, problem, event, reason = told
    assert before == [Problem("memory", None)] * (SAMPLES - 1)
    assert isinstance(problem, Problem)
    assert isinstance(event, SessionError)
    assert (event.name, event.message, reason) == ("memory_high", problem.problem, problem.problem)
    watch.look(8)
    watch.look(9)  # has ended
    assert told[-2:] == [Problem("memory", None)] * 2
