"""Shrinking leaves what a failure needs."""

from hypothesis import given
from hypothesis import strategies as st

from tools.chaos.plan.making import make
from tools.chaos.plan.plan import STEADY, Plan
from tools.chaos.shrink.ddmin import ddmin
from tools.chaos.shrink.shrink import shrink


@given(st.integers(0, 40), st.data())
def test_ddmin_keeps_what_fails(length: int, data: st.DataObject) -> None:
    """And nothing else."""
    needed = data.draw(st.sets(st.sampled_from(range(length)))) if length else set()
    kept = ddmin(range(length), lambda part: needed <= set(part), tries=10_000)
    assert set(kept) == needed


def test_ddmin_stops_in_time() -> None:
    """Each try is a run of a real daemon."""
    calls: list[int] = []

    def passes(part: list[int]) -> bool:
        calls.append(len(part))
        return False

    ddmin(range(100), passes, tries=7)
    assert len(calls) == 7


def test_shrink_keeps_one_fault_and_one_operation() -> None:
    """The adds of steady torrents stay, too."""
    plan = make(seed=1, rounds=3, round_s=5, faults={"kill": 1, "term": 1})
    fault = plan.faults[-1]
    op = next(op for op in reversed(plan.ops) if op.op == "pause")

    def fails(part: Plan) -> bool:
        return fault.chance in {each.chance for each in part.faults} and op.number in {each.number for each in part.ops}

    small = shrink(plan, fails, lambda text: None, tries=1000)
    assert [each.chance for each in small.faults] == [fault.chance]
    assert len(small.ops) == 1 + STEADY
    assert small.header.shrunk
    assert small.header.rounds == len({op.round for op in small.ops if op.round >= 0} | {small.faults[0].round})
