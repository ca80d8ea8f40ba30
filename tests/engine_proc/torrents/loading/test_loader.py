import errno
import os
import shutil
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from engine_proc.resume.part_file import PartFile
from engine_proc.resume.pieces import Unverified
from engine_proc.session.alerts import FileError
from engine_proc.storage import storage_watch
from protocol.durable.integrity import crc32_of, seal
from protocol.internal.link_events import FilesRestored, MetadataKnown, TorrentApplied, TorrentDropped
from protocol.internal.resume_events import FilePutAside, MetainfoDamaged
from protocol.wire.desired import DesiredTorrent
from protocol.wire.events.session_events import Reconciled
from protocol.wire.events.torrent_events import FilesDiscovered, Progress, StateChanged, TorrentError
from protocol.wire.rows import TorrentState
from tests.engine_proc.desk import Desk, applied, changed
from tools.rig.probe import readable
from tools.rig.samples import PIECE_LENGTH, SampleTorrent

# -- what is found -----------------------------------------------------------------------------------------------------


def test_restored_files_are_no_news(desk: Desk) -> None:
    """A torrent with resume data was reported by an earlier engine; it is not saved again needlessly."""
    desk.dir.fastresume(desk.sample.torrent).write_bytes(seal(desk.resume_data()))
    desk.ensure(desk.sample.desired())
    assert [type(event) for event in desk.said] == [FilesRestored, TorrentApplied]
    assert desk.policy.unsaved() == frozenset()


def test_restored_files_that_are_known_are_not_told(desk: Desk) -> None:
    """If the command says that they are known. A torrent that is new all the same reports its files."""
    desk.dir.fastresume(desk.sample.torrent).write_bytes(seal(desk.resume_data()))
    desk.dispatcher.ensure(desk.sample.desired(), files_known=True)
    desk.pump()
    assert [type(event) for event in desk.said] == [TorrentApplied]


def test_files_that_the_disk_was_asked_for_are_said_to_be_seen(desk: Desk) -> None:
    """So libtorrent need not check them again."""
    desk.dir.fastresume(desk.sample.torrent).write_bytes(seal(desk.resume_data()))
    desk.ensure(desk.sample.desired())
    assert desk.session.seen == {desk.sample.torrent}


def test_files_of_a_torrent_without_resume_data_are_told_whoever_knows_them(desk: Desk) -> None:
    """Clients do not know them yet."""
    desk.dispatcher.ensure(desk.sample.desired(), files_known=True)
    desk.pump()
    assert desk.heard(MetadataKnown)
    assert desk.heard(FilesDiscovered)


@pytest.mark.parametrize("content", [b"damaged", seal(b"not resume data"), b""])
def test_damaged_resume_data_is_put_aside(desk: Desk, content: bytes) -> None:
    """It is reported and kept, and the torrent is loaded all the same."""
    torrent = desk.sample.torrent
    desk.dir.fastresume(torrent).write_bytes(content)
    desk.ensure(desk.sample.desired())
    (told,) = desk.heard(FilePutAside)
    assert (told.torrent, told.file) == (torrent, f"{torrent}.fastresume")
    assert "damaged" in told.what
    (aside,) = desk.dir.staged.iterdir()
    assert str(aside) in told.done
    assert told.staged == aside.name
    assert aside.read_bytes() == content
    assert not desk.dir.fastresume(torrent).exists()
    assert desk.session.torrents() == {torrent}
    assert desk.heard(TorrentApplied) == [applied(desk.sample.desired())]
    assert desk.policy.unsaved() == {torrent}


def test_damage_that_cannot_be_put_aside_costs_no_torrent(desk: Desk) -> None:
    """It stays in place, which is reported. The torrent is loaded without it, and without seed mode."""
    torrent = desk.sample.torrent
    desk.dir.fastresume(torrent).write_bytes(b"damaged")
    desk.dir.staged.write_bytes(b"in the way")
    desk.ensure(desk.sample.desired(seed_mode=True))
    (told,) = desk.heard(FilePutAside)
    assert "left where it is" in told.done
    assert sum(desk.session.file_progress(torrent)) == 0


