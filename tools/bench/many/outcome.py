"""All measurements of `many`, and how they compare with the goals."""

from statistics import median
from typing import Any, Final, NamedTuple

from tools.bench.many.measure import Back, Idle
from tools.bench.report import Check, Report, mb
from tools.rig.clients.pinger import Pings

ADD_GOAL_S: Final = 0.0004
BACK_GOAL_S: Final = 0.00015
COLD_GOAL_S: Final = 0.00018
"""The goals of one torrent: to add it, to have it back after a kill, and after a start of the daemon."""

LIST_GOAL_S: Final = 25e-6
PAGE_GOAL_S: Final = 0.005
HEALTH_GOAL_S: Final = 0.05
PING_GOAL_S: Final = 0.01
MEMORY_GOAL: Final = 7_800.0
MEMORY_BASE: Final = 220e6
"""The goal of the memory: this base, and MEMORY_GOAL for each torrent."""

IDLE_GOALS: Final = ((1, 0.01), (10_000, 0.02), (100_000, 0.04))
"""The goals of idle CPU: up to this many torrents, this fraction of one core."""


class Outcome(NamedTuple):
    """All measurements, in seconds except for `idle`, `refused`, `announced` and `lost`.

    Fields:
        refused: the number of refused adds.
        adds_s: from the first add until the last of the pipelined adds was answered.
        all_seeding_s: from the first add until all torrents were seeding.
        bare_adds_s: until a bare session in this process has added the same torrents, without storing them.
        announced: how many torrents had announced themselves before the idle time.
        told_seeding_s: from the last kill until the new generation had reported each torrent as seeding.
        stop_s: the time of a stop without unsaved changes.
        stop_restored_s: the time of a stop right after a restore.
        cold_ping_s: from the start of a supervisor to its first answer.
        cold_seeding_s: from the start of a supervisor until all torrents seed.
        lost: the number of torrents that are missing at the end.
    """

    refused: int
    adds_s: float
    bare_adds_s: float
    all_seeding_s: float
    lists_s: list[float]
    page_s: float
    announced: int
    calm: Pings
    idle: Idle
    kills: list[Back]
    told_seeding_s: float
    stop_s: float
    cold_ping_s: float
    cold_seeding_s: float
    stop_restored_s: float
    lost: int


def told(pings: Pings) -> str:
    """The slow pings for people."""
    return f"ping p99 {pings.p99_s * 1e3:.1f} ms, max {pings.max_s * 1e3:.0f} ms"


def report(n: int, outcome: Outcome) -> Report:
    """The report about n torrents."""
    kills, idle = outcome.kills, outcome.idle
    restored_s = [kill.restored_s for kill in kills]
    ready_s = [kill.ready_s for kill in kills]
    cpu_s = [median(each) for each in zip(*((k.supervisor_cpu_s, k.engine_cpu_s) for k in kills), strict=True)]
    cpu = idle.supervisor_cpu + idle.engine_cpu
    return Report(
        benchmark=f"many, {n} seeds",
        columns=("", "FOUND", ""),
        rows=[
            ("adds answered", f"{outcome.adds_s:.2f} s", f"{outcome.adds_s / n * 1e3:.2f} ms each"),
            (
                "adds, bare session",
                f"{outcome.bare_adds_s:.2f} s",
                f"Ouzel needs {outcome.adds_s / outcome.bare_adds_s:.1f} times as long",
            ),
            ("adds to all seeding", f"{outcome.all_seeding_s:.2f} s", ""),
            ("ping, idle", f"{outcome.calm.p50_s * 1e3:.2f} ms", told(outcome.calm)),
            ("memory (USS)", mb(idle.all_bytes), f"{mb(idle.supervisor_bytes)} + {mb(idle.engine_bytes)} + spare"),
            ("idle CPU", f"{cpu:.2%}", f"{idle.supervisor_cpu:.2%} + {idle.engine_cpu:.2%}"),
            ("idle, written", f"{idle.written_bytes} bytes", f"{outcome.announced} torrents had announced themselves"),
            ("kill to new engine", f"{median(ready_s):.2f} s", f"worst {max(ready_s):.2f} s"),
            ("kill to all back", f"{median(restored_s):.2f} s", f"worst {max(restored_s):.2f} s"),
            ("  CPU time for it", f"{sum(cpu_s):.2f} s", f"{cpu_s[0]:.2f} s + {cpu_s[1]:.2f} s"),
            ("kill to all told to seed", f"{outcome.told_seeding_s:.2f} s", "with a subscriber to all progress"),
            ("clean stop", f"{outcome.stop_s:.2f} s", f"right after a restore {outcome.stop_restored_s:.2f} s"),
            ("cold start to an answer", f"{outcome.cold_ping_s:.2f} s", ""),
            ("cold start to all seeding", f"{outcome.cold_seeding_s:.2f} s", ""),
        ],
        checks=_checks(n, outcome),
        notes=[
            f"{len(kills)} kills. What is added up is supervisor + engine. On a busy machine CPU time is "
            "steadier than seconds, and pings are as late as the machine lets their two processes run.",
        ],
        document={"torrents": n, **_plain(outcome)},
    )


