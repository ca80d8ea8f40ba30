"""A daemon with a few torrents, and a program whose samples do not depend on the time that a test takes."""

from math import inf

import pytest

from ouzel.cli.top import follower
from ouzel.cli.top.view import summary
from protocol.wire.rows import Hindrance, HindranceCause, TorrentState
from tests.ouzel import samples
from tests.ouzel.scripted_daemon import ScriptedDaemon

HOSTILE = "\x1b[2J\x1b]0;title\x07[red]bold[/red] \u202etxt.exe\n"
UBUNTU, FILMS, HOSTILE_ID = "11" * 20, "22" * 20, "33" * 20


@pytest.fixture(autouse=True)
def still_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """Health and totals are requested only at the start, and no silence is reported."""
    monkeypatch.setattr(follower, "SAMPLE_S", 3600.0)
    monkeypatch.setattr(summary, "SILENT_S", inf)
    monkeypatch.delenv("NO_COLOR", raising=False)


@pytest.fixture
def torrents(daemon: ScriptedDaemon) -> ScriptedDaemon:
    """The daemon with three torrents. The name of one attacks the terminal."""
    for row in (
        samples.told(UBUNTU, name="ubuntu-26.10-desktop-amd64.iso", labels=["linux"], size=5_000_000_000),
        samples.told(
            FILMS,
            name="films",
            state=TorrentState.SEEDING,
            progress=1.0,
            upload_bps=750_000,
            ratio=2.5,
            category="films",
        ),
        samples.told(
            HOSTILE_ID,
            name=HOSTILE,
            download_bps=0,
            stalled_since_us=1_700_000_000_000_000,
            hindrance=Hindrance(cause=HindranceCause.NO_PEERS, message="no peer is connected"),
        ),
    ):
        daemon.rows[row.torrent] = row
    return daemon
