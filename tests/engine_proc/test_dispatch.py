import errno
import shutil
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final, TypeVar

import msgspec
import pytest

from engine_proc import storage_policy, storage_watch
from engine_proc.alerts import (
    Alert,
    FileError,
    MetadataReceived,
    PrioritiesSet,
    ResumeData,
    TorrentAdded,
    TorrentGone,
)
from engine_proc.announce_pacer import AnnouncePacer
from engine_proc.dispatch import Dispatcher
from engine_proc.loader import Loader
from engine_proc.part_file import PartFile
from engine_proc.pieces import Unverified
from engine_proc.rehasher import Rehasher
from engine_proc.resume_policy import ResumePolicy
from engine_proc.resume_store import FastResumeStore
from engine_proc.session_commands import SessionCommands
from engine_proc.storage_guard import StorageGuard
from engine_proc.storage_watch import StorageWatch
from engine_proc.translator import AlertTranslator, Output
from protocol.desired import DesiredTorrent, Selection
from protocol.events import (
    FilesDiscovered,
    LimitsApplied,
    LimitsStale,
    MetadataUpdated,
    Progress,
    Reconciled,
    SelectionChanged,
    StateChanged,
    TorrentError,
)
from protocol.integrity import crc32_of, seal
from protocol.link import (
    Configure,
    EngineEvent,
    FilePutAside,
    FilesQueried,
    FilesRestored,
    ForgetTorrent,
    InspectSource,
    QueryFiles,
    SettingsApplied,
    SettingsRefused,
    SourceInspected,
    StorageState,
    TorrentApplied,
    TorrentForgotten,
)
from protocol.resume_dir import ResumeDir
from protocol.rows import TorrentState
from tests.engine_proc.probe import eventually, readable
from tests.engine_proc.samples import PIECE_LENGTH, SampleTorrent, two_files
from tests.fakes.fake_session import FakeSession

EventT = TypeVar("EventT")
RULES = Selection(include=["*.bin"])


class Desk:
    """A dispatcher over the fake session and real files, with what it says; alerts are handed on as the engine does."""

    def __init__(self, root: Path) -> None:
        self.dir = ResumeDir(root)
        self.now = 1000.0
        self.session = FakeSession()
        self.store = FastResumeStore(self.dir)
        self.rehasher = Rehasher()
        self.watch = StorageWatch()
        self.translator = AlertTranslator()
        self.guard = StorageGuard(self.watch, self.translator, self.hear, lambda: self.now)
        self.policy = ResumePolicy()
        self.pacer = AnnouncePacer(1000.0, lambda: 0.5)
        self.said: list[EngineEvent | Output] = []
        self.session_commands = SessionCommands(self.session, self.hear)
        self.loader = Loader(
            self.session,
            self.store,
            self.rehasher,
            self.guard,
            self.translator,
            self.policy,
            self.pacer,
            self.hear,
            lambda: self.now,
        )
        self.dispatcher = Dispatcher(
            self.session,
            self.store,
            self.loader,
            self.guard,
            self.translator,
            self.policy,
            self.pacer,
            self.hear,
            lambda: self.now,
        )
        self.sample = two_files()
        self.dir.metainfo(self.sample.torrent).write_bytes(self.sample.metainfo)

    def close(self) -> None:
        self.watch.close()
        self.rehasher.close()
        self.store.close()
        self.session.close()

    def hear(self, event: EngineEvent | Output) -> None:
        self.said.append(event)

    def pump(self) -> None:
        """Hands on all alerts, and those that come of them."""
        while alerts := self.session.pop_alerts():
            for alert in alerts:
                self.hand_on(alert)

    def hand_on(self, alert: Alert) -> None:
        match alert:
            case TorrentAdded():
                self.dispatcher.added(alert)
            case TorrentGone():
                self.dispatcher.gone(alert)
            case PrioritiesSet():
                self.dispatcher.priorities_set(alert)
            case MetadataReceived(torrent):
                self.dispatcher.metadata_received(torrent)
            case _:
                pass

    def ensure(self, desired: DesiredTorrent) -> None:
        self.dispatcher.ensure(desired)
        self.pump()

    def decide(self) -> None:
        """Waits until the disk was looked at, and does what follows."""
        self.guard.tick(self.now)
        eventually(lambda: readable(self.guard.fileno(), 0.1), "something was seen")
        for decision in self.guard.decisions():
            self.dispatcher.decided(decision)
        self.pump()

    def told(self) -> list[tuple[str, int]]:
        """What was told of file systems: the problem, and how many torrents wait."""
        for decision in self.guard.tick(self.now):
            self.dispatcher.decided(decision)
        return [(event.problem, len(event.torrents)) for event in self.heard(StorageState)]

    def stored(self, content: bytes | None = None) -> bytes:
        """Resume data with all pieces is there, as stored, and the session's torrents have files on disk."""
        self.session.on_disk = True
        blob = seal(content or self.resume_data())
        self.dir.fastresume(self.sample.torrent).write_bytes(blob)
        return blob

    def forget(self, desired: DesiredTorrent, *, delete_files: bool) -> None:
        self.dispatcher.forget(ForgetTorrent(torrent=desired.torrent, delete_files=delete_files, desired=desired))
        self.pump()

    def settle(self) -> None:
        """Waits until a deletion of resume data has ended, and hands that on."""
        eventually(lambda: readable(self.store.fileno(), 0.1), "an outcome")
        for outcome in self.store.outcomes():
            if outcome.deleted:
                self.dispatcher.resume_deleted(outcome.torrent)
        self.pump()

    def rehashed(self, count: int = 1) -> None:
        """Waits until that many torrents were looked at, and hands on what was found."""
        while count:
            eventually(lambda: readable(self.rehasher.fileno(), 0.1), "an outcome")
            for outcome in self.rehasher.outcomes():
                self.dispatcher.rehashed(outcome)
                count -= outcome.verified is not None
        self.pump()

    def heard(self, kind: type[EventT]) -> list[EventT]:
        """What was said of a kind; each is heard once."""
        found: list[EventT] = [event for event in self.said if isinstance(event, kind)]
        self.said = [event for event in self.said if not isinstance(event, kind)]
        return found

    def resume_data(self, *, seed_mode: bool = True) -> bytes:
        """The sample's resume data from another session, with all pieces, or with none."""
        other = FakeSession()
        other.add(self.sample.desired(seed_mode=seed_mode), metainfo=self.sample.metainfo, resume=None)
        other.pop_alerts()
        other.save_resume(self.sample.torrent, only_if_modified=False)
        (alert,) = [alert for alert in other.pop_alerts() if isinstance(alert, ResumeData)]
        other.close()
        return alert.blob


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    """A desk that is closed at the end."""
    desk = Desk(tmp_path)
    yield desk
    desk.close()


