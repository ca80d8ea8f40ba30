from collections.abc import Iterator

import pytest

from engine_proc.libtorrent_adapter.libtorrent_session import LibtorrentSession
from engine_proc.session import recorded
from engine_proc.session.alerts import TorrentAdded, TorrentGone
from engine_proc.session.session_port import InvalidSource, LibtSession, UnknownTorrent
from protocol.internal.flight_recorder import FLIGHT_BYTES, Flight, FlightRecorder, read
from protocol.wire.desired import DesiredTorrent
from tools.rig.probe import LOOPBACK, Probe
from tools.rig.samples import two_files

TORRENT = "a" * 40
NOT_NATIVE = {"count_from", "counters", "fileno", "held_trackers", "network_cpu_s", "torrents"}


class Recorded:
    """An object with a recorder, whose methods read the recorder during the call."""

    def __init__(self) -> None:
        self.buffer = bytearray(FLIGHT_BYTES)
        self.recorder = FlightRecorder(self.buffer)

    def flight(self) -> Flight:
        return read(bytes(self.buffer), 0)

    def sync(self) -> tuple[str, str | None] | None:
        sync = self.flight().sync
        return None if sync is None else (sync.what, sync.torrent)

    @recorded.of_session
    def statistics(self) -> tuple[str, str | None] | None:
        """A call without a torrent."""
        return self.sync()

    @recorded.of_torrent
    def remove(self, torrent: str, *, delete_files: bool) -> tuple[str, str | None] | None:
        """A call with a torrent's id."""
        assert delete_files
        return self.sync()

    @recorded.of_desired
    def add(self, desired: DesiredTorrent) -> tuple[str, str | None] | None:
        """A call with a desired state."""
        return self.statistics()

    @recorded.of_session
    def fail(self) -> None:
        raise InvalidSource


def test_a_call_is_recorded_while_it_is_made() -> None:
    """With its torrent, also around a nested call; not after the call, even if it failed."""
    subject = Recorded()
    assert subject.statistics() == ("statistics", None)
    assert subject.remove(TORRENT, delete_files=True) == ("remove", TORRENT)
    assert subject.remove(torrent=TORRENT, delete_files=True) == ("remove", TORRENT)
    assert subject.add(two_files().desired()) == ("statistics", two_files().torrent)
    with pytest.raises(InvalidSource):
        subject.fail()
    assert subject.sync() is None
    assert [record.what for record in subject.flight().records][:3] == ["fail", "statistics", "add"]


def test_all_that_the_port_asks_of_libtorrent_is_recorded() -> None:
    """If a method were not marked, its crash could not be attributed."""
    named = (name for name in dir(LibtSession) if not name.startswith("_"))
    methods = {name for name in named if callable(getattr(LibtSession, name))}
    unmarked = {name for name in methods if not hasattr(getattr(LibtorrentSession, name), "__wrapped__")}
    assert unmarked == NOT_NATIVE


@pytest.fixture
def buffer() -> bytearray:
    """A recorder's memory."""
    return bytearray(FLIGHT_BYTES)


@pytest.fixture
def probe(buffer: bytearray) -> Iterator[Probe]:
    """A real session with that recorder."""
    recorder = FlightRecorder(buffer)
    session = LibtorrentSession(LOOPBACK, download_bps=0, upload_bps=0, torrents=10, recorder=recorder)
    yield Probe(session)
    session.close()


def test_an_add_and_a_removal_are_under_way_until_libtorrent_tells(probe: Probe, buffer: bytearray) -> None:
    """The calls themselves have returned long before."""
    sample = two_files()

    def flight() -> Flight:
        return read(bytes(buffer), 0)

    def under_way() -> list[tuple[str, str | None]]:
        return [(row.what, row.torrent) for row in flight().under_way]

    assert flight().sync is None
    probe.session.add(sample.desired(), metainfo=sample.metainfo, resume=None)
    assert under_way() == [("add", sample.torrent)]
    probe.take(TorrentAdded, sample.torrent)
    assert under_way() == []
    probe.session.remove(sample.torrent, delete_files=False)
    assert under_way() == [("remove", sample.torrent)]
    probe.take(TorrentGone, sample.torrent)
    assert under_way() == []
    probe.session.add(sample.desired(), metainfo=sample.metainfo, resume=None)
    probe.take(TorrentAdded, sample.torrent)
    probe.session.unload(sample.torrent)
    assert under_way() == [("unload", sample.torrent)]
    probe.take(TorrentGone, sample.torrent)
    assert under_way() == []
    assert flight().sync is None


def test_an_add_that_is_refused_is_not_under_way_any_more(probe: Probe, buffer: bytearray) -> None:
    """For example of a torrent that exists already."""
    sample = two_files()
    for _ in range(2):
        probe.session.add(sample.desired(), metainfo=sample.metainfo, resume=None)
        probe.take(TorrentAdded, sample.torrent)
    assert read(bytes(buffer), 0).under_way == []


def test_what_fails_at_once_is_not_under_way(probe: Probe, buffer: bytearray) -> None:
    """libtorrent was not called."""
    with pytest.raises(UnknownTorrent):
        probe.session.remove(TORRENT, delete_files=False)
    with pytest.raises(InvalidSource):
        probe.session.add(two_files().desired(), metainfo=b"no metainfo", resume=None)
    found = read(bytes(buffer), 0)
    assert (found.sync, found.under_way) == (None, [])


class Overhearing(FlightRecorder):
    """Stores what is recorded about alerts."""

    def __init__(self) -> None:
        self.memory = bytearray(FLIGHT_BYTES)
        super().__init__(self.memory)
        self.heard: set[tuple[str, str | None]] = set()

    def alert(self, name: bytes) -> None:
        super().alert(name)
        self._listen()

    def alert_about(self, torrent: str) -> None:
        super().alert_about(torrent)
        self._listen()

    def _listen(self) -> None:
        sync = read(bytes(self.memory), 0).sync
        assert sync is not None
        self.heard.add((sync.what, sync.torrent))


def test_an_alert_is_in_flight_while_it_is_read() -> None:
    """It names its torrent as soon as that is known; after the last alert, the pop ends."""
    sample = two_files()
    recorder = Overhearing()
    probe = Probe(LibtorrentSession(LOOPBACK, download_bps=0, upload_bps=0, torrents=10, recorder=recorder))
    probe.session.add(sample.desired(), metainfo=sample.metainfo, resume=None)
    probe.take(TorrentAdded, sample.torrent)
    probe.session.save_resume(sample.torrent, only_if_modified=False)
    probe.settle()
    probe.session.close()
    assert recorder.heard >= {
        ("alert add_torrent", None),
        ("alert save_resume_data", None),
        ("alert save_resume_data", sample.torrent),
        ("pop_alerts", None),
    }
    assert read(bytes(recorder.memory), 0).sync is None
