from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.internal.link_events import TrackerReport
from protocol.wire.desired import Quarantine
from protocol.wire.rows import Hindrance, HindranceCause, TorrentState
from supervisor.engine.torrents.observed import hindrance
from supervisor.engine.torrents.observed.trackers import Trackers
from tests.supervisor.samples import NOW_US, V1, desired, progress

URL = "http://t.example/0123456789abcdef/announce"
CAUSES = HindranceCause


def trackers(*, failing: bool) -> Trackers:
    """One tracker, which fails or was not tried."""
    made = Trackers()
    made.known([V1], [(URL, 0)])
    if failing:
        made.apply(TrackerReport(torrent=V1, url=URL, works=False, message="timed out", times=1), 1.0, NOW_US)
    return made


def find(state: TorrentState = TorrentState.DOWNLOADING, **given: Any) -> Hindrance | None:
    """The hindrance of a torrent that is loaded, half complete, and gets nothing."""
    facts: dict[str, Any] = {
        "trouble": None,
        "stalled": True,
        "engine_up": True,
        "present": True,
        "trackers": trackers(failing=False),
        "bad_data": None,
        "stuck": None,
    }
    wanted = {name: given.pop(name) for name in ("paused", "quarantine") if name in given}
    facts |= {name: given.pop(name) for name in list(given) if name in facts}
    numbers: dict[str, Any] = {"download_bps": 0, "upload_bps": 0, "peers": 0, "seeds": 0}
    return hindrance.find(desired(**wanted), state, progress(state=state, **(numbers | given)), **facts)


FAILING = trackers(failing=True)
QUARANTINE = Quarantine(reason="it crashed two engines", since_us=1)
STATES = TorrentState

CASES: dict[str, tuple[HindranceCause | None, dict[str, Any]]] = {
    "it downloads": (None, {"stalled": False, "peers": 1}),
    "what is left of a rate": (CAUSES.NO_SEEDS, {"download_bps": 1, "peers": 1}),
    "the last of it is written out": (None, {"bytes_done": 100, "peers": 0}),
    "it is checked": (None, {"state": STATES.CHECKING}),
    "nobody": (CAUSES.NO_PEERS, {}),
    "nobody, as no tracker works": (CAUSES.TRACKERS_FAILING, {"trackers": FAILING}),
    "peers, though no tracker works": (CAUSES.NO_SEEDS, {"trackers": FAILING, "peers": 2}),
    "peers without all of it": (CAUSES.NO_SEEDS, {"peers": 2}),
    "seeds that send nothing": (CAUSES.NO_DATA, {"peers": 2, "seeds": 1}),
    "the last pieces were bad": (CAUSES.BAD_DATA, {"bad_data": "piece 7 failed", "peers": 1, "trackers": FAILING}),
    "pieces were bad, and data arrives": (None, {"bad_data": "piece 7 failed", "peers": 1, "stalled": False}),
    "a link with bad metadata": (
        CAUSES.BAD_DATA,
        {"state": STATES.FETCHING_METADATA, "size": 0, "bad_data": "it is wrong"},
    ),
    "a check that does not move": (CAUSES.STUCK, {"state": STATES.CHECKING, "stuck": "for 10 minutes"}),
    "a link whose peers are silent for long": (
        CAUSES.NO_METADATA,
        {"state": STATES.FETCHING_METADATA, "size": 0, "peers": 1, "stuck": "for 10 minutes"},
    ),
    "a link that nobody knows": (CAUSES.NO_PEERS, {"state": STATES.FETCHING_METADATA, "size": 0, "bytes_total": 0}),
    "a link whose peers are silent": (CAUSES.NO_METADATA, {"state": STATES.FETCHING_METADATA, "size": 0, "peers": 1}),
    "a seed": (None, {"state": STATES.SEEDING}),
    "a seed that nobody hears of": (CAUSES.TRACKERS_FAILING, {"state": STATES.SEEDING, "trackers": FAILING}),
    "a seed with a peer": (None, {"state": STATES.SEEDING, "trackers": FAILING, "peers": 1}),
    "nothing is wanted": (CAUSES.NOTHING_SELECTED, {"state": STATES.FINISHED, "bytes_total": 0}),
    "paused": (CAUSES.PAUSED, {"state": STATES.PAUSED, "paused": True}),
    "about to be paused": (CAUSES.PAUSED, {"paused": True}),
    "about to run again": (CAUSES.QUEUED, {"state": STATES.PAUSED}),
    "no room": (CAUSES.DISK, {"state": STATES.PAUSED, "trouble": ("disk_full", "/srv: no room")}),
    "no room, and paused": (CAUSES.DISK, {"paused": True, "trouble": ("disk_full", "/srv: no room")}),
    "not mounted": (CAUSES.DISK, {"state": STATES.MISSING_STORAGE, "trouble": (None, "not mounted")}),
    "its files are gone": (CAUSES.DISK, {"state": STATES.MISSING_STORAGE}),
    "a write failed": (CAUSES.DISK, {"state": STATES.ERROR, "trouble": ("storage", "Permission denied")}),
    "it leads out": (CAUSES.ERROR, {"state": STATES.ERROR, "trouble": ("path_not_allowed", "it leads out")}),
    "an error of which no more is known": (CAUSES.ERROR, {"state": STATES.ERROR}),
    "in quarantine": (CAUSES.QUARANTINED, {"state": STATES.QUARANTINED, "quarantine": QUARANTINE}),
    "no engine": (CAUSES.ENGINE, {"engine_up": False, "present": False}),
    "no engine, and a seed": (CAUSES.ENGINE, {"engine_up": False, "present": False, "state": STATES.SEEDING}),
    "no engine, and paused": (CAUSES.PAUSED, {"engine_up": False, "present": False, "paused": True}),
    "its turn comes": (CAUSES.QUEUED, {"present": False}),
    "its turn to be looked at comes": (CAUSES.QUEUED, {"state": STATES.QUEUED}),
    "an error that is tried again": (CAUSES.QUEUED, {"state": STATES.QUEUED, "trouble": ("call_failed", "x")}),
}


