"""Checks of the samples of processes. Pure."""

from typing import Final

from tools.chaos.checker.violation import Violation
from tools.chaos.history.entries import Checkpoint, Finished, Processes, Supervisor
from tools.chaos.history.recorder import History

LEFT_S: Final = 3.0
"""How long an orphan or a zombie may be seen: a second, and two more for samples on a busy machine."""

WARM_UP: Final = 1
"""Rounds before the first measurement of resources. They load code and fill caches."""

FDS_GROWTH: Final = 8
THREADS_GROWTH: Final = 12
USS_GROWTH: Final = 24_000_000
USS_GROWTH_PER_ROUND: Final = 400_000
"""The daemon keeps a limited number of events and replies on purpose."""


def check_supervisor(history: History) -> list[Violation]:
    """Supervisors that were not started by the harness, or that ended by themselves."""
    found = []
    started: dict[int, int] = {}
    for entry in history.entries:
        if isinstance(entry, Supervisor):
            started = {entry.pid: entry.started} if entry.started else {}
        elif isinstance(entry, Processes) and started.get(entry.supervisor, entry.started) != entry.started:
            message = f"supervisor {entry.supervisor} started at {entry.started}, not {started[entry.supervisor]}"
            found.append(Violation("supervisor", message, entry.at))
            started = {}
    return found


def check_sessions(history: History) -> list[Violation]:
    """Finds samples in which two engines have a session."""
    return [
        Violation("one_session", f"engines {entry.sessions} listen at the same time", entry.at)
        for entry in history.entries
        if isinstance(entry, Processes) and len(entry.sessions) > 1
    ]


def check_leftovers(history: History) -> list[Violation]:
    """Orphans and zombies that stay for longer than a second."""
    found = []
    since: dict[tuple[str, int], float] = {}
    for entry in history.entries:
        if not isinstance(entry, Processes):
            continue
        seen = {("zombies", pid) for pid in entry.zombies}
        for parent, engines in entry.engines.items():
            if int(parent) != entry.supervisor:
                seen |= {("orphans", pid) for pid in engines}
        for each in since.keys() - seen:
            del since[each]
        for what, pid in seen:
            first = since.setdefault((what, pid), entry.at)
            if entry.at - first > LEFT_S:
                found.append(Violation(what, f"process {pid} is there for {entry.at - first:.1f} s", entry.at))
                since[what, pid] = float("inf")  # told once
    return found


def check_resources(history: History) -> list[Violation]:
    """Checks whether the resources of one supervisor have grown between its first and its last checkpoint."""
    found = []
    by_pid: dict[int, list[Checkpoint]] = {}
    for entry in history.entries:
        if isinstance(entry, Checkpoint) and entry.resources is not None and entry.round >= WARM_UP:
            by_pid.setdefault(entry.resources.pid, []).append(entry)
    for checkpoints in by_pid.values():
        first, last = checkpoints[0], checkpoints[-1]
        assert first.resources is not None
        assert last.resources is not None
        rounds = last.round - first.round
        for what, before, after, allowed in (
            ("descriptors", first.resources.fds, last.resources.fds, FDS_GROWTH),
            ("threads", first.resources.threads, last.resources.threads, THREADS_GROWTH),
            ("bytes", first.resources.uss, last.resources.uss, USS_GROWTH + rounds * USS_GROWTH_PER_ROUND),
        ):
            if after - before > allowed:
                found.append(Violation("resources", f"{before} {what} became {after} in {rounds} rounds", last.at))
    return found


def check_end(history: History) -> list[Violation]:
    """Checks whether the daemon ended with an error, or left processes behind."""
    found = []
    for entry in history.entries:
        if isinstance(entry, Finished):
            if entry.exit_code != 0:
                found.append(Violation("exit", f"exit code {entry.exit_code}", entry.at))
            if entry.left:
                found.append(Violation("exit", f"processes {entry.left} are left", entry.at))
            found += [
                Violation("claimed", f"download {index}: {count} pieces are claimed, and wrong on disk", entry.at)
                for index, count in entry.claimed.items()
                if count
            ]
    return found
