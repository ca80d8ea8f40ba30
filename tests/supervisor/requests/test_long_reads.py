import asyncio
from collections.abc import Generator
from typing import Any

from protocol.wire.envelope import Request
from protocol.wire.errors import ErrorKind, OuzelError
from supervisor.requests.long_reads import LongReads

REQUEST = Request(v=1, id=1, op="list_torrents")


async def turn() -> None:
    """Runs one iteration of the loop."""
    await asyncio.sleep(0)


class Desk:
    """Long reads, and their outcomes in order. A connection in `full` does not read its replies."""

    def __init__(self) -> None:
        self.full: set[bytes] = set()
        self.steps: list[str] = []
        self.outcomes: list[tuple[str, Any]] = []
        self.looks = 0
        self.reads = LongReads(is_backpressured=self._is_backpressured, defect=self._defect)

    def _is_backpressured(self, peer: bytes) -> bool:
        self.looks += 1
        return peer in self.full

    def begin(
        self, peer: bytes, name: str, steps: int, *, deadline_s: float = 60, fails: Exception | None = None
    ) -> None:
        def read() -> Generator[None, None, Any]:
            for _ in range(steps):
                self.steps.append(name)
                yield
            if fails is not None:
                raise fails
            return f"all of {name}"

        deadline = asyncio.get_running_loop().time() + deadline_s
        self.reads.begin(peer, read(), deadline, REQUEST, lambda outcome: self.outcomes.append((name, outcome)))

    async def until(self, count: int) -> None:
        async with asyncio.timeout(20):
            while len(self.outcomes) < count:
                await turn()

    @staticmethod
    def _defect(_: Request) -> OuzelError:
        return OuzelError(ErrorKind.INTERNAL_ERROR, "a defect")


async def test_connections_take_turns_and_each_has_its_own_in_order() -> None:
    """A short read does not wait for all reads of another connection."""
    desk = Desk()
    for number in range(5):
        desk.begin(b"a", f"a{number}", 100)
    desk.begin(b"b", "b", 10)
    await desk.until(6)
    assert [name for name, _ in desk.outcomes] == ["b", "a0", "a1", "a2", "a3", "a4"]
    assert desk.outcomes[0] == ("b", "all of b")
    assert desk.steps[:8] == ["a0", "b"] * 4


async def test_the_loop_goes_on_in_between() -> None:
    """However much there is to read, others run many times before it is done."""
    desk = Desk()
    desk.begin(b"a", "a", 100_000)
    turns = 0
    async with asyncio.timeout(20):
        while not desk.outcomes:
            await turn()
            turns += 1
    assert turns > 20


async def test_who_does_not_read_is_passed_over_until_it_does() -> None:
    """Others are not passed over; at its deadline it gets an error."""
    desk = Desk()
    desk.full.add(b"a")
    desk.begin(b"a", "late", 1, deadline_s=0.05)
    desk.begin(b"a", "a", 1)
    desk.begin(b"b", "b", 50)
    await desk.until(2)
    (first, _), (second, late) = desk.outcomes
    assert (first, second) == ("b", "late")
    assert late.kind is ErrorKind.DEADLINE_EXCEEDED
    desk.full.clear()
    await desk.until(3)
    assert desk.outcomes[2] == ("a", "all of a")


async def test_many_that_do_not_read_cost_next_to_nothing() -> None:
    """However many there are, each is checked a few times until its deadline; then nothing of them is left."""
    desk = Desk()
    many = 500
    for number in range(many):
        desk.full.add(b"%d" % number)
        desk.begin(b"%d" % number, f"{number}", 1, deadline_s=0.5)
    turns = 0
    async with asyncio.timeout(20):
        while len(desk.outcomes) < many:
            await asyncio.sleep(0.001)
            turns += 1
    assert {outcome.kind for _, outcome in desk.outcomes} == {ErrorKind.DEADLINE_EXCEEDED}
    # once each at first, and then for one slice in a hundredth of a second
    assert desk.looks < 100 * many
    assert desk.steps == []
    assert not desk.reads._reads
    assert not desk.reads._backpressured


async def test_what_cannot_be_told_harms_no_other_read() -> None:
    """Its own sender gets the error; other reads are not affected."""
    desk = Desk()
    told: list[Any] = []

    def read() -> Generator[None, None, Any]:
        yield
        return "what nobody can encode"

    def done(outcome: Any) -> None:
        told.append(outcome)
        if isinstance(outcome, str):
            raise TypeError(outcome)

    desk.reads.begin(b"a", read(), asyncio.get_running_loop().time() + 60, REQUEST, done)
    desk.begin(b"a", "next", 3)
    desk.begin(b"b", "beside", 3)
    await desk.until(2)
    assert sorted(outcome for _, outcome in desk.outcomes) == ["all of beside", "all of next"]
    assert [getattr(outcome, "kind", outcome) for outcome in told] == [
        "what nobody can encode",
        ErrorKind.INTERNAL_ERROR,
    ]


async def test_a_refusal_and_a_defect_are_outcomes() -> None:
    """The next read is not affected."""
    desk = Desk()
    desk.begin(b"a", "refused", 1, fails=OuzelError(ErrorKind.NO_METADATA, "none"))
    desk.begin(b"a", "broken", 1, fails=KeyError("x"))
    desk.begin(b"a", "well", 1)
    await desk.until(3)
    kinds = [getattr(outcome, "kind", None) for _, outcome in desk.outcomes]
    assert kinds == [ErrorKind.NO_METADATA, ErrorKind.INTERNAL_ERROR, None]


async def test_at_the_end_all_are_told() -> None:
    """Once each."""
    desk = Desk()
    for peer in (b"a", b"b"):
        desk.begin(peer, "x", 1000)
        desk.begin(peer, "y", 1000)
    desk.reads.close()
    assert [outcome.kind for _, outcome in desk.outcomes] == [ErrorKind.STOPPING] * 4