def changed(desired: DesiredTorrent, **fields: object) -> DesiredTorrent:
    """Another revision."""
    return msgspec.structs.replace(desired, **{"revision": desired.revision + 1, **fields})


def applied(desired: DesiredTorrent) -> TorrentApplied:
    """The confirmation of a revision."""
    return TorrentApplied(torrent=desired.torrent, revision=desired.revision)


# -- adding -----------------------------------------------------------------------------------------------------------


def test_a_torrent_is_added_and_confirmed(desk: Desk) -> None:
    """Its files are told of first, as new ones; and it is saved at once."""
    desired = desk.sample.desired()
    desk.dispatcher.ensure(desired)
    assert desk.said == []
    desk.pump()
    assert [type(event) for event in desk.said] == [MetadataUpdated, FilesDiscovered, TorrentApplied]
    assert desk.said[-1] == applied(desired)
    assert desk.policy.due(1000.0) == [desired.torrent]


def test_ensuring_again_does_nothing(desk: Desk) -> None:
    """But to confirm, each time; with a new revision of the same, that one."""
    desired = desk.sample.desired()
    desk.ensure(desired)
    calls, _ = list(desk.session.calls), desk.heard(TorrentApplied)
    desk.ensure(desired)
    desk.ensure(changed(desired, labels=["x"]))
    assert desk.session.calls == calls
    assert [event.revision for event in desk.heard(TorrentApplied)] == [1, 2]


def test_ensuring_while_it_is_added_is_done_after(desk: Desk) -> None:
    """Only the newest counts, and both its revision and the first are confirmed."""
    desired = desk.sample.desired()
    desk.session.hold(TorrentAdded)
    desk.ensure(desired)
    desk.ensure(changed(desired, paused=True))
    desk.ensure(changed(desired, revision=3, sequential=True))
    assert desk.heard(TorrentApplied) == []
    desk.session.release(TorrentAdded)
    desk.pump()
    assert [event.revision for event in desk.heard(TorrentApplied)] == [1, 3]
    found = desk.session.applied(desired.torrent)
    assert (found.paused, found.sequential) == (False, True)
    assert desk.session.calls == [("add", desired.torrent), ("set_sequential", desired.torrent)]


def test_restored_files_are_no_news(desk: Desk) -> None:
    """A torrent with resume data was told of in another engine's time; it is not saved again for nothing."""
    desk.dir.fastresume(desk.sample.torrent).write_bytes(seal(desk.resume_data()))
    desk.ensure(desk.sample.desired())
    assert [type(event) for event in desk.said] == [FilesRestored, TorrentApplied]
    assert desk.policy.unsaved() == frozenset()


@pytest.mark.parametrize("content", [b"damaged", seal(b"not resume data"), b""])
def test_damaged_resume_data_is_put_aside(desk: Desk, content: bytes) -> None:
    """It is told of, kept, and the torrent is there all the same."""
    torrent = desk.sample.torrent
    desk.dir.fastresume(torrent).write_bytes(content)
    desk.ensure(desk.sample.desired())
    (told,) = desk.heard(FilePutAside)
    assert (told.torrent, told.file) == (torrent, f"{torrent}.fastresume")
    assert "damaged" in told.what
    (aside,) = desk.dir.damaged.iterdir()
    assert str(aside) in told.done
    assert aside.read_bytes() == content
    assert not desk.dir.fastresume(torrent).exists()
    assert desk.session.torrents() == {torrent}
    assert desk.heard(TorrentApplied) == [applied(desk.sample.desired())]
    assert desk.policy.unsaved() == {torrent}


def test_damage_that_cannot_be_put_aside_costs_no_torrent(desk: Desk) -> None:
    """It is left where it is, which is told; the torrent is loaded without it, and promises nothing."""
    torrent = desk.sample.torrent
    desk.dir.fastresume(torrent).write_bytes(b"damaged")
    desk.dir.damaged.write_bytes(b"in the way")
    desk.ensure(desk.sample.desired(seed_mode=True))
    (told,) = desk.heard(FilePutAside)
    assert "left where it is" in told.done
    assert sum(desk.session.file_progress(torrent)) == 0


