"""The peers that libtorrent connects to."""

import socket
from pathlib import Path
from typing import Any

import pytest

from engine_proc.libtorrent_adapter.libtorrent_peers import _CALLED_AT_ONCE, _CALLING_TURNS, KeptSeeds, PeerCalls
from protocol.wire.peer_rows import PeerConnection
from tests.engine_proc.loopback import add, address, real_session, seed
from tools.rig.hostile.raw_peer import RawPeer
from tools.rig.probe import LOOPBACK, eventually, readable
from tools.rig.samples import two_files
from tools.rig.tracker import Tracker


def test_seeds_are_kept_until_the_last_link_has_its_metadata() -> None:
    """Then the setting has its configured value; a torrent that did not wait changes nothing."""
    applied: list[dict[str, Any]] = []
    seeds = KeptSeeds()
    for torrent in "ab":
        seeds.keep(torrent, applied.append)
    for torrent in ("a", "c"):
        seeds.release(torrent, applied.append, True)
    assert seeds
    seeds.release("b", applied.append, True)
    assert not seeds
    assert [each["close_redundant_connections"] for each in applied] == [False, False, True]


def test_calls_are_spread_over_turns_and_the_setting_comes_back() -> None:
    """Each turn with calls changes the setting, since libtorrent then recounts its candidates."""
    applied: list[dict[str, Any]] = []
    calls = PeerCalls()
    for number in range(_CALLED_AT_ONCE + 1):
        calls.ask(str(number))
    calls.ask("0")
    due = [calls.turn(applied.append, 3) for _ in range(_CALLING_TURNS + 3)]
    assert [len(each) for each in due[:3]] == [_CALLED_AT_ONCE, 1, 0]
    assert [each["max_failcount"] for each in applied] == [30, 31, 3]


ELSEWHERE = {**LOOPBACK, "listen_interfaces": "127.0.0.2:0"}
"""A session at an address of its own."""


@pytest.mark.slow
def test_a_banned_peer_is_disconnected_and_stays_away(tmp_path: Path) -> None:
    """From both sides; others stay connected. Without the ban it can connect again."""
    sample = two_files()
    with seed(sample, tmp_path) as probe:
        session, here = probe.session, address(probe)
        banned, other = (RawPeer(here, sample.torrent, source=f"127.0.0.{host}") for host in (2, 3))
        with banned, other:
            eventually(lambda: session.peers(sample.torrent).connected == 2, "both are connected")
            session.ban(["127.0.0.2"])
            assert banned.refused()
            [row] = session.peers(sample.torrent).rows
            assert row.endpoint == other.endpoint
            with RawPeer(here, sample.torrent, source="127.0.0.2") as again:
                assert again.refused()
            session.ban([])
            with RawPeer(here, sample.torrent, source="127.0.0.2") as again:
                eventually(lambda: session.peers(sample.torrent).connected == 2, "it is back")
                assert not again.refused(0.1)


@pytest.mark.slow
def test_a_banned_peer_is_not_connected_to(tmp_path: Path) -> None:
    """Although it is named as a peer. After the ban it is."""
    sample = two_files()
    sample.write(tmp_path / "a")
    with real_session(settings=ELSEWHERE) as giver, real_session() as taker:
        add(giver, sample, sample.desired(tmp_path / "a", seed_mode=True))
        eventually(lambda: giver.session.listen_port() > 0, "listening")
        there = f"127.0.0.2:{giver.session.listen_port()}"
        taker.session.ban(["127.0.0.2"])
        add(taker, sample, sample.desired(tmp_path / "b", peers=(there,)))
        taker.session.connect(sample.torrent, [there])
        taker.pump(0.5)
        assert taker.session.peers(sample.torrent).connected == 0
        assert giver.session.peers(sample.torrent).connected == 0
        taker.session.ban([])
        taker.session.connect(sample.torrent, [there])
        taker.status(sample.torrent, lambda row: row.done == sample.size)


@pytest.mark.slow
@pytest.mark.parametrize("scheme", ["http", "udp"])
def test_trackers_at_a_banned_address_are_announced_to(tmp_path: Path, scheme: str) -> None:
    """A ban is one of peers."""
    sample = two_files()
    with (
        Tracker() as tracker,
        real_session(settings={**LOOPBACK, "ssrf_mitigation": False, "stop_tracker_timeout": 0}) as probe,
    ):
        probe.session.ban(["127.0.0.1"])
        add(probe, sample, sample.desired(tmp_path, trackers=(getattr(tracker, scheme),)))
        probe.session.release_trackers(sample.torrent)
        eventually(lambda: bool(tracker.announces), "an announce")


@pytest.mark.slow
def test_web_seeds_at_a_banned_address_are_not_used(tmp_path: Path) -> None:
    """Not even connected to; after the ban they are."""
    sample = two_files()
    with (
        socket.create_server(("127.0.0.1", 0)) as server,
        real_session(settings={**LOOPBACK, "ssrf_mitigation": False}) as probe,
    ):
        probe.session.ban(["127.0.0.1"])
        url = f"http://127.0.0.1:{server.getsockname()[1]}/"
        add(probe, sample, sample.desired(tmp_path / "a", web_seeds=(url,)))
        assert not readable(server.fileno(), 1.0)
        probe.session.ban([])
        other = two_files("other")
        add(probe, other, other.desired(tmp_path / "b", web_seeds=(url,)))
        assert readable(server.fileno(), 5.0)
        [row] = probe.session.peers(other.torrent).rows
        assert row.connection is PeerConnection.WEB_SEED
