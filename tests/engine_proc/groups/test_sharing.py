"""How a group's limit is divided: properties of one division, and of a minute of them."""

from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine_proc.groups.sharing import DECAY, HEADROOM, Member, divide

LIMITS: Final = st.integers(1024, 2**31 - 2)
RATES: Final = st.floats(0, 2**31)
MEMBERS: Final = st.lists(
    st.builds(Member, rate=RATES, share=st.integers(0, 2**31 - 2), own=st.just(0) | st.integers(1, 2**31 - 2)),
    max_size=30,
)
LIMIT: Final = 1_000_000


def transfer(wishes: list[float], shares: list[int]) -> list[Member]:
    """What torrents do in a second that would like to transfer `wishes`."""
    return [Member(min(wish, share * 0.97), share) for wish, share in zip(wishes, shares, strict=True)]


def settle(wishes: list[float], seconds: int = 12, shares: list[int] | None = None) -> list[int]:
    """The shares after some seconds."""
    shares = [0] * len(wishes) if shares is None else shares
    for _ in range(seconds):
        shares = divide(LIMIT, transfer(wishes, shares))
    return shares


@given(LIMITS, MEMBERS)
def test_shares_are_together_at_most_the_limit(limit: int, members: list[Member]) -> None:
    """And each is a limit of libtorrent, for which 0 would mean no limit, and at most the torrent's own."""
    shares = divide(limit, members)
    assert len(shares) == len(members)
    assert sum(shares) <= limit
    assert all(share >= 1 for share in shares)
    assert all(share <= member.own for share, member in zip(shares, members, strict=True) if member.own)


@given(LIMITS, MEMBERS.filter(len))
def test_the_whole_limit_is_given_away(limit: int, members: list[Member]) -> None:
    """But for what rounding takes, if the torrents' own limits allow it."""
    if all(not member.own for member in members):
        assert sum(divide(limit, members)) > limit - 2 * len(members) - limit * 1e-9


@given(LIMITS, st.lists(st.integers(1, 2**31 - 2), min_size=1, max_size=30))
def test_hungry_torrents_have_equal_shares(limit: int, shares: list[int]) -> None:
    """Whatever shares they had before."""
    found = divide(limit, [Member(float(share), share) for share in shares])
    assert max(found) - min(found) <= 1


def test_a_torrent_alone_has_all() -> None:
    """Beside torrents that have peers, but transfer nothing, nearly all."""
    assert divide(LIMIT, [Member(0.0, 0)]) == [LIMIT]
    for others in (1, 5, 20):
        assert settle([2.0 * LIMIT, *[0.0] * others])[0] >= 0.85 * LIMIT


def test_no_torrents() -> None:
    """A group may have none."""
    assert divide(LIMIT, []) == []


@given(st.floats(0.01, 0.4))
def test_who_wants_less_leaves_the_rest(part: float) -> None:
    """All but the headroom, and for as long as it goes on."""
    modest = part * LIMIT
    for seconds in range(8, 40, 8):
        greedy, other = settle([2.0 * LIMIT, modest], seconds)
        assert other >= modest
        assert greedy >= LIMIT - max(HEADROOM * modest, 0.05 * LIMIT) - 2


def test_an_own_limit_leaves_the_rest() -> None:
    """A torrent cannot use a share above its own limit, and what is over is of use to another one."""
    own = 100_000
    assert divide(LIMIT, [Member(float(own), own, own), Member(1e6, LIMIT - own)]) == [own, LIMIT - own]


@pytest.mark.parametrize("others", [1, 3, 9])
def test_a_newcomer_has_its_part_within_two_seconds(others: int) -> None:
    """It begins with the floor; others may then have all the rest."""
    wishes = [2.0 * LIMIT] * others
    shares = settle([*wishes, 0.0])
    shares = settle([*wishes, 2.0 * LIMIT], 2, shares)
    assert max(shares) - min(shares) <= 1


def test_an_idle_torrent_can_begin() -> None:
    """Its share is never so small that not even a handshake fits, as long as the limit allows it."""
    for idle in (1, 10, 100, 400):
        assert settle([2.0 * LIMIT, *[0.0] * idle])[-1] >= 1024
    assert settle([2.0 * LIMIT, *[0.0] * 1000])[-1] >= LIMIT / 1001 / 2 - 1


@given(st.lists(st.floats(0, 2.0), min_size=1, max_size=8))
def test_shares_do_not_swing(wishes: list[float]) -> None:
    """If the torrents go on as before, the shares stay as they are."""
    wanted = [each * LIMIT for each in wishes]
    before = settle(wanted, 30)
    after = settle(wanted, 1, before)
    assert all(abs(one - two) <= 0.02 * LIMIT for one, two in zip(before, after, strict=True))


def test_a_pause_of_a_second_costs_half_of_a_share() -> None:
    """So that a torrent that waits for the disk for a moment keeps its place."""
    even = settle([2.0 * LIMIT] * 2)
    after = divide(LIMIT, [Member(0.0, even[0]), Member(even[1] * 0.97, even[1])])
    assert after[0] >= DECAY * even[0] - 1
    assert settle([0.0, 2.0 * LIMIT], 8, even)[1] >= 0.9 * LIMIT
