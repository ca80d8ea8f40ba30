"""Finds the torrent that crashes the engine, as a machine: `step(case, input, now) -> (case, actions)`. Pure.

A torrent is held back on one of two grounds. *Evidence*: it was among the few that the engine was at work on in two
crashes, and alone in that; everything else is loaded, and if that crashes, too, it is a suspect like others.
*Bisection*: after two crashes with no calm between them, an engine has to stay calm with nothing loaded, or no torrent
is to blame; then what was loaded is halved, and the engine is given one half. A crash halves it again; calm clears it,
and half of what is left is added to the running engine. One that crashes an engine which has nothing else but cleared
torrents is accused; before anything else is loaded, an engine has to stay calm without it, and if that one crashes,
too, nobody was to blame.

An accused torrent is convicted once the engine is calm with everything else loaded. Until then all accused are held
back, and so is what has not been cleared. Two poisons at once are found one after the other: what is not cleared when
the first has been accused is loaded in one go, and if that crashes it is halved in turn.

Crashes that one poison of n torrents costs: two, and floor(log2 n) for its bisection. Evidence shortens that to three
at the most: what was in flight is tested first, alone. Evidence that misleads costs time, for what is tested stays
calm, and one crash more if it named the same innocent torrent alone in both of the first crashes.

The machine knows no process, no clock and no record: what a death was, `supervisor.engine.poison.blame` says; what is
loaded and when there is calm, the shell says (`supervisor.engine.poison.isolation`). Times are monotonic seconds.
"""

from collections.abc import Callable, Mapping
from enum import Enum
from typing import Any, Final, NamedTuple

import msgspec

CALM_S: Final = 2.0
"""An engine that has taken up all it was given for this long has shown that it can, if crashes came no later."""

CALM_MAX_S: Final = 60.0
"""Calm is never waited for longer than this."""

MARGIN: Final = 1.5
"""How much longer an engine has to stay calm than another one took to crash."""

FEW: Final = 4
"""As many torrents in flight are evidence, and as many suspects are tested one by one."""

STRIKE_S: Final = 24 * 3600.0
"""How long it is remembered that a torrent was in flight in a crash."""

EXCUSED_MAX: Final = 50
"""Crashes that one case may cost before they count towards the restart budget again."""


class Phase(Enum):
    """Whether a search for the poison torrent is in progress."""

    WATCHING = "watching"
    TESTING = "testing"


class Crashed(NamedTuple):
    """An engine died in a way that a torrent can cause.

    Fields:
        loaded: what it had been given, in this order.
        in_flight: what it was at work on; more than `FEW` say nothing.
        age_s: how long it had had torrents.
    """

    loaded: tuple[str, ...]
    in_flight: tuple[str, ...]
    age_s: float


class Calmed(NamedTuple):
    """The engine has loaded all its torrents, and was stable for `calm_s`.

    Fields:
        torrents: all there are, but for those in quarantine; in the order in which they are to be given.
    """

    torrents: tuple[str, ...]


class Cleared(NamedTuple):
    """A torrent was removed, or released from quarantine: its evidence is dropped."""

    torrent: str


Input = Crashed | Calmed | Cleared


class Excuse(NamedTuple):
    """Action: this crash was part of the search, and does not count towards the restart budget."""


class Load(NamedTuple):
    """Action: more torrents may be loaded now; send them to the running engine."""


class Convict(NamedTuple):
    """Action: quarantine this torrent."""

    torrent: str


Action = Excuse | Load | Convict


class Case(msgspec.Struct, frozen=True, kw_only=True):
    """The state of the machine.

    Fields:
        crashes: since there was calm last.
        strikes: by torrent, when it was among the few in flight in a crash.
        fruitless: it was looked for a culprit, and there was none; not again before there is calm.
        cleared: was loaded while the engine was calm, in this case.
        accused: held back until everything else is loaded; each crashed an engine that had only cleared ones beside.
        presumed: held back on evidence alone; if the engine crashes without it, too, it is a suspect like others.
        dirty: one of these is believed to be to blame; in the order in which they are tested.
        likely: those of them that were in flight, which are tested first and one by one.
        testing: is loaded now beside what is cleared. None: the engine is to show that it lives without the accused.
        calm_s: how long this engine has to stay calm.
        patience_s: how long any engine has to in this case, by the crash that came the soonest.
        excused: crashes that this case has cost.
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
        """Whether calm would change anything."""
        return self.phase is Phase.TESTING or self.crashes > 0 or self.fruitless


Outcome = tuple[Case, list[Action]]
_Transition = Callable[[Case, Any, float], Outcome]
"""Takes the input of its row in the table, and no other."""


def step(case: Case, event: Input, now: float) -> Outcome:
    """What becomes of the case, and what is to be done."""
    return TRANSITIONS[case.phase, type(event)](case, event, now)


# -- nobody is suspected ----------------------------------------------------------------------------------------------


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


# -- it is being found out --------------------------------------------------------------------------------------------


def _crash(case: Case, event: Crashed, now: float) -> Outcome:
    evidence = _evidence(event)
    case = _strike(case, evidence, now)
    if case.testing and not event.loaded:
        return case, []  # it died before it was given what is tested, of something else
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
    """One of what this engine had beside cleared torrents is to blame, and evidence says which it is likely to be."""
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


# -- either way -------------------------------------------------------------------------------------------------------


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
    """The few that the engine was at work on."""
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
