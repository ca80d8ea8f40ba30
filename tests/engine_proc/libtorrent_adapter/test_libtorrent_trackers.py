"""What real sessions report about trackers: each leg by itself, with the tracker's own message."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from engine_proc.libtorrent_adapter.libtorrent_session import LibtorrentSession
from engine_proc.session.alerts import TorrentAdded, TrackerAnswered, TrackerAsked, TrackerFailed
from engine_proc.trackers.announce_entries import leg
from tools.rig.probe import LOOPBACK, Probe, eventually
from tools.rig.samples import SampleTorrent, noise
from tools.rig.servers.closed_port import closed_port
from tools.rig.tracker import Tracker

pytestmark = pytest.mark.network


@pytest.fixture
def tracker() -> Iterator[Tracker]:
    """A real tracker."""
    with Tracker() as running:
        yield running


@pytest.fixture
def probe() -> Iterator[Probe]:
    """A session that listens on both loopback addresses."""
    session = LibtorrentSession(
        {**LOOPBACK, "listen_interfaces": "127.0.0.1:0,[::1]:0"}, download_bps=0, upload_bps=0, torrents=10
    )
    yield Probe(session)
    session.close()


def announce(probe: Probe, save_path: Path, *urls: str) -> str:
    """Adds a torrent with these trackers, without pacing. Returns its id."""
    sample = SampleTorrent("sample", {"": noise(40_000, 1)}, single=True)
    probe.session.add(sample.desired(save_path, trackers=list(urls)), metainfo=sample.metainfo, resume=None)
    assert probe.take(TorrentAdded).problem is None
    probe.session.release_trackers(sample.torrent)
    return sample.torrent


def test_each_leg_is_asked_and_answers_by_itself(probe: Probe, tracker: Tracker, tmp_path: Path) -> None:
    """One leg is skipped, since the tracker has no address that it can reach.

    What is read back has both, and figures.
    """
    torrent = announce(probe, tmp_path, tracker.http)
    asked = {probe.take(TrackerAsked).leg for _ in range(2)}
    answered, skipped = probe.take(TrackerAnswered), probe.take(TrackerFailed)
    assert {answered.leg, skipped.leg} == asked
    assert answered == TrackerAnswered(torrent, tracker.http, answered.leg)
    assert answered.leg.startswith("127.0.0.1 ")
    assert (skipped.url, skipped.leg.split()[0], skipped.skipped, skipped.times) == (tracker.http, "::1", True, 1)
    eventually(lambda: probe.session.trackers(torrent)[0].reading.seeds == 7, "the numbers are there")
    [state] = probe.session.trackers(torrent)
    assert asked <= set(state.legs)
    assert (state.reading.leeches, state.reading.updating) == (1, False)
    assert state.reading.next_announce_us


@pytest.mark.parametrize("said", ["unregistered torrent", "x" * 5000, "pass\udce9 unknown", ""])
def test_what_a_tracker_says_is_told_in_its_own_words(
    probe: Probe, tracker: Tracker, tmp_path: Path, said: str
) -> None:
    """A long message is cut, and invalid UTF-8 is replaced."""
    tracker.refusal = said
    announce(probe, tmp_path, tracker.http)
    failed = probe.take(TrackerFailed)
    while failed.skipped:
        failed = probe.take(TrackerFailed)
    assert failed.times == 1
    assert failed.problem
    if said:
        assert failed.said
        assert failed.problem == said.replace("\udce9", "\N{REPLACEMENT CHARACTER}")[:500]


def test_where_nobody_is_the_system_says_what_is_wrong(probe: Probe, tmp_path: Path) -> None:
    """The message is not marked as the tracker's own."""
    with closed_port() as port:
        announce(probe, tmp_path, f"http://127.0.0.1:{port}/announce")
        failed = probe.take(TrackerFailed)
        while failed.skipped:
            failed = probe.take(TrackerFailed)
    assert (failed.said, failed.problem) == (False, "Connection refused")


def test_legs_have_one_name() -> None:
    """In alerts and in what is read back."""
    assert leg("127.0.0.1", 6881, 2) == "127.0.0.1 6881 v2"
