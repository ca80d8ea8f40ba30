"""Checks whether the steps of one register are linearizable. Pure.

The algorithm is Lowe's form of the search by Wing and Gong. A *configuration* is a value, and the open steps that have
already taken effect. The search handles the calls and returns of all steps in order of time, and stores all possible
configurations:

- When a step is called, the step is open.
- When a step returns, configurations in which the step has not taken effect are dropped.
- Equal configurations are stored once. This limits the number of configurations.

A step with an unknown end stays open, because it may take effect at any later time, or never. Three rules limit the
number of configurations with open steps:

- If no read finds the value of a write with an unknown end, the write is left out.
- If two steps with unknown ends are equal, the first step takes effect first.
- If two configurations differ only in used steps with unknown ends, the configuration with more used steps is dropped.
"""

from collections.abc import Iterable
from itertools import chain
from math import inf
from typing import Any, Final, Literal, NamedTuple

Kind = Literal["add", "known", "ensure", "remove", "write", "read"]

ABSENT: Final = "absent"
"""The value of the registers of a torrent that the daemon does not have."""


class Step(NamedTuple):
    """One operation on one register.

    Fields:
        number: identifies the operation.
        kind: `add`: sets the value of an absent torrent. `known`: an add that found the torrent. `ensure`: an add with
            an unknown result. `remove`: makes a present torrent absent. `write`: sets the value of a present torrent.
            `read`: finds the value.
        value: the value that is set or found, in a form that can be hashed.
        called: the time of the call.
        returned: the time of the return. It is infinite if the end is unknown.
    """

    number: int
    kind: Kind
    value: Any
    called: float
    returned: float = inf


class Stuck(NamedTuple):
    """The first step that cannot be explained.

    Fields:
        possible: the values that were possible when the step returned.
    """

    step: Step
    possible: list[Any]


class _Configuration(NamedTuple):
    value: Any
    taken: frozenset[int]
    """The open steps, with a known or an unknown end, that have taken effect."""


def first_stuck(steps: Iterable[Step], initial: Any = ABSENT) -> Stuck | None:
    """Returns the first step that cannot be explained by any order of steps. None if the steps are linearizable."""
    given = list(steps)
    seen = {step.value for step in given if step.kind == "read"}
    kept = [step for step in given if step.returned < inf or step.kind != "write" or step.value in seen]
    calls = ((step.called, 0, index) for index, step in enumerate(kept))
    returns = ((step.returned, 1, index) for index, step in enumerate(kept) if step.returned < inf)
    configurations = {_Configuration(initial, frozenset())}
    open_: dict[int, Step] = {}
    for _, is_return, index in sorted(chain(calls, returns)):
        if not is_return:
            open_[index] = kept[index]
            continue
        all_ = _closure(configurations, open_, index)
        reached = {each._replace(taken=each.taken - {index}) for each in all_ if index in each.taken}
        if not reached:
            return Stuck(kept[index], sorted({str(each.value) for each in all_}))
        del open_[index]
        configurations = reached
    return None


def _closure(configurations: set[_Configuration], open_: dict[int, Step], wanted: int) -> list[_Configuration]:
    """The configurations that open steps can lead to, until the wanted step has taken effect."""
    lasting = frozenset(index for index, step in open_.items() if step.returned == inf)
    least: dict[tuple[Any, frozenset[int]], list[frozenset[int]]] = {}
    found: list[_Configuration] = []
    ordered: list[list[_Configuration]] = []
    for each in configurations:
        _at(ordered, len(each.taken & lasting)).append(each)
    used = 0
    while used < len(ordered):  # those that have used fewer steps come first, and replace the others
        todo = ordered[used]
        while todo:
            each = todo.pop()
            others = least.setdefault((each.value, each.taken - lasting), [])
            if any(other <= each.taken for other in others):
                continue
            others.append(each.taken & lasting)
            found.append(each)
            if wanted not in each.taken:
                for following in _following(each, open_):
                    _at(ordered, len(following.taken & lasting)).append(following)
        used += 1
    return found


def _at(ordered: list[list[_Configuration]], index: int) -> list[_Configuration]:
    while len(ordered) <= index:
        ordered.append([])
    return ordered[index]


def _following(each: _Configuration, open_: dict[int, Step]) -> Iterable[_Configuration]:
    tried: set[tuple[Kind, Any]] = set()
    for index, step in open_.items():
        if index in each.taken:
            continue
        if step.returned == inf:
            if (step.kind, step.value) in tried:
                continue
            tried.add((step.kind, step.value))
        value = effect(step, each.value)
        if value is not None and not (step.returned == inf and value[0] == each.value):
            yield _Configuration(value[0], each.taken | {index})


def effect(step: Step, value: Any) -> tuple[Any] | None:
    """The value after a step, in a tuple with one member. None if the step is not possible."""
    there = value != ABSENT
    match step.kind:
        case "add":
            return None if there else (step.value,)
        case "known":
            return (value,) if there else None
        case "ensure":
            return (value,) if there else (step.value,)
        case "remove":
            return (ABSENT,) if there else None
        case "write":
            return (step.value,) if there else None
        case "read":
            return (value,) if step.value == value else None
