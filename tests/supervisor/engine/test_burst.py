import asyncio
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from protocol.internal.link_commands import EnsureTorrent
from supervisor.engine import burst
from supervisor.engine.burst import DELAYED_BYTES_MAX, MANY, AddBurst
from tests.supervisor.samples import V1, desired


class Link:
    """The commands that a link got, by the way that they are sent."""

    def __init__(self) -> None:
        self.sent: list[EnsureTorrent] = []
        self.delayed: list[EnsureTorrent] = []
        self.released = asyncio.Event()

    def send(self, command: EnsureTorrent) -> None:
        self.sent.append(command)

    def delay(self, command: EnsureTorrent) -> None:
        self.delayed.append(command)

    def release(self) -> None:
        self.sent += self.delayed
        self.delayed = []
        self.released.set()


@pytest.fixture
def adds() -> Iterator[ExitStack]:
    """The adds under way. A test with delayed loads ends the adds itself, on its loop."""
    with ExitStack() as stack:
        yield stack


def load(revision: int) -> EnsureTorrent:
    """The load of a new torrent, identified by its revision."""
    return EnsureTorrent(desired=desired(V1, revision=revision), new=True)


def made(link: Link) -> AddBurst:
    """The burst of a link."""
    return AddBurst(link)  # type: ignore[arg-type]  # the three methods that a burst calls


def begin(adding: AddBurst, adds: ExitStack, count: int, size: int = 0) -> None:
    """Begins adds."""
    for _ in range(count):
        adds.enter_context(adding.adding(size))


async def test_a_few_adds_are_no_burst(adds: ExitStack) -> None:
    """Their loads are sent at once."""
    link = Link()
    adding = made(link)
    begin(adding, adds, MANY - 1)
    adding.load(load(1))
    assert (link.sent, link.delayed) == ([load(1)], [])


async def test_loads_of_a_burst_are_sent_in_order_at_its_end(adds: ExitStack) -> None:
    """A load after the end of the adds does not overtake the delayed loads."""
    link = Link()
    adding = made(link)
    begin(adding, adds, MANY)
    adding.load(load(1))
    adding.load(load(2))
    assert (link.sent, link.delayed) == ([], [load(1), load(2)])
    adds.close()
    adding.load(load(3))
    assert link.sent == []
    await link.released.wait()
    assert link.sent == [load(1), load(2), load(3)]
    adding.load(load(4))
    assert link.sent[-1] == load(4)


async def test_more_adds_prolong_a_burst(adds: ExitStack, monkeypatch: pytest.MonkeyPatch) -> None:
    """The loads are sent once fewer adds are under way, and no more adds have come."""
    monkeypatch.setattr(burst, "CALM_S", 0.0)
    link = Link()
    adding = made(link)
    begin(adding, adds, MANY)
    adding.load(load(1))
    adds.close()
    begin(adding, adds, MANY)
    for _ in range(3):
        await asyncio.sleep(0)
    assert link.sent == []
    adds.close()
    await link.released.wait()
    assert link.sent == [load(1)]


async def test_a_load_is_delayed_for_a_limited_time(adds: ExitStack, monkeypatch: pytest.MonkeyPatch) -> None:
    """However long the burst lasts."""
    monkeypatch.setattr(burst, "DELAY_MAX_S", 0.001)
    link = Link()
    adding = made(link)
    begin(adding, adds, MANY)
    adding.load(load(1))
    await link.released.wait()
    assert link.sent == [load(1)]


async def test_the_number_of_delayed_loads_is_bounded(adds: ExitStack, monkeypatch: pytest.MonkeyPatch) -> None:
    """The next load is delayed again."""
    monkeypatch.setattr(burst, "DELAYED_MAX", 2)
    link = Link()
    adding = made(link)
    begin(adding, adds, MANY)
    for revision in range(1, 4):
        adding.load(load(revision))
    assert (link.sent, link.delayed) == ([load(1), load(2)], [load(3)])
    link.released.clear()
    adds.close()
    await link.released.wait()
    assert link.delayed == []


async def test_the_size_of_delayed_sources_is_bounded(adds: ExitStack) -> None:
    """The engine keeps the parsed sources in memory."""
    link = Link()
    adding = made(link)
    begin(adding, adds, MANY, size=DELAYED_BYTES_MAX // MANY)
    adding.load(load(1))
    assert link.sent == [load(1)]
