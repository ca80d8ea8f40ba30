"""Finds the torrent that crashes the engine. Pure.

The machine's function is `step(case, input, now) -> (case, actions)`.

An engine is *calm* when it has run for `calm_s` with all sent torrents. A torrent is *cleared* when it was loaded in a
calm engine. A torrent is *held back* while it must not be loaded. There are two grounds for holding a torrent back:

- *Evidence*: in two crashes, few torrents were in flight, and only this torrent was in flight in both. All other
  torrents are loaded. If the engine still crashes, the torrent is a suspect like all others.
- *Bisection*: the engine has crashed twice without being calm in between. First an engine must become calm without
  torrents. If that engine crashes, no torrent is the cause. Then the suspects are halved, and one half is loaded. After
  a crash, that half is halved again. If the engine becomes calm, the half is cleared, and half of the remaining
  suspects are loaded, too.

If all other torrents in a crashed engine are cleared, the remaining torrent is *accused*. Before other torrents are
loaded, an engine must become calm without the accused torrent. If that engine crashes, too, no torrent is the cause. An
accused torrent is *convicted* once the engine is calm with all other torrents loaded. Until then, all accused torrents
are held back.

Two poison torrents are found one after the other. Once the first torrent is accused, all uncleared torrents are loaded
at once. If the engine crashes, these torrents are halved in turn.

To find one poison torrent among n, bisection needs two crashes and floor(log2 n) further crashes. With evidence, the
search needs three crashes at most, because torrents in flight are tested first, one by one. Misleading evidence costs
time, because the engine becomes calm with each tested torrent. In both of the first crashes, the same innocent torrent
may be the only torrent in flight. Then the search needs one more crash.

`supervisor.engine.poison.blame` judges a death. The shell (`supervisor.engine.poison.isolation`) reports what is
loaded, and when the engine is calm. Times are monotonic seconds.
"""

from collections.abc import Callable, Mapping
from enum import Enum
from typing import Any, Final, NamedTuple

import msgspec

CALM_S: Final = 2.0
"""The shortest time after which an engine is calm. If engines took longer to crash, the time is longer."""

CALM_MAX_S: Final = 60.0
"""The longest time after which an engine is calm."""

MARGIN: Final = 1.5
"""The next engine is calm after the time until the crash, multiplied by this factor."""

FEW: Final = 4
"""The maximum number of torrents in flight that are evidence. It is also the maximum number of suspects that are tested
one by one.
"""

STRIKE_S: Final = 24 * 3600.0
"""For how long a crash counts as evidence against a torrent that was in flight."""

EXCUSED_MAX: Final = 50
"""The number of crashes in one case that do not count towards the restart budget."""


class Phase(Enum):
    """Whether a search for the poison torrent is in progress."""

    WATCHING = "watching"
    TESTING = "testing"


class Crashed(NamedTuple):
    """An engine has died in a way that a torrent can cause.

    Fields:
        loaded: the sent torrents, in the order of sending.
        in_flight: the torrents in flight. More than `FEW` are no evidence.
        age_s: the time from the engine's readiness to its death.
    """

    loaded: tuple[str, ...]
    in_flight: tuple[str, ...]
    age_s: float


class Calmed(NamedTuple):
    """The engine has loaded all sent torrents, and has run for `calm_s`.

    Fields:
        torrents: all torrents of the slot outside quarantine, in the order of loading.
    """

    torrents: tuple[str, ...]


class Cleared(NamedTuple):
    """A torrent was removed, or released from quarantine. The evidence against the torrent is dropped."""

    torrent: str


Input = Crashed | Calmed | Cleared


class Excuse(NamedTuple):
    """Action: excuse this crash. It was part of the search, and does not count towards the restart budget."""


class Load(NamedTuple):
    """Action: send more torrents to the running engine. They may be loaded now."""


class Convict(NamedTuple):
    """Action: quarantine this torrent."""

    torrent: str


Action = Excuse | Load | Convict


