"""How the dispatcher handles a recheck, until its result is stored."""

import pytest

from engine_proc.session.alerts import NativeState
from protocol.internal.link_events import TorrentApplied, TorrentRechecked
from protocol.wire.events.torrent_events import StateChanged
from tests.engine_proc.desk import Desk, applied, changed

TWO = "2" * 64


def hash_all(desk: Desk, torrent: str, state: NativeState = NativeState.SEEDING) -> None:
    """libtorrent hashes the torrent's files, and continues with the torrent."""
    for each in (NativeState.CHECKING_RESUME_DATA, NativeState.CHECKING_FILES, state):
        desk.dispatcher.state_changed(torrent, each)


def calls(desk: Desk) -> list[str]:
    """The calls to the session, without reads."""
    told = [call for call, _ in desk.session.calls]
    desk.session.calls.clear()
    return told


def test_it_is_over_once_what_was_found_is_stored(desk: Desk) -> None:
    """It is confirmed when it has begun, and over when later resume data is on disk."""
    before = desk.sample.desired()
    desk.ensure(before)
    calls(desk)
    desk.said.clear()
    asked = changed(before, recheck=2)
    desk.ensure(asked)
    assert calls(desk) == ["verify", "set_paused"]
    assert [event.state.value for event in desk.heard(StateChanged)] == ["checking"]
    assert desk.heard(TorrentApplied) == [applied(asked)]
    desk.dispatcher.audit(before.torrent)
    desk.dispatcher.resume_data_made(before.torrent)
    desk.dispatcher.resume_stored(before.torrent)
    hash_all(desk, before.torrent)
    assert calls(desk) == ["set_paused"]
    assert desk.policy.unsaved() == {before.torrent}
    desk.dispatcher.resume_stored(before.torrent)
    assert desk.heard(TorrentRechecked) == []
    desk.dispatcher.resume_data_made(before.torrent)
    desk.dispatcher.resume_stored(before.torrent)
    assert desk.heard(TorrentRechecked) == [TorrentRechecked(torrent=before.torrent, revision=2)]


def test_a_paused_torrent_runs_for_as_long_as_it_is_hashed(desk: Desk) -> None:
    """libtorrent pauses it afterwards by itself, also if a client pauses or resumes it meanwhile."""
    paused = desk.sample.desired(paused=True, recheck=1)
    desk.ensure(paused)
    assert calls(desk)[-2:] == ["verify", "set_paused"]
    desk.ensure(changed(paused, paused=False))
    desk.ensure(changed(changed(paused), paused=True))
    assert calls(desk) == []
    hash_all(desk, paused.torrent)
    assert calls(desk) == []


def test_a_torrent_that_was_asked_for_on_the_way_is_hashed_once_more(desk: Desk) -> None:
    """Files may have changed that were hashed already; only the last recheck is reported as over."""
    first = desk.sample.desired(recheck=1)
    desk.ensure(first)
    second = changed(first, recheck=2)
    desk.ensure(second)
    assert calls(desk).count("verify") == 1
    hash_all(desk, first.torrent)
    assert calls(desk) == ["verify", "set_paused"]
    hash_all(desk, first.torrent)
    desk.dispatcher.resume_data_made(first.torrent)
    desk.dispatcher.resume_stored(first.torrent)
    assert desk.heard(TorrentRechecked) == [TorrentRechecked(torrent=first.torrent, revision=2)]


def test_what_was_loaded_with_it_is_hashed(desk: Desk) -> None:
    """So the next engine does a recheck that the last one did not finish, once."""
    desired = desk.sample.desired(recheck=1)
    desk.ensure(desired)
    desk.ensure(desired)
    assert calls(desk).count("verify") == 1


@pytest.mark.parametrize("state", [NativeState.SEEDING, NativeState.DOWNLOADING])
def test_who_writes_to_its_files_meanwhile_is_not_forgotten(desk: Desk, state: NativeState) -> None:
    """One hashing serves both."""
    desired = desk.sample.desired(recheck=1)
    desk.ensure(desired)
    desk.dispatcher.verify(desired.torrent, TWO)
    assert calls(desk).count("verify") == 1
    hash_all(desk, desired.torrent, state)
    assert calls(desk) == (["set_paused"] if state is NativeState.SEEDING else [])
    desk.dispatcher.resume_data_made(desired.torrent)
    desk.pump()
    assert (desk.session.torrents() == frozenset()) is (state is NativeState.DOWNLOADING)
