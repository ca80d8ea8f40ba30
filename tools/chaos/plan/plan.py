"""The types of a plan. Pure."""

from typing import Any, Final, Literal

import msgspec

Via = Literal["wire", "gateway"]

SESSION: Final = -1
"""The index that stands for the session, in place of a torrent."""

STEADY: Final = 3
"""Torrents with an index below this number are added first and are never removed. The gateway changes only them."""


class PlannedOp(msgspec.Struct, frozen=True, kw_only=True, tag="planned_op", tag_field="kind", omit_defaults=True):
    """One operation.

    Fields:
        number: identifies the operation within the run.
        round: the number of the round. -1 before the first round.
        at_s: the time within the round.
        client: the index of the client.
        op: the name of the command.
        torrent: the index of the torrent. `SESSION` if the operation is about the session.
        args: the arguments, without the torrent.
        applied: whether the client waits until libtorrent has confirmed the change.
        twice: whether the client sends the request twice, with one id.
        via: `wire`: over the daemon's socket. `gateway`: over HTTP.
    """

    number: int
    round: int
    at_s: float
    client: int
    op: str
    torrent: int
    args: dict[str, Any] = {}
    applied: bool = False
    twice: bool = False
    via: Via = "wire"


class PlannedFault(msgspec.Struct, frozen=True, kw_only=True, tag="planned_fault", tag_field="kind"):
    """One fault. `chance` is the seed of the fault's random decisions."""

    number: int
    round: int
    at_s: float
    fault: str
    chance: int


class Header(msgspec.Struct, frozen=True, kw_only=True, tag="header", tag_field="kind", omit_defaults=True):
    """The parameters of a run.

    Fields:
        faults: the names of the faults that the run plays.
        torrents: the number of small torrents without peers. Clients change them.
        downloads: the number of torrents that are downloaded from the seed.
        shrunk: whether the plan is a part of a larger plan. If so, the run may have little traffic.
    """

    seed: int
    rounds: int
    round_s: float
    clients: int
    torrents: int
    downloads: int
    faults: list[str]
    shrunk: bool = False


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """All operations and faults of a run, in order."""

    header: Header
    ops: list[PlannedOp]
    faults: list[PlannedFault]

    def first(self) -> list[PlannedOp]:
        """The operations before the first round: the adds of all torrents."""
        return [op for op in self.ops if op.round < 0]

    def ops_of(self, number: int) -> list[PlannedOp]:
        """The operations of one round."""
        return [op for op in self.ops if op.round == number]

    def faults_of(self, number: int) -> list[PlannedFault]:
        """The faults of one round."""
        return [fault for fault in self.faults if fault.round == number]
