import random
from collections import Counter
from typing import Any

import pytest

from supervisor.engine.life import lifecycle
from supervisor.engine.life.lifecycle import TRANSITIONS, Died, Ready, State, Timer
from tests.supervisor.engine.life.histories import History

pytestmark = pytest.mark.slow

HISTORIES = 20_000
EVENTS = 8


def run(count: int, seed: int) -> "Counter[str]":
    """The observations in this many histories."""
    chance, seen = random.Random(seed), Counter[str]()
    for number in range(count):
        try:
            History(chance, seen).run(chance.randrange(EVENTS * 2))
        except AssertionError as error:
            raise AssertionError(f"history {number} of seed {seed}: {error}") from error
    return seen


def test_the_machine_holds_in_many_histories() -> None:
    """The budget; one engine; one timer of a kind; no `healthy` while commands fail; an end of every outage."""
    seen = run(HISTORIES, seed=4)
    rare = ("unhealthy", "excused", "recycled", "crashed", *(timer.value for timer in Timer))
    assert {what for what in rare if seen[what] < HISTORIES // 100} == set()
    stops = {state for state in State if seen[f"stopped while {state.value}"] > 100}
    assert stops == set(State) - {State.STOPPING, State.STOPPED}


def forgets_the_timer(before: lifecycle.Lifecycle, *more: Any) -> lifecycle.Outcome:
    """A crash after which no engine is started."""
    after, actions = TRANSITIONS[State.STARTING, Died](before, *more)
    return after, [action for action in actions if not isinstance(action, lifecycle.StartTimer)]


def starts_at_once(before: lifecycle.Lifecycle, *more: Any) -> lifecycle.Outcome:
    """A crash that is followed by the next start, whatever the budget says."""
    after, actions = TRANSITIONS[State.BACKING_OFF, Timer.BACK_OFF](before, *more)
    return after, [lifecycle.CancelTimer(Timer.START_DEADLINE), *actions]


def forgets_the_deadline(before: lifecycle.Lifecycle, *more: Any) -> lifecycle.Outcome:
    """A start deadline that continues while the engine runs."""
    after, actions = TRANSITIONS[State.STARTING, Ready](before, *more)
    return after, actions[1:]


@pytest.mark.parametrize(
    ("row", "mistake"),
    [
        ((State.RUNNING, Died), forgets_the_timer),
        ((State.RUNNING, Died), starts_at_once),
        ((State.STARTING, Ready), forgets_the_deadline),
    ],
)
def test_a_machine_with_a_mistake_is_found_out(
    monkeypatch: pytest.MonkeyPatch, row: tuple[State, type[Any]], mistake: Any
) -> None:
    """So the checks are effective."""
    original = dict(TRANSITIONS)
    monkeypatch.setattr(lifecycle, "TRANSITIONS", {**original, row: mistake})
    with pytest.raises((AssertionError, KeyError, lifecycle.IllegalInput)):
        run(2000, seed=1)
