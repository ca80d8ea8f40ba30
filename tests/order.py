"""The order of a parallel run: each worker begins with its share of the long tests, those that start processes.

The slowest of them come first, as recorded in `timings.SLOW`. They wait most of their time, and overlap.

pytest-xdist (`--dist=worksteal`) gives each worker an equal, contiguous part of all tests, and later moves tests from
the end of the longest queue to a worker that has none left. Were long tests last, the other workers would wait for
them. The order of all others stays pytest-randomly's within both kinds. Tests of a module marked `shared` stay
together.
"""

import os
from collections.abc import Callable, Iterable, Sequence
from itertools import chain, groupby
from typing import TypeVar

import pytest

from tests import timings

T = TypeVar("T")

USUAL_S = 1.0
"""The seconds that a long test takes if it is not recorded."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Orders the tests; all workers come to the same order, as they have to, since they have the same seed."""
    workers = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "0"))
    if not workers:
        return
    groups = [list(group) for _, group in groupby(items, _group)]
    long = [group for group in groups if group[0].get_closest_marker("process")]
    long.sort(key=lambda group: group[0].get_closest_marker("first") is None)
    short = [group for group in groups if not group[0].get_closest_marker("process")]
    recorded = timings.recorded()
    items[:] = dealt(long, short, workers, lambda item: recorded.get(item.nodeid, USUAL_S))


def _group(item: pytest.Item) -> str:
    """What the tests that stay together have in common."""
    return item.nodeid.partition("::")[0] if item.get_closest_marker("shared") else item.nodeid


def dealt(
    long: Iterable[Sequence[T]], short: Iterable[Sequence[T]], workers: int, seconds: Callable[[T], float]
) -> list[T]:
    """Returns all of them, ordered such that each of `workers` equal parts begins with its share of the long ones.

    Args:
        long, short: groups; one of long ones stays together, one of short ones may be cut where a part ends.
        workers: how many parts there are.
        seconds: how long a long one takes. The shares take as long as each other, and each begins with its slowest.
    """
    shares: list[list[T]] = [[] for _ in range(workers)]
    loads = [0.0] * workers
    for taken, group in sorted(((sum(map(seconds, group)), group) for group in long), key=lambda each: -each[0]):
        least = loads.index(min(loads))
        loads[least] += taken
        shares[least].extend(group)
    rest = list(chain.from_iterable(short))
    for number, share in enumerate(shares):
        parts = len(shares) - number
        room = (sum(map(len, shares[number:])) + len(rest)) // parts - len(share)
        share += rest[: max(0, room)]
        del rest[: max(0, room)]
    return list(chain.from_iterable(shares))
