from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine_proc.resume.pieces import ClaimedFile
from engine_proc.storage.storage_policy import (
    CALM_S,
    HEADROOM,
    LOOK_MAX_S,
    LOOK_S,
    Action,
    Measured,
    Missing,
    Present,
    Space,
    WriteFailed,
    judge,
    step,
)

A = ClaimedFile(0, "/mnt/disk/t/a", 100)
B = ClaimedFile(2, "/mnt/disk/t/b", 50)
ROOM = Measured(free_bytes=HEADROOM, free_inodes=1, lacking_bytes=10 * HEADROOM)


@pytest.mark.parametrize(
    ("actual", "claimed", "sizes", "waits_for"),
    [
        ("/mnt/disk", [], [], None),
        ("/mnt/disk", [A, B], [100, 50], None),
        ("/mnt/disk", [A, B], [None, None], "/mnt/disk"),
        ("/", [], [], "/mnt/disk"),
        ("/", [A, B], [None, None], "/mnt/disk"),
        ("/", [A, B], [100, None], "/mnt/disk"),
        ("/", [A, B], [100, 49], "/mnt/disk"),
        ("/", [A, B], [100, 51], None),
        ("/mnt/disk/t", [], [], None),
        ("/mnt/disk/t", [A, B], [None, None], "/mnt/disk/t"),
    ],
)
def test_what_waits_for_its_storage(
    actual: str, claimed: list[ClaimedFile], sizes: list[int | None], waits_for: str | None
) -> None:
    """Without the mount, all claimed files must exist; with the mount, one file is enough."""
    verdict = judge(expected="/mnt/disk", actual=actual, claimed=claimed, sizes=sizes)
    assert (verdict.mount_point if isinstance(verdict, Missing) else None) == waits_for


def test_what_is_lost_of_a_torrent_that_is_there_is_named() -> None:
    """By file number, with the remaining size; a longer file is not truncated."""
    verdict = judge(expected="", actual="/", claimed=[A, B], sizes=[None, 50])
    assert verdict == Present({0: 0})
    assert judge(expected="", actual="/", claimed=[A, B], sizes=[99, 51]) == Present({0: 99})


@given(st.lists(st.tuples(st.integers(1, 9), st.none() | st.integers(0, 9)), max_size=4), st.booleans())
def test_claims_that_do_not_hold_never_pass(files: Sequence[tuple[int, int | None]], unmounted: bool) -> None:
    """For each loaded torrent, every claimed file is long enough or reported as truncated."""
    claimed = [ClaimedFile(number, str(number), end) for number, (end, _) in enumerate(files)]
    sizes = [size for _, size in files]
    verdict = judge(expected="/a/b", actual="/a" if unmounted else "/a/b", claimed=claimed, sizes=sizes)
    wrong = {number: size or 0 for number, (end, size) in enumerate(files) if size is None or size < end}
    match verdict:
        case Present(short):
            assert short == wrong
            assert not (unmounted and (short or not files))
        case Missing():
            assert unmounted or all(size is None for size in sizes)


def test_a_full_file_system_has_room_again_once_there_is_some() -> None:
    """Not before its time, not without inodes; as much as is needed is enough."""
    full, action = step(Space(), WriteFailed(), 1000.0)
    assert (full.full, action) == (True, Action.HOLD)
    assert step(full, WriteFailed(), 1001.0) == (full, None)
    assert step(full, ROOM, 1000.0 + LOOK_S / 2) == (full, None)
    later = 1000.0 + LOOK_S
    assert step(full, ROOM._replace(free_inodes=0), later) == (full, None)
    assert step(full, ROOM._replace(free_bytes=HEADROOM - 1), later) == (full, None)
    assert step(full, Measured(0, 1, 0), later) == (full, None)
    for enough in (ROOM, Measured(5, 1, 5), Measured(1, 1, 0)):
        free, action = step(full, enough, later)
        assert (free.full, action) == (False, Action.RELEASE)
        assert step(free, ROOM, later + 1) == (free, None)


def test_one_that_only_looks_roomy_is_tried_less_and_less_often() -> None:
    """The delay doubles up to a bound, and starts again after a calm time."""
    space, now, waited = Space(), 0.0, []
    for _ in range(10):
        space, _ = step(space, WriteFailed(), now)
        began = now
        now = space.full_until
        space, action = step(space, ROOM, now)
        assert action is Action.RELEASE
        waited.append(now - began)
    assert waited == [min(LOOK_MAX_S, LOOK_S * 2**turn) for turn in range(10)]
    space, _ = step(space, WriteFailed(), now + CALM_S)
    assert space.full_until == now + CALM_S + LOOK_S


@given(
    st.lists(
        st.tuples(
            st.floats(0, 200), st.one_of(st.just(WriteFailed()), st.builds(Measured, *[st.integers(0, 2**26)] * 3))
        )
    )
)
def test_holding_and_releasing_take_turns(inputs: Sequence[tuple[float, WriteFailed | Measured]]) -> None:
    """Each hold is followed by one release and vice versa, and the state has the last one."""
    space, now, last = Space(), 0.0, Action.RELEASE
    for wait, event in inputs:
        now += wait
        space, action = step(space, event, now)
        assert action is None or action is not last
        last = action or last
        assert space.full is (last is Action.HOLD)
