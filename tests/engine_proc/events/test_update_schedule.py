import itertools

from engine_proc.events.update_schedule import BUSY_S, CALM_S, IDLE_S, JOIN_S, RESTORING_S, UpdateSchedule


def test_a_busy_session_is_asked_more_often() -> None:
    """The last answer, or a command, says whether it is busy."""
    updates = UpdateSchedule(0.0)
    assert updates.due(0.0)
    assert updates.next_due() == IDLE_S
    updates.busy = True
    assert not updates.due(IDLE_S / 2)
    assert updates.due(IDLE_S)
    assert updates.next_due() == IDLE_S + BUSY_S


def test_an_idle_request_joins_other_work_shortly_before_it_is_due() -> None:
    """One wake-up then serves both. A busy session keeps its interval, so progress never comes too often."""
    updates = UpdateSchedule(0.0)
    assert updates.due(0.0)
    updates.join(IDLE_S - 2 * JOIN_S)
    assert not updates.due(IDLE_S - 2 * JOIN_S)
    updates.join(IDLE_S - JOIN_S / 2)
    assert updates.due(IDLE_S - JOIN_S / 2)
    updates.busy = True
    late = updates.next_due() - JOIN_S / 2
    updates.join(late)
    assert not updates.due(late)


def test_an_awaited_answer_is_asked_for_at_once() -> None:
    """For example after a flush."""
    updates = UpdateSchedule(0.0)
    assert updates.due(0.0)
    updates.hurry(0.1)
    assert updates.due(0.1)


def test_while_many_torrents_are_on_their_way_updates_are_seldom() -> None:
    """Until all have been added, and for a moment longer."""
    updates = UpdateSchedule(0.0)
    updates.busy = True
    asked = []
    for step in range(1, 100):
        now = step / 10
        updates.hold_back(now)
        if updates.due(now):
            asked.append(now)
    assert asked
    assert all(b - a >= RESTORING_S for a, b in itertools.pairwise(asked))
    calm = updates.calm_from
    assert calm == 9.9 + CALM_S
    assert not updates.due(calm - 0.01) or calm - asked[-1] >= RESTORING_S
    assert updates.due(calm + BUSY_S)
