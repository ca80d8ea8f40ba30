"""The checker finds a planted violation of each invariant, and nothing in a right history."""

from collections.abc import Callable

import pytest

from tests.chaos.planted import NEW, PID, Planted
from tools.chaos.checker import verdict
from tools.chaos.checker.violation import INVARIANTS
from tools.chaos.history.entries import (
    Aborted,
    Answered,
    Checkpoint,
    Finished,
    Heard,
    Probe,
    Resources,
    Supervisor,
)
from tools.chaos.history.recorder import History


def heard(at: float, seq: int, *, epoch: str = "e", tick: bool = False) -> Heard:
    """A message of the stream."""
    return Heard(at=at, subscriber=0, epoch=epoch, seq=seq, tick=tick)


def checkpoint(**fields: object) -> Callable[[Planted], None]:
    """Plants a checkpoint."""
    return lambda planted: planted.checkpoint(9.0, **fields)


def lost_update(planted: Planted) -> None:
    """A change is acknowledged, and a later read finds the old value."""
    planted.op("add_torrent", 1, 2)
    planted.op("update_limits", 3, 4, download_bps=5)
    planted.read(5, 6, download_bps=0)


def lost_on_disk(planted: Planted) -> None:
    """A change is acknowledged, and is not in the record at the end."""
    planted.op("add_torrent", 1, 2)
    planted.op("update_limits", 3, 4, download_bps=5)
    planted.checkpoint(9, torrents={0: NEW | {"download_bps": 5}}, disk={0: NEW})


def lost_torrent(planted: Planted) -> None:
    """An add is acknowledged, and the torrent is not there."""
    planted.op("add_torrent", 1, 2)
    planted.read(5, 6)


def back_again(planted: Planted) -> None:
    """A torrent is removed, and is there again."""
    planted.op("add_torrent", 1, 2)
    planted.op("remove_torrent", 3, 4)
    planted.read(5, 6, paused=False)


def stale_read(planted: Planted) -> None:
    """A read finds a new value, and a later read the old one."""
    planted.op("add_torrent", 1, 2)
    planted.op("pause", 3, 20)
    planted.read(4, 5, paused=True)
    planted.read(6, 7, paused=False)


def refused_but_done(planted: Planted) -> None:
    """A change is refused, and happens all the same."""
    planted.op("add_torrent", 1, 2)
    planted.op("update_limits", 3, 4, end="fail", download_bps=5)
    planted.read(5, 6, download_bps=5)


def no_reply(planted: Planted) -> None:
    """A request gets no reply, though the supervisor runs."""
    planted.op("pause", 1, 9, end="unknown", answers=0)


def two_replies(planted: Planted) -> None:
    """A request gets two replies."""
    planted.op("add_torrent", 1, 2, answers=2)


def late_reply(planted: Planted) -> None:
    """A request is answered after its deadline."""
    number = planted.op("pause", 11, 19, end="unknown", answers=0)
    planted.add(Answered(at=20, number=number, ok=True, late=True))


def refused_after_ok(planted: Planted) -> None:
    """A request that was sent twice is acknowledged, and then refused."""
    number = planted.op("add_torrent", 1, 2, sends=2)
    planted.add(Answered(at=3, number=number, ok=False, error="invalid_argument"))


def gap(planted: Planted) -> None:
    """An event is missing."""
    for entry in (heard(1, 5), heard(2, 7)):
        planted.add(entry)


def lost_tail(planted: Planted) -> None:
    """A tick is ahead of the last event."""
    for entry in (heard(1, 5), heard(2, 6, tick=True)):
        planted.add(entry)


def repeated_event(planted: Planted) -> None:
    """An event comes twice."""
    for entry in (heard(1, 5), heard(2, 5)):
        planted.add(entry)


def old_epoch(planted: Planted) -> None:
    """An epoch comes back."""
    for entry in (heard(1, 5), heard(2, 1, epoch="f"), heard(3, 6)):
        planted.add(entry)


def silence(planted: Planted) -> None:
    """No tick comes for a long time."""
    for entry in (heard(1, 5, tick=True), heard(30, 5, tick=True)):
        planted.add(entry)


def two_sessions(planted: Planted) -> None:
    """Two engines have a session at once."""
    planted.sample(1, sessions=[1, 2])


def another_supervisor(planted: Planted) -> None:
    """The supervisor has another start time, or has died."""
    planted.sample(1, started=0)


def orphan(planted: Planted) -> None:
    """An engine outlives its supervisor."""
    planted.add(Supervisor(at=1, pid=PID, started=0))
    for tenth in range(50):
        planted.sample(1 + tenth / 10, supervisor=0, started=0, engines={str(PID): [5]})


def zombie(planted: Planted) -> None:
    """A dead engine is not reaped."""
    for tenth in range(50):
        planted.sample(1 + tenth / 10, zombies=[5])


def growth(planted: Planted) -> None:
    """The supervisor's descriptors grow."""
    for number in range(1, 4):
        planted.checkpoint(
            number, round=number, resources=Resources(pid=PID, fds=20 * number, threads=9, children=2, uss=1)
        )


