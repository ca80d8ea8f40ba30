import os
from collections.abc import Callable
from typing import Any

import pytest
import structlog

from supervisor.engine.life.restart_policy import PROBE_S, STABLE_S
from supervisor.engine.life.spare import FIRST_DELAY_S, LOOK_S, SILENT_S, Spare
from supervisor.engine.process.child import Death
from tests.supervisor.bench import KILLED, PlayedChild


class CountedKills(PlayedChild):
    """A child whose death is reported only by the test."""

    def kill(self) -> None:
        self.kills += 1


class Played:
    """A spare with the test's clock and children without processes.

    Fields:
        refusal: what a spawn fails with.
        heard: to be called as the link does when the spare is heard.
    """

    def __init__(self) -> None:
        self.now = 1000.0
        self.children: list[PlayedChild] = []
        self.fingerprint: object = {"code": 1}
        self.refusal: OSError | None = None
        self.heard: Callable[[], None] = lambda: None
        self.expected: list[int] = []
        self.logged: list[str] = []
        log = structlog.wrap_logger(
            structlog.PrintLogger(),
            processors=[self._log],
            wrapper_class=structlog.make_filtering_bound_logger(0),
        )
        self.spare = Spare(
            spawn=self._spawn,
            expect=self._expect,
            fingerprint=lambda: self.fingerprint,
            clock=lambda: self.now,
            log=log,
        )

    def made(self) -> PlayedChild:
        """A spare that was just made and has sent a message."""
        before = len(self.children)
        self.spare.prepare()
        assert len(self.children) == before + 1
        self.heard()
        return self.children[-1]

    def delay_s(self) -> float:
        """The delay until the next spare is made."""
        began, count = self.now, len(self.children)
        while len(self.children) == count:
            self.spare.prepare()
            self.now += 1.0
        return self.now - 1.0 - began

    def _spawn(self) -> PlayedChild:
        if self.refusal is not None:
            raise self.refusal
        gen = len(self.children) + 2
        self.children.append(CountedKills(gen, lambda death: self.spare.gone(gen, death)))
        return self.children[-1]

    def _expect(self, gen: int, on_heard: Callable[[], None]) -> None:
        self.expected.append(gen)
        self.heard = on_heard

    def _log(self, _: Any, __: str, fields: Any) -> Any:
        self.logged.append(fields["event"])
        raise structlog.DropEvent


@pytest.fixture
def played() -> Played:
    """There is no spare yet."""
    return Played()


def test_there_is_one_spare_however_often_it_is_asked_for(played: Played) -> None:
    """It is expected on the link, and used once."""
    assert played.spare.activate() is None
    child = played.made()
    for _ in range(3):
        played.spare.prepare()
    assert (played.children, played.expected) == ([child], [child.gen])
    assert played.spare.activate() is child
    assert played.spare.activate() is None
    assert played.made() is not child
    assert child.kills == 0
    assert played.logged == ["spare_spawned", "spare_ready"] * 2


def test_a_spare_that_still_starts_is_taken(played: Played) -> None:
    """It is ahead of an engine that would be started now."""
    played.spare.prepare()
    played.now += 0.1
    assert played.spare.activate() is played.children[0]


def test_a_dead_spare_is_not_taken(played: Played) -> None:
    """Also if its death was not reported yet, as when both engines are killed at once."""
    child = played.made()
    child.dead = True
    assert played.spare.activate() is None
    child.die(KILLED)
    assert played.spare.activate() is None
    assert child.kills == 0
    assert played.logged[-1] == "spare_exited"


@pytest.mark.parametrize("was_heard", [True, False])
def test_a_silent_spare_is_not_taken(played: Played, was_heard: bool) -> None:
    """It may be stopped, or hang: it is ended, and the next one is made later."""
    played.spare.prepare()
    if was_heard:
        played.heard()
    [child] = played.children
    played.now += SILENT_S + 0.1
    assert played.spare.activate() is None
    assert child.kills == 1
    assert played.delay_s() == FIRST_DELAY_S


def test_a_spare_is_taken_as_long_as_it_is_heard(played: Played) -> None:
    """However old it is."""
    child = played.made()
    for _ in range(100):
        played.now += SILENT_S * 0.9
        played.heard()
    assert played.spare.activate() is child


def test_a_spare_of_another_configuration_or_code_is_replaced(played: Played) -> None:
    """It is no failure: the next one is made on request, from the present configuration and code."""
    child = played.made()
    played.fingerprint = {"code": 2}
    assert played.spare.activate() is None
    assert child.kills == 1
    child.die(KILLED)
    fresh = played.made()
    assert played.spare.activate() is fresh


def test_spares_that_die_are_made_ever_more_seldom(played: Played) -> None:
    """Up to the interval of the probes. A spare that was used, or lived for long, resets the delay."""
    played.spare.prepare()
    delays = []
    for _ in range(12):
        played.children[-1].die(Death(exit_code=1, signal=None))
        delays.append(played.delay_s())
    assert delays[:4] == [FIRST_DELAY_S * factor for factor in (1, 2, 4, 8)]
    assert delays[-1] == PROBE_S
    played.heard()
    assert played.spare.activate() is not None
    played.made().die(KILLED)
    assert played.delay_s() == FIRST_DELAY_S
    played.now += STABLE_S
    played.children[-1].die(KILLED)
    assert played.delay_s() == FIRST_DELAY_S


def test_a_spare_that_cannot_be_started_is_tried_again_later(played: Played) -> None:
    """Without memory, processes or descriptors the engine still runs."""
    played.refusal = BlockingIOError(11, os.strerror(11))
    played.spare.prepare()
    assert played.spare.activate() is None
    played.refusal = None
    assert played.delay_s() == FIRST_DELAY_S


def test_a_retired_spare_is_ended_and_nobody_waits_for_it(played: Played) -> None:
    """Its later death is ignored; without a spare nothing is retired."""
    played.spare.retire("nobody there")
    child = played.made()
    played.spare.retire("stopping")
    assert child.kills == 1
    fresh = played.made()
    child.die(KILLED)
    assert played.spare.activate() is fresh
    assert played.logged.count("spare_retired") == 1
    assert "spare_exited" not in played.logged


def test_a_spare_that_is_out_of_date_is_replaced_while_it_waits() -> None:
    """Within some seconds, so that the next death finds a good one; a silent one, too, after a pause."""
    played = Played()
    first = played.made()
    played.fingerprint = {"code": 2}
    played.now += LOOK_S
    played.heard()
    played.spare.prepare()
    assert first.kills == 1
    assert len(played.children) == 2
    played.now += SILENT_S + 1.0
    played.spare.prepare()
    assert played.children[1].kills == 1
    assert len(played.children) == 2
    played.now += FIRST_DELAY_S
    assert played.made() is played.spare.activate()
