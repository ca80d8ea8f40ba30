from hypothesis import given
from hypothesis import strategies as st

from engine_proc.session.queue_moves import Move, Step, moves

queues = st.lists(st.integers(0, 30).map(str), unique=True, max_size=12)


def perform(queue: list[str], found: list[Move]) -> list[str]:
    """The queue after these moves, as libtorrent makes them."""
    queue = list(queue)
    for torrent, step, times in found:
        for _ in range(times):
            at = queue.index(torrent)
            place = {Step.TOP: 0, Step.BOTTOM: len(queue) - 1, Step.UP: max(0, at - 1), Step.DOWN: at + 1}[step]
            queue.insert(place, queue.pop(at))
    return queue


@given(present=queues, wanted=queues)
def test_the_moves_lead_to_the_wanted_order(present: list[str], wanted: list[str]) -> None:
    """And then there are none; torrents that are not wanted follow in their order."""
    first = [each for each in wanted if each in present]
    found = moves(present, wanted)
    after = perform(present, found)
    assert after == [*first, *(each for each in present if each not in first)]
    assert moves(after, wanted) == []
    assert sum(move.times for move in found) <= len(present)


def test_one_torrent_is_moved_by_one_step() -> None:
    """Whatever the size of the queue."""
    queue = [str(number) for number in range(1000)]
    assert moves(queue, ["999", *queue[:-1]]) == [Move("999", Step.TOP)]
    assert moves(queue, [*queue[1:], "0"]) == [Move("0", Step.BOTTOM)]
    up = [*queue[:500], "501", "500", *queue[502:]]
    assert moves(queue, up) in ([Move("501", Step.UP)], [Move("500", Step.DOWN)])
