"""docs/state-machines.md and its diagrams, from the transition tables in the code.

In the tables of the lifecycle, of liveness and of poison torrents, functions choose the next state. So this module
calls each function with every input, from every reached state. A row of a table that is never reached is an error.
"""

from collections.abc import Callable, Iterable, Iterator
from enum import Enum
from typing import Any, Final, NamedTuple

from engine_proc.torrents.state import transitions
from supervisor.engine.life import lifecycle, pulse
from supervisor.engine.life.restart_policy import RestartPolicy
from supervisor.engine.poison import poison
from supervisor.pacing.backoff import exponential
from tools.spec.pages.state_diagram import Edge, diagram

PAGE: Final = "docs/state-machines.md"
IMAGES: Final = "docs/images"


class Machine(NamedTuple):
    """A machine, and the parts of it that are drawn. Each part is a title and its states."""

    name: str
    title: str
    source: str
    about: str
    edges: list[Edge]
    parts: list[tuple[str, list[str]]]


class NotReached(Exception):
    """A transition in a table was not reached. This generator needs more inputs."""


def machines() -> list[Machine]:
    """All machines."""
    life, beats, cases, torrents = _lifecycle(), _pulse(), _poison(), _torrents()
    removal = {state.value for state in transitions.BEING_REMOVED}
    loading = [state.value for state in transitions.State if state.value not in removal]
    return [
        Machine(
            "lifecycle",
            "The engine's lifecycle",
            "supervisor/engine/life/lifecycle.py",
            "The supervisor starts, drains and replaces the engine. A crash is an input `Died`.",
            life,
            [("states of the engine", _names(lifecycle.State))],
        ),
        Machine(
            "pulse",
            "The engine's liveness",
            "supervisor/engine/life/pulse.py",
            "Heartbeats show that the engine's loop and libtorrent make progress. A hung engine is killed.",
            beats,
            [("liveness of the engine", _names(pulse.State))],
        ),
        Machine(
            "poison",
            "The search for a poison torrent",
            "supervisor/engine/poison/poison.py",
            "The search begins after crashes that a torrent can have caused.",
            cases,
            [("phases of the search", _names(poison.Phase))],
        ),
        Machine(
            "torrent",
            "A torrent in the engine",
            "engine_proc/torrents/state/transitions.py",
            "The engine loads, unloads, hashes and removes torrents. Commands wait until a torrent is ready.",
            torrents,
            [
                ("loading and unloading", loading),
                (
                    "removal",
                    [transitions.State.ABSENT.value, *(each for each in _names(transitions.State) if each in removal)],
                ),
            ],
        ),
    ]


def page() -> str:
    """The text of the page."""
    lines = [
        "# State machines\n",
        "<!-- scripts/spec generates this page. -->\n",
        "Each machine is a pure function: it gets a state and an input, and returns the next state and actions. The",
        "transitions are one literal table in the code. `scripts/spec` draws these diagrams from the tables.\n",
        "An input that leads back to the same state is not in the diagram. If an input has several next",
        "states, the details of the state decide. Moves of files have no such table;",
        "[ADR 051](adr/051-moves-and-renames.md) describes their steps.\n",
    ]
    for machine in machines():
        lines += [f"## {machine.title}\n", f"{machine.about} The code is in `{machine.source}`.\n"]
        lines += [
            f"![Diagram: {title}](images/{_file(machine, index)})\n" for index, (title, _) in enumerate(machine.parts)
        ]
        lines += ["| state | input | next state |", "| --- | --- | --- |", *_rows(machine.edges), ""]
    return "\n".join(lines).rstrip() + "\n"


def images() -> dict[str, str]:
    """The diagrams by path."""
    return {
        f"{IMAGES}/{_file(machine, index)}": diagram(title, states, machine.edges)
        for machine in machines()
        for index, (title, states) in enumerate(machine.parts)
    }


def _file(machine: Machine, index: int) -> str:
    return f"states-{machine.name}{f'-{index + 1}' if len(machine.parts) > 1 else ''}.svg"


def _rows(edges: Iterable[Edge]) -> Iterator[str]:
    targets: dict[tuple[str, str], list[str]] = {}
    for edge in edges:
        targets.setdefault((edge.state, edge.label), []).append(edge.target)
    for (state, label), found in targets.items():
        yield f"| `{state}` | {label} | {', '.join(f'`{target}`' for target in found)} |"