def _checks(n: int, outcome: Outcome) -> list[Check]:
    kills, idle = outcome.kills, outcome.idle
    p99_s, max_s = max(kill.pings.p99_s for kill in kills), max(kill.pings.max_s for kill in kills)
    cpu, cpu_goal = idle.supervisor_cpu + idle.engine_cpu, idle_goal(n)
    memory_goal = MEMORY_BASE + MEMORY_GOAL * n
    return [
        Check("adds refused", str(outcome.refused), "0", outcome.refused == 0),
        Check("torrents lost", str(outcome.lost), "0", outcome.lost == 0),
        _goal("adds answered", outcome.adds_s, ADD_GOAL_S * n),
        _goal("kill to all back, median", median(kill.restored_s for kill in kills), BACK_GOAL_S * n),
        _goal("cold start to all seeding", outcome.cold_seeding_s, COLD_GOAL_S * n),
        _goal("list of all, median", median(outcome.lists_s), LIST_GOAL_S * n),
        _goal("page of 100, median", outcome.page_s, PAGE_GOAL_S),
        _goal("longest answer of health through a kill", max(kill.health_s for kill in kills), HEALTH_GOAL_S),
        Check(
            "ping p99 meanwhile, worst",
            f"{p99_s * 1e3:.1f} ms, max {max_s * 1e3:.0f} ms",
            f"<= {PING_GOAL_S * 1e3:g} ms",
            p99_s <= PING_GOAL_S,
            must=False,
        ),
        Check("memory (USS)", mb(idle.all_bytes), f"<= {mb(memory_goal)}", idle.all_bytes <= memory_goal, must=False),
        Check("idle CPU of both", f"{cpu:.2%}", f"<= {cpu_goal:.0%} of a core", cpu <= cpu_goal, must=False),
        Check("idle, written", f"{idle.written_bytes} bytes", "0 bytes", not idle.written_bytes, must=False),
    ]


def idle_goal(n: int) -> float:
    """The goal of the idle CPU time of n torrents, as a fraction of one core."""
    return next((goal for most, goal in IDLE_GOALS if n <= most), IDLE_GOALS[-1][1])


def _goal(what: str, found_s: float, goal_s: float) -> Check:
    return Check(what, f"{found_s:.3f} s", f"<= {goal_s:.4g} s", found_s <= goal_s, must=False)


def _plain(value: Any) -> Any:
    """Converts named tuples to dictionaries, recursively."""
    if hasattr(value, "_asdict"):
        return {name: _plain(member) for name, member in value._asdict().items()}
    return [_plain(member) for member in value] if isinstance(value, list) else value