def refused_while_healthy(planted: Planted) -> None:
    """A change is refused while the service says that it is healthy."""
    planted.add(Probe(at=1, status="healthy", after="healthy", ok=False, error="storage_unavailable"))


def fetched_twice(planted: Planted) -> None:
    """The seed has uploaded a download twice, and no engine died."""
    planted.op("add_torrent", 1, 2, torrent=1)
    planted.checkpoint(9, uploaded={1: 20_000_000})


def aborted(planted: Planted) -> None:
    """The daemon stopped to answer."""
    planted.add(Aborted(at=1, problem="no answer"))


PLANTED: dict[Callable[[Planted], None], str] = {
    lost_update: "linearizable",
    lost_on_disk: "linearizable",
    lost_torrent: "linearizable",
    back_again: "linearizable",
    stale_read: "linearizable",
    refused_but_done: "linearizable",
    no_reply: "one_outcome",
    two_replies: "one_outcome",
    late_reply: "one_outcome",
    refused_after_ok: "one_outcome",
    gap: "events",
    lost_tail: "events",
    repeated_event: "events",
    old_epoch: "events",
    silence: "events",
    checkpoint(table=["x is only in the table"]): "table",
    checkpoint(recovered_s=None, troubles=["x"]): "recovers",
    aborted: "recovers",
    checkpoint(torrents={0: {}}, disk={0: NEW}): "disk",
    checkpoint(files={1: False}): "files",
    fetched_twice: "fetched_twice",
    another_supervisor: "supervisor",
    two_sessions: "one_session",
    orphan: "orphans",
    zombie: "zombies",
    growth: "resources",
    refused_while_healthy: "healthy",
    checkpoint(quarantined=[0]): "innocent",
    checkpoint(outside=["new: x"]): "outside",
    checkpoint(strangers=["ab"]): "outside",
}


@pytest.mark.parametrize(("plant", "invariant"), PLANTED.items())
def test_each_planted_violation_is_found(plant: Callable[[Planted], None], invariant: str) -> None:
    """It is found by its invariant."""
    planted = Planted()
    plant(planted)
    assert invariant in planted.found()


@pytest.mark.parametrize(
    ("finished", "invariant"),
    [
        (Finished(at=1, exit_code=1), "exit"),
        (Finished(at=1, exit_code=0, left=[5]), "exit"),
        (Finished(at=1, exit_code=0, claimed={1: 2}), "claimed"),
    ],
)
def test_a_bad_end_is_found(finished: Finished, invariant: str) -> None:
    """The end is the last entry."""
    history = History(Planted().plan, [finished])
    assert [each.invariant for each in verdict.judge(history).violations] == [invariant]


def test_each_invariant_has_a_planted_violation() -> None:
    """So no check is dead code."""
    assert set(PLANTED.values()) | {"exit", "claimed"} == set(INVARIANTS)


def test_a_right_history_has_no_violation() -> None:
    """With unknown ends, a restart of the supervisor, a removal, and a kill."""
    planted = Planted()
    planted.op("add_torrent", 1, 2, labels=["a"])
    planted.op("update_limits", 3, 9, end="unknown", answers=0, download_bps=5)
    planted.add(Supervisor(at=4, pid=PID, started=0))
    planted.add(Supervisor(at=5, pid=PID + 1, started=8))
    planted.sample(5.5, supervisor=PID + 1, started=8, engines={str(PID + 1): [7]}, sessions=[7])
    planted.read(10, 11, download_bps=0, labels=["a"])
    planted.read(12, 13, download_bps=5, labels=["a"])
    planted.op("add_torrent", 14, 15, ended={"duplicate": True})
    planted.op("remove_torrent", 16, 17)
    planted.read(18, 19)
    planted.op("add_torrent", 20, 21)
    planted.op("add_torrent", 22, 23, torrent=1)
    planted.bit(24)
    for entry in (heard(1, 5), heard(2, 6), heard(3, 6, tick=True), heard(6, 1, epoch="f")):
        planted.add(entry)
    planted.checkpoint(30, torrents={0: NEW}, disk={0: NEW}, files={1: True}, uploaded={1: 6_500_000})
    assert planted.found() == set()


def test_a_run_without_traffic_or_bite_is_invalid() -> None:
    """It is not green."""
    planted = Planted(faults=("kill",), shrunk=False)
    planted.checkpoint(1)
    judged = verdict.judge(History(planted.plan, [*planted.entries, Finished(at=2, exit_code=0)]))
    assert judged.exit_code == 3
    assert judged.invalid == ["only 0 changes were acknowledged in 0 rounds", "the fault kill never bit"]


def test_a_run_without_an_end_is_invalid() -> None:
    """A violation counts all the same."""
    planted = Planted()
    assert verdict.judge(History(planted.plan, planted.entries)).exit_code == 3
    planted.add(Checkpoint(at=1, round=0, recovered_s=None))
    assert verdict.judge(History(planted.plan, planted.entries)).exit_code == 1
