"""Small histories by hand, in which a test plants a violation."""

from typing import Any

from tools.chaos.checker.registers import DEFAULTS
from tools.chaos.checker.verdict import judge
from tools.chaos.history.entries import (
    Answered,
    Checkpoint,
    End,
    Ended,
    Entry,
    FaultBit,
    Finished,
    Invoked,
    Processes,
    Supervisor,
)
from tools.chaos.history.recorder import History
from tools.chaos.plan.plan import Header, Plan, PlannedOp

PID = 100
NEW = DEFAULTS
"""The values of a torrent that was added without arguments."""


class Planted:
    """A history that grows entry by entry. It begins with a running supervisor."""

    def __init__(self, *, faults: tuple[str, ...] = (), shrunk: bool = True) -> None:
        header = Header(
            seed=1,
            rounds=1,
            round_s=1,
            clients=1,
            torrents=1,
            downloads=1,
            faults=list(faults),
            shrunk=shrunk,
        )
        self.plan = Plan(header=header, ops=[], faults=[])
        self.entries: list[Entry] = [Supervisor(at=0.0, pid=PID, started=7)]

    def op(
        self,
        op: str,
        at: float,
        until: float,
        *,
        end: End = "ok",
        torrent: int = 0,
        answers: int = 1,
        sends: int = 1,
        ended: dict[str, Any] | None = None,
        **args: Any,
    ) -> int:
        """Adds an operation with its end and its replies. Returns its number."""
        number = len(self.plan.ops)
        self.plan.ops.append(PlannedOp(number=number, round=0, at_s=at, client=0, op=op, torrent=torrent, args=args))
        self.entries.append(Invoked(at=at, number=number, sends=sends))
        for _ in range(answers):
            self.entries.append(Answered(at=until, number=number, ok=end == "ok"))
        self.entries.append(Ended(at=until, number=number, end=end, **(ended or {})))
        return number

    def read(self, at: float, until: float, **values: Any) -> int:
        """Adds a read that finds these values; without any, that there is no torrent."""
        if not values:
            return self.op("get_torrent", at, until, end="fail", ended={"found": {}, "error": "unknown_torrent"})
        return self.op("get_torrent", at, until, ended={"found": NEW | values})

    def add(self, entry: Entry) -> None:
        """Adds any entry."""
        self.entries.append(entry)

    def checkpoint(self, at: float, **fields: Any) -> None:
        """Adds a checkpoint at which nothing is wrong, but for these fields."""
        self.add(Checkpoint(**({"at": at, "round": 0, "recovered_s": 0.1} | fields)))

    def sample(self, at: float, **fields: Any) -> None:
        """Adds a sample of processes in which nothing is wrong, but for these fields."""
        self.add(Processes(**({"at": at, "supervisor": PID, "started": 7} | fields)))

    def bit(self, at: float, fault: str = "kill", deaths: int = 1) -> None:
        """Adds the effect of a fault."""
        self.add(FaultBit(at=at, number=0, fault=fault, deaths=deaths))

    def found(self) -> set[str]:
        """The invariants that the checker finds violated, after an orderly end."""
        history = History(self.plan, [*self.entries, Finished(at=1e6, exit_code=0)])
        return {each.invariant for each in judge(history).violations}