class Case(msgspec.Struct, frozen=True, kw_only=True):
    """The state of the machine.

    Fields:
        crashes: the number of crashes since the engine was last calm.
        strikes: by torrent: the times of crashes with few torrents in flight, including this torrent.
        fruitless: whether a search has found no cause. If so, the next search begins only after the engine was calm.
        cleared: torrents that were loaded in a calm engine of this case.
        accused: torrents that each crashed an engine. All other torrents in that engine were cleared. Accused torrents
            are held back until all other torrents are loaded.
        presumed: torrents that are held back on evidence alone. If the engine crashes without them, they are ordinary
            suspects.
        dirty: the suspects, in the order of their tests. One suspect is probably the cause.
        likely: the suspects that were in flight. They are tested first, one by one.
        testing: the suspects that are loaded together with the cleared torrents. If `testing` is empty, the engine
            first must become calm without suspects.
        calm_s: the time after which the current engine is calm.
        patience_s: the time after which later engines of this case are calm. The quickest crash of this case determines
            the time.
        excused: the number of crashes in this search. They do not count towards the restart budget.
    """

    phase: Phase = Phase.WATCHING
    crashes: int = 0
    strikes: Mapping[str, tuple[float, ...]] = {}
    fruitless: bool = False
    cleared: frozenset[str] = frozenset()
    accused: tuple[str, ...] = ()
    presumed: tuple[str, ...] = ()
    dirty: tuple[str, ...] = ()
    likely: tuple[str, ...] = ()
    testing: frozenset[str] = frozenset()
    calm_s: float = CALM_S
    patience_s: float = CALM_MAX_S
    excused: int = 0

    def admits(self, torrent: str) -> bool:
        """Whether a torrent may be loaded now."""
        return self.phase is Phase.WATCHING or torrent in self.cleared or torrent in self.testing

    @property
    def needs_calm(self) -> bool:
        """Whether the machine waits for the engine to be calm."""
        return self.phase is Phase.TESTING or self.crashes > 0 or self.fruitless


Outcome = tuple[Case, list[Action]]
_Transition = Callable[[Case, Any, float], Outcome]
"""A transition. `Any` stands for the input type of the transition's row in the table."""


def step(case: Case, event: Input, now: float) -> Outcome:
    """Returns the next state and the actions to perform."""
    return TRANSITIONS[case.phase, type(event)](case, event, now)


# -- watching: no torrent is suspected --------------------------------------------------------------------------------


def _first_crash(case: Case, event: Crashed, now: float) -> Outcome:
    evidence = _evidence(event)
    case = _strike(case, evidence, now)
    if case.fruitless or not event.loaded:
        return case, []
    patience_s = min(case.patience_s, _longer_than(event.age_s))
    case = _replace(case, crashes=case.crashes + 1, patience_s=patience_s, calm_s=patience_s)
    repeated = tuple(torrent for torrent in evidence if len(case.strikes[torrent]) > 1)
    if len(repeated) == 1:
        others = frozenset(event.loaded).difference(repeated)
        return _excuse(_replace(case, phase=Phase.TESTING, presumed=repeated, testing=others))
    if case.crashes < 2:
        return case, []
    likely = repeated or evidence
    rest = tuple(torrent for torrent in event.loaded if torrent not in likely)
    return _excuse(_replace(case, phase=Phase.TESTING, dirty=likely + rest, likely=likely))


def _calm(case: Case, event: Calmed, now: float) -> Outcome:
    return Case(strikes=case.strikes), []


# -- testing: a search is in progress ---------------------------------------------------------------------------------


def _crash(case: Case, event: Crashed, now: float) -> Outcome:
    evidence = _evidence(event)
    case = _strike(case, evidence, now)
    if case.testing and not event.loaded:
        return case, []  # the engine died of another cause, before it was sent the tested torrents
    if not case.testing.intersection(event.loaded):
        return Case(strikes=case.strikes, fruitless=True), []
    suspects = tuple(torrent for torrent in evidence if torrent in case.testing)
    return _excuse(_suspect(_replace(case, presumed=()), event, suspects))


