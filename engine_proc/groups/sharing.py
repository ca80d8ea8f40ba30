"""Divides the limit of a bandwidth group among its active torrents. Pure."""

from collections.abc import Sequence
from typing import Final, NamedTuple

FULL: Final = 0.85
"""A torrent is hungry if its rate is at least this fraction of its share. Overhead counts against the share, too."""
HEADROOM: Final = 1.25
"""The share of a torrent that is not hungry, as a multiple of its rate. It is less than full, so shares are stable."""
DECAY: Final = 0.5
"""A share shrinks at most to this fraction in one step. So a short pause costs a torrent little."""
RESERVE: Final = 0.1
"""The fraction of the limit that is divided among torrents without any rate, so that they can begin."""
START_BPS: Final = 1024
"""Torrents without any rate get at least this share, if half of the limit is enough for that."""


class Member(NamedTuple):
    """An active torrent of a group. All numbers are bytes per second.

    Fields:
        rate: what the torrent transferred since the last division.
        share: the torrent's share since the last division; 0 if the torrent had no share.
        own: the torrent's own limit; 0 means no limit.
    """

    rate: float
    share: int
    own: int = 0


def divide(limit: int, members: Sequence[Member]) -> list[int]:
    """Returns the share of each member.

    Each share is at least 1. If `limit` is not smaller than the number of members, the sum of the shares is at most
    `limit`. Hungry torrents have equal shares. No other torrent has a larger share. If no torrent is hungry, the rest
    is divided equally.
    """
    if not members:
        return []
    total = float(max(limit, len(members)))
    equal = total / len(members)
    floor = max(1.0, RESERVE * equal, min(START_BPS, equal / 2))
    most = [float(member.own or total) for member in members]
    wanted = [min(_demand(member, floor, total), most[index]) for index, member in enumerate(members)]
    shares = _fill(total, [max(1.0, each) for each in wanted])
    rest = _fill(total - sum(shares), [max(0.0, most[index] - share) for index, share in enumerate(shares)])
    return [max(1, int(share + more)) for share, more in zip(shares, rest, strict=True)]


def _demand(member: Member, floor: float, total: float) -> float:
    """Returns what a torrent should get. A hungry torrent should get as much as possible."""
    held = min(member.share, member.own) if member.own else member.share
    if member.rate > 0 and member.rate >= FULL * held:
        return total
    return max(floor, HEADROOM * member.rate, min(DECAY * member.share, total))


def _fill(amount: float, wanted: Sequence[float]) -> list[float]:
    """Divides an amount equally, but gives nobody more than wanted (max-min fairness)."""
    given = [0.0] * len(wanted)
    order = sorted(range(len(wanted)), key=lambda index: wanted[index])
    for place, index in enumerate(order):
        given[index] = min(wanted[index], max(0.0, amount) / (len(order) - place))
        amount -= given[index]
    return given
