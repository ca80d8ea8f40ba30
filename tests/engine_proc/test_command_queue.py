from typing import Final

from engine_proc.command_queue import AHEAD_BYTES_MAX, AHEAD_MAX, CommandQueue
from engine_proc.torrents.loading.judged_sources import BYTES_MAX, SOURCES_MAX
from protocol.internal.link_commands import CallPeers, Configure, EngineCommand
from protocol.internal.link_queries import InspectSource, QueryFiles

ID: Final = "a" * 40


def source(token: int, *, size: int = 1) -> InspectSource:
    """A query about a source of this size."""
    return InspectSource(token=token, metainfo=bytes(size))


def other(number: int) -> CallPeers:
    """A command that keeps its order."""
    return CallPeers(torrent=ID, peers=[str(number)])


def all_of(queue: CommandQueue) -> list[EngineCommand]:
    """The rest of the queue, in the order of its execution."""
    return [queue.pop() for _ in range(len(queue))]


def test_sources_overtake_all_other_commands() -> None:
    """Both kinds keep their own order. Queries about torrents are not overtaken by later commands."""
    queue = CommandQueue()
    asked = QueryFiles(token=9, torrent=ID)
    queue.extend([other(1), source(1), asked, other(2), source(2)])
    assert len(queue) == 5
    assert queue.first() == other(1)
    assert all_of(queue) == [source(1), source(2), other(1), asked, other(2)]
    assert not queue
    assert queue.first() is None


def test_sources_do_not_overtake_new_settings() -> None:
    """A source is validated with the bounds of the `Configure` before it."""
    queue = CommandQueue()
    configure = Configure(settings={}, download_bps=0, upload_bps=0, torrents=0, revision=0)
    queue.extend([other(1), configure, source(1), other(2)])
    assert queue.first() == other(1)
    assert all_of(queue) == [other(1), configure, source(1), other(2)]


def test_many_waiting_commands_take_turns_with_sources() -> None:
    """So loads make progress, however many sources arrive."""
    queue = CommandQueue()
    queue.extend(other(number) for number in range(AHEAD_MAX + 2))
    queue.extend(source(number) for number in range(3))
    assert [isinstance(queue.pop(), InspectSource) for _ in range(6)] == [True, False, True, False, True, False]


def test_large_sources_take_turns_with_other_commands() -> None:
    """The engine keeps parsed files only up to a limit. Without a waiting command, the limit counts from zero again."""
    queue = CommandQueue()
    queue.extend([*(other(number) for number in range(3)), source(1, size=AHEAD_BYTES_MAX + 1)])
    queue.extend(source(number) for number in (2, 3))
    kinds = [isinstance(each, InspectSource) for each in all_of(queue)]
    assert kinds == [True, True, False, True, False, False]
    queue.extend([source(4), other(4)])
    assert all_of(queue) == [source(4), other(4)]
    queue.extend([source(5)])
    assert queue.pop() == source(5)
    queue.extend([*(other(number) for number in range(2)), *(source(number) for number in range(2))])
    assert [isinstance(each, InspectSource) for each in all_of(queue)] == [True, True, False, False]


def test_as_many_sources_are_kept_as_may_wait() -> None:
    """Else a source would be parsed twice."""

    assert AHEAD_MAX < SOURCES_MAX
    assert AHEAD_BYTES_MAX < BYTES_MAX
