from typing import Any

import pytest

from engine_proc.session.alerts import NativeState, TorrentStatus
from engine_proc.watches.stuck_watch import CHECKING_S, LOOK_S, METADATA_S, RELOADS_KEPT_S, Stuck, StuckWatch
from protocol.internal.watch_events import StuckIn

A, B = "a" * 40, "b" * 40
CHECKING, METADATA = NativeState.CHECKING_FILES, NativeState.DOWNLOADING_METADATA


def row(state: NativeState, torrent: str = A, **given: Any) -> TorrentStatus:
    """A status."""
    facts: dict[str, Any] = {"paused": False, "progress": 0.1, "done": 1, "wanted": 10, "size": 10, "downloaded": 0}
    facts |= {"uploaded": 0, "wasted": 0, "download_bps": 0, "upload_bps": 0, "peers": 0, "seeds": 0, "error": None}
    return TorrentStatus(torrent, state=state, **(facts | given))


def test_a_check_that_does_not_move_is_told_once_and_loaded_again_once() -> None:
    """Also after it was loaded again."""
    watch = StuckWatch()
    watch.observe([row(CHECKING)], 0.0)
    assert watch.look(CHECKING_S - 1) == []
    assert watch.look(CHECKING_S + LOOK_S) == [Stuck(A, StuckIn.CHECKING, CHECKING_S + LOOK_S, reload=True)]
    assert watch.look(CHECKING_S * 2) == []
    watch.forget(A)  # it is being loaded again
    assert watch.look(CHECKING_S * 2 + 1) == [Stuck(A, None)]
    watch.observe([row(NativeState.CHECKING_RESUME_DATA)], CHECKING_S * 2 + 1)
    watch.observe([row(CHECKING)], CHECKING_S * 2 + 2)
    assert watch.look(CHECKING_S * 4) == [Stuck(A, StuckIn.CHECKING, CHECKING_S * 2 - 2, reload=False)]


def test_a_check_that_moves_is_not_stuck() -> None:
    """If it was, that is over, and it may be loaded again once more."""
    watch = StuckWatch()
    for step in range(20):
        watch.observe([row(CHECKING, progress=step / 100)], step * CHECKING_S / 2)
        assert watch.look(step * CHECKING_S / 2) == []
    now = 20 * CHECKING_S
    assert [stuck.reload for stuck in watch.look(now)] == [True]
    watch.observe([row(CHECKING, progress=0.5)], now)
    assert watch.look(now + LOOK_S) == [Stuck(A, None)]
    assert [stuck.reload for stuck in watch.look(now + CHECKING_S)] == [True]


@pytest.mark.parametrize(
    "given", [{"paused": True}, {"queued": True}, {"error": "no"}, {"state": NativeState.DOWNLOADING}]
)
def test_what_does_not_check_is_not_stuck(given: dict[str, Any]) -> None:
    """Paused by a client or a queue, stopped, or checked."""
    watch = StuckWatch()
    watch.observe([row(CHECKING)], 0.0)
    watch.observe([row(**({"state": CHECKING} | given))], 1.0)
    assert watch.look(CHECKING_S * 2) == []


def test_metadata_that_no_peer_sends() -> None:
    """Only while peers are connected; it is never loaded again."""
    watch = StuckWatch()
    watch.observe([row(METADATA), row(METADATA, B, peers=1)], 0.0)
    assert watch.look(METADATA_S) == [Stuck(B, StuckIn.METADATA, METADATA_S)]
    watch.observe([row(METADATA, B, peers=2)], METADATA_S + 1)
    assert watch.look(METADATA_S * 2) == []
    watch.observe([row(METADATA, B, peers=0), row(METADATA, peers=1)], METADATA_S * 2)
    assert watch.look(METADATA_S * 2) == [Stuck(B, None)]
    watch.observe([row(NativeState.DOWNLOADING)], METADATA_S * 4)
    assert watch.look(METADATA_S * 4) == []


def test_reloads_are_not_remembered_for_ever() -> None:
    """The torrent may be gone."""
    watch = StuckWatch()
    watch.observe([row(CHECKING)], 0.0)
    assert watch.look(CHECKING_S)
    watch.forget(A)
    watch.look(CHECKING_S + RELOADS_KEPT_S + LOOK_S)
    watch.observe([row(CHECKING)], 2 * RELOADS_KEPT_S)
    assert [stuck.reload for stuck in watch.look(2 * RELOADS_KEPT_S + CHECKING_S)] == [True]
