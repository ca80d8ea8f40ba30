"""How the dispatcher handles two records of one torrent, and files that two torrents share."""

import msgspec
import pytest

from engine_proc.session.alerts import Conflict, NativeState, PrioritiesSet, TorrentTrouble
from protocol.durable.integrity import crc32_of, seal
from protocol.internal.link_events import HashesProven, MetadataKnown, TorrentApplied, TorrentDropped
from protocol.wire.desired import DesiredTorrent
from protocol.wire.events.torrent_events import ErrorCleared, FilesDiscovered, TorrentError
from tests.engine_proc.desk import Desk, applied, changed
from tools.rig.samples import two_files

TWO = "2" * 64


@pytest.fixture
def two(desk: Desk) -> DesiredTorrent:
    """Another record of the desk's torrent, which is loaded first."""
    desired = DesiredTorrent(
        torrent=other_sample.torrent, source="magnet", magnet=other_sample.magnet, save_path="/nowhere"
    )
    desk.session.make_same(desk.sample.torrent, desired.torrent)
    desk.ensure(desired)
    desk.said.clear()
    return desired


other_sample = two_files("other")


def test_the_second_record_gives_way_and_what_each_has_is_told(desk: Desk, two: DesiredTorrent) -> None:
    """It is answered, so that a restore ends; its resume data is neither put aside nor deleted."""
    desk.dir.fastresume(desk.sample.torrent).write_bytes(seal(desk.resume_data()))
    one = desk.sample.desired()
    desk.ensure(one)
    [answer] = desk.heard(TorrentApplied)
    assert (answer.torrent, answer.revision) == (one.torrent, 1)
    assert answer.problem is not None
    assert [event.torrent for event in desk.heard(TorrentError)] == [one.torrent]
    [same] = desk.heard(HashesProven)
    assert (same.torrent, same.other) == (one.torrent, two.torrent)
    assert (same.bytes_done, same.other_bytes_done) == (desk.sample.size, 0)
    assert desk.dir.fastresume(one.torrent).exists()
    assert desk.session.torrents() == {two.torrent}


def test_it_is_loaded_once_the_first_is_gone(desk: Desk, two: DesiredTorrent) -> None:
    """The first has been merged into it, and its removal deletes no file."""
    one = desk.sample.desired()
    desk.ensure(one)
    merged = changed(one, merged=(two.torrent,))
    desk.ensure(merged)
    assert desk.session.torrents() == {two.torrent}
    desk.heard(TorrentApplied)
    desk.forget(msgspec.structs.replace(two, removal="merged"), delete_files=False)
    assert ("unload", two.torrent) in desk.session.calls
    assert desk.session.torrents() == {one.torrent}
    assert desk.heard(TorrentApplied) == [applied(merged)]
    desk.settle()
    assert [event.torrent for event in desk.heard(TorrentDropped)] == [two.torrent]


def test_a_record_that_gets_another_is_loaded_anew(desk: Desk) -> None:
    """With its present sources."""
    one = desk.sample.desired()
    desk.ensure(one)
    desk.ensure(changed(one, merged=(TWO,), trackers=("http://127.0.0.1:1/announce",)))
    assert [call for call, _ in desk.session.calls].count("add") == 2
    assert desk.session.torrents() == {one.torrent}


def test_two_links_that_turn_out_to_be_one_are_told_of(desk: Desk) -> None:
    """Nothing else is done: the supervisor decides which of them stays."""
    desk.dispatcher.conflict(Conflict(desk.sample.torrent, TWO, desk.sample.torrent, TWO))
    [same] = desk.heard(HashesProven)
    assert (same.torrent, same.info_hash_v1, same.info_hash_v2, same.other) == (
        desk.sample.torrent,
        desk.sample.torrent,
        TWO,
        TWO,
    )


def test_a_conflict_with_one_that_is_being_removed_is_over_with_that(desk: Desk) -> None:
    """The torrent is loaded again, and the error that libtorrent gave it is over."""
    one = desk.sample.desired()
    desk.ensure(one)
    for event in desk.translator.translate(TorrentTrouble(one.torrent, "torrent already exists in session")).events:
        desk.hear(event)
    desk.dispatcher.conflict(Conflict(one.torrent, None, one.torrent, TWO))
    desk.pump()
    assert [call for call, _ in desk.session.calls].count("add") == 2
    assert desk.heard(HashesProven) == []
    assert desk.heard(ErrorCleared) == [ErrorCleared(torrent=one.torrent)]


def test_a_link_that_has_lost_a_hash_is_loaded_anew(desk: Desk) -> None:
    """The hash was another torrent's, which is loaded then."""
    one = desk.sample.desired(info_hash_v1=desk.sample.torrent, info_hash_v2=TWO)
    desk.ensure(one)
    other = DesiredTorrent(
        torrent=other_sample.torrent, source="magnet", magnet=other_sample.magnet, save_path="/nowhere"
    )
    desk.session.make_same(one.torrent, other.torrent)
    desk.ensure(other)
    assert desk.session.torrents() == {one.torrent}
    desk.session.make_same(one.torrent, "nobody")
    desk.session.make_same(other.torrent, "nobody")
    desk.ensure(changed(one, info_hash_v2=None))
    assert desk.session.torrents() == {one.torrent, other.torrent}


