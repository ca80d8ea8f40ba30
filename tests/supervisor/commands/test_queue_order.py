from hypothesis import given
from hypothesis import strategies as st

from protocol.wire.commands.queue_commands import QueueMove
from supervisor.commands.queue_order import insert, move

Queue = list[tuple[str, int]]


def sorted_queue(numbers: dict[str, int]) -> Queue:
    """The queue as it is sorted: by number, then by id."""
    return [(torrent, number) for number, torrent in sorted((number, torrent) for torrent, number in numbers.items())]


def after(queue: Queue, moved: set[str], where: QueueMove) -> list[str]:
    """The order after a move, sorted anew."""
    return [torrent for torrent, _ in sorted_queue(dict(queue) | move(queue, moved, where))]


QUEUE: Queue = [("a", 10), ("b", 20), ("c", 20), ("d", 21)]
queues = st.dictionaries(st.sampled_from("abcdefgh"), st.integers(0, 12)).map(sorted_queue)
choices = st.sets(st.sampled_from("abcdefgh"))


def test_one_torrent_is_moved() -> None:
    """At an end nothing happens."""
    assert after(QUEUE, {"c"}, QueueMove.TOP) == ["c", "a", "b", "d"]
    assert after(QUEUE, {"c"}, QueueMove.UP) == ["a", "c", "b", "d"]
    assert after(QUEUE, {"b"}, QueueMove.DOWN) == ["a", "c", "b", "d"]
    assert after(QUEUE, {"b"}, QueueMove.BOTTOM) == ["a", "c", "d", "b"]
    for torrent, where in (("a", QueueMove.TOP), ("a", QueueMove.UP), ("d", QueueMove.DOWN), ("d", QueueMove.BOTTOM)):
        assert move(QUEUE, {torrent}, where) == {}


def test_others_keep_their_numbers_where_there_is_room() -> None:
    """So one record is written in most cases."""
    assert move(QUEUE, {"d"}, QueueMove.TOP).keys() == {"d"}
    assert move(QUEUE, {"a"}, QueueMove.BOTTOM) == {"a": 22}
    assert move([("a", 10), ("b", 20), ("c", 30)], {"c"}, QueueMove.UP) == {"c": 15}
    assert move(QUEUE, {"c"}, QueueMove.UP) == {"c": 15}
    assert move([("a", 1), ("b", 2), ("c", 3)], {"c"}, QueueMove.UP) == {"c": 2, "b": 3}


@given(queue=queues, moved=choices, where=st.sampled_from(QueueMove))
def test_the_new_numbers_give_the_new_order(queue: Queue, moved: set[str], where: QueueMove) -> None:
    """Whatever the numbers are, also equal ones; nobody is lost, and the chosen keep their order."""
    order, found = [torrent for torrent, _ in queue], after(queue, moved, where)
    assert sorted(found) == sorted(order)
    chosen, others = ([each for each in order if (each in moved) is inside] for inside in (True, False))
    assert [each for each in found if each in moved] == chosen
    assert [each for each in found if each not in moved] == others
    if where is QueueMove.TOP:
        assert found == chosen + others
    if where is QueueMove.BOTTOM:
        assert found == others + chosen
    if where is QueueMove.UP:
        assert all(order.index(each) - found.index(each) in (0, 1) for each in chosen)
    if where is QueueMove.DOWN:
        assert all(found.index(each) - order.index(each) in (0, 1) for each in chosen)


def test_a_new_torrent_is_inserted() -> None:
    """Others keep their numbers where there is room; beyond the end it is the last."""
    assert insert([], 3) == (1, {})
    assert insert([("a", 10), ("b", 20)], 1) == (15, {})
    assert insert([("a", 10), ("b", 20)], 9) == (21, {})
    assert insert([("a", 10), ("b", 10), ("c", 12)], 1) == (11, {"b": 12, "c": 13})


@given(queue=queues, position=st.integers(0, 10))
def test_an_inserted_torrent_has_its_position(queue: Queue, position: int) -> None:
    """Whatever the numbers are; the others keep their order."""
    number, others = insert(queue, position)
    found = [torrent for torrent, _ in sorted_queue(dict(queue) | others | {"new": number})]
    order = [torrent for torrent, _ in queue]
    assert found == [*order[:position], "new", *order[position:]]
