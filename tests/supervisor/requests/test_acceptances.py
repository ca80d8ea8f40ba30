from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from protocol.wire import codec
from protocol.wire.commands.kinds import Mutation
from protocol.wire.errors import ErrorKind, OuzelError
from protocol.wire.operations import parse_command
from supervisor.requests.acceptances import ENTRY_BYTES, REMEMBERED_S, Acceptances, Key, content_of
from tests.protocol.strategies import commands
from tests.supervisor.samples import OTHER, V1

SENDERS: list[str | tuple[bytes, ...]] = ["a", "b", (b"a",), (b"a", b"b")]
IDS: list[str | int] = [0, 1, "0", "1", ""]
MAX_BYTES = 4 * ENTRY_BYTES

keys = st.builds(Key, st.sampled_from(SENDERS), st.sampled_from(IDS))


class Model(RuleBasedStateMachine):
    """Compared with a plain list of settled outcomes: all that are recent enough and fit are found."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0
        self.serial = 0
        self.store: Acceptances[str, str] = Acceptances(max_bytes=MAX_BYTES)
        self.working: dict[Key, tuple[bytes, str]] = {}
        self.settled: list[tuple[Key, bytes, str, int, float]] = []

    @rule(key=keys, content=st.sampled_from([b"x", b"y"]))
    def ask(self, key: Key, content: bytes) -> None:
        """A request: a repeat finds the first one's work or outcome, other content is refused, a new one begins."""
        self._trim()
        seen = {settled[0]: settled[1:3] for settled in self.settled} | self.working
        if key in seen and seen[key][0] != content:
            with pytest.raises(OuzelError) as refused:
                self.store.find(key, content, self.now)
            assert (refused.value.kind, refused.value.field) == (ErrorKind.ID_REUSED, "id")
        elif key in seen:
            assert self.store.find(key, content, self.now) == seen[key][1]
        else:
            assert self.store.find(key, content, self.now) is None
            self.serial += 1
            self.store.begin(key, content, f"work {self.serial}")
            self.working[key] = (content, f"work {self.serial}")

    @precondition(lambda self: self.working)
    @rule(data=st.data(), size=st.integers(0, 2 * ENTRY_BYTES))
    def settle(self, data: st.DataObject, size: int) -> None:
        """Some work is accepted."""
        key = data.draw(st.sampled_from(sorted(self.working, key=str)))
        content, work = self.working.pop(key)
        self.store.settle(key, f"outcome of {work}", size, self.now)
        size += ENTRY_BYTES + sum(map(len, key.sender)) + (len(key.id) if isinstance(key.id, str) else 0)
        self.settled.append((key, content, f"outcome of {work}", size, self.now))

    @precondition(lambda self: self.working)
    @rule(data=st.data())
    def refuse(self, data: st.DataObject) -> None:
        """Some work is refused and not stored."""
        key = data.draw(st.sampled_from(sorted(self.working, key=str)))
        del self.working[key]
        self.store.drop(key)

    @rule(seconds=st.sampled_from([0.0, 1.0, 200.0, REMEMBERED_S - 1, REMEMBERED_S]))
    def pass_time(self, seconds: float) -> None:
        """Time passes."""
        self.now += seconds

    @invariant()
    def bounded(self) -> None:
        """After each access, the store is within its bound."""
        self.store.expire(self.now)
        assert self.store._bytes == sum(kept.size for kept in self.store._kept.values()) <= MAX_BYTES

    def _trim(self) -> None:
        self.settled = [settled for settled in self.settled if self.now - settled[4] < REMEMBERED_S]
        while sum(settled[3] for settled in self.settled) > MAX_BYTES:
            del self.settled[0]


TestModel = Model.TestCase


def test_work_is_never_forgotten_before_it_ends() -> None:
    """However long it takes, and however much is settled meanwhile, nothing is done twice."""
    store: Acceptances[str, str] = Acceptances(max_bytes=0)
    store.begin(Key("c", 1), b"x", "work")
    store.begin(Key("c", 2), b"x", "other")
    store.settle(Key("c", 2), "done", 10, 1e6)
    assert store.find(Key("c", 1), b"x", 2e6) == "work"
    assert store.find(Key("c", 2), b"x", 2e6) is None


@given(commands(Mutation))
def test_a_command_that_comes_again_has_the_same_content(command: Any) -> None:
    """After encoding, and with its arguments in the opposite order."""
    args = codec.decode(codec.encode(command))
    again = parse_command(args.pop("op"), dict(reversed(args.items())))
    assert content_of(again) == content_of(command)


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        (("pause", {"torrent": V1}), ("pause", {"torrent": V1, "unknown": 1}), True),
        (("pause", {"torrent": V1}), ("resume", {"torrent": V1}), False),
        (("pause", {"torrent": V1}), ("pause", {"torrent": OTHER}), False),
        (("add_torrent", {"magnet": "m"}), ("add_torrent", {"paused": False, "magnet": "m"}), True),
        (("add_torrent", {"magnet": "m"}), ("add_torrent", {"magnet": "m", "paused": True}), False),
        (("add_torrent", {"metainfo": b"m"}), ("add_torrent", {"magnet": "m"}), False),
        (("update_limits", {}), ("update_limits", {"download_bps": 0}), False),
        (
            ("update_selection", {"torrent": V1, "priorities": {"1": 2, "3": 4}}),
            ("update_selection", {"priorities": {"3": 4, "1": 2}, "torrent": V1}),
            True,
        ),
    ],
)
def test_the_order_of_arguments_and_defaults_make_no_difference(
    one: tuple[str, dict[str, Any]], other: tuple[str, dict[str, Any]], same: bool
) -> None:
    """Some languages write maps in varying order."""
    assert (content_of(parse_command(*one)) == content_of(parse_command(*other))) is same


def test_a_flood_makes_only_its_own_forgotten() -> None:
    """The connection that holds the most loses its oldest ones, whatever client names it uses."""
    store: Acceptances[str, str] = Acceptances(max_bytes=20_000)
    store.begin(Key("honest", 1), b"x", "work", holder=b"a")
    store.settle(Key("honest", 1), "done", 0, 0.0)
    for number in range(100):
        key = Key(f"name {number}", 1)
        store.begin(key, b"x", "work", holder=b"flood")
        store.settle(key, "done", 0, 0.0)
    assert store.find(Key("honest", 1), b"x", 1.0) == "done"
    assert store.find(Key("name 99", 1), b"x", 1.0) == "done"
    assert store.find(Key("name 0", 1), b"x", 1.0) is None
