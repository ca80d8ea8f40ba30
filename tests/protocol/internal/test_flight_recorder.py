from typing import Any

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from protocol.internal.flight_recorder import (
    FLIGHT_BYTES,
    FORGOTTEN,
    NO_ALERT,
    RECORDS,
    ROWS,
    Flight,
    FlightRecord,
    FlightRecorder,
    alert_name,
    read,
)

HEADER = 136
NAMES = [b"add", b"examine", b"release_trackers", b"command ensure_torrent", b"x" * 31]


def torrent(number: int) -> str:
    """An id; every other one is a v2 torrent's."""
    return f"{number:040x}" if number % 2 else f"{number:064x}"


class Recording:
    """A recorder, its buffer, and a clock that advances by a microsecond with each reading."""

    def __init__(self) -> None:
        self.buffer = bytearray(FLIGHT_BYTES)
        self.now_us = 0
        self.recorder = FlightRecorder(self.buffer, self._clock)

    def _clock(self) -> int:
        self.now_us += 1
        return self.now_us * 1000

    def read(self) -> Flight:
        return read(bytes(self.buffer), self.now_us * 1000)


@pytest.fixture
def recording() -> Recording:
    """An empty recorder."""
    return Recording()


def test_nothing_was_recorded(recording: Recording) -> None:
    """By an unused recorder, and in memory that no recorder has written."""
    assert recording.read() == read(bytes(FLIGHT_BYTES), 0) == Flight()
    assert Flight().in_flight == []


def test_a_call_is_in_flight_until_it_has_returned(recording: Recording) -> None:
    """Before and after, it is one of the latest records."""
    outer = recording.recorder.begin(b"remove", torrent(1))
    recording.now_us += 7
    record = FlightRecord("remove", torrent(1), 7)
    assert recording.read() == Flight(records=[record], sync=record)
    recording.recorder.end(outer)
    assert recording.read() == Flight(records=[record])


def test_a_record_has_the_request_of_its_time(recording: Recording) -> None:
    """Up to the length of a request's name. Later records have none."""
    recording.recorder.request = b"x" * 64
    outer = recording.recorder.begin(b"remove", torrent(1))
    recording.recorder.request = b""
    recording.recorder.begin(b"flush", torrent(1))
    assert [record.request for record in recording.read().records] == [None, "x" * 64]
    recording.recorder.end(outer)


def test_a_call_within_a_call_is_about_the_same_torrent(recording: Recording) -> None:
    """Unless it names its own; at its end the outer call is in flight again."""
    recorder = recording.recorder
    assert recorder.begin(b"resume", torrent(1)) == 0
    resume = recorder.begin(b"inspect")
    inspect = recorder.begin(b"layout")
    recording.now_us += 5
    assert recording.read().sync == FlightRecord("layout", torrent(1), 5)
    layout = recorder.begin(b"remove", torrent(2))
    assert recording.read().sync == FlightRecord("remove", torrent(2), 0)
    for outer, what in ((layout, "layout"), (inspect, "inspect"), (resume, "resume")):
        recorder.end(outer)
        sync = recording.read().sync
        assert sync is not None
        assert (sync.what, sync.torrent) == (what, torrent(1))
    recorder.end(0)
    assert recording.read().sync is None


def test_an_alert_is_in_flight_while_it_is_read(recording: Recording) -> None:
    """Until the next alert, of another torrent or none, and until the last alert was read."""
    recorder = recording.recorder
    recorder.begin(b"pop_alerts")
    popping = recording.read()
    recorder.alert(alert_name("file_error"))
    assert recording.read().sync == FlightRecord("alert file_error", None, 0)
    recorder.alert_about(torrent(3))
    alert = FlightRecord("alert file_error", torrent(3), 0)
    assert recording.read() == Flight(records=[alert, *popping.records], sync=alert)
    recorder.alert(alert_name("session_stats"))
    assert recording.read().sync == FlightRecord("alert session_stats", None, 0)
    recorder.alert(NO_ALERT)
    assert recording.read() == popping


def test_of_a_call_around_thousands_only_that_it_was_made_is_known(recording: Recording) -> None:
    """The ring has room for the latest records only."""
    recorder = recording.recorder
    recorder.begin(b"resume")
    for _ in range(RECORDS):
        recorder.end(recorder.begin(b"layout"))
    found = recording.read()
    assert found.sync == FlightRecord(FORGOTTEN, None, 0)
    assert len(found.records) == RECORDS


def test_what_is_under_way_is_in_flight_until_it_is_confirmed(recording: Recording) -> None:
    """The oldest first, after the current call."""
    recorder = recording.recorder
    recorder.under_way(b"add", torrent(1))
    recorder.under_way(b"remove", torrent(2))
    recorder.begin(b"examine", torrent(3))
    found = recording.read()
    assert found.under_way == [FlightRecord("add", torrent(1), 2), FlightRecord("remove", torrent(2), 1)]
    assert found.in_flight == [FlightRecord("examine", torrent(3), 0), *found.under_way]
    recorder.confirmed(torrent(1))
    recorder.confirmed(torrent(1))
    recorder.confirmed(torrent(9))
    assert recording.read().under_way == found.under_way[1:]
    recorder.under_way(b"add", torrent(2))
    assert recording.read().under_way == [FlightRecord("add", torrent(2), 0)]


def test_a_crowd_is_told_for_as_long_as_there_is_one(recording: Recording) -> None:
    """Torrents without room are not named, and do not displace others."""
    recorder = recording.recorder
    for number in range(ROWS + 2):
        recorder.under_way(b"add", torrent(number))
        recorder.under_way(b"add", torrent(number))
    found = recording.read()
    assert found.overflowed
    assert {row.torrent for row in found.under_way} == {torrent(number) for number in range(ROWS)}
    for number in range(ROWS, ROWS + 2):
        recorder.confirmed(torrent(0))
        assert recording.read().overflowed
        recorder.confirmed(torrent(number))
    assert not recording.read().overflowed
    recorder.under_way(b"add", torrent(ROWS))
    assert not recording.read().overflowed


