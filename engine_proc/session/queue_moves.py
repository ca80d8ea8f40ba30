"""Computes the moves that put a queue in order. Pure.

libtorrent's binding can only move a torrent to the top or the bottom, or by one place.
"""

from collections.abc import Iterable, Sequence
from enum import Enum
from typing import NamedTuple


class Step(Enum):
    """A move of libtorrent's."""

    TOP = "top"
    BOTTOM = "bottom"
    UP = "up"
    DOWN = "down"


class Move(NamedTuple):
    """A step of one torrent, which is repeated `times` times."""

    torrent: str
    step: Step
    times: int = 1


def moves(present: Sequence[str], wanted: Iterable[str]) -> list[Move]:
    """Returns the moves that bring the torrents in `wanted` to the top, in this order. All other torrents keep their
    order.

    Args:
        present: the queue. If a torrent in `wanted` is not in the queue, it is ignored.
    """
    there = set(present)
    first = [torrent for torrent in wanted if torrent in there]
    named = set(first)
    target = [*first, *(torrent for torrent in present if torrent not in named)]
    start, end = _differing(present, target)
    if start == end:
        return []
    place = {torrent: index for index, torrent in enumerate(present)}
    part = target[start:end]
    head = part[: len(part) - _in_order([-place[torrent] for torrent in reversed(part)])]
    tail = part[_in_order([place[torrent] for torrent in part]) :]
    up, down = _upwards(list(present), head, start), _downwards(list(present), tail, end)
    best = min((up, down), key=_cost)
    return best if _cost(best) <= len(target) else [Move(torrent, Step.BOTTOM) for torrent in target]


def _differing(present: Sequence[str], target: Sequence[str]) -> tuple[int, int]:
    """The range in which the lists differ. Outside of this range they are equal."""
    start, end = 0, len(target)
    while start < end and present[start] == target[start]:
        start += 1
    while end > start and present[end - 1] == target[end - 1]:
        end -= 1
    return start, end


def _in_order(places: Sequence[int]) -> int:
    """How many of the first numbers are in ascending order."""
    count = 1
    while count < len(places) and places[count - 1] < places[count]:
        count += 1
    return count


def _upwards(queue: list[str], head: Sequence[str], start: int) -> list[Move]:
    """The moves that bring the first torrents of a range to their places. The places begin at `start`."""
    if start == 0:
        return [Move(torrent, Step.TOP) for torrent in reversed(head)]
    found = []
    for index, torrent in enumerate(head, start):
        at = queue.index(torrent)
        queue.insert(index, queue.pop(at))
        found.append(Move(torrent, Step.UP, at - index))
    return [move for move in found if move.times]


def _downwards(queue: list[str], tail: Sequence[str], end: int) -> list[Move]:
    """The moves that bring the last torrents of a range to their places. The places end before `end`."""
    if end == len(queue):
        return [Move(torrent, Step.BOTTOM) for torrent in tail]
    found = []
    for index, torrent in enumerate(reversed(tail)):
        at, place = queue.index(torrent), end - 1 - index
        queue.insert(place, queue.pop(at))
        found.append(Move(torrent, Step.DOWN, place - at))
    return [move for move in found if move.times]


def _cost(found: Sequence[Move]) -> int:
    return sum(move.times for move in found)
