from signal import Signals

import pytest

from supervisor.engine.process.kill_ladder import LADDER, Climb, Manner, begin, step


def climbed(manner: Manner, under_way: Climb | None = None) -> list[Signals]:
    """All signals of a climb."""
    signals, climb = [], begin(manner, under_way)
    while climb is not None:
        climb, rung = step(climb)
        if rung is None:
            break
        signals.append(rung.signal)
    return signals


@pytest.mark.parametrize(
    ("manner", "signals"),
    [
        (Manner.OVERDUE, [Signals.SIGTERM, Signals.SIGABRT, Signals.SIGKILL]),
        (Manner.FAULTY, [Signals.SIGABRT, Signals.SIGKILL]),
        (Manner.AT_ONCE, [Signals.SIGKILL]),
    ],
)
def test_each_manner_has_its_first_rung_and_ends_in_sigkill(manner: Manner, signals: list[Signals]) -> None:
    """Only SIGKILL cannot be ignored."""
    assert climbed(manner) == signals


def test_nobody_climbs_down_or_begins_again() -> None:
    """A harder manner continues from its own step; an equal or softer one changes nothing."""
    asked, _ = step(Climb(0))
    aborted, _ = step(asked)
    killed, _ = step(aborted)
    assert [begin(Manner.OVERDUE, climb) for climb in (asked, aborted, killed)] == [None] * 3
    assert [begin(Manner.FAULTY, climb) for climb in (asked, aborted, killed)] == [asked, None, None]
    assert [begin(Manner.AT_ONCE, climb) for climb in (asked, aborted, killed)] == [aborted, aborted, None]


def test_after_the_last_rung_there_is_none() -> None:
    """However often it is called."""
    end = Climb(len(LADDER))
    assert step(end) == (end, None)
