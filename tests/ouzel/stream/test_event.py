"""Events as they arrive, and which of them a snapshot includes."""

import msgspec
import pytest

from ouzel.stream.event import parse_event
from protocol.wire import codec
from protocol.wire.envelope import EventFrame
from protocol.wire.errors import OuzelError
from tests.ouzel.samples import ID, OTHER, event, progress, resnapshot, row


def test_an_event_is_read_from_its_frame() -> None:
    """With and without a torrent; unknown members are ignored."""
    frame = EventFrame(epoch="e1", seq=3, gen=2, ts_us=5, type="tick", data={"head": 3})
    assert parse_event(codec.encode(frame)) == msgspec.structs.replace(event(3, "tick", None, head=3), gen=2, ts_us=5)
    about = msgspec.to_builtins(event(4)) | {"v": 1, "later": True}
    assert parse_event(codec.encode(about)) == event(4)


def test_what_is_no_event_is_malformed() -> None:
    """The error names the field."""
    with pytest.raises(OuzelError, match=r"event\.epoch"):
        parse_event(codec.encode({"seq": 1, "gen": 1, "ts_us": 1, "type": "x"}))


def test_a_row_covers_the_events_up_to_its_page() -> None:
    """Progress with the row's own seq may be newer; an event without a torrent has no row."""
    snapshot = resnapshot(row(), seq=10)
    assert snapshot.covers(event(10))
    assert not snapshot.covers(event(11))
    assert not snapshot.covers(progress(10))
    assert snapshot.covers(progress(9))
    assert not snapshot.covers(event(11, torrent=OTHER))
    assert not snapshot.covers(event(9, "health_changed", None))


def test_a_resnapshot_is_told_from_events_by_its_type() -> None:
    """In JSON."""
    assert msgspec.to_builtins(resnapshot(row()))["type"] == "resnapshot"
    assert msgspec.to_builtins(resnapshot(row()))["row_seqs"] == {ID: 10}