steps = st.lists(
    st.one_of(
        st.tuples(st.just("begin"), st.sampled_from(NAMES), st.integers(0, 9)),
        st.tuples(st.just("begin"), st.sampled_from(NAMES), st.none()),
        st.tuples(st.just("end"), st.none(), st.none()),
        st.tuples(st.just("under_way"), st.sampled_from(NAMES), st.integers(0, 9)),
        st.tuples(st.just("confirmed"), st.none(), st.integers(0, 9)),
    ),
    max_size=100,
)


@given(steps, st.integers(1, 12))
def test_what_is_read_is_what_was_written(history: list[tuple[str, Any, Any]], rounds: int) -> None:
    """However often the ring is overwritten: the latest records, the innermost call, and all entries under way."""
    recording = Recording()
    recorder = recording.recorder
    written: list[tuple[str, str | None]] = []
    calls: list[tuple[int, int]] = []
    under_way: dict[str, str] = {}
    for verb, what, number in history * rounds:
        match verb:
            case "begin":
                calls.append((recorder.begin(what, "" if number is None else torrent(number)), len(written)))
                written.append((what.decode(), None if number is None else torrent(number)))
            case "end" if calls:
                recorder.end(calls.pop()[0])
            case "under_way":
                recorder.under_way(what, torrent(number))
                under_way[torrent(number)] = what.decode()
            case "confirmed":
                recorder.confirmed(torrent(number))
                under_way.pop(torrent(number), None)
    found = recording.read()
    assert [(record.what, record.torrent) for record in found.records] == written[::-1][:RECORDS]
    ages = [record.age_us for record in found.records]
    assert ages == sorted(ages)
    assert {row.torrent: row.what for row in found.under_way} == under_way
    if not calls:
        assert found.sync is None
    elif calls[-1][1] >= len(written) - RECORDS:
        assert found.sync is not None
        assert found.sync.what == written[calls[-1][1]][0]
    else:
        assert found.sync == FlightRecord(FORGOTTEN, None, 0)


def changes(old: bytes, new: bytes) -> tuple[int, int]:
    """The differing bytes of two buffers, except for the header, whose words are written atomically."""
    differ = [at for at in range(HEADER, FLIGHT_BYTES, 8) if old[at : at + 8] != new[at : at + 8]]
    return differ[0], differ[-1] + 8


@given(st.sampled_from(["begin", "under_way"]), st.integers(0, 2 * RECORDS), st.booleans(), st.data())
def test_a_write_that_is_cut_short_tells_nothing_wrong(
    verb: str, before: int, cleared: bool, data: st.DataObject
) -> None:
    """The record is complete or absent, and all else is unchanged.

    Python zeroes what it is about to write, and then writes from front to end; either may be cut short.
    """
    recording = Recording()
    recorder = recording.recorder
    for number in range(before):
        recorder.begin(b"add", torrent(number))
        recorder.under_way(b"add", torrent(number))
        recorder.confirmed(torrent(number - 5))
    old, earlier = bytes(recording.buffer), recording.read()
    write = recorder.begin if verb == "begin" else recorder.under_way
    write(b"remove", torrent(before))
    new, later = bytes(recording.buffer), recording.read()
    start, end = changes(old, new)
    cut = data.draw(st.integers(start, end))
    zeros = bytes(end - start)
    body = new[start:cut] + zeros[cut - start :] if cleared else zeros[: cut - start] + old[cut:end]
    header = old[:HEADER] if verb == "begin" else new[:HEADER]
    torn = read(header + new[HEADER:start] + body + new[end:], recording.now_us * 1000)
    assert set(told(torn)) <= {*told(earlier), *told(later)}
    assert len(torn.records) >= len(earlier.records) - 1
    assert {row.torrent for row in earlier.under_way} <= {row.torrent for row in torn.under_way}


def told(flight: Flight) -> list[tuple[str, str | None]]:
    """The report without times."""
    return [(each.what, each.torrent) for each in (*flight.records, *flight.under_way)]


@given(st.binary(max_size=300), st.integers(0, FLIGHT_BYTES))
def test_bytes_that_nobody_wrote_are_nothing(garbage: bytes, size: int) -> None:
    """Of any length."""
    assume(not garbage.startswith(b"ouzel fr"))
    assert read((garbage * (size // max(1, len(garbage)) + 1))[:size].ljust(size, b"\0"), 0) == Flight()


damage = st.lists(
    st.tuples(st.integers(8, 2 * RECORDS * 136), st.binary(min_size=1, max_size=64)), min_size=1, max_size=20
)


@given(damage, st.integers(0, 2**63))
@example([(8, b"\xff" * 24)], 0)
@example([(8, b"\x05" + bytes(7))], 0)
def test_damage_is_no_error(spots: list[tuple[int, bytes]], now_ns: int) -> None:
    """For any damage, the result is well-formed, has valid ids, and no time in the future."""
    recording = Recording()
    for number in range(RECORDS + 10):
        recording.recorder.begin(b"add", torrent(number))
        recording.recorder.under_way(b"add", torrent(number))
    for at, garbage in spots:
        recording.buffer[at : at + len(garbage)] = garbage
    found = read(bytes(recording.buffer[:FLIGHT_BYTES]), now_ns)
    for each in (*found.records, *found.in_flight):
        assert each.what
        assert each.what.isascii()
        assert each.torrent is None or len(each.torrent) in (40, 64)
        assert each.age_us >= 0
