import random
from math import log2
from typing import Final, Literal, NamedTuple

import pytest

from supervisor.engine.poison.poison import (
    CALM_MAX_S,
    CALM_S,
    EXCUSED_MAX,
    FEW,
    STRIKE_S,
    TRANSITIONS,
    Action,
    Calmed,
    Case,
    Cleared,
    Convict,
    Crashed,
    Excuse,
    Input,
    Phase,
    step,
)

pytestmark = pytest.mark.slow

Evidence = Literal["sync", "few", "none", "crowd", "wrong"]
HISTORIES: Final = 4000


class Run:
    """A machine with its actions, at the test's times."""

    def __init__(self) -> None:
        self.case = Case()
        self.convicted: list[str] = []
        self.excused = 0

    def take(self, event: Input, now: float = 0.0) -> list[Action]:
        self.case, actions = step(self.case, event, now)
        self.convicted += [action.torrent for action in actions if isinstance(action, Convict)]
        self.excused += _excused(actions)
        return actions

    def crash(self, loaded: str, in_flight: str = "", *, age_s: float = 0.1, now: float = 0.0) -> bool:
        """Torrents are single letters. Returns whether the crash was excused."""
        return _excused(self.take(Crashed(tuple(loaded), tuple(in_flight), age_s), now))

    def calm(self, torrents: str) -> list[Action]:
        return self.take(Calmed(tuple(torrents)))

    def admitted(self, torrents: str) -> str:
        return "".join(filter(self.case.admits, torrents))


def test_every_input_has_its_row() -> None:
    """In every phase."""
    assert set(TRANSITIONS) == {(phase, kind) for phase in Phase for kind in (Crashed, Calmed, Cleared)}


def test_a_death_before_anything_is_loaded_changes_nothing() -> None:
    """During a test, it is neither a crash of the tested torrents nor a stable run without them."""
    run = Run()
    run.crash("abcdefghij")
    run.crash("abcdefghij")
    run.calm("abcdefghij")
    case = run.case
    assert not run.crash("")
    assert run.case == case


def test_one_crash_holds_nobody_back() -> None:
    """Whatever was in flight."""
    run = Run()
    assert not run.crash("abc", "a")
    assert run.admitted("abc") == "abc"


def test_two_crashes_over_the_same_torrent_accuse_it() -> None:
    """All others are loaded at once. If the engine is then stable, the torrent is convicted."""
    run = Run()
    run.crash("abc", "b")
    assert run.crash("abc", "b")
    assert run.admitted("abc") == "ac"
    run.calm("abc")
    assert run.convicted == ["b"]
    assert run.admitted("abc") == "abc"


def test_evidence_is_remembered_over_calm_for_a_day() -> None:
    """For a torrent that crashes the engine from time to time."""
    run = Run()
    run.crash("abc", "b", now=0.0)
    run.calm("abc")
    assert run.crash("abc", "b", now=STRIKE_S)
    run = Run()
    run.crash("abc", "b", now=0.0)
    run.calm("abc")
    assert not run.crash("abc", "b", now=STRIKE_S + 1)


def test_crashes_with_calm_between_them_are_not_bisected() -> None:
    """There is no crash loop."""
    run = Run()
    for _ in range(10):
        assert not run.crash("abcdef")
        run.calm("abcdef")


def test_a_crash_loop_without_evidence_is_bisected() -> None:
    """Nothing, a half, a quarter, and so on. The one that crashes alone is held back, and convicted at the end."""
    run = Run()
    run.crash("abcdefghij")
    assert run.crash("abcdefghij")
    assert run.admitted("abcdefghij") == ""
    run.calm("abcdefghij")
    assert run.admitted("abcdefghij") == "abcde"
    assert run.crash("abcde")
    assert run.admitted("abcdefghij") == "ab"
    run.calm("abcdefghij")
    assert run.admitted("abcdefghij") == "abc"
    assert run.crash("abc")
    assert run.admitted("abcdefghij") == "ab"
    run.calm("abcdefghij")
    assert run.admitted("abcdefghij") == "abdefghij"
    assert run.convicted == []
    run.calm("abcdefghij")
    assert run.convicted == ["c"]


def test_an_engine_that_crashes_without_the_accused_clears_it() -> None:
    """No torrent was to blame; the restart budget applies, and there is no new search before a stable run."""
    run = Run()
    run.crash("abcd")
    run.crash("abcd")
    run.calm("abcd")
    run.crash("a")
    assert run.admitted("abcd") == ""
    assert not run.crash("")
    assert run.admitted("abcd") == "abcd"
    for _ in range(5):
        assert not run.crash("abcd", "a")
    assert run.convicted == []
    run.calm("abcd")
    run.crash("abcd")
    assert run.crash("abcd")