def _passed(case: Case, event: Calmed, now: float) -> Outcome:
    case = _replace(case, cleared=case.cleared | case.testing, calm_s=case.patience_s)
    left = tuple(torrent for torrent in case.dirty if torrent not in case.cleared)
    if left:
        return _test(case, left, case.likely), [Load()]
    blamed = case.accused + case.presumed
    unknown = frozenset(event.torrents).difference(case.cleared, blamed)
    if unknown:
        return _replace(case, dirty=(), likely=(), testing=unknown), [Load()]
    present = frozenset(event.torrents)
    verdicts = [Convict(torrent) for torrent in blamed if torrent in present]
    return Case(strikes=case.strikes), [*verdicts, Load()]


def _suspect(case: Case, event: Crashed, evidence: tuple[str, ...]) -> Case:
    """Suspects the uncleared torrents of the crashed engine.

    Torrents in flight come first. If there is only one suspect, it is accused.
    """
    unproven = tuple(torrent for torrent in event.loaded if torrent not in case.cleared)
    if len(unproven) > 1:
        rest = tuple(torrent for torrent in unproven if torrent not in evidence)
        return _test(case, evidence + rest, evidence)
    calm_s = _longer_than(event.age_s)
    return _replace(case, accused=case.accused + unproven, dirty=(), likely=(), testing=frozenset(), calm_s=calm_s)


def _test(case: Case, dirty: tuple[str, ...], likely: tuple[str, ...]) -> Case:
    one = dirty[0] in likely or len(dirty) <= FEW
    portion = dirty[: 1 if one else len(dirty) // 2]
    return _replace(case, dirty=dirty, likely=likely, testing=frozenset(portion), calm_s=case.patience_s)


def _longer_than(age_s: float) -> float:
    return min(max(CALM_S, age_s * MARGIN), CALM_MAX_S)


# -- both phases ------------------------------------------------------------------------------------------------------


def _forget(case: Case, event: Cleared, now: float) -> Outcome:
    gone = event.torrent
    return _replace(
        case,
        strikes={torrent: at for torrent, at in case.strikes.items() if torrent != gone},
        cleared=case.cleared - {gone},
        accused=tuple(torrent for torrent in case.accused if torrent != gone),
        presumed=tuple(torrent for torrent in case.presumed if torrent != gone),
        dirty=tuple(torrent for torrent in case.dirty if torrent != gone),
        testing=case.testing - {gone},
    ), []


def _excuse(case: Case) -> Outcome:
    actions: list[Action] = [Excuse()] if case.excused < EXCUSED_MAX else []
    return _replace(case, excused=case.excused + 1), actions


def _strike(case: Case, evidence: tuple[str, ...], now: float) -> Case:
    strikes = {
        torrent: recent
        for torrent, times in case.strikes.items()
        if (recent := tuple(at for at in times if now - at <= STRIKE_S))
    }
    for torrent in evidence:
        strikes[torrent] = (*strikes.get(torrent, ()), now)
    return _replace(case, strikes=strikes)


def _evidence(event: Crashed) -> tuple[str, ...]:
    """If few torrents were in flight, these torrents. Otherwise none."""
    loaded = frozenset(event.loaded)
    found = tuple(dict.fromkeys(torrent for torrent in event.in_flight if torrent in loaded))
    return found if len(found) <= FEW else ()


_replace = msgspec.structs.replace

TRANSITIONS: Final[Mapping[tuple[Phase, type[Input]], _Transition]] = {
    (Phase.WATCHING, Crashed): _first_crash,
    (Phase.WATCHING, Calmed): _calm,
    (Phase.WATCHING, Cleared): _forget,
    (Phase.TESTING, Crashed): _crash,
    (Phase.TESTING, Calmed): _passed,
    (Phase.TESTING, Cleared): _forget,
}
