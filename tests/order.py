"""The order of a parallel run: each worker begins with its share of the long tests, those that start processes.

pytest-xdist (`--dist=worksteal`) gives each worker an equal, contiguous part of all tests, and later moves tests from
the end of the longest queue to a worker that has none left. Were long tests last, the other workers would wait for
them. Within both kinds the order stays pytest-randomly's. Tests of a module marked `shared` stay together.
"""

import os
from collections.abc import Iterable, Sequence
from itertools import chain, groupby
from typing import TypeVar

import pytest

T = TypeVar("T")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Orders the tests; all workers come to the same order, as they have to, since they have the same seed."""
    workers = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "0"))
    if not workers:
        return
    groups = [list(group) for _, group in groupby(items, _group)]
    long = [group for group in groups if group[0].get_closest_marker("process")]
    long.sort(key=lambda group: group[0].get_closest_marker("first") is None)
    short = [group for group in groups if not group[0].get_closest_marker("process")]
    items[:] = dealt(long, short, workers)


def _group(item: pytest.Item) -> str:
    """What the tests that stay together have in common."""
    return item.nodeid.partition("::")[0] if item.get_closest_marker("shared") else item.nodeid


def dealt(long: Iterable[Sequence[T]], short: Iterable[Sequence[T]], workers: int) -> list[T]:
    """Returns all of them, ordered such that each of `workers` equal parts begins with its share of the long ones.

    Args:
        long, short: groups; one of long ones stays together, one of short ones may be cut where a part ends.
        workers: how many parts there are.
    """
    shares: list[list[T]] = [[] for _ in range(workers)]
    for group in long:
        min(shares, key=len).extend(group)
    rest = list(chain.from_iterable(short))
    for number, share in enumerate(shares):
        parts = len(shares) - number
        room = (sum(map(len, shares[number:])) + len(rest)) // parts - len(share)
        share += rest[: max(0, room)]
        del rest[: max(0, room)]
    return list(chain.from_iterable(shares))