def test_an_engine_that_crashes_with_nothing_loaded_blames_nobody() -> None:
    """Not even the only torrent, whatever happens to the engine then."""
    run = Run()
    run.crash("a")
    run.crash("a")
    assert not run.crash("")
    assert run.admitted("a") == "a"
    run.calm("a")
    assert run.convicted == []


def test_an_engine_that_dies_before_it_is_given_torrents_has_other_reasons() -> None:
    """Each time."""
    run = Run()
    for _ in range(10):
        assert not run.crash("")
    assert run.admitted("abc") == "abc"


def test_it_must_live_longer_without_the_accused_than_with_it() -> None:
    """Otherwise a crash after the stable time would be blamed on another torrent; within bounds."""
    for age_s, calm_s in ((0.1, CALM_S), (10.0, 15.0), (10_000.0, CALM_MAX_S)):
        run = Run()
        run.crash("ab")
        run.crash("ab")
        run.calm("ab")
        assert run.case.calm_s == CALM_S
        run.crash("a", age_s=age_s)
        assert run.case.calm_s == calm_s
        run.calm("ab")
        assert run.case.calm_s == CALM_S


def test_crashes_that_come_late_are_waited_for() -> None:
    """Every stable time is as long as the soonest crash needs."""
    run = Run()
    torrents = "abcdefghijkl"
    run.crash(torrents, age_s=7200.0)
    assert run.case.calm_s == CALM_MAX_S
    run.crash(torrents, age_s=8.0)
    assert run.case.calm_s == 12.0
    run.calm(torrents)
    assert run.case.calm_s == 12.0
    run.crash("abcdefghi", age_s=30.0)
    assert run.case.calm_s == 12.0


def test_the_only_torrent_is_convicted_of_three_crashes() -> None:
    """Nothing is left to bisect, but the engine alone has to be stable before and after the third crash."""
    run = Run()
    run.crash("a")
    assert run.crash("a")
    assert run.admitted("a") == ""
    run.calm("a")
    assert run.admitted("a") == "a"
    assert run.crash("a")
    assert run.convicted == []
    run.calm("a")
    assert run.convicted == ["a"]


def test_few_suspects_are_tested_one_by_one() -> None:
    """One additional crash is enough for all of them."""
    run = Run()
    suspects = "bdfh"[:FEW]
    run.crash("abcdefghij", suspects)
    assert run.crash("abcdefghij", suspects)
    run.calm("abcdefghij")
    assert run.admitted("abcdefghij") == "b"
    run.calm("abcdefghij")
    assert run.admitted("abcdefghij") == "bd"


def test_what_is_added_meanwhile_waits() -> None:
    """It could crash the engine next, and another torrent would be blamed."""
    run = Run()
    run.crash("abcdef")
    run.crash("abcdef")
    assert not run.case.admits("x")
    while run.case.phase is Phase.TESTING and run.case.testing != {"x"}:
        assert not run.case.admits("x")
        run.calm("abcdefx")
    assert run.case.cleared == frozenset("abcdef")
    assert run.case.admits("x")


def test_what_is_removed_or_released_is_forgotten() -> None:
    """So is the evidence against it."""
    run = Run()
    run.crash("ab", "b")
    run.take(Cleared("b"))
    assert not run.crash("ab", "b") or run.convicted == []
    run = Run()
    run.crash("ab", "b")
    run.crash("ab", "b")
    run.take(Cleared("b"))
    run.calm("a")
    assert run.convicted == []
    assert run.case == Case(strikes=run.case.strikes)
    assert "b" not in run.case.strikes


def test_the_number_of_excused_crashes_is_bounded() -> None:
    """A thousand poison torrents do not cause endless restarts without back-off."""
    torrents = tuple(f"{number}" for number in range(1000))
    run = Run()
    for _ in range(EXCUSED_MAX * 2):
        loaded = tuple(torrent for torrent in torrents if run.case.admits(torrent))
        run.take(Crashed(loaded, (), 0.1) if loaded else Calmed(torrents))
    assert run.excused <= EXCUSED_MAX


def _excused(actions: list[Action]) -> bool:
    return any(isinstance(action, Excuse) for action in actions)


