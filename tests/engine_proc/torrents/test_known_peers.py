"""When more is selected, known peers are called: libtorrent has disconnected them, and does not reconnect by itself."""

import socket
from collections.abc import Callable
from pathlib import Path
from typing import Final

import pytest

from engine_proc.session.alerts import NativeState, PrioritiesSet, TorrentStatus
from protocol.wire.desired import Selection, SettingValue
from tests.engine_proc.loopback import add, address, real_session, seed
from tools.rig.probe import LOOPBACK, Probe, eventually
from tools.rig.samples import PIECE_LENGTH, SampleTorrent, noise

pytestmark = pytest.mark.network

STRICT: Final[dict[str, SettingValue]] = {**LOOPBACK, "min_reconnect_time": 60, "enable_outgoing_utp": False}
"""libtorrent does not reconnect to a peer within a minute."""

SOON_S: Final = 6.0
"""Known peers are called within two seconds. The rest is for a busy machine, and far less than a minute."""


@pytest.fixture
def sample() -> SampleTorrent:
    """Three files of two pieces each."""
    return SampleTorrent("more", {name: noise(2 * PIECE_LENGTH, number) for number, name in enumerate("abc")})


def in_state(state: NativeState) -> Callable[[TorrentStatus], bool]:
    """Whether it is in this state and not connected."""
    return lambda row: row.state is state and row.peers == 0


def call(probe: Probe, torrent: str) -> None:
    """Calls peers as the engine does, which requests statistics four times a second."""
    probe.session.call_peers(torrent)
    probe.session.post_statistics()


@pytest.mark.parametrize("first", [["a"], ["nothing"]])
@pytest.mark.parametrize("paused", [False, True])
def test_when_more_is_selected(sample: SampleTorrent, tmp_path: Path, first: list[str], paused: bool) -> None:
    """For a finished torrent with some or none of its files selected; also with a pause in between."""
    with seed(sample, tmp_path / "seed", settings=STRICT) as other, real_session(settings=STRICT) as probe:
        desired = sample.desired(tmp_path / "leech", peers=(address(other),), selection=Selection(include=tuple(first)))
        add(probe, sample, desired)
        native = probe.session._handles.by_torrent[sample.torrent]  # type: ignore[attr-defined]  # the port does not tell
        if "a" in first:
            eventually(lambda: native.status().list_seeds > 0, "it has met its seed")
        probe.status(sample.torrent, in_state(NativeState.FINISHED))
        if paused:
            probe.session.set_paused(sample.torrent, True)
        probe.session.set_selection(sample.torrent, sample.desired(tmp_path / "leech"))
        probe.take(PrioritiesSet, sample.torrent)
        if paused:
            probe.session.set_paused(sample.torrent, False)
        call(probe, sample.torrent)
        probe.status(sample.torrent, lambda row: row.state is NativeState.SEEDING, within_s=SOON_S)


def test_a_peer_that_could_not_be_reached_is_tried_again_when_it_is_given(
    sample: SampleTorrent, tmp_path: Path
) -> None:
    """libtorrent has given it up, but its delay has not to be waited for."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
    quick: dict[str, SettingValue] = {**STRICT, "max_failcount": 1, "min_reconnect_time": 0}
    with real_session(settings=quick) as probe:
        peer = f"127.0.0.1:{port}"
        add(probe, sample, sample.desired(tmp_path / "leech", peers=(peer,)))
        probe.status(sample.torrent, lambda row: row.state is NativeState.DOWNLOADING)
        handle = probe.session._handles.by_torrent[sample.torrent]  # type: ignore[attr-defined]  # the port does not tell
        eventually(lambda: handle.status().connect_candidates == 0, "it is given up")
        listening: dict[str, SettingValue] = {**STRICT, "listen_interfaces": f"127.0.0.1:{port}"}
        with seed(sample, tmp_path / "seed", settings=listening):
            probe.session.connect(sample.torrent, [peer])
            call(probe, sample.torrent)
            probe.status(sample.torrent, lambda row: row.state is NativeState.SEEDING, within_s=SOON_S)


def test_the_settings_are_what_they_were_soon_after(sample: SampleTorrent, tmp_path: Path) -> None:
    """Failed peers are counted as configured."""
    with real_session(settings={**STRICT, "max_failcount": 5}) as probe:
        add(probe, sample, sample.desired(tmp_path))
        native = probe.session._session  # type: ignore[attr-defined]  # the port does not tell
        call(probe, sample.torrent)
        assert native.get_settings()["max_failcount"] > 5
        for _ in range(20):
            probe.session.post_statistics()
        assert native.get_settings()["max_failcount"] == 5
