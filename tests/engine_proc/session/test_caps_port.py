"""The conformance suite of the session port's caps of limits, for libtorrent's side and for the fake."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

import libtorrent
import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine_proc.libtorrent_adapter.libtorrent_session import LibtorrentSession
from engine_proc.session.alerts import ResumeData, TorrentGone
from engine_proc.session.caps_port import NO_LIMITS, Caps, Limits, smaller
from engine_proc.session.session_port import LibtSession
from tests.engine_proc.loopback import add
from tests.fakes.fake_session import FakeSession
from tools.rig.probe import LOOPBACK, Probe
from tools.rig.samples import two_files

SIDES: Final[dict[str, Callable[..., LibtSession]]] = {"libtorrent": LibtorrentSession, "fake": FakeSession}
LIMIT: Final = st.just(0) | st.integers(1, 2**31 - 2)
LIMITS: Final = st.builds(Limits, LIMIT, LIMIT)


@pytest.fixture(params=SIDES)
def probe(request: pytest.FixtureRequest) -> Iterator[Probe]:
    """A session of one side."""
    session = SIDES[request.param](LOOPBACK, download_bps=0, upload_bps=0, torrents=10)
    yield Probe(session)
    session.close()


def in_force(probe: Probe, torrent: str) -> tuple[int, int]:
    """The limits that the session really has; 0 is none."""
    session: Any = probe.session
    if isinstance(session, FakeSession):
        return session.limits_in_force(torrent)
    handle = session._handle(torrent)
    return max(0, handle.download_limit()), max(0, handle.upload_limit())


@given(LIMITS, LIMITS)
def test_the_smaller_limit_is_in_force(own: Limits, cap: Limits) -> None:
    """0 is larger than all other numbers, and the own limits can be told from what is in force."""
    found = smaller(own, cap)
    for one, two, both in zip(own, cap, found, strict=True):
        assert both == min(one or two, two or one)
    caps = Caps()
    assert caps.put("t", own, cap) == found
    assert caps.own("t", found) == own
    assert caps.put_own("t", cap) == smaller(cap, cap)
    assert caps.put("t", own, NO_LIMITS) == own
    assert (caps.in_force("t"), caps.own_of("t"), caps.own("t", found)) == (None, None, found)


@pytest.mark.slow
def test_a_cap_is_in_force_and_own_limits_are_told(probe: Probe, tmp_path: Path) -> None:
    """A cap that was set before the add, and changes of both."""
    sample, session = two_files(), probe.session
    torrent, desired = sample.torrent, sample.desired(tmp_path, paused=True, download_bps=50_000)
    session.cap_limits(torrent, Limits(50_000, 0), Limits(20_000, 30_000))
    add(probe, sample, desired)
    for own, cap, both in (
        ((50_000, 0), (20_000, 30_000), (20_000, 30_000)),
        ((50_000, 0), (60_000, 0), (50_000, 0)),
        ((10_000, 5_000), (20_000, 4_000), (10_000, 4_000)),
        ((10_000, 5_000), (0, 0), (10_000, 5_000)),
    ):
        session.set_limits(torrent, *own)
        session.cap_limits(torrent, Limits(*own), Limits(*cap))
        assert in_force(probe, torrent) == both
        applied = session.applied(torrent)
        assert (applied.download_bps, applied.upload_bps) == own
        wanted = msgspec.structs.replace(desired, download_bps=own[0], upload_bps=own[1])
        assert session.observed(wanted) == wanted


@pytest.mark.slow
def test_other_limits_than_those_in_force_are_told(probe: Probe, tmp_path: Path) -> None:
    """The audit finds a limit that something else has set."""
    sample, session = two_files(), probe.session
    add(probe, sample, sample.desired(tmp_path, paused=True))
    session.cap_limits(sample.torrent, NO_LIMITS, Limits(20_000, 30_000))
    if isinstance(session, FakeSession):
        session.refuse_limits()
        session.cap_limits(sample.torrent, NO_LIMITS, Limits(7_000, 8_000))
        found = (20_000, 30_000)
    else:
        native: Any = session
        native._handle(sample.torrent).set_download_limit(9_000)
        found = (9_000, 30_000)
    applied = session.applied(sample.torrent)
    assert (applied.download_bps, applied.upload_bps) == found


@pytest.mark.slow
def test_resume_data_has_the_own_limits(tmp_path: Path) -> None:
    """So a restore finds no difference, whether or not the torrent still has a group."""
    session = LibtorrentSession(LOOPBACK, download_bps=0, upload_bps=0, torrents=10)
    probe, sample = Probe(session), two_files()
    desired = sample.desired(tmp_path, paused=True, upload_bps=70_000)
    add(probe, sample, desired)
    session.cap_limits(sample.torrent, Limits(0, 70_000), Limits(20_000, 30_000))
    session.save_resume(sample.torrent, only_if_modified=False)
    blob = probe.take(ResumeData, sample.torrent).blob
    params = libtorrent.read_resume_data(blob)
    assert (max(0, params.download_limit), max(0, params.upload_limit)) == (0, 70_000)
    session.unload(sample.torrent)
    probe.take(TorrentGone, sample.torrent)
    add(probe, sample, desired, resume=blob)
    assert in_force(probe, sample.torrent) == (20_000, 30_000)
    assert session.observed(desired) == desired
    session.close()