@pytest.mark.parametrize("earlier", [False, True])
def test_damaged_resume_data_ends_the_promise_of_its_adder(desk: Desk, earlier: bool) -> None:
    """Seed mode would claim every piece again; also if the engine that found the damage has died meanwhile."""
    torrent = desk.sample.torrent
    desired = desk.sample.desired(seed_mode=True, added_us=time.time_ns() // 1000 - 1_000_000)
    desk.dir.fastresume(torrent).write_bytes(b"damaged")
    if earlier:
        desk.dir.put_aside(desk.dir.fastresume(torrent))
    desk.ensure(desired)
    assert sum(desk.session.file_progress(torrent)) == 0


def test_damage_of_an_earlier_torrent_is_not_this_ones(desk: Desk) -> None:
    """The new add's seed mode counts, as when nothing was saved yet."""
    torrent = desk.sample.torrent
    desk.dir.fastresume(torrent).write_bytes(b"damaged")
    desk.dir.put_aside(desk.dir.fastresume(torrent))
    desk.ensure(desk.sample.desired(seed_mode=True, added_us=time.time_ns() // 1000 + 1_000_000))
    assert sum(desk.session.file_progress(torrent)) == desk.sample.size


@pytest.mark.parametrize("known", [True, False])
def test_damaged_metainfo_costs_nothing_where_resume_data_is(desk: Desk, known: bool) -> None:
    """The resume data has the info dictionary, too. Without a known checksum, libtorrent and the id decide."""
    torrent = desk.sample.torrent
    other = SampleTorrent("other", {"c": b"content"})
    desk.dir.fastresume(torrent).write_bytes(seal(desk.resume_data()))
    desk.dir.metainfo(torrent).write_bytes(other.metainfo)
    desired = desk.sample.desired(metainfo_crc32=crc32_of(desk.sample.metainfo) if known else None)
    desk.ensure(desired)
    (told,) = desk.heard(MetainfoDamaged)
    assert told.torrent == torrent
    assert desk.dir.metainfo(torrent).read_bytes() == other.metainfo, "it is for the supervisor to put it aside"
    assert desk.heard(TorrentApplied) == [applied(desired)]
    assert desk.heard(TorrentError) == []
    assert len(desk.heard(FilesRestored)) == 1


@pytest.mark.parametrize("how", ["damaged", "unreadable"])
def test_metainfo_that_cannot_be_read_is_the_torrents_error(desk: Desk, how: str) -> None:
    """The engine goes on, and other torrents are loaded."""
    metainfo = desk.dir.metainfo(desk.sample.torrent)
    if how == "damaged":
        metainfo.write_bytes(b"damaged")
    else:
        metainfo.unlink()
        metainfo.mkdir()
    desk.ensure(desk.sample.desired())
    (answer,) = desk.heard(TorrentApplied)
    assert answer.problem
    assert [error.name for error in desk.heard(TorrentError)] == ["damaged"]
    assert len(desk.heard(MetainfoDamaged)) == 1
    other = SampleTorrent("other", {"c": b"content"})
    desk.dir.metainfo(other.torrent).write_bytes(other.metainfo)
    desk.ensure(other.desired())
    assert desk.heard(TorrentApplied) == [applied(other.desired())]


def test_a_torrent_that_comes_again_after_a_refusal_is_new(desk: Desk) -> None:
    """Nothing is kept of the failed attempt with resume data."""
    desired = desk.sample.desired()
    desk.dir.fastresume(desired.torrent).write_bytes(seal(desk.resume_data()))
    desk.session.refuse_add(desired.torrent, "no room")
    desk.ensure(desired)
    assert len(desk.heard(FilesRestored)) == 1
    desk.dir.fastresume(desired.torrent).unlink()
    desk.ensure(changed(desired))
    assert desk.heard(FilesRestored) == []
    assert len(desk.heard(FilesDiscovered)) == 1


# -- whether its storage is there --------------------------------------------------------------------------------------


def test_a_torrent_whose_files_are_gone_waits_for_them(desk: Desk, tmp_path: Path) -> None:
    """It is confirmed but not loaded, and its resume data stays and is used when the files are back."""
    blob = desk.stored()
    desired = desk.sample.desired(tmp_path / "downloads")
    desk.ensure(desired)
    assert desk.session.calls == []
    desk.decide()
    assert desk.heard(StateChanged) == [
        StateChanged(torrent=desired.torrent, state=TorrentState.MISSING_STORAGE, previous=TorrentState.QUEUED)
    ]
    [progress] = desk.heard(Progress)
    assert (progress.bytes_done, progress.bytes_total) == (desk.sample.size, desk.sample.size)
    assert [event.revision for event in desk.heard(TorrentApplied)] == [desired.revision]
    assert desk.told() == [("storage_missing", 1)]
    desk.ensure(changed(desired, download_bps=5))
    assert [event.revision for event in desk.heard(TorrentApplied)] == [desired.revision + 1]
    assert desk.session.calls == []
    assert desk.dir.fastresume(desired.torrent).read_bytes() == blob
    desk.sample.write(tmp_path / "downloads")
    for decision in desk.guard._take_mounts(desk.watch.mounts):
        desk.dispatcher.decided(decision)
    desk.decide()
    desk.decide()
    assert desk.session.applied(desired.torrent).download_bps == 5
    assert desk.session.statuses()[0].done == desk.sample.size
    assert desk.told() == [("storage_missing", 0)]


def test_a_torrent_whose_mount_is_gone_waits_even_with_nothing(desk: Desk) -> None:
    """It would fill the disk below."""
    desired = desk.sample.desired("/nowhere", mount_point="/nowhere")
    desk.ensure(desired)
    assert desk.session.calls == []
    assert desk.told() == [("storage_missing", 1)]
    desk.forget(desired, delete_files=False)
    desk.settle()
    assert desk.heard(TorrentDropped) == [TorrentDropped(torrent=desired.torrent)]
    assert desk.told() == [("storage_missing", 0)]


def test_files_that_cannot_be_reached_are_said_to_be_left(desk: Desk, tmp_path: Path) -> None:
    """The torrent is removed all the same."""
    desk.stored()
    desired = desk.sample.desired(tmp_path / "downloads")
    desk.ensure(desired)
    desk.decide()
    desk.forget(desired, delete_files=True)
    desk.decide()
    desk.settle()
    [forgotten] = desk.heard(TorrentDropped)
    assert forgotten.problem is not None
    assert not desk.dir.fastresume(desired.torrent).exists()


def test_only_what_is_there_is_claimed(desk: Desk, tmp_path: Path) -> None:
    """Of a truncated file, the pieces before the end."""
    desk.stored()
    desk.sample.write(tmp_path / "downloads")
    file = tmp_path / "downloads" / "sample" / "b.txt"
    file.write_bytes(file.read_bytes()[: PIECE_LENGTH + 1])
    desk.ensure(desk.sample.desired(tmp_path / "downloads"))
    desk.decide()
    [status] = desk.session.statuses()
    assert status.done == 4 * PIECE_LENGTH
    assert len(desk.heard(Reconciled)) == 1


def test_a_disk_that_does_not_answer_is_not_waited_for(
    desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After some seconds its torrents wait for it, and others are restored. When it answers, they continue."""
    desk.stored()
    desk.sample.write(tmp_path)
    hung = threading.Event()
    monkeypatch.setattr(storage_watch, "_size", lambda path: hung.wait() and Path(path).stat().st_size)
    desired = desk.sample.desired(tmp_path)
    try:
        desk.ensure(desired)
        assert desk.told() == []
        desk.now += 5
        assert desk.told() == []
        assert [event.revision for event in desk.heard(TorrentApplied)] == [1]
        desk.now += 2
        assert desk.told() == [("storage_missing", 1)]
        assert desk.session.calls == []
    finally:
        hung.set()
    desk.decide()
    desk.decide()
    assert desk.session.statuses()[0].done == desk.sample.size
    assert desk.told() == [("storage_missing", 0)]


def test_a_read_error_has_the_files_looked_at(desk: Desk, tmp_path: Path) -> None:
    """Once for a burst of errors.

    If its files are gone, the torrent is removed from the session; otherwise it stays.
    """
    desk.sample.write(tmp_path)
    desired = desk.sample.desired(tmp_path)
    desk.stored()
    desk.ensure(desired)
    desk.decide()
    for _ in range(3):
        desk.dispatcher.file_failed(FileError(desired.torrent, errno.EIO, "bad"))
    desk.decide()
    assert not (readable(desk.guard.fileno(), 0.1) and desk.guard.decisions())  # mounts are read from time to time
    assert [call for call, _ in desk.session.calls] == ["add"]
    shutil.rmtree(tmp_path / "sample")
    desk.now += 10
    desk.dispatcher.file_failed(FileError(desired.torrent, errno.ENOENT, "gone"))
    desk.decide()
    desk.decide()
    assert [call for call, _ in desk.session.calls] == ["add", "unload"]
    assert desk.told() == [("storage_missing", 1)]


def test_files_are_looked_at_when_the_supervisor_doubts_them(desk: Desk, tmp_path: Path) -> None:
    """Nothing happens if they exist; otherwise the torrent is removed from the session, as after a read error."""
    desk.sample.write(tmp_path)
    desired = desk.sample.desired(tmp_path)
    desk.stored()
    desk.ensure(desired)
    desk.decide()
    desk.dispatcher.look_at_files(desired.torrent)
    desk.dispatcher.look_at_files("f" * 40)
    desk.decide()
    assert [call for call, _ in desk.session.calls] == ["add"]
    shutil.rmtree(tmp_path / "sample")
    desk.now += 10
    desk.dispatcher.look_at_files(desired.torrent)
    desk.decide()
    desk.decide()
    assert [call for call, _ in desk.session.calls] == ["add", "unload"]
    assert desk.told() == [("storage_missing", 1)]


# -- what is looked at before it is added ------------------------------------------------------------------------------


def doubtful(desk: Desk) -> DesiredTorrent:
    """The sample, with resume data that lacks pieces that may be on disk."""
    desired = desk.sample.desired()
    desk.dir.fastresume(desired.torrent).write_bytes(seal(desk.resume_data()))
    desk.session.doubt(desired.torrent, Unverified([], [], 0, 0, 0, PartFile("/nowhere", 1, PIECE_LENGTH)))
    return desired


def test_a_torrent_is_added_when_it_was_looked_at(desk: Desk) -> None:
    """The confirmation follows."""
    desired = doubtful(desk)
    desk.ensure(desired)
    assert desk.session.calls == []
    assert desk.heard(TorrentApplied) == []
    desk.rehashed()
    assert desk.session.calls == [("add", desired.torrent)]
    assert desk.heard(TorrentApplied) == [applied(desired)]


def test_what_changes_while_a_torrent_is_looked_at_is_applied_afterwards(desk: Desk) -> None:
    """The newest state counts."""
    desired = doubtful(desk)
    desk.ensure(desired)
    desk.ensure(changed(desired, paused=False, sequential=True))
    newest = changed(changed(desired), paused=True)
    desk.ensure(newest)
    desk.rehashed()
    assert desk.session.calls == [("add", desired.torrent), ("set_paused", desired.torrent)]
    assert desk.heard(TorrentApplied)[-1] == applied(newest)


@pytest.mark.parametrize("delete_files", [False, True])
def test_a_torrent_that_is_looked_at_can_be_removed(desk: Desk, delete_files: bool) -> None:
    """At once, without waiting for the end of the check, whose result is dropped."""
    desired = doubtful(desk)
    desk.ensure(desired)
    desk.forget(desired, delete_files=delete_files)
    desk.settle()
    assert desk.heard(TorrentDropped) == [TorrentDropped(torrent=desired.torrent)]
    calls = [("add", desired.torrent), ("remove, and its files", desired.torrent)] if delete_files else []
    assert desk.session.calls == calls
    desk.rehashed()
    assert desk.session.calls == calls
    assert desk.session.torrents() == frozenset()


def test_a_torrent_that_is_added_again_is_not_taken_for_the_one_that_was_looked_at(desk: Desk) -> None:
    """The earlier result is dropped, and the new torrent is checked again."""
    desired = doubtful(desk)
    desk.ensure(desired)
    desk.forget(desired, delete_files=False)
    desk.settle()
    desk.dir.fastresume(desired.torrent).write_bytes(seal(desk.resume_data()))
    desk.ensure(desired)
    desk.rehashed(2)
    assert desk.session.calls == [("add", desired.torrent)]
    assert desk.session.torrents() == {desired.torrent}


def test_only_the_wait_for_the_rehasher_is_given_up(desk: Desk) -> None:
    """The result says whether there was a wait; other steps end by themselves."""
    desired = doubtful(desk)
    assert not desk.loader.give_up(desired.torrent)
    assert desk.loader.load(desired, to_remove=False) is None
    assert desk.loader.give_up(desired.torrent)
    assert not desk.loader.give_up(desired.torrent)
    desk.rehashed()
    assert desk.session.calls == []


def test_what_is_loaded_to_be_removed_is_not_looked_at(desk: Desk) -> None:
    """The content of its files does not matter."""
    desired = doubtful(desk)
    assert desk.loader.load(desired, to_remove=True) is None
    assert desk.session.calls == [("add", desired.torrent)]


def test_a_torrent_that_is_dropped_while_the_disk_is_asked_is_not_judged(desk: Desk, tmp_path: Path) -> None:
    """It is no longer being loaded."""
    desk.stored()
    desired = desk.sample.desired(tmp_path / "downloads")
    assert desk.loader.load(desired, to_remove=False) is None
    assert desk.loader.judging(desired.torrent)
    desk.loader.drop(desired.torrent)
    assert not desk.loader.judging(desired.torrent)


# -- trackers ----------------------------------------------------------------------------------------------------------


RELEASED = "release_trackers"


def tracked(desk: Desk, *, paused: bool = False) -> DesiredTorrent:
    """The sample with a tracker."""
    return desk.sample.desired(trackers=("udp://127.0.0.1:9/announce",), paused=paused)


def restored(desk: Desk, *, paused: bool = False) -> DesiredTorrent:
    """The same torrent as a seed of an earlier engine, being restored."""
    desk.dir.fastresume(desk.sample.torrent).write_bytes(seal(desk.resume_data()))
    desired = tracked(desk, paused=paused)
    desk.ensure(desired)
    return desired


def test_a_new_torrent_announces_itself_at_once(desk: Desk) -> None:
    """At the pacer's next turn, though its reserve has no tokens for idle ones yet."""
    desk.ensure(tracked(desk))
    assert desk.pacer.due(1000.0) == [desk.sample.torrent]


def test_a_restored_seed_waits_its_turn(desk: Desk) -> None:
    """It is in the session, and its trackers are withheld."""
    restored(desk)
    assert desk.heard(TorrentApplied)
    assert desk.pacer.due(1000.0) == []
    assert desk.pacer.due(1001.0) == [desk.sample.torrent]
    assert (RELEASED, desk.sample.torrent) not in desk.session.calls


def test_a_restored_download_announces_itself_at_once(desk: Desk) -> None:
    """Its resume data lacks wanted pieces."""
    desk.dir.fastresume(desk.sample.torrent).write_bytes(seal(desk.resume_data(seed_mode=False)))
    desk.ensure(tracked(desk))
    assert desk.pacer.due(1000.0) == [desk.sample.torrent]


def test_a_torrent_without_trackers_takes_nobodys_turn(desk: Desk) -> None:
    """Thousands of them would delay the others."""
    desk.ensure(desk.sample.desired())
    assert desk.pacer.next_due() is None


def test_a_paused_torrent_does_not_wait(desk: Desk) -> None:
    """It announces when a client resumes it."""
    restored(desk, paused=True)
    assert desk.session.calls[-1] == (RELEASED, desk.sample.torrent)
    assert desk.pacer.next_due() is None


def test_a_torrent_that_is_let_run_waits_no_longer(desk: Desk) -> None:
    """A client wants it to run now."""
    desired = restored(desk)
    desk.ensure(changed(desired, paused=True))
    assert desk.pacer.due(1000.0) == []
    desk.ensure(changed(desired, paused=False, revision=3))
    assert desk.pacer.due(1000.0) == [desk.sample.torrent]


@pytest.mark.parametrize("delete_files", [False, True])
def test_a_torrent_that_is_gone_does_not_announce_itself(desk: Desk, delete_files: bool) -> None:
    """It does not wait any more."""
    desk.forget(restored(desk), delete_files=delete_files)
    assert desk.pacer.next_due() is None


@pytest.mark.parametrize("kind", ["fastresume", "torrent"])
@pytest.mark.parametrize("number", [errno.EACCES, errno.EIO, errno.EMFILE])
def test_what_cannot_be_read_is_waited_for(desk: Desk, monkeypatch: pytest.MonkeyPatch, kind: str, number: int) -> None:
    """It is reported once, with the path, and loaded when the file can be read. The file stays unchanged."""
    torrent, desired = desk.sample.torrent, desk.sample.desired()
    if kind == "fastresume":
        desk.dir.fastresume(torrent).write_bytes(seal(desk.resume_data()))
    path = desk.dir.fastresume(torrent) if kind == "fastresume" else desk.dir.metainfo(torrent)
    real = os.open
    before = path.read_bytes()

    def fails(name: str | Path, *args: int, **kwargs: int) -> int:
        if Path(name) == path:
            raise OSError(number, os.strerror(number), os.fspath(name))
        return real(name, *args, **kwargs)

    with monkeypatch.context() as patched:
        patched.setattr(os, "open", fails)
        desk.ensure(desired)
        [told] = desk.heard(TorrentError)
        assert (told.name, told.recoverable) == ("unreadable", True)
        assert str(path) in told.message
        newer = changed(desired, paused=True)
        desk.ensure(newer)
        desk.dispatcher.read_again()
        desk.pump()
        assert desk.heard(TorrentError) == []
        assert torrent not in desk.session.torrents()
    assert path.read_bytes() == before
    desk.dispatcher.read_again()
    desk.pump()
    assert torrent in desk.session.torrents()
    assert desk.heard(FilePutAside) == []
    assert desk.heard(TorrentApplied)[-1] == applied(newer)
    desk.dispatcher.read_again()
    assert desk.said == [] or not desk.heard(TorrentError)


# -- how often metainfo is read ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("crc32_known", [True, False])
@pytest.mark.parametrize("damaged", [True, False], ids=["damaged-resume-data", "no-resume-data"])
def test_metainfo_is_read_and_parsed_once(
    desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, crc32_known: bool, damaged: bool
) -> None:
    """The same parse provides the torrent's paths and what is added; nothing of it is kept then."""
    reads, parses = 0, []
    load_metainfo, inspect, add = desk.store.load_metainfo, desk.session.inspect, desk.session.add

    def count_reads(torrent: str, crc32: int | None) -> bytes | None:
        nonlocal reads
        reads += 1
        return load_metainfo(torrent, crc32)

    def parse(**source: Any) -> Any:
        parses.append(object())
        return inspect(**source)._replace(parsed=parses[-1])

    def added(desired: DesiredTorrent, **given: Any) -> Any:
        assert [given["parsed"]] == parses
        return add(desired, **given)

    monkeypatch.setattr(desk.store, "load_metainfo", count_reads)
    monkeypatch.setattr(desk.session, "inspect", parse)
    monkeypatch.setattr(desk.session, "add", added)
    desk.session.on_disk = True
    if damaged:
        desk.dir.fastresume(desk.sample.torrent).write_bytes(b"damaged")
    crc32 = crc32_of(desk.sample.metainfo) if crc32_known else None
    desired = desk.sample.desired(tmp_path, metainfo_crc32=crc32)
    desk.ensure(desired)
    desk.decide()
    assert desk.heard(TorrentApplied) == [applied(desired)]
    assert (reads, len(parses)) == (1, 1)
    assert not desk.judged.has(desired)


def test_the_metainfo_of_a_torrent_that_waits_is_not_kept(desk: Desk, tmp_path: Path) -> None:
    """It may wait for long, and the file is read again then."""
    desk.session.on_disk = True
    desired = desk.sample.desired(tmp_path / "gone" / "files", mount_point=str(tmp_path / "gone"))
    desk.ensure(desired)
    desk.decide()
    assert desk.session.torrents() == frozenset()
    assert desk.guard.waits(desired)
    assert not desk.judged.has(desired)


def test_a_new_torrent_has_no_resume_data(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its first load does not look for any. Each later load does."""
    looked: list[str] = []
    load = desk.store.load

    def noting(torrent: str) -> object:
        looked.append(torrent)
        return load(torrent)

    monkeypatch.setattr(desk.store, "load", noting)
    desired, finder = desk.sample.desired(), desk.loader.finder
    finder.is_new(desired.torrent)
    assert finder.find(desired, to_load=True).saved is None
    assert looked == []
    finder.find(desired, to_load=True)
    assert looked == [desired.torrent]
