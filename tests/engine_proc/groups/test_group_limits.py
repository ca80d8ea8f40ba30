"""The limits of groups as a session gets them."""

from typing import Any, Final

import msgspec
import pytest

from engine_proc.groups.group_limits import FIRST_BPS, GroupLimits
from engine_proc.session.alerts import NativeState, TorrentStatus
from engine_proc.session.caps_port import NO_LIMITS, Limits
from engine_proc.session.session_port import TorrentFault
from protocol.wire.desired import DesiredTorrent, TorrentOptions

A: Final = "a" * 40
B: Final = "b" * 40
KEY: Final = "night/1"
LIMIT: Final = 1_000_000


class Recording:
    """The only call of a session that is needed here."""

    def __init__(self) -> None:
        self.caps: dict[str, Limits] = {}
        self.number = 0
        self.fails = False

    def cap_limits(self, torrent: str, own: Limits, cap: Limits) -> None:
        """Records the cap."""
        self.number += 1
        if self.fails:
            raise TorrentFault(torrent, "it fails")
        self.caps[torrent] = cap


def desired(torrent: str, group: str | None = KEY, download_bps: int = 0) -> DesiredTorrent:
    """A torrent in a group."""
    return DesiredTorrent(
        torrent=torrent,
        source="metainfo",
        save_path="/srv",
        download_bps=download_bps,
        options=TorrentOptions(group=group),
    )


def status(torrent: str, down: int = 0, up: int = 0, peers: int = 1) -> TorrentStatus:
    """What libtorrent reports."""
    return TorrentStatus(
        torrent,
        state=NativeState.DOWNLOADING,
        paused=False,
        progress=0.0,
        done=0,
        wanted=1,
        size=1,
        downloaded=0,
        uploaded=0,
        moved_down=down,
        moved_up=up,
        wasted=0,
        download_bps=0,
        upload_bps=0,
        peers=peers,
        seeds=0,
        error=None,
    )


class Run:
    """A group of two torrents, and the seconds that pass."""

    def __init__(self, limits: tuple[int, int] = (LIMIT, 0)) -> None:
        self.session = Recording()
        session: Any = self.session
        self.groups = GroupLimits(session)
        self.groups.configure({KEY: limits})
        self.now = 100.0
        self.moved = {A: (0, 0), B: (0, 0)}

    def second(self, *, peers: int = 1, **rates: tuple[int, int]) -> None:
        """A second in which the torrents transfer, with two status updates."""
        for _ in range(2):
            self.now += 0.5
            rows = []
            for name, (down, up) in rates.items():
                torrent = name * 40
                before = self.moved[torrent]
                self.moved[torrent] = before[0] + down // 2, before[1] + up // 2
                rows.append(status(torrent, *self.moved[torrent], peers=peers))
            self.groups.observe(rows, self.now)
            self.groups.tick(self.now)

    def down(self, torrent: str) -> int:
        """The download cap of a torrent."""
        return self.session.caps[torrent].download_bps


def test_a_torrent_has_a_small_cap_until_it_has_peers() -> None:
    """From before it is added. Then it has all, if it is alone."""
    run = Run()
    run.groups.place(desired(A))
    run.groups.place(desired(B))
    assert run.session.caps == {A: Limits(FIRST_BPS, 0), B: Limits(FIRST_BPS, 0)}
    run.second(a=(0, 0))
    assert (run.down(A), run.down(B)) == (LIMIT, FIRST_BPS)
    run.second(a=(0, 0), peers=0)
    assert run.down(A) == FIRST_BPS


def test_the_limit_follows_the_rates() -> None:
    """Two hungry torrents have a half each; one that wants little leaves the rest."""
    run = Run((LIMIT, LIMIT))
    for torrent in (A, B):
        run.groups.place(desired(torrent))
    for _ in range(4):
        run.second(a=(run.down(A), 0), b=(run.down(B), 0))
    assert abs(run.down(A) - run.down(B)) <= 1
    for _ in range(6):
        run.second(a=(run.down(A), 0), b=(100_000, 0))
    assert run.down(A) >= 0.85 * LIMIT
    assert sum(cap.download_bps for cap in run.session.caps.values()) <= LIMIT
    assert sum(cap.upload_bps for cap in run.session.caps.values()) <= LIMIT


