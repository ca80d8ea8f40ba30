from typing import Any

from engine_proc.session.alerts import NativeState
from protocol.wire.desired import DesiredTorrent, Selection, TorrentOptions
from tests.engine_proc.desk import Desk, changed
from tools.rig.samples import SampleTorrent

SET = TorrentOptions(max_uploads=3, super_seeding=True, first_last_piece_first=True)
QUEUED = TorrentOptions(auto_managed=True)


def calls(desk: Desk, desired: DesiredTorrent) -> list[str]:
    """The calls that applying this causes."""
    before = len(desk.session.calls)
    desk.ensure(desired)
    return [name for name, _ in desk.session.calls[before:]]


def has_ends_first(desk: Desk, torrent: str) -> bool:
    """Whether the session prefers the ends of the torrent's files."""
    session: Any = desk.session
    return bool(session._torrents[torrent].ends_first)


def test_options_are_applied_by_one_call_each(desk: Desk) -> None:
    """The ends of files only if that has changed; labels and equal options not at all."""
    desired = desk.sample.desired()
    desk.ensure(desired)
    assert calls(desk, changed(desired, options=TorrentOptions(max_uploads=3))) == ["set_options"]
    assert calls(desk, changed(desired, options=SET, revision=3)) == ["set_options", "prefer_ends"]
    assert calls(desk, changed(desired, options=SET, labels=("x",), revision=4)) == []
    assert calls(desk, changed(desired, revision=5)) == ["set_options", "prefer_ends"]
    assert not has_ends_first(desk, desired.torrent)


def test_what_libtorrent_drops_is_applied_again(desk: Desk) -> None:
    """After the add, after a selection, and when the native state changes."""
    desired = desk.sample.desired(options=SET)
    desk.ensure(desired)
    assert has_ends_first(desk, desired.torrent)
    desk.ensure(changed(desired, selection=Selection(priorities={"0": 1})))
    assert has_ends_first(desk, desired.torrent)
    count = len(desk.session.calls)
    desk.dispatcher.state_changed(desired.torrent, NativeState.SEEDING)
    assert ("set_options", desired.torrent) in desk.session.calls[count:]


def test_a_torrent_is_let_run_by_the_queue_or_at_once(desk: Desk) -> None:
    """By force, or after a pause, too."""
    desired = desk.sample.desired()
    desk.ensure(desired)
    queued = changed(desired, options=QUEUED)
    assert calls(desk, queued) == ["set_options", "enqueue", "call_peers"]
    forced = changed(desired, options=TorrentOptions(auto_managed=True, force_start=True), revision=3)
    assert calls(desk, forced) == ["set_options", "set_paused", "call_peers"]
    assert calls(desk, changed(queued, paused=True, revision=4))[:1] == ["set_paused"]
    assert "enqueue" in calls(desk, changed(queued, revision=5))
    assert desk.session.observed(queued) == queued


def test_the_session_gets_the_order_of_the_queue(desk: Desk) -> None:
    """At most once a second, and without torrents that have left the queue."""
    desired, torrent = desk.sample.desired(options=QUEUED), desk.sample.torrent
    desk.ensure(desired)
    desk.now += 2
    desk.dispatcher.tick(desk.now)
    assert desk.session.queue == [torrent]
    desk.session.queue = []
    desk.ensure(changed(desired, queue_order=3))
    assert desk.session.queue == []
    desk.now += 1
    desk.dispatcher.tick(desk.now)
    assert desk.session.queue == [torrent]
    desk.ensure(changed(desired, options=TorrentOptions(), revision=3))
    other = SampleTorrent("other", {"a": b"a"})
    desk.now += 1
    desk.ensure(other.desired(options=QUEUED, by_magnet=True))
    assert desk.session.queue == [other.torrent]
