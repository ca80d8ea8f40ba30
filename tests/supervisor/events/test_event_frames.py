from typing import Any

import msgpack
import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.wire.events.event import Event
from protocol.wire.events.session_events import LimitsApplied, SessionError, Tick
from protocol.wire.events.torrent_events import FileEntry, FilesDiscovered
from protocol.wire.reports import HealthStatus
from supervisor.events.event_frames import TOPIC_BYTES_MAX, encode, estimate, topic
from tests.protocol.strategies import messages
from tests.supervisor.samples import V1, V2, progress

EPOCH = "0123456789abcdef"
LARGEST: dict[str, Any] = {"epoch": EPOCH, "seq": 2**53 - 1, "gen": 2**53 - 1, "ts_us": 2**53 - 1}


@given(messages(Event))
def test_the_map_is_the_envelope_around_the_events_fields(event: Event) -> None:
    """Type and torrent (if any) are in the envelope; the rest is in the data."""
    frame = msgpack.unpackb(encode(event, epoch=EPOCH, seq=5, gen=2, ts_us=7))
    data = msgspec.to_builtins(event, builtin_types=(bytes,))
    torrent = data.pop("torrent", None)
    expected = {"v": 1, "epoch": EPOCH, "seq": 5, "gen": 2, "ts_us": 7, "type": data.pop("type"), "data": data}
    assert frame == (expected | {"torrent": torrent} if torrent else expected)


@given(messages(Event))
def test_an_estimate_is_never_too_low(event: Event) -> None:
    """Whatever the numbers in the envelope are; it is also not much too high."""
    size = len(encode(event, **LARGEST))
    assert size <= estimate(event, epoch=EPOCH) <= 2 * size + 32


@pytest.mark.parametrize("character", ["x", "\x00", "é", "語", "𝄞", "\ud800"])
@given(length=st.integers(0, 70_000))
def test_an_estimate_of_long_texts_and_lists_is_never_too_low(character: str, length: int) -> None:
    """In any alphabet, and for invalid text."""
    for event in (
        SessionError(name="n", message=character * length),
        FilesDiscovered(
            torrent=V1,
            files=[
                FileEntry(index=index, path=character * (length % 300), size=2**50, priority=7)
                for index in range(length % 20)
            ],
        ),
    ):
        size = len(encode(event, **LARGEST))
        assert size <= estimate(event, epoch=EPOCH) <= 3 * size


def test_topics_are_short() -> None:
    """The bound on look-ups holds for the longest topic."""
    for kind in msgspec.inspect.multi_type_info([Event])[0].types:  # type: ignore[attr-defined]  # it is a union
        name = str(kind.cls.__struct_config__.tag)
        assert len(f"lifecycle/{V2}/{name}") <= TOPIC_BYTES_MAX


def test_a_topic_tells_whose_it_is() -> None:
    """As in `topic_of`: always, sometimes or never with a torrent."""
    assert topic(progress()) == f"progress/{V1}".encode()
    assert topic(Tick(head=1, status=HealthStatus.HEALTHY)) == b"tick/-"
    assert topic(LimitsApplied(download_bps=1, upload_bps=1)) == b"lifecycle/-/limits_applied"
    assert topic(LimitsApplied(torrent=V1, download_bps=1, upload_bps=1)) == f"lifecycle/{V1}/limits_applied".encode()