def test_a_download_has_the_uploads_overhead() -> None:
    """An uploading torrent receives requests, for which its download share must have room."""
    run = Run((LIMIT, 0))
    for torrent in (A, B):
        run.groups.place(desired(torrent))
    for _ in range(8):
        run.second(a=(run.down(A), 0), b=(0, 4_000_000))
    assert run.down(B) >= 0.05 * 4_000_000


def test_counts_that_begin_again_are_no_rate_below_zero() -> None:
    """libtorrent's counts begin at 0 after a pause."""
    run = Run()
    run.groups.place(desired(A))
    run.second(a=(500_000, 0))
    run.moved[A] = (0, 0)
    run.second(a=(LIMIT, 0))
    assert run.down(A) == LIMIT


def test_limits_change_and_groups_are_removed() -> None:
    """At once, for active torrents and others."""
    run = Run()
    run.groups.place(desired(A))
    run.groups.place(desired(B))
    run.second(a=(0, 0))
    run.groups.configure({KEY: (50_000, 0)})
    assert (run.down(A), run.down(B)) == (50_000, 5_000)
    before = run.session.number
    run.groups.configure({KEY: (50_000, 0), "other/2": (5000, 5000)})
    assert run.session.number == before
    run.groups.configure({"other/2": (5000, 5000)})
    assert run.session.caps == {A: NO_LIMITS, B: NO_LIMITS}
    run.second(a=(10**6, 0))
    assert run.session.caps == {A: NO_LIMITS, B: NO_LIMITS}


def test_torrents_change_and_leave_their_groups() -> None:
    """And a torrent that is loaded again keeps its group."""
    run = Run()
    run.groups.configure({KEY: (LIMIT, 0), "other/2": (20_000, 0)})
    run.groups.place(desired(A))
    run.second(a=(0, 0))
    run.groups.unloaded(A)
    assert run.down(A) == FIRST_BPS
    run.groups.place(desired(A, "other/2"))
    assert run.down(A) == 2000
    run.groups.place(desired(A, None))
    assert run.session.caps[A] == NO_LIMITS
    run.groups.place(desired(B))
    run.groups.forget(B)
    assert run.session.caps[B] == NO_LIMITS
    run.groups.forget(B)


def test_nothing_is_done_without_active_torrents() -> None:
    """Nor for torrents without a group, nor if nothing changes."""
    run = Run()
    run.groups.place(desired(A, None))
    run.groups.place(msgspec.structs.replace(desired(B), options=TorrentOptions()))
    run.second(a=(10**6, 0), b=(10**6, 0))
    assert run.session.number == 0
    run.groups.place(desired(A))
    run.second(a=(LIMIT, 0))
    before = run.session.number
    for _ in range(5):
        run.second(a=(LIMIT, 0))
    assert run.session.number == before


def test_a_fault_is_tried_again() -> None:
    """The next division caps the torrent."""
    run = Run()
    run.groups.place(desired(A))
    run.session.fails = True
    run.second(a=(0, 0))
    run.session.fails = False
    assert run.down(A) == FIRST_BPS
    run.second(a=(0, 0))
    assert run.down(A) == LIMIT


@pytest.mark.parametrize("own", [5000, 300_000])
def test_own_limits_leave_the_rest(own: int) -> None:
    """A torrent's own limit counts in the division."""
    run = Run()
    run.groups.place(desired(A, download_bps=own))
    run.groups.place(desired(B))
    for _ in range(6):
        run.second(a=(min(own, run.down(A)), 0), b=(run.down(B), 0))
    assert run.down(A) <= own
    assert run.down(B) >= LIMIT - own - 50_000
