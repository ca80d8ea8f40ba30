"""Computes new places in the queue. Pure.

A place is a number. The queue is sorted by these numbers. A move changes the numbers of only a few torrents.
"""

from collections.abc import Collection, Sequence
from typing import Final

from protocol.wire.commands.queue_commands import QueueMove

ROOM: Final = 1000
"""The distance between numbers at the top. It leaves room for torrents between two others.

At the bottom there is no such distance. There, the number of a new torrent is the current time, and this number must be
the greatest.
"""

_NEW: Final = ""
"""Stands for the id of a torrent that is added."""


def move(queue: Sequence[tuple[str, int]], moved: Collection[str], where: QueueMove) -> dict[str, int]:
    """Returns the torrents that get another number, with their new numbers, in their new order.

    Args:
        queue: the torrents in their order, with their numbers.
        moved: the torrents to move. Their relative order stays.
    """
    before = [torrent for torrent, _ in queue]
    after = _moved(before, moved, where)
    return _numbers(after, dict(queue), moved) if after != before else {}


def insert(queue: Sequence[tuple[str, int]], position: int) -> tuple[int, dict[str, int]]:
    """Returns the number for a new torrent at a position, and the new numbers of torrents that make room.

    Args:
        queue: the torrents in their order, with their numbers.
        position: 0 is the first place. Beyond the end, the torrent becomes the last.
    """
    order = [torrent for torrent, _ in queue]
    order.insert(position, _NEW)
    numbers = _numbers(order, dict(queue), {_NEW})
    return numbers.pop(_NEW), numbers


def _moved(order: list[str], moved: Collection[str], where: QueueMove) -> list[str]:
    chosen = [torrent for torrent in order if torrent in moved]
    others = [torrent for torrent in order if torrent not in moved]
    match where:
        case QueueMove.TOP:
            return chosen + others
        case QueueMove.BOTTOM:
            return others + chosen
        case QueueMove.UP:
            return _up(order, moved)
        case QueueMove.DOWN:
            return _up(order[::-1], moved)[::-1]


def _up(order: list[str], moved: Collection[str]) -> list[str]:
    order = list(order)
    for index in range(1, len(order)):
        if order[index] in moved and order[index - 1] not in moved:
            order[index - 1], order[index] = order[index], order[index - 1]
    return order


def _numbers(order: Sequence[str], numbers: dict[str, int], moved: Collection[str]) -> dict[str, int]:
    """The numbers of a new order. Torrents that were not moved keep their numbers if there is room."""
    changed: dict[str, int] = {}
    at, last = 0, None
    while at < len(order):
        run = at
        while run < len(order) and order[run] in moved:
            run += 1
        following = numbers[order[run]] if run < len(order) else None
        for place, torrent in enumerate(order[at:run], 1):
            changed[torrent] = _between(last, following, place, run - at)
        last = changed[order[run - 1]] if run > at else last
        if following is not None:
            if last is not None and following <= last and (run > at or order[run - 1] in changed):
                following = changed[order[run]] = last + 1
            last = following
        at = run + 1
    return {torrent: number for torrent, number in changed.items() if number != numbers.get(torrent)}


def _between(last: int | None, following: int | None, place: int, count: int) -> int:
    """Returns the number of the torrent at `place` among `count` moved torrents in a row. The numbers of the neighbours
    of this row are `last` and `following`. At an end of the queue, there is no neighbour.
    """
    if last is None:
        return place if following is None else following - (count + 1 - place) * ROOM
    if following is None or following - last <= count:
        return last + place
    return last + (following - last) * place // (count + 1)
