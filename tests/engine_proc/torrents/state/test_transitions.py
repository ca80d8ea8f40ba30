import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine_proc.session.session_port import TorrentFault
from engine_proc.torrents.state.records import Records
from engine_proc.torrents.state.transitions import (
    BEING_REMOVED,
    IN_PLACE,
    LEAVING,
    ON_ITS_WAY,
    READY,
    TRANSITIONS,
    UNLOADABLE,
    IllegalTransition,
    Input,
    State,
    step,
)


def reachable(start: State, without: frozenset[Input] = frozenset()) -> set[State]:
    """The states that a torrent can reach."""
    found, new = {start}, [start]
    while new:
        state = new.pop()
        for happened, after in TRANSITIONS[state].items():
            if happened not in without and after not in found:
                found.add(after)
                new.append(after)
    return found


def test_every_state_is_in_the_table() -> None:
    """And every input is used."""
    assert set(TRANSITIONS) == set(State)
    assert {happened for row in TRANSITIONS.values() for happened in row} == set(Input)


@pytest.mark.parametrize("state", list(State))
def test_every_state_is_entered_and_left(state: State) -> None:
    """From an absent torrent and back."""
    assert state in reachable(State.ABSENT)
    assert State.ABSENT in reachable(state)
    assert any(after is not state for after in TRANSITIONS[state].values())


@pytest.mark.parametrize("state", sorted(BEING_REMOVED, key=str))
def test_a_removal_is_not_given_up(state: State) -> None:
    """Whatever happens meanwhile, it does not stay in the session, unless it is loaded again afterwards."""
    assert reachable(state, frozenset({Input.LOAD})) <= BEING_REMOVED | {State.ABSENT}


@pytest.mark.parametrize("state", sorted(LEAVING, key=str))
def test_what_is_leaving_is_left_when_the_session_lets_go_of_it(state: State) -> None:
    """That is the last event of a torrent."""
    after = step(state, Input.GONE)
    assert after is (State.ABSENT if after is State.ABSENT else State.CLEANING_UP)


@given(history=st.lists(st.sampled_from(list(Input))))
def test_any_history_ends_in_a_state_or_says_that_it_cannot_be(history: list[Input]) -> None:
    """An impossible input is an error, and never leads to an undefined state."""
    state = State.ABSENT
    for happened in history:
        if happened in TRANSITIONS[state]:
            state = step(state, happened)
        else:
            with pytest.raises(IllegalTransition):
                step(state, happened)
    assert state in State


def test_the_groups_do_not_contradict_each_other() -> None:
    """A torrent is in one place."""
    for one, other in itertools.combinations([IN_PLACE, ON_ITS_WAY, {State.ABSENT}, {State.CLEANING_UP}], 2):
        assert not one & other
    assert IN_PLACE < UNLOADABLE
    assert not READY & (ON_ITS_WAY | LEAVING | BEING_REMOVED)
    assert all(Input.UNLOAD in TRANSITIONS[state] and Input.EXPEL in TRANSITIONS[state] for state in UNLOADABLE)
    assert all(Input.GONE in TRANSITIONS[state] for state in LEAVING)


def test_what_cannot_happen_is_the_torrents_fault() -> None:
    """It is a defect, and only removes that torrent, not the engine; its record stays as it was."""
    torrent = "a" * 40
    records = Records()
    records.move(torrent, Input.LOAD)
    with pytest.raises(TorrentFault, match="gone in state loading") as fault:
        records.move(torrent, Input.GONE)
    assert fault.value.torrent == torrent
    assert records.state(torrent) is State.LOADING
