"""The journal."""

from typing import Any

import msgspec
import pytest

from gateway.mirror.journal import KEPT, SENTENCES, Journal, Level
from ouzel.stream.event import Event
from protocol.wire.events.event import LifecycleEvent


def event(kind: str, torrent: str | None = None, **data: Any) -> Event:
    """An event of generation 3."""
    return Event(epoch="e", seq=1, gen=3, ts_us=5_000_000, type=kind, torrent=torrent, data=data)


def test_events_become_sentences() -> None:
    """The name is the torrent's, also if the event has a field `name`."""
    journal = Journal()
    journal.record(event("torrent_added", "a1", name="new {gen}"), None)
    journal.record(event("error", "a1", name="storage", message="no space"), "Film")
    journal.record(event("engine_lost"), None)
    assert [(each.id, each.level, each.message) for each in journal.after(-1)] == [
        (0, Level.NORMAL, 'Added new torrent. Torrent: "new {gen}"'),
        (1, Level.ERROR, 'Torrent errored. Torrent: "Film". Reason: "no space"'),
        (2, Level.ERROR, "Engine lost. Generation: 3"),
    ]


def test_only_later_entries() -> None:
    """A client asks for what is newer than its last entry."""
    journal = Journal()
    for number in range(3):
        journal.note(str(number), Level.INFO, 0)
    assert [each.id for each in journal.after(1)] == [2]
    assert list(journal.after(99)) == []


def test_it_is_bounded_and_ids_run_on() -> None:
    """The oldest entries are dropped."""
    journal = Journal()
    for number in range(KEPT + 10):
        journal.note(str(number), Level.INFO, 0)
    assert [each.id for each in journal.after(-1)][:: KEPT - 1] == [10, KEPT + 9]


@pytest.mark.parametrize("kind", SENTENCES)
def test_an_event_without_fields_has_a_sentence(kind: str) -> None:
    """An event of an older or later daemon may lack fields."""
    journal = Journal()
    journal.record(event(kind, "a1"), None)
    assert len(list(journal.after(-1))) == 1


def test_types_exist() -> None:
    """A misspelt type would never have an entry."""
    types = {each.__struct_config__.tag for each in _structs(LifecycleEvent)}
    assert set(SENTENCES) <= types


def _structs(union: Any) -> list[type[msgspec.Struct]]:
    return list(union.__args__)
