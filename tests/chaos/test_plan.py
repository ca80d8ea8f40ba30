"""Plans follow from their seeds, and survive being written."""

from pathlib import Path

from tools.chaos.history.entries import FaultBit
from tools.chaos.history.recorder import Recorder, read
from tools.chaos.plan.making import make
from tools.chaos.plan.plan import STEADY, Plan


def plan(seed: int = 1, **faults: int) -> Plan:
    """A plan of two rounds."""
    return make(seed=seed, rounds=2, round_s=10, faults=faults or {"kill": 3, "term": 1})


def test_one_seed_gives_one_plan() -> None:
    """And another seed another one."""
    assert plan() == plan()
    assert plan().ops != plan(seed=2).ops


def test_each_fault_is_planned() -> None:
    """If there is no room for all, the rare ones are left out, and the header says so."""
    assert {each.fault for each in plan().faults} == {"kill", "term"}
    many = {f"fault{number}": number + 1 for number in range(20)}
    few = plan(**many)
    assert few.header.faults == sorted({each.fault for each in few.faults})
    assert "fault19" in few.header.faults
    assert "fault0" not in few.header.faults


def test_steady_torrents_are_never_removed_and_only_they_are_changed_by_the_gateway() -> None:
    """A gateway skips unknown torrents without an error, so it must know them."""
    ops = plan().ops
    assert not [op for op in ops if op.op == "remove_torrent" and op.torrent < STEADY]
    assert {op.torrent for op in ops if op.via == "gateway"} <= set(range(STEADY))
    assert len({op.number for op in ops}) == len(ops)


def test_a_history_has_its_plan_and_leaves_out_a_torn_line(tmp_path: Path) -> None:
    """A killed run can be repeated."""
    path = tmp_path / "history"
    with Recorder(path, plan()) as recorder:
        recorder.record(FaultBit(at=1.5, number=0, fault="kill", deaths=1))
    with path.open("ab") as file:
        file.write(b'{"kind":"fault_b')
    found = read(path)
    assert found.plan == plan()
    assert found.entries == recorder.entries
