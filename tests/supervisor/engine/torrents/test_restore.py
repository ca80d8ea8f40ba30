from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from protocol.wire.rows import ACTIVE_STATES, TorrentState
from supervisor.engine.torrents.restore import Order, Restore
from tests.supervisor.samples import desired

pytestmark = pytest.mark.slow

IDS = [f"{number:040x}" for number in range(40)]


class RestoreMachine(RuleBasedStateMachine):
    """Any order of sending, loading and removing, compared with a plain count."""

    @initialize(count=st.integers(0, 40), window=st.integers(1, 12), chunk=st.integers(1, 12))
    def begin(self, count: int, window: int, chunk: int) -> None:
        self.restore = Restore(window=window, chunk=chunk)
        self.window, self.chunk = window, chunk
        self.start(count)

    def start(self, count: int) -> None:
        self.left = IDS[:count]
        self.given: list[str] = []
        self.ends = 0
        self.restore.begin(count)
        self.restore.admit(self.left, seen=count)
        self.restore.arrange(iter(list(self.left)))

    @rule(count=st.integers(0, 40))
    def next_engine(self, count: int) -> None:
        self.start(count)

    @rule()
    def give(self) -> None:
        chosen = self.restore.next()
        waiting = [torrent for torrent in self.left if torrent not in self.given]
        assert chosen == waiting[: len(chosen)], "in order, each once, none of those that are done"
        assert len(chosen) <= self.chunk
        on_the_way = [torrent for torrent in self.given if torrent in self.left]
        assert chosen or not waiting or len(on_the_way) > self.window // 2, "nothing is held back without need"
        self.given += chosen

    @rule(data=st.data())
    def take_up(self, data: st.DataObject) -> None:
        torrent = data.draw(st.sampled_from(IDS))
        last = self.restore.taken_up(torrent)
        assert last == (self.left == [torrent])
        if torrent in self.left:
            self.left.remove(torrent)

    @invariant()
    def counts(self) -> None:
        if hasattr(self, "restore"):
            assert self.restore.done == self.restore.total - len(self.left)
            on_the_way = [torrent for torrent in self.given if torrent in self.left]
            assert len(on_the_way) <= self.window // 2 + self.chunk


TestRestore = RestoreMachine.TestCase


@given(
    st.lists(
        st.tuples(st.sampled_from([*TorrentState, None]), st.booleans(), st.integers(0, 9)),
        max_size=len(IDS),
    ),
    st.integers(1, len(IDS)),
)
def test_what_was_at_work_comes_first_and_the_newest_of_them_first(
    torrents: Sequence[tuple[TorrentState | None, bool, int]], size: int
) -> None:
    """Every torrent once, for any size of the slices. The three rules of `Order` decide."""
    known = {
        key: desired(key, paused=paused, added_us=added) for key, (_, paused, added) in zip(IDS, torrents, strict=False)
    }
    states = {key: state for key, (state, _, _) in zip(IDS, torrents, strict=False) if state is not None}
    order = Order(known, size=size)
    while order.more:
        found = order.next()
        assert 0 < len(found) <= size
        order.put((known[key] for key in found), states.get)
    found = list(order)
    assert sorted(found) == sorted(known)
    ranks = [(states.get(key) not in ACTIVE_STATES, known[key].paused, -known[key].added_us) for key in found]
    assert ranks == sorted(ranks)


def test_torrents_that_may_not_be_loaded_leave_the_restore() -> None:
    """The total shrinks, and nothing is sent before all slices are in order."""
    restore = Restore()
    restore.begin(5)
    assert (restore.done, restore.total) == (0, 5)
    restore.admit(IDS[:1], seen=3)
    assert (restore.done, restore.total, restore.next()) == (0, 3, [])
    assert not restore.taken_up(IDS[0]), "two torrents were not looked at"
    restore.admit([], seen=2)
    restore.arrange(iter(IDS[:1]))
    assert (restore.done, restore.total, restore.next()) == (1, 1, [])