@pytest.mark.parametrize("earlier", [False, True])
def test_damaged_resume_data_ends_the_promise_of_its_adder(desk: Desk, earlier: bool) -> None:
    """Seed mode would claim every piece again; also when the engine that found the damage has died meanwhile."""
    torrent = desk.sample.torrent
    desired = desk.sample.desired(seed_mode=True, added_us=time.time_ns() // 1000 - 1_000_000)
    desk.dir.fastresume(torrent).write_bytes(b"damaged")
    if earlier:
        desk.dir.put_aside(desk.dir.fastresume(torrent))
    desk.ensure(desired)
    assert sum(desk.session.file_progress(torrent)) == 0


def test_damage_of_an_earlier_torrent_is_not_this_ones(desk: Desk) -> None:
    """Its adder's promise is a new one, as it is where nothing was saved yet."""
    torrent = desk.sample.torrent
    desk.dir.fastresume(torrent).write_bytes(b"damaged")
    desk.dir.put_aside(desk.dir.fastresume(torrent))
    desk.ensure(desk.sample.desired(seed_mode=True, added_us=time.time_ns() // 1000 + 1_000_000))
    assert sum(desk.session.file_progress(torrent)) == desk.sample.size


@pytest.mark.parametrize("known", [True, False])
def test_damaged_metainfo_costs_nothing_where_resume_data_is(desk: Desk, known: bool) -> None:
    """The info dictionary is in there, too. Where no checksum is known, libtorrent and the id judge."""
    torrent = desk.sample.torrent
    other = SampleTorrent("other", {"c": b"content"})
    desk.dir.fastresume(torrent).write_bytes(seal(desk.resume_data()))
    desk.dir.metainfo(torrent).write_bytes(other.metainfo)
    desired = desk.sample.desired(metainfo_crc32=crc32_of(desk.sample.metainfo) if known else None)
    desk.ensure(desired)
    (told,) = desk.heard(FilePutAside)
    assert told.file == f"{torrent}.torrent"
    assert desk.heard(TorrentApplied) == [applied(desired)]
    assert desk.heard(TorrentError) == []
    assert len(desk.heard(FilesRestored)) == 1


def test_a_refused_add_is_told(desk: Desk) -> None:
    """As the torrent's error and as the answer; another try is another add."""
    desired = desk.sample.desired()
    desk.session.refuse_add(desired.torrent, "no room")
    desk.ensure(desired)
    assert desk.heard(TorrentError) == [
        TorrentError(torrent=desired.torrent, name="add_failed", message="no room", recoverable=False)
    ]
    assert desk.heard(TorrentApplied) == [TorrentApplied(torrent=desired.torrent, revision=1, problem="no room")]
    desk.ensure(changed(desired))
    assert desk.heard(TorrentApplied) == [applied(changed(desired))]
    assert desk.session.torrents() == {desired.torrent}


def test_what_waits_behind_a_refused_add_is_answered(desk: Desk) -> None:
    """A newer revision is tried by itself, and must not be left without an answer for ever."""
    desired = desk.sample.desired()
    desk.session.hold(TorrentAdded)
    desk.session.refuse_add(desired.torrent, "no room")
    desk.ensure(desired)
    desk.ensure(changed(desired, paused=True))
    desk.session.release(TorrentAdded)
    desk.pump()
    answers = {event.revision: event.problem for event in desk.heard(TorrentApplied)}
    assert answers.get(1) == "no room"
    assert 2 in answers


def test_a_torrent_that_comes_again_after_a_refusal_is_new(desk: Desk) -> None:
    """Nothing is remembered of the try with resume data that did not come about."""
    desired = desk.sample.desired()
    desk.dir.fastresume(desired.torrent).write_bytes(seal(desk.resume_data()))
    desk.session.refuse_add(desired.torrent, "no room")
    desk.ensure(desired)
    desk.dir.fastresume(desired.torrent).unlink()
    desk.ensure(changed(desired))
    assert desk.heard(FilesRestored) == []
    assert len(desk.heard(FilesDiscovered)) == 1


@pytest.mark.parametrize("how", ["damaged", "unreadable"])
def test_metainfo_that_cannot_be_read_is_the_torrents_error(desk: Desk, how: str) -> None:
    """The engine goes on, and other torrents load."""
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
    assert len(desk.heard(FilePutAside)) == 1
    other = SampleTorrent("other", {"c": b"content"})
    desk.dir.metainfo(other.torrent).write_bytes(other.metainfo)
    desk.ensure(other.desired())
    assert desk.heard(TorrentApplied) == [applied(other.desired())]


# -- trackers ---------------------------------------------------------------------------------------------------------

RELEASED = "release_trackers"


def tracked(desk: Desk, *, paused: bool = False) -> DesiredTorrent:
    """The sample with a tracker."""
    return desk.sample.desired(trackers=["udp://127.0.0.1:9/announce"], paused=paused)


def restored(desk: Desk, *, paused: bool = False) -> DesiredTorrent:
    """The same, as a seed that another engine had; it is ensured."""
    desk.dir.fastresume(desk.sample.torrent).write_bytes(seal(desk.resume_data()))
    desired = tracked(desk, paused=paused)
    desk.ensure(desired)
    return desired


def test_a_new_torrent_announces_itself_at_once(desk: Desk) -> None:
    """As soon as the pacer is asked, though its reserve has nothing for idle ones yet."""
    desk.ensure(tracked(desk))
    assert desk.pacer.due(1000.0) == [desk.sample.torrent]


def test_a_restored_seed_waits_its_turn(desk: Desk) -> None:
    """It is in the session, with its trackers held back."""
    restored(desk)
    assert desk.heard(TorrentApplied)
    assert desk.pacer.due(1000.0) == []
    assert desk.pacer.due(1001.0) == [desk.sample.torrent]
    assert (RELEASED, desk.sample.torrent) not in desk.session.calls


def test_a_restored_download_announces_itself_at_once(desk: Desk) -> None:
    """Its resume data lacks pieces that are wanted."""
    desk.dir.fastresume(desk.sample.torrent).write_bytes(seal(desk.resume_data(seed_mode=False)))
    desk.ensure(tracked(desk))
    assert desk.pacer.due(1000.0) == [desk.sample.torrent]


def test_a_torrent_without_trackers_takes_nobodys_turn(desk: Desk) -> None:
    """Thousands of them would keep the others waiting."""
    desk.ensure(desk.sample.desired())
    assert desk.pacer.next_due() is None


def test_a_paused_torrent_does_not_wait(desk: Desk) -> None:
    """It announces itself when it runs again, which is the client's doing."""
    restored(desk, paused=True)
    assert desk.session.calls[-1] == (RELEASED, desk.sample.torrent)
    assert desk.pacer.next_due() is None


def test_a_torrent_that_is_let_run_waits_no_longer(desk: Desk) -> None:
    """A client wants it to do something now."""
    desired = restored(desk)
    desk.ensure(changed(desired, paused=True))
    assert desk.pacer.due(1000.0) == []
    desk.ensure(changed(desired, paused=False, revision=3))
    assert desk.pacer.due(1000.0) == [desk.sample.torrent]


@pytest.mark.parametrize("delete_files", [False, True])
def test_a_torrent_that_is_gone_does_not_announce_itself(desk: Desk, delete_files: bool) -> None:
    """It waits no more."""
    desk.forget(restored(desk), delete_files=delete_files)
    assert desk.pacer.next_due() is None


# -- changing ---------------------------------------------------------------------------------------------------------


def test_changes_are_applied_confirmed_and_saved(desk: Desk) -> None:
    """Each in the session, with a word on limits, and at once."""
    desired = desk.sample.desired()
    desk.ensure(desired)
    desk.policy.due(1000.0)
    desk.policy.settle(desired.torrent)
    desk.ensure(changed(desired, paused=True, sequential=True, download_bps=1000, upload_bps=2000))
    assert desk.session.applied(desired.torrent) == (True, True, 1000, 2000)
    assert desk.heard(LimitsApplied) == [LimitsApplied(torrent=desired.torrent, download_bps=1000, upload_bps=2000)]
    assert desk.heard(TorrentApplied)[-1].revision == 2
    assert desk.policy.due(1000.0) == [desired.torrent]


def test_limits_that_do_not_hold_are_told(desk: Desk) -> None:
    """What was asked for, and what is."""
    desired = desk.sample.desired()
    desk.ensure(desired)
    desk.session.refuse_limits()
    desk.ensure(changed(desired, download_bps=1000))
    (stale,) = desk.heard(LimitsStale)
    assert (stale.torrent, stale.download_bps, stale.upload_bps) == (desired.torrent, 0, 0)
    assert "1000" in stale.message


def test_a_selection_is_confirmed_when_it_is_applied(desk: Desk) -> None:
    """Not before its alert, and with the number of files."""
    desired = desk.sample.desired()
    desk.ensure(desired)
    desk.heard(TorrentApplied)
    desk.session.hold(PrioritiesSet)
    desk.ensure(changed(desired, selection=RULES))
    assert desk.heard(TorrentApplied) == []
    desk.session.release(PrioritiesSet)
    desk.pump()
    assert desk.heard(SelectionChanged) == [SelectionChanged(torrent=desired.torrent, selected=1, files=2)]
    assert desk.heard(TorrentApplied) == [applied(changed(desired))]


def test_a_selection_that_follows_another_is_not_confirmed_by_the_others_alert(desk: Desk) -> None:
    """Two are on their way: the newer revision is in force only after the second alert."""
    desired = desk.sample.desired()
    desk.ensure(desired)
    desk.heard(TorrentApplied)
    desk.session.hold(PrioritiesSet)
    desk.ensure(changed(desired, selection=RULES))
    desk.ensure(changed(desired, selection=Selection(), revision=3))
    desk.session.release(PrioritiesSet, count=1)
    desk.pump()
    assert 3 not in [event.revision for event in desk.heard(TorrentApplied)]
    desk.session.release(PrioritiesSet)
    desk.pump()
    assert 3 in [event.revision for event in desk.heard(TorrentApplied)]


def test_limits_that_change_with_a_selection_are_told_too(desk: Desk) -> None:
    """One revision may hold both."""
    desired = desk.sample.desired()
    desk.ensure(desired)
    desk.ensure(changed(desired, selection=RULES, download_bps=1000))
    assert desk.heard(LimitsApplied) == [LimitsApplied(torrent=desired.torrent, download_bps=1000, upload_bps=0)]


def test_a_changed_selection_is_saved(desk: Desk) -> None:
    """Resume data holds the priorities that libtorrent has; it is made after they were taken."""
    desired = desk.sample.desired()
    desk.ensure(desired)
    desk.policy.due(1000.0)
    desk.policy.settle(desired.torrent)
    desk.ensure(changed(desired, selection=RULES))
    assert desk.policy.unsaved() == {desired.torrent}


def test_new_peers_are_called(desk: Desk) -> None:
    """The ones that were not there before."""
    desired = desk.sample.desired(peers=["127.0.0.1:1"])
    desk.ensure(desired)
    desk.ensure(changed(desired, peers=["127.0.0.1:1", "127.0.0.1:2"]))
    assert desk.session.calls[-1] == ("connect", desired.torrent)


# -- magnet links -----------------------------------------------------------------------------------------------------

FILES = {"a.bin": PIECE_LENGTH, "b.txt": PIECE_LENGTH}


def test_a_magnet_links_files_are_told_of_when_its_metadata_comes(desk: Desk) -> None:
    """Once, and it is saved with them."""
    desk.dir.metainfo(desk.sample.torrent).unlink()
    desired = desk.sample.desired(by_magnet=True)
    desk.ensure(desired)
    assert [type(event) for event in desk.said] == [TorrentApplied]
    desk.policy.due(1000.0)
    desk.policy.settle(desired.torrent)
    desk.session.receive_metadata(desired.torrent, FILES)
    desk.pump()
    (discovered,) = desk.heard(FilesDiscovered)
    assert [file.priority for file in discovered.files] == [4, 4]
    assert desk.policy.due(1000.0) == [desired.torrent]


def test_a_magnet_links_rules_are_applied_before_its_files_are_told_of(desk: Desk) -> None:
    """A client that hears of the files sees what is selected of them."""
    desk.dir.metainfo(desk.sample.torrent).unlink()
    desired = desk.sample.desired(by_magnet=True, selection=RULES)
    desk.ensure(desired)
    desk.said.clear()
    desk.session.hold(PrioritiesSet)
    desk.session.receive_metadata(desired.torrent, FILES)
    desk.pump()
    assert desk.said == []
    desk.session.release(PrioritiesSet)
    desk.pump()
    (discovered,) = desk.heard(FilesDiscovered)
    assert [file.priority for file in discovered.files] == [4, 0]
    assert desk.heard(SelectionChanged) == [SelectionChanged(torrent=desired.torrent, selected=1, files=2)]
    assert len(desk.heard(MetadataUpdated)) == 1


def test_a_selection_without_metadata_is_confirmed_at_once(desk: Desk) -> None:
    """The number of files is not known; the rules are applied later."""
    desk.dir.metainfo(desk.sample.torrent).unlink()
    desired = desk.sample.desired(by_magnet=True)
    desk.ensure(desired)
    desk.heard(TorrentApplied)
    desk.ensure(changed(desired, selection=RULES))
    assert desk.heard(SelectionChanged) == [SelectionChanged(torrent=desired.torrent)]
    assert desk.heard(TorrentApplied) == [applied(changed(desired))]
    desk.session.receive_metadata(desired.torrent, FILES)
    desk.pump()
    (discovered,) = desk.heard(FilesDiscovered)
    assert [file.priority for file in discovered.files] == [4, 0]


def test_files_are_not_told_of_again_with_each_selection(desk: Desk) -> None:
    """They are discovered once; later selections bring the news of the selection, and the supervisor the list."""
    desired = desk.sample.desired()
    desk.ensure(desired)
    assert len(desk.heard(FilesDiscovered)) == 1
    desk.ensure(changed(desired, selection=RULES))
    assert desk.heard(FilesDiscovered) == []
    (restored,) = desk.heard(FilesRestored)
    assert [file.priority for file in restored.files] == [4, 0]


# -- what is looked at before it is added ------------------------------------------------------------------------------


def doubtful(desk: Desk) -> DesiredTorrent:
    """The sample, with resume data that lacks what may be on disk."""
    desired = desk.sample.desired()
    desk.dir.fastresume(desired.torrent).write_bytes(seal(desk.resume_data()))
    desk.session.doubt(desired.torrent, Unverified([], [], 0, 0, 0, PartFile("/nowhere", 1, PIECE_LENGTH)))
    return desired


def test_a_torrent_is_added_when_it_was_looked_at(desk: Desk) -> None:
    """Confirmed after that."""
    desired = doubtful(desk)
    desk.ensure(desired)
    assert desk.session.calls == []
    assert desk.heard(TorrentApplied) == []
    desk.rehashed()
    assert desk.session.calls == [("add", desired.torrent)]
    assert desk.heard(TorrentApplied) == [applied(desired)]


def test_what_changes_while_a_torrent_is_looked_at_is_applied_afterwards(desk: Desk) -> None:
    """The newest counts."""
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
    """At once: nobody waits for the end, and nothing is made of it."""
    desired = doubtful(desk)
    desk.ensure(desired)
    desk.forget(desired, delete_files=delete_files)
    desk.settle()
    assert desk.heard(TorrentForgotten) == [TorrentForgotten(torrent=desired.torrent)]
    calls = [("add", desired.torrent), ("remove, and its files", desired.torrent)] if delete_files else []
    assert desk.session.calls == calls
    desk.rehashed()
    assert desk.session.calls == calls
    assert desk.session.torrents() == frozenset()


def test_a_torrent_that_is_added_again_is_not_taken_for_the_one_that_was_looked_at(desk: Desk) -> None:
    """What was found of that one is of no use; this one is looked at anew."""
    desired = doubtful(desk)
    desk.ensure(desired)
    desk.forget(desired, delete_files=False)
    desk.settle()
    desk.dir.fastresume(desired.torrent).write_bytes(seal(desk.resume_data()))
    desk.ensure(desired)
    desk.rehashed(2)
    assert desk.session.calls == [("add", desired.torrent)]
    assert desk.session.torrents() == {desired.torrent}


# -- forgetting -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("delete_files", [False, True])
def test_a_torrent_is_forgotten_with_its_resume_data(desk: Desk, delete_files: bool) -> None:
    """Told when that is gone too."""
    desired = desk.sample.desired()
    desk.dir.fastresume(desired.torrent).write_bytes(seal(desk.resume_data()))
    desk.ensure(desired)
    desk.forget(desired, delete_files=delete_files)
    assert desk.session.calls[-1][0] == ("remove, and its files" if delete_files else "remove")
    assert desk.heard(TorrentForgotten) == []
    desk.settle()
    assert desk.heard(TorrentForgotten) == [TorrentForgotten(torrent=desired.torrent)]
    assert not desk.dir.fastresume(desired.torrent).exists()
    assert desk.session.torrents() == frozenset()
    assert desk.policy.unsaved() == frozenset()


def test_an_unloaded_torrent_is_loaded_to_delete_its_files(desk: Desk) -> None:
    """Paused, so that it does nothing else; nobody is told that it was there."""
    desired = desk.sample.desired()
    desk.forget(desired, delete_files=True)
    assert desk.session.calls == [("add", desired.torrent), ("remove, and its files", desired.torrent)]
    desk.settle()
    assert desk.said == [TorrentForgotten(torrent=desired.torrent)]


def test_an_unloaded_torrent_whose_files_stay_is_not_loaded(desk: Desk) -> None:
    """Only its resume data goes."""
    desired = desk.sample.desired()
    desk.dir.fastresume(desired.torrent).write_bytes(b"whatever")
    desk.forget(desired, delete_files=False)
    desk.settle()
    assert desk.session.calls == []
    assert desk.said == [TorrentForgotten(torrent=desired.torrent)]
    assert not desk.dir.fastresume(desired.torrent).exists()


def test_an_unloaded_torrent_that_cannot_be_loaded_is_forgotten_with_a_problem(desk: Desk) -> None:
    """Its files could not be found; it does not stay for ever because of that."""
    desired = desk.sample.desired()
    desk.dir.metainfo(desired.torrent).write_bytes(b"damaged")
    desk.forget(desired, delete_files=True)
    desk.settle()
    (forgotten,) = desk.heard(TorrentForgotten)
    assert forgotten.problem


def test_files_that_cannot_be_deleted_are_told(desk: Desk) -> None:
    """The torrent is gone all the same."""
    desired = desk.sample.desired()
    desk.ensure(desired)
    desk.session.refuse_deletion(desired.torrent, "not permitted")
    desk.forget(desired, delete_files=True)
    desk.settle()
    assert desk.heard(TorrentForgotten) == [TorrentForgotten(torrent=desired.torrent, problem="not permitted")]


def test_forgetting_while_it_is_added_is_done_after(desk: Desk) -> None:
    """The torrent is not told of any more."""
    desired = desk.sample.desired()
    desk.session.hold(TorrentAdded)
    desk.ensure(desired)
    desk.forget(desired, delete_files=True)
    desk.session.release(TorrentAdded)
    desk.pump()
    desk.settle()
    assert desk.said == [TorrentForgotten(torrent=desired.torrent)]
    assert desk.session.torrents() == frozenset()


def test_forgetting_what_is_refused_is_told(desk: Desk) -> None:
    """There is no torrent whose files could be deleted."""
    desired = desk.sample.desired()
    desk.session.hold(TorrentAdded)
    desk.session.refuse_add(desired.torrent, "no room")
    desk.ensure(desired)
    desk.forget(desired, delete_files=True)
    desk.session.release(TorrentAdded)
    desk.pump()
    desk.settle()
    assert desk.heard(TorrentForgotten) == [TorrentForgotten(torrent=desired.torrent, problem="no room")]


def test_forgetting_twice_is_answered_once(desk: Desk) -> None:
    """The second time finds it under way; later on there is nothing left, which is as good."""
    desired = desk.sample.desired()
    desk.ensure(desired)
    desk.session.hold(TorrentGone)
    desk.forget(desired, delete_files=False)
    desk.forget(desired, delete_files=False)
    desk.session.release(TorrentGone)
    desk.pump()
    desk.settle()
    assert len(desk.heard(TorrentForgotten)) == 1
    desk.forget(desired, delete_files=False)
    desk.settle()
    assert len(desk.heard(TorrentForgotten)) == 1


def test_a_torrent_that_is_wanted_again_comes_after_it_is_gone(desk: Desk) -> None:
    """As a new one, without the old one's resume data."""
    desired = desk.sample.desired()
    desk.dir.fastresume(desired.torrent).write_bytes(seal(desk.resume_data()))
    desk.ensure(desired)
    desk.said.clear()
    desk.forget(desired, delete_files=False)
    desk.ensure(changed(desired))
    assert desk.session.torrents() == frozenset()
    desk.settle()
    assert [type(event) for event in desk.said] == [
        TorrentForgotten,
        MetadataUpdated,
        FilesDiscovered,
        TorrentApplied,
    ]
    assert desk.session.torrents() == {desired.torrent}


# -- other commands ---------------------------------------------------------------------------------------------------


def test_a_source_is_judged(desk: Desk) -> None:
    """By the token that was given; nothing is added."""
    sample = desk.sample
    desk.session_commands.inspect(InspectSource(token=1, metainfo=sample.metainfo))
    desk.session_commands.inspect(InspectSource(token=2, magnet=sample.magnet))
    desk.session_commands.inspect(InspectSource(token=3, magnet="nonsense"))
    good, also_good, bad = desk.heard(SourceInspected)
    assert good == SourceInspected(token=1, torrent=sample.torrent, name="sample")
    assert also_good == SourceInspected(token=2, torrent=sample.torrent, name="sample")
    assert (bad.token, bad.torrent) == (3, None)
    assert bad.problem
    assert desk.session.calls == []


def test_bytes_done_are_told_by_file(desk: Desk) -> None:
    """Null where the torrent, or what is in it, is not known."""
    desired = desk.sample.desired()
    desk.session_commands.query_files(QueryFiles(token=1, torrent=desired.torrent))
    desk.ensure(desired)
    desk.session.download(desired.torrent, 3 * PIECE_LENGTH)
    desk.session_commands.query_files(QueryFiles(token=2, torrent=desired.torrent))
    assert desk.heard(FilesQueried) == [
        FilesQueried(token=1, bytes_done=None),
        FilesQueried(token=2, bytes_done=[3 * PIECE_LENGTH, 0]),
    ]


def test_settings_are_applied_and_read_back(desk: Desk) -> None:
    """The session's limits have no torrent."""
    desk.session_commands.configure(Configure(settings={}, download_bps=10, upload_bps=20, torrents=0, revision=5))
    assert desk.said == [LimitsApplied(download_bps=10, upload_bps=20), SettingsApplied(revision=5)]


def test_bad_settings_are_refused(desk: Desk) -> None:
    """The setting is named; no revision is said to be in force."""
    bad = Configure(settings={"nonsense": 1}, download_bps=10, upload_bps=20, torrents=0, revision=5)
    desk.session_commands.configure(bad)
    (refused,) = desk.heard(SettingsRefused)
    assert refused.setting == "nonsense"
    assert desk.said == []
    assert desk.session.session_limits() == (0, 0)


def test_session_limits_that_do_not_hold_are_told(desk: Desk) -> None:
    """And the settings count as applied, so that nobody waits."""
    desk.session.refuse_limits()
    desk.session_commands.configure(Configure(settings={}, download_bps=10, upload_bps=20, torrents=0, revision=5))
    (stale,) = desk.heard(LimitsStale)
    assert (stale.torrent, stale.download_bps, stale.upload_bps) == (None, 0, 0)
    assert desk.said == [SettingsApplied(revision=5)]


def test_a_torrent_that_is_being_forgotten_can_be_asked_for(desk: Desk) -> None:
    """A client's question in that moment is answered with nothing."""
    desired = desk.sample.desired()
    desk.ensure(desired)
    desk.session.hold(TorrentGone)
    desk.forget(desired, delete_files=False)
    desk.session_commands.query_files(QueryFiles(token=1, torrent=desired.torrent))
    assert desk.heard(FilesQueried) == [FilesQueried(token=1, bytes_done=None)]


@pytest.mark.parametrize("alert", [PrioritiesSet, MetadataReceived])
def test_late_alerts_of_a_torrent_that_is_being_forgotten_mean_nothing(
    desk: Desk, alert: type[PrioritiesSet] | type[MetadataReceived]
) -> None:
    """They were on their way when it was removed."""
    desired = desk.sample.desired()
    desk.ensure(desired)
    desk.session.hold(PrioritiesSet)
    desk.ensure(changed(desired, selection=RULES))
    desk.said.clear()
    desk.session.hold(TorrentGone)
    desk.forget(desired, delete_files=False)
    desk.session.post(alert(desired.torrent))
    desk.session.release(PrioritiesSet)
    desk.pump()
    desk.session.release(TorrentGone)
    desk.pump()
    desk.settle()
    assert desk.said == [TorrentForgotten(torrent=desired.torrent)]


# -- what is really there ---------------------------------------------------------------------------------------------

TAMPERINGS: Final[dict[str, Callable[[FakeSession, DesiredTorrent], object]]] = {
    "paused": lambda session, desired: session.set_paused(desired.torrent, not desired.paused),
    "sequential": lambda session, desired: session.set_sequential(desired.torrent, not desired.sequential),
    "download_bps": lambda session, desired: session.set_limits(desired.torrent, 77, desired.upload_bps),
    "selection": lambda session, desired: session.set_selection(
        desired.torrent, changed(desired, selection=Selection(priorities={"0": 1, "1": 0}))
    ),
    "lost": lambda session, desired: session.lose(desired.torrent),
}


@pytest.mark.parametrize("asked", [{}, {"paused": True, "sequential": True, "selection": RULES, "download_bps": 1}])
@pytest.mark.parametrize("what", [*TAMPERINGS, "all"])
def test_what_the_session_has_otherwise_is_repaired_and_told_once(
    desk: Desk, what: str, asked: dict[str, object]
) -> None:
    """Towards what was asked for; the next look finds nothing."""
    desired = changed(desk.sample.desired(), **asked)
    desk.ensure(desired)
    desk.dispatcher.audit(desired.torrent)
    assert desk.heard(Reconciled) == []
    for name, tamper in TAMPERINGS.items():
        if name == what or (what == "all" and name != "lost"):
            tamper(desk.session, desired)
    desk.pump()
    desk.dispatcher.audit(desired.torrent)
    desk.pump()
    (told,) = desk.heard(Reconciled)
    assert told.torrent == desired.torrent
    assert what == "all" or {"selection": "priorities"}.get(what, what) in told.what
    assert desk.session.observed(desired) == desired
    desk.dispatcher.audit(desired.torrent)
    assert desk.heard(Reconciled) == []


def test_a_torrent_elsewhere_is_taken_out_and_added_again(desk: Desk, tmp_path: Path) -> None:
    """A path cannot be set on a torrent that is there; its resume data stays, and changes meanwhile come after it."""
    desired = desk.sample.desired()
    desk.dir.fastresume(desired.torrent).write_bytes(seal(desk.resume_data()))
    desk.ensure(desired)
    desk.session.move(desired.torrent, "/elsewhere")
    desk.dispatcher.audit(desired.torrent)
    desk.dispatcher.ensure(changed(desired, paused=True))
    desk.dispatcher.audit(desired.torrent)
    desk.pump()
    (told,) = desk.heard(Reconciled)
    assert "/elsewhere" in told.what
    assert desk.session.observed(desired) == changed(desired, paused=True, revision=desired.revision)
    assert desk.dir.fastresume(desired.torrent).exists()
    assert desk.heard(TorrentApplied)[-1].revision == 2


@pytest.mark.parametrize("delete_files", [True, False])
def test_a_torrent_that_is_removed_while_it_is_added_again_is_gone(desk: Desk, delete_files: bool) -> None:
    """With its files, where these shall go."""
    desired = desk.sample.desired()
    desk.ensure(desired)
    desk.session.move(desired.torrent, "/elsewhere")
    desk.dispatcher.audit(desired.torrent)
    desk.forget(desired, delete_files=delete_files)
    desk.settle()
    assert desk.session.torrents() == set()
    assert [event.torrent for event in desk.heard(TorrentForgotten)] == [desired.torrent]
    assert (("remove, and its files", desired.torrent) in desk.session.calls) == delete_files


def test_what_is_on_its_way_is_not_looked_at(desk: Desk) -> None:
    """A selection that libtorrent has yet to confirm is no difference; neither is a torrent that nobody has."""
    desired = desk.sample.desired()
    desk.ensure(desired)
    desk.session.hold(PrioritiesSet)
    desk.ensure(changed(desired, selection=RULES))
    desk.session.set_paused(desired.torrent, True)
    desk.dispatcher.audit(desired.torrent)
    desk.dispatcher.audit("f" * 40)
    assert desk.heard(Reconciled) == []


# -- storage that misbehaves ------------------------------------------------------------------------------------------


def test_a_torrent_whose_files_are_gone_waits_for_them(desk: Desk, tmp_path: Path) -> None:
    """It is confirmed, not loaded, and its resume data stays; with the files it is loaded from that."""
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
    assert desk.heard(TorrentForgotten) == [TorrentForgotten(torrent=desired.torrent)]
    assert desk.told() == [("storage_missing", 0)]


def test_files_that_cannot_be_reached_are_said_to_be_left(desk: Desk, tmp_path: Path) -> None:
    """The torrent is forgotten all the same."""
    desk.stored()
    desired = desk.sample.desired(tmp_path / "downloads")
    desk.ensure(desired)
    desk.decide()
    desk.forget(desired, delete_files=True)
    desk.decide()
    desk.settle()
    [forgotten] = desk.heard(TorrentForgotten)
    assert forgotten.problem is not None
    assert not desk.dir.fastresume(desired.torrent).exists()


def test_only_what_is_there_is_claimed(desk: Desk, tmp_path: Path) -> None:
    """Of a file that was cut short, the pieces before the cut."""
    desk.stored()
    desk.sample.write(tmp_path / "downloads")
    file = tmp_path / "downloads" / "sample" / "b.txt"
    file.write_bytes(file.read_bytes()[: PIECE_LENGTH + 1])
    desk.ensure(desk.sample.desired(tmp_path / "downloads"))
    desk.decide()
    [status] = desk.session.statuses()
    assert status.done == 4 * PIECE_LENGTH
    assert len(desk.heard(Reconciled)) == 1


def test_a_full_disk_holds_all_that_write_there(desk: Desk, tmp_path: Path) -> None:
    """Torrents that are complete go on; whatever clients ask for, the others are held until there is room."""
    whole = SampleTorrent("whole", {"a": b"a"})
    desk.dir.metainfo(whole.torrent).write_bytes(whole.metainfo)
    other = SampleTorrent("other", {"a": b"b" * PIECE_LENGTH})
    desk.dir.metainfo(other.torrent).write_bytes(other.metainfo)
    desired = desk.sample.desired(tmp_path)
    desk.ensure(desired)
    desk.ensure(other.desired(tmp_path))
    desk.ensure(whole.desired(tmp_path, seed_mode=True))
    desk.translator.loading(whole.torrent, complete=True)
    for _ in range(3):
        desk.dispatcher.file_failed(FileError(desired.torrent, errno.ENOSPC, "full"))

    def paused() -> list[bool]:
        return [desk.session.applied(each.torrent).paused for each in (desk.sample, other, whole)]

    assert paused() == [True, True, False]
    desk.told()
    desk.decide()
    assert desk.told() == [("disk_full", 2)]
    desk.ensure(changed(desired, paused=True))
    desk.ensure(changed(desired, revision=3))
    assert paused() == [True, True, False]
    late = SampleTorrent("late", {"a": b"c"})
    desk.dir.metainfo(late.torrent).write_bytes(late.metainfo)
    desk.ensure(late.desired(tmp_path))
    assert desk.session.applied(late.torrent).paused
    assert desk.told() == [("disk_full", 3)]
    desk.now += 2
    desk.told()
    desk.decide()
    assert paused() == [False, False, False]
    assert not desk.session.applied(late.torrent).paused
    assert desk.told() == [("disk_full", 0)]


def test_what_is_taken_out_is_loaded_anew(desk: Desk, tmp_path: Path) -> None:
    """Its resume data is kept; what is asked for meanwhile is done after it, a removal too."""
    desired = desk.sample.desired(tmp_path)
    desk.ensure(desired)
    blob = desk.stored()
    desk.sample.write(tmp_path)
    desk.dispatcher.unload(desired.torrent)
    desk.ensure(changed(desired, sequential=True))
    desk.decide()
    assert [call for call, _ in desk.session.calls] == ["add", "unload", "add"]
    assert desk.session.applied(desired.torrent).sequential
    assert desk.dir.fastresume(desired.torrent).read_bytes() == blob
    desk.dispatcher.unload(desired.torrent)
    desk.forget(desired, delete_files=False)
    desk.settle()
    assert desk.heard(TorrentForgotten) == [TorrentForgotten(torrent=desired.torrent)]
    assert desk.session.torrents() == frozenset()


def test_a_read_error_has_the_files_looked_at(desk: Desk, tmp_path: Path) -> None:
    """Once for a burst of them. Files that are gone take the torrent out; with files it stays."""
    desk.sample.write(tmp_path)
    desired = desk.sample.desired(tmp_path)
    desk.stored()
    desk.ensure(desired)
    desk.decide()
    for _ in range(3):
        desk.dispatcher.file_failed(FileError(desired.torrent, errno.EIO, "bad"))
    desk.decide()
    assert not readable(desk.guard.fileno(), 0.1)
    assert [call for call, _ in desk.session.calls] == ["add"]
    shutil.rmtree(tmp_path / "sample")
    desk.now += 10
    desk.dispatcher.file_failed(FileError(desired.torrent, errno.ENOENT, "gone"))
    desk.decide()
    desk.decide()
    assert [call for call, _ in desk.session.calls] == ["add", "unload"]
    assert desk.told() == [("storage_missing", 1)]


def test_retrying_clears_an_error(desk: Desk) -> None:
    """Of a torrent that is there and shall run."""
    desired = desk.sample.desired()
    desk.ensure(desired)
    desk.session.fail(desired.torrent, "bad disk")
    desk.dispatcher.retry(desired.torrent)
    assert desk.session.statuses()[0].error is None
    desk.ensure(changed(desired, paused=True))
    desk.session.fail(desired.torrent, "bad disk")
    desk.dispatcher.retry(desired.torrent)
    desk.dispatcher.retry("unknown")
    assert desk.session.statuses()[0].error == "bad disk"


def test_a_disk_that_does_not_answer_is_not_waited_for(
    desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After some seconds its torrents wait for it, so that the others' restore goes on; when it answers, they go on."""
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


def test_a_disk_that_only_looks_roomy_is_tried_less_often(desk: Desk, tmp_path: Path) -> None:
    """As with a quota: each time it fills up at once the torrent is held for longer."""
    desired = desk.sample.desired(tmp_path)
    desk.ensure(desired)
    held_s = []
    for _ in range(4):
        desk.dispatcher.file_failed(FileError(desired.torrent, errno.EDQUOT, "quota"))
        assert desk.session.applied(desired.torrent).paused
        began = desk.now
        while desk.session.applied(desired.torrent).paused:
            desk.decide()
            desk.now += storage_policy.LOOK_S
        held_s.append(desk.now - began)
    assert held_s == sorted(held_s)
    assert held_s[-1] >= 16