class World(NamedTuple):
    """A simulated service: some torrents crash any engine that loads them, each with its kind of evidence."""

    torrents: list[str]
    poison: dict[str, Evidence]
    chance: random.Random
    kills: float

    def evidence(self, culprit: str, loaded: tuple[str, ...]) -> tuple[str, ...]:
        match self.poison[culprit]:
            case "sync":
                return (culprit,)
            case "few":
                others = self.chance.sample(loaded, min(len(loaded), self.chance.randint(0, FEW - 1)))
                return tuple(dict.fromkeys([culprit, *others]))[:FEW]
            case "crowd":
                return loaded
            case "wrong":
                return tuple(self.chance.sample(loaded, min(len(loaded), 2)))
            case "none":
                return ()

    def live(self) -> tuple[Run, int, int]:
        """Starts engines until one is stable. Returns the machine, the crashes, and the kills from outside."""
        run, crashes, kills, now = Run(), 0, 0, 0.0
        present = list(self.torrents)
        for _ in range(10_000):
            now += 1.0
            left = [torrent for torrent in present if torrent not in run.convicted]
            loaded: dict[str, None] = {}
            while True:  # the life of one engine
                fresh = [torrent for torrent in left if torrent not in loaded and run.case.admits(torrent)]
                self.chance.shuffle(fresh)
                culprit = next((torrent for torrent in fresh if torrent in self.poison), None)
                given = fresh if self.chance.random() < 0.5 or culprit is None else fresh[: fresh.index(culprit) + 1]
                loaded.update(dict.fromkeys(given))
                if self.chance.random() < self.kills:
                    kills += 1
                    break
                if culprit is not None:
                    crashes += 1
                    run.take(Crashed(tuple(loaded), self.evidence(culprit, tuple(loaded)), 0.1), now)
                    break
                run.take(Calmed(tuple(left)), now)
                left = [torrent for torrent in left if torrent not in run.convicted]
                if not run.case.needs_calm and set(left) == set(loaded):
                    return run, crashes, kills
        raise AssertionError("it never became calm")


@pytest.mark.parametrize("kills", [0.0, 0.3])
def test_it_finds_the_poison_and_nothing_else(kills: float) -> None:
    """For any number of torrents and poison torrents, with or without evidence and kills from outside."""
    chance = random.Random(f"poison {kills}")
    for _ in range(HISTORIES):
        count = chance.choice((1, 2, 3, 5, 8, 13, 40, 100))
        torrents = [f"t{number}" for number in range(count)]
        guilty = chance.sample(torrents, min(count, chance.choice((0, 1, 1, 2, 3))))
        kinds: list[Evidence] = ["sync", "few", "none", "crowd", "wrong"]
        world = World(torrents, {torrent: chance.choice(kinds) for torrent in guilty}, chance, kills)
        run, crashes, _ = world.live()
        assert sorted(run.convicted) == sorted(guilty), world.poison
        if set(world.poison.values()) <= {"sync"}:
            assert crashes <= 3 * len(guilty), (world.poison, count)
        else:
            misled = "wrong" in world.poison.values()
            assert crashes <= (2 + misled + max(1.0, log2(count))) * len(guilty), (world.poison, count)


@pytest.mark.parametrize("count", [1, 2, 16, 200, 201, 2000])
@pytest.mark.parametrize("poisons", [1, 2])
def test_the_bounds(count: int, poisons: int) -> None:
    """The crashes for one poison torrent of n, in the worst of many positions; two of them cost twice that."""
    chance = random.Random(count)
    torrents = [f"t{number}" for number in range(count)]
    for evidence, most in (("sync", 3.0), ("none", 2 + max(1.0, log2(count)))):
        for _ in range(20):
            guilty = chance.sample(torrents, min(count, poisons))
            world = World(torrents, dict.fromkeys(guilty, evidence), chance, 0.0)  # type: ignore[arg-type]
            run, crashes, _ = world.live()
            assert sorted(run.convicted) == sorted(guilty)
            assert crashes <= most * len(guilty)


def test_an_engine_that_was_broken_for_a_while_is_nobodys_fault() -> None:
    """It crashes with any torrents and with none, and then no longer; the recorder has no evidence."""
    chance = random.Random(8)
    for _ in range(500):
        torrents = tuple(f"t{number}" for number in range(chance.choice((1, 2, 5, 50))))
        run = Run()
        for _ in range(chance.randrange(12)):
            run.take(Crashed(tuple(torrent for torrent in torrents if run.case.admits(torrent)), (), 0.1))
        while run.case.needs_calm:
            run.take(Calmed(torrents))
        assert run.convicted == []


def test_an_engine_that_is_broken_is_nobodys_fault() -> None:
    """It crashes with any torrents and with none, whatever the recorder says; no torrent is convicted."""
    chance = random.Random(7)
    for _ in range(500):
        torrents = tuple(f"t{number}" for number in range(chance.choice((1, 2, 5, 50))))
        run = Run()
        for _ in range(60):
            loaded = tuple(torrent for torrent in torrents if run.case.admits(torrent))
            in_flight = tuple(chance.sample(loaded, min(len(loaded), chance.choice((0, 1, 1, 3)))))
            run.take(Crashed(loaded, in_flight, 0.1))
        assert run.convicted == []
        assert run.case.fruitless
