"""Whether the steps of one register are linearizable. Pure.

The search is that of Wing and Gong, in the form of Lowe: it goes through the calls and returns in order of time, and
keeps all *configurations* that are possible so far. A configuration is a value, and the open steps that have already
taken effect. Before a step returns, it must have taken effect, so all others are dropped. Equal configurations are kept
once, which bounds the search.

A step with an unknown end may take effect at any later time, or never. So configurations that differ only in such steps
are compared: one that has used fewer of them can do everything that the other can, and replaces it.
"""

from collections.abc import Iterable
from itertools import chain
from math import inf
from typing import Any, Final, Literal, NamedTuple

Kind = Literal["add", "known", "remove", "write", "read"]

ABSENT: Final = "absent"
"""The value of the registers of a torrent that the daemon does not have."""


class Step(NamedTuple):
    """One operation on one register.

    Fields:
        number: identifies the operation.
        kind: `add`: sets the value, if the torrent is absent. `known`: an add that found the torrent. `remove`: makes a
            present torrent absent. `write`: sets the value of a present torrent. `read`: finds the value.
        value: the value that is set or found, in a form that can be hashed.
        called, returned: its interval. `returned` is infinite if the end is unknown.
    """

    number: int
    kind: Kind
    value: Any
    called: float
    returned: float = inf


class Stuck(NamedTuple):
    """The first step that cannot be explained.

    Fields:
        possible: the values that were possible at that time.
    """

    step: Step
    possible: list[Any]


class _Configuration(NamedTuple):
    value: Any
    taken: frozenset[int]
    """The open steps, with a known or an unknown end, that have taken effect."""


def first_stuck(steps: Iterable[Step], initial: Any = ABSENT) -> Stuck | None:
    """The first step that no order explains. None if the steps are linearizable."""
    numbered = list(steps)
    calls = ((step.called, 0, index) for index, step in enumerate(numbered))
    returns = ((step.returned, 1, index) for index, step in enumerate(numbered) if step.returned < inf)
    configurations = {_Configuration(initial, frozenset())}
    open_: dict[int, Step] = {}
    for _, is_return, index in sorted(chain(calls, returns)):
        step = numbered[index]
        if not is_return:
            open_[index] = step
            continue
        reached = _closure(configurations, open_, index)
        if not reached:
            return Stuck(step, sorted({str(each.value) for each in _all(configurations, open_)}))
        del open_[index]
        lasting = frozenset(each for each, other in open_.items() if other.returned == inf)
        configurations = _least({each._replace(taken=each.taken - {index}) for each in reached}, lasting)
    return None


def _closure(configurations: set[_Configuration], open_: dict[int, Step], wanted: int) -> set[_Configuration]:
    """The configurations in which the wanted step has taken effect, after any open steps before it."""
    reached, seen, todo = set(), set(configurations), list(configurations)
    while todo:
        each = todo.pop()
        if wanted in each.taken:
            reached.add(each)
            continue
        for following in _following(each, open_):
            if following not in seen:
                seen.add(following)
                todo.append(following)
    return reached


def _all(configurations: set[_Configuration], open_: dict[int, Step]) -> set[_Configuration]:
    seen, todo = set(configurations), list(configurations)
    while todo:
        for following in _following(todo.pop(), open_):
            if following not in seen:
                seen.add(following)
                todo.append(following)
    return seen


def _following(each: _Configuration, open_: dict[int, Step]) -> Iterable[_Configuration]:
    for index, step in open_.items():
        if index not in each.taken:
            value = effect(step, each.value)
            if value is not None and not (step.returned == inf and value[0] == each.value):
                yield _Configuration(value[0], each.taken | {index})


def effect(step: Step, value: Any) -> tuple[Any] | None:
    """The value after a step, as a tuple of one. None if the step is not possible."""
    there = value != ABSENT
    match step.kind:
        case "add":
            return None if there else (step.value,)
        case "known":
            return (value,) if there else None
        case "remove":
            return (ABSENT,) if there else None
        case "write":
            return (step.value,) if there else None
        case "read":
            return (value,) if step.value == value else None


def _least(configurations: set[_Configuration], lasting: frozenset[int]) -> set[_Configuration]:
    """Leaves out each configuration that has used more steps with an unknown end than an equal one."""
    groups: dict[tuple[Any, frozenset[int]], list[frozenset[int]]] = {}
    for each in configurations:
        groups.setdefault((each.value, each.taken - lasting), []).append(each.taken & lasting)
    least = set()
    for (value, taken), used in groups.items():
        for candidate in used:
            if not any(other < candidate for other in used):
                least.add(_Configuration(value, taken | candidate))
    return least
