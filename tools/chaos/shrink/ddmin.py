"""Delta debugging: finds a small part of a list that still fails. Pure."""

from collections.abc import Callable, Sequence
from typing import TypeVar

T = TypeVar("T")


def ddmin(items: Sequence[T], fails: Callable[[list[T]], bool], *, tries: int) -> list[T]:
    """Returns a small part of `items` that still fails. With enough `tries`, the failure needs each of its items.

    Args:
        items: a list that fails.
        fails: whether a part fails.
        tries: the maximum number of calls of `fails`.
    """
    kept, chunks = list(items), 2
    while kept and tries > 0:
        size = -(-len(kept) // chunks)
        for start in range(0, len(kept), size):
            if tries <= 0:
                return kept
            rest = kept[:start] + kept[start + size :]
            tries -= 1
            if fails(rest):
                kept, chunks = rest, max(2, chunks - 1)
                break
        else:
            if size == 1:
                return kept
            chunks = min(len(kept), 2 * chunks)
    return kept
