from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from supervisor.events.event_frames import TOPIC_BYTES_MAX
from supervisor.events.subscriptions import NOBODY, Subscriptions

ALPHABET = st.sampled_from(b"ab/")
prefixes = st.lists(ALPHABET, max_size=4).map(bytes)
topics = st.lists(ALPHABET, max_size=6).map(bytes)
holders = st.integers(1, 3)
EACH = 16


class Subscribing(RuleBasedStateMachine):
    """Subscriptions in any order. The model is who subscribed first to each prefix."""

    def __init__(self) -> None:
        super().__init__()
        self.subscriptions = Subscriptions(holder_bytes=100, all_bytes=150, blamed_bytes=40)
        self.first: dict[bytes, int] = {}

    def held(self, holder: int) -> int:
        return sum(len(prefix) + EACH for prefix, each in self.first.items() if each == holder)

    @rule(prefix=prefixes, holder=holders | st.just(NOBODY))
    def add(self, prefix: bytes, holder: int) -> None:
        """A connection over its own limit is named at once; over the total, the largest one."""
        excess = self.subscriptions.add(prefix, holder)
        self.first.setdefault(prefix, holder)
        known = {each: self.held(each) for each in self.first.values() if each != NOBODY and self.held(each) >= 40}
        if holder != NOBODY and self.held(holder) > 100:
            assert excess == holder
        elif sum(map(self.held, set(self.first.values()))) > 150 and known:
            assert excess is not None
            assert known[excess] == max(known.values())
        else:
            assert excess is None

    @rule(prefix=prefixes)
    def remove(self, prefix: bytes) -> None:
        self.subscriptions.remove(prefix)
        self.first.pop(prefix, None)

    @rule(holder=holders)
    def disown(self, holder: int) -> None:
        self.subscriptions.release_holder(holder)
        self.first = {prefix: NOBODY if each == holder else each for prefix, each in self.first.items()}

    @rule(topic=topics)
    def look(self, topic: bytes) -> None:
        assert self.subscriptions.has_subscriber(topic) == any(topic.startswith(prefix) for prefix in self.first)

    @invariant()
    def nothing_is_left_over(self) -> None:
        if not self.first:
            assert not self.subscriptions.has_subscriber(b"")


TestSubscribing = Subscribing.TestCase


def test_what_others_left_behind_costs_a_small_subscriber_nothing() -> None:
    """Even if their connections have ended."""
    subscriptions = Subscriptions()
    for number in range(1050):
        subscriptions.add(b"%06d" % number + bytes(3994), number // 261 + 1)
    for holder in range(1, 6):
        subscriptions.release_holder(holder)
    for topic in (b"lifecycle/", b"tick/", b"progress/a", b"progress/b"):
        assert subscriptions.add(topic, 9) is None
    large = [subscriptions.add(b"progress/%055d" % number, 10) for number in range(1000)]
    assert set(large) == {None, 10}


@given(st.binary(max_size=TOPIC_BYTES_MAX), st.binary(min_size=1, max_size=20))
def test_a_prefix_longer_than_any_topic_matches_none(topic: bytes, more: bytes) -> None:
    """It is counted all the same, and not looked up."""
    subscriptions = Subscriptions(holder_bytes=TOPIC_BYTES_MAX)
    long = topic.ljust(TOPIC_BYTES_MAX, b"x") + more
    assert subscriptions.add(long, 1) == 1
    assert not subscriptions.has_subscriber(topic)
    assert not subscriptions._lengths
    subscriptions.remove(long)
    assert subscriptions.add(b"", 1) is None


def test_looking_up_a_topic_takes_no_longer_with_ten_thousand_prefixes() -> None:
    """One look-up for each length in use, not for each prefix."""

    class Counting(bytes):
        looked = 0

        def __getitem__(self, key: object) -> bytes:  # type: ignore[override]  # only sliced
            Counting.looked += 1
            return super().__getitem__(key)  # type: ignore[call-overload,no-any-return]

    subscriptions = Subscriptions()
    for number in range(10_000):
        assert subscriptions.add(f"progress/{number:040}".encode(), number % 7 + 1) is None
    assert not subscriptions.has_subscriber(Counting(b"progress/" + b"f" * 40))
    assert Counting.looked == 1
    assert subscriptions.has_subscriber(b"progress/%040d" % 77)