def test_metainfo_that_comes_later_is_taken_up(desk: Desk) -> None:
    """By a link without metadata. Its files are then published, also if it has resume data."""
    desk.dir.metainfo(desk.sample.torrent).unlink()
    link = desk.sample.desired(by_magnet=True)
    desk.ensure(link)
    desk.session.save_resume(link.torrent, only_if_modified=False)
    [blob] = [alert.blob for alert in desk.session.pop_alerts() if hasattr(alert, "blob")]
    desk.dir.fastresume(link.torrent).write_bytes(seal(blob))
    desk.dir.metainfo(link.torrent).write_bytes(desk.sample.metainfo)
    informed = changed(link, metainfo_crc32=crc32_of(desk.sample.metainfo))
    desk.ensure(informed)
    assert desk.session.layout(link.torrent) is not None
    assert len(desk.heard(MetadataKnown)) == len(desk.heard(FilesDiscovered)) == 1
    assert desk.heard(TorrentApplied)[-1] == applied(informed)
    before = len(desk.session.calls)
    desk.ensure(changed(informed, metainfo_crc32=crc32_of(desk.sample.metainfo)))
    assert len(desk.session.calls) == before


def test_metainfo_is_not_needed_where_metadata_came(desk: Desk) -> None:
    """The torrent is not changed."""
    link = desk.sample.desired(by_magnet=True)
    desk.dir.metainfo(desk.sample.torrent).unlink()
    desk.ensure(link)
    desk.session.receive_metadata(link.torrent, {"a": 10})
    desk.pump()
    desk.ensure(changed(link, metainfo_crc32=1))
    assert [call for call, _ in desk.session.calls].count("add") == 1


def test_files_of_others_are_spared(desk: Desk) -> None:
    """Deletion goes by names, and only a torrent that is being added can get other names; it is reported."""
    one = desk.sample.desired()
    desk.ensure(one)
    desk.session.calls.clear()
    desk.forget(msgspec.structs.replace(one, removal="delete_files", spared=(1,)), delete_files=True)
    assert [call for call, _ in desk.session.calls] == ["unload", "add", "remove, and its files"]
    desk.settle()
    [forgotten] = desk.heard(TorrentDropped)
    assert forgotten.problem is not None
    assert "1 of them" in forgotten.problem


@pytest.mark.parametrize("paused", [True, False])
def test_a_torrent_that_is_whole_goes_on(desk: Desk, paused: bool) -> None:
    """After it was hashed again; a paused torrent is not checked."""
    one = desk.sample.desired(paused=paused)
    desk.ensure(one)
    desk.session.calls.clear()
    desk.dispatcher.verify(one.torrent, TWO)
    desk.dispatcher.state_changed(one.torrent, NativeState.CHECKING_FILES)
    desk.dispatcher.state_changed(one.torrent, NativeState.SEEDING)
    calls = [call for call, _ in desk.session.calls]
    assert calls == ([] if paused else ["verify", "set_paused"])
    desk.dispatcher.audit(one.torrent)
    assert desk.heard(TorrentError) == []


def test_a_torrent_that_was_written_over_ends_in_an_error(desk: Desk) -> None:
    """Once its stored data is right, since it would overwrite the other's. A new command loads it all the same."""
    one = desk.sample.desired()
    desk.ensure(one)
    desk.dispatcher.verify(one.torrent, TWO)
    desk.dispatcher.state_changed(one.torrent, NativeState.DOWNLOADING)
    assert desk.policy.unsaved() == {one.torrent}
    assert desk.session.torrents() == {one.torrent}
    desk.said.clear()
    desk.dispatcher.resume_data_made(one.torrent)
    desk.pump()
    [error] = desk.heard(TorrentError)
    assert (error.torrent, error.name, error.recoverable) == (one.torrent, "files_overwritten", False)
    assert TWO in error.message
    assert desk.session.torrents() == frozenset()
    desk.ensure(one)
    assert desk.session.torrents() == {one.torrent}


def test_a_torrent_that_is_busy_is_not_verified(desk: Desk) -> None:
    """Neither is a missing torrent."""
    one = desk.sample.desired()
    desk.dispatcher.verify(one.torrent, TWO)
    desk.ensure(one)
    desk.session.hold(PrioritiesSet)
    desk.ensure(changed(one, selection=msgspec.structs.replace(one.selection, include=("a*",))))
    desk.dispatcher.verify(one.torrent, TWO)
    assert "verify" not in [call for call, _ in desk.session.calls]