@pytest.mark.parametrize("case", CASES)
def test_causes(case: str) -> None:
    """Each has a message."""
    cause, facts = CASES[case]
    found = find(**facts)
    assert (found.cause if found else None) is cause
    assert found is None or found.message


def test_messages_name_the_tracker_without_its_key() -> None:
    """And say if there is none."""
    found = find(trackers=FAILING)
    assert found is not None
    assert found.message == "no peer is connected, and no tracker works: http://t.example/…/announce: timed out"
    none = find(trackers=Trackers())
    assert none is not None
    assert none.message == "no peer is connected, and it has no tracker"


@given(
    st.sampled_from(STATES),
    st.booleans(),
    st.booleans(),
    st.booleans(),
    st.integers(0, 2),
    st.integers(0, 2),
    st.booleans(),
)
def test_whatever_does_not_move_has_a_reason(
    state: TorrentState, paused: bool, engine_up: bool, present: bool, peers: int, seeds: int, stalled: bool
) -> None:
    """Unless it is complete or being checked; a torrent that makes progress has none."""
    found = find(state, paused=paused, engine_up=engine_up, present=present, peers=peers, seeds=seeds, stalled=stalled)
    up = engine_up and present and not paused
    if up and state in (STATES.DOWNLOADING, STATES.FETCHING_METADATA) and not stalled:
        assert found is None
    elif state not in (STATES.FINISHED, STATES.SEEDING, STATES.CHECKING) or not up:
        assert found is not None


def test_what_arrives_and_what_lacks_something() -> None:
    """By bytes, and at first by the rate. A complete torrent lacks nothing, and a link without metadata does."""
    still = progress(download_bps=0)
    assert not hindrance.arrives(None, still)
    assert not hindrance.arrives(still, still)
    assert not hindrance.arrives(progress(), progress())
    assert hindrance.arrives(progress(downloaded=1), progress())
    assert hindrance.arrives(None, progress(download_bps=1))
    assert hindrance.arrives(None, progress(download_bps=0, bytes_done=100))
    assert hindrance.arrives(still, progress(state=STATES.CHECKING, download_bps=0))
    assert hindrance.arrives(None, progress(state=STATES.SEEDING, download_bps=0))
    assert hindrance.lacks(progress(state=STATES.FETCHING_METADATA, size=0, bytes_done=0, bytes_total=0))