def _names(states: type[Enum]) -> list[str]:
    return [state.value for state in states]


def _explored(
    start: Any,
    inputs: Callable[[Any], Iterable[Any]],
    step: Callable[[Any, Any], Any],
    state: Callable[[Any], str],
    kind: Callable[[Any], Any],
    label: Callable[[Any], str],
    *,
    same: Callable[[Any], object],
    table: Iterable[tuple[Any, Any]],
) -> list[Edge]:
    """The transitions from each reachable state, by each input. States with the same `same` are explored once."""
    waiting, seen, edges, reached = [start], {same(start)}, dict[Edge, None](), set[tuple[str, Any]]()
    while waiting:
        now = waiting.pop(0)
        for event in inputs(now):
            then = step(now, event)
            if then is None:
                continue
            reached.add((state(now), kind(event)))
            edges[Edge(state(now), label(event), state(then))] = None
            if same(then) not in seen:
                seen.add(same(then))
                waiting.append(then)
    missing = {(each.value, event) for each, event in table} - reached
    if missing:
        raise NotReached(str(missing))
    order = {each.value: index for index, each in enumerate(dict.fromkeys(each for each, _ in table))}
    return sorted(edges, key=lambda edge: (order[edge.state], edge.label))


def _lifecycle() -> list[Edge]:
    policy = RestartPolicy(window_s=60.0, budget=2, backoff=exponential(1.0, 1.0))
    events: list[lifecycle.Input] = [
        lifecycle.StartRequested(),
        lifecycle.Ready(),
        lifecycle.Died(),
        lifecycle.Died(excused=True),
        lifecycle.RecycleRequested(),
        lifecycle.StopRequested(),
        *map(lifecycle.TimerFired, lifecycle.Timer),
    ]

    def step(now: lifecycle.Lifecycle, event: lifecycle.Input) -> lifecycle.Lifecycle | None:
        try:
            return lifecycle.step(now, event, 0.0, policy)[0]
        except lifecycle.IllegalInput:
            return None

    return _explored(
        lifecycle.Lifecycle(),
        lambda now: events,
        step,
        lambda now: now.state.value,
        lambda event: event.timer if isinstance(event, lifecycle.TimerFired) else type(event),
        lambda event: f"timer {event.timer.value}" if isinstance(event, lifecycle.TimerFired) else type(event).__name__,
        same=lambda now: (now.state, min(len(now.crashes), 4), now.probing, now.ready_at),
        table=lifecycle.TRANSITIONS,
    )


def _pulse() -> list[Edge]:
    def inputs(now: pulse.Pulse) -> list[pulse.Input]:
        beats = [pulse.Beat((now.loops or 0) + 1, 0.0), pulse.Beat(now.loops or 0, 0.0)]
        return [pulse.Began(), pulse.Ended(), *beats, pulse.Confirmed(), pulse.Ticked(patient=False)]

    return _explored(
        pulse.Pulse(),
        inputs,
        lambda now, event: pulse.step(now, event, now.seen_at + pulse.STALL_S)[0],
        lambda now: now.state.value,
        type,
        lambda event: type(event).__name__,
        same=lambda now: (now.state, min(now.silence_s, 4.0), now.loops is None),
        table=pulse.TRANSITIONS,
    )


def _poison() -> list[Edge]:
    torrents = ("a", "b")
    events: list[poison.Input] = [
        poison.Crashed(torrents, (), 0.0),
        poison.Crashed(torrents, ("a",), 0.0),
        poison.Crashed((), (), 0.0),
        poison.Calmed(torrents),
        poison.Cleared("a"),
    ]
    return _explored(
        poison.Case(),
        lambda now: events,
        lambda now, event: poison.step(now, event, 0.0)[0],
        lambda now: now.phase.value,
        type,
        lambda event: type(event).__name__,
        same=lambda now: (now.phase, min(now.crashes, 3), now.dirty, now.testing, now.accused),
        table=poison.TRANSITIONS,
    )


def _torrents() -> list[Edge]:
    return [
        Edge(state.value, event.value, target.value)
        for state, events in transitions.TRANSITIONS.items()
        for event, target in events.items()
    ]
