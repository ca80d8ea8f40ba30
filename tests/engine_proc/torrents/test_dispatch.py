import errno
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

import pytest

from engine_proc.resume.resume_policy import Urgency
from engine_proc.session.alerts import FileError, MetadataReceived, PrioritiesSet, Selected, TorrentAdded, TorrentGone
from engine_proc.session.session_port import Loading, NotSelected, TorrentFault
from engine_proc.storage import storage_policy
from engine_proc.torrents.applier import AGAIN_S
from protocol.durable.integrity import seal
from protocol.internal.link_events import FilesRestored, MetadataKnown, TorrentApplied, TorrentDropped
from protocol.wire.desired import DesiredTorrent, Selection
from protocol.wire.events.session_events import LimitsApplied, LimitsStale, Reconciled
from protocol.wire.events.torrent_events import FilesDiscovered, SelectionChanged, TorrentError
from tests.engine_proc.desk import RULES, Desk, applied, changed
from tests.fakes.fake_session import FakeSession
from tools.rig.samples import PIECE_LENGTH, SampleTorrent

# -- adding ------------------------------------------------------------------------------------------------------------


def test_a_torrent_is_added_and_confirmed(desk: Desk) -> None:
    """First its files are reported as new; and it is saved at once."""
    desired = desk.sample.desired()
    desk.dispatcher.ensure(desired)
    assert desk.said == []
    desk.pump()
    assert [type(event) for event in desk.said] == [MetadataKnown, FilesDiscovered, TorrentApplied]
    assert desk.said[-1] == applied(desired)
    assert desk.policy.due(1000.0) == [desired.torrent]


def test_ensuring_again_does_nothing(desk: Desk) -> None:
    """Except for a confirmation each time, also of a new revision of the same state."""
    desired = desk.sample.desired()
    desk.ensure(desired)
    calls, _ = list(desk.session.calls), desk.heard(TorrentApplied)
    desk.ensure(desired)
    desk.ensure(changed(desired, labels=("x",)))
    assert desk.session.calls == calls
    assert [event.revision for event in desk.heard(TorrentApplied)] == [1, 2]


def test_ensuring_while_it_is_added_is_done_after(desk: Desk) -> None:
    """Only the newest state counts, and its revision and the first are confirmed."""
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


def test_a_refused_add_is_told(desk: Desk) -> None:
    """As the torrent's error and as the answer; another command is another add."""
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
    """A newer revision is tried by itself, so that its request does not wait for ever."""
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


# -- changing ----------------------------------------------------------------------------------------------------------


def test_changes_are_applied_confirmed_and_saved(desk: Desk) -> None:
    """Each one in the session, with a report on limits.

    They are saved at the usual time, since the catalogue has them.
    """
    desired = desk.sample.desired()
    desk.ensure(desired)
    desk.policy.due(1000.0)
    desk.policy.settle(desired.torrent)
    desk.ensure(changed(desired, paused=True, sequential=True, download_bps=1000, upload_bps=2000))
    assert desk.session.applied(desired.torrent) == (True, True, 1000, 2000)
    assert desk.heard(LimitsApplied) == [LimitsApplied(torrent=desired.torrent, download_bps=1000, upload_bps=2000)]
    assert desk.heard(TorrentApplied)[-1].revision == 2
    assert desk.policy.due(1000.0) == []
    assert desk.policy.due(1000.0 + Urgency.PROGRESS.value) == [desired.torrent]


def test_many_changes_are_saved_together(desk: Desk) -> None:
    """With a save for each, the next change would wait for the disk."""
    desired = desk.sample.desired()
    desk.ensure(desired)
    saves = 0
    for change in range(100):
        desk.now = 1000.0 + change / 100
        desk.ensure(changed(desired, download_bps=1000 + change, revision=2 + change))
        for torrent in desk.policy.due(desk.now):
            saves += 1
            desk.policy.settle(torrent)
    assert saves == 1, "when it was added"
    assert desk.policy.due(desk.now + Urgency.PROGRESS.value) == [desired.torrent]


def test_limits_that_do_not_hold_are_told(desk: Desk) -> None:
    """With the requested limits and those in force."""
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
    """With two in progress, the newer revision is in force only after the second alert."""
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
    """One revision may have both."""
    desired = desk.sample.desired()
    desk.ensure(desired)
    desk.ensure(changed(desired, selection=RULES, download_bps=1000))
    assert desk.heard(LimitsApplied) == [LimitsApplied(torrent=desired.torrent, download_bps=1000, upload_bps=0)]


def test_a_changed_selection_is_saved(desk: Desk) -> None:
    """The resume data has libtorrent's priorities, so it is made after these were applied."""
    desired = desk.sample.desired()
    desk.ensure(desired)
    desk.policy.due(1000.0)
    desk.policy.settle(desired.torrent)
    desk.ensure(changed(desired, selection=RULES))
    assert desk.policy.unsaved() == {desired.torrent}


def test_new_peers_are_called(desk: Desk) -> None:
    """Those that were not there before."""
    desired = desk.sample.desired(peers=("127.0.0.1:1",))
    desk.ensure(desired)
    desk.ensure(changed(desired, peers=("127.0.0.1:1", "127.0.0.1:2")))
    assert desk.session.calls[-2:] == [("connect", desired.torrent), ("call_peers", desired.torrent)]


# -- magnet links ------------------------------------------------------------------------------------------------------


FILES = {"a.bin": PIECE_LENGTH, "b.txt": PIECE_LENGTH}


def test_a_magnet_links_files_are_told_of_when_its_metadata_comes(desk: Desk) -> None:
    """Once, and they are saved."""
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
    """A client that gets the files also gets their selection."""
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
    assert len(desk.heard(MetadataKnown)) == 1


def test_a_selection_without_metadata_is_confirmed_at_once(desk: Desk) -> None:
    """The number of files is unknown; the rules are applied later."""
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
    """They are published once. Later selections publish only the selection; the supervisor has the list."""
    desired = desk.sample.desired()
    desk.ensure(desired)
    assert len(desk.heard(FilesDiscovered)) == 1
    desk.ensure(changed(desired, selection=RULES))
    assert desk.heard(FilesDiscovered) == []
    (restored,) = desk.heard(FilesRestored)
    assert [file.priority for file in restored.files] == [4, 0]


# -- forgetting --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("delete_files", [False, True])
def test_a_torrent_is_forgotten_with_its_resume_data(desk: Desk, delete_files: bool) -> None:
    """The report comes when the resume data is deleted, too."""
    desired = desk.sample.desired()
    desk.dir.fastresume(desired.torrent).write_bytes(seal(desk.resume_data()))
    desk.ensure(desired)
    desk.forget(desired, delete_files=delete_files)
    assert desk.session.calls[-1][0] == ("remove, and its files" if delete_files else "remove")
    assert desk.heard(TorrentDropped) == []
    desk.settle()
    assert desk.heard(TorrentDropped) == [TorrentDropped(torrent=desired.torrent)]
    assert not desk.dir.fastresume(desired.torrent).exists()
    assert desk.session.torrents() == frozenset()
    assert desk.policy.unsaved() == frozenset()


def test_an_unloaded_torrent_is_loaded_to_delete_its_files(desk: Desk) -> None:
    """It is loaded paused, so that it does nothing else, and this is not published."""
    desired = desk.sample.desired()
    desk.forget(desired, delete_files=True)
    assert desk.session.calls == [("add", desired.torrent), ("remove, and its files", desired.torrent)]
    desk.settle()
    assert desk.said == [TorrentDropped(torrent=desired.torrent)]


def test_an_unloaded_torrent_whose_files_stay_is_not_loaded(desk: Desk) -> None:
    """Only its resume data is deleted."""
    desired = desk.sample.desired()
    desk.dir.fastresume(desired.torrent).write_bytes(b"whatever")
    desk.forget(desired, delete_files=False)
    desk.settle()
    assert desk.session.calls == []
    assert desk.said == [TorrentDropped(torrent=desired.torrent)]
    assert not desk.dir.fastresume(desired.torrent).exists()


def test_an_unloaded_torrent_that_cannot_be_loaded_is_forgotten_with_a_problem(desk: Desk) -> None:
    """Its files could not be found, which does not keep the torrent."""
    desired = desk.sample.desired()
    desk.dir.metainfo(desired.torrent).write_bytes(b"damaged")
    desk.forget(desired, delete_files=True)
    desk.settle()
    (forgotten,) = desk.heard(TorrentDropped)
    assert forgotten.problem


def test_files_that_cannot_be_deleted_are_told(desk: Desk) -> None:
    """The torrent is removed all the same."""
    desired = desk.sample.desired()
    desk.ensure(desired)
    desk.session.refuse_deletion(desired.torrent, "not permitted")
    desk.forget(desired, delete_files=True)
    desk.settle()
    assert desk.heard(TorrentDropped) == [TorrentDropped(torrent=desired.torrent, problem="not permitted")]


def test_forgetting_while_it_is_added_is_done_after(desk: Desk) -> None:
    """Nothing of the torrent is published any more."""
    desired = desk.sample.desired()
    desk.session.hold(TorrentAdded)
    desk.ensure(desired)
    desk.forget(desired, delete_files=True)
    desk.session.release(TorrentAdded)
    desk.pump()
    desk.settle()
    assert desk.said == [TorrentDropped(torrent=desired.torrent)]
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
    assert desk.heard(TorrentDropped) == [TorrentDropped(torrent=desired.torrent, problem="no room")]


def test_forgetting_twice_is_answered_once(desk: Desk) -> None:
    """The second command joins the removal; later ones find nothing, which is fine."""
    desired = desk.sample.desired()
    desk.ensure(desired)
    desk.session.hold(TorrentGone)
    desk.forget(desired, delete_files=False)
    desk.forget(desired, delete_files=False)
    desk.session.release(TorrentGone)
    desk.pump()
    desk.settle()
    assert len(desk.heard(TorrentDropped)) == 1
    desk.forget(desired, delete_files=False)
    desk.settle()
    assert len(desk.heard(TorrentDropped)) == 1


def test_a_torrent_that_is_wanted_again_comes_after_it_is_gone(desk: Desk) -> None:
    """As a new torrent, without the old one's resume data."""
    desired = desk.sample.desired()
    desk.dir.fastresume(desired.torrent).write_bytes(seal(desk.resume_data()))
    desk.ensure(desired)
    desk.said.clear()
    desk.forget(desired, delete_files=False)
    desk.ensure(changed(desired))
    assert desk.session.torrents() == frozenset()
    desk.settle()
    assert [type(event) for event in desk.said] == [
        TorrentDropped,
        MetadataKnown,
        FilesDiscovered,
        TorrentApplied,
    ]
    assert desk.session.torrents() == {desired.torrent}


@pytest.mark.parametrize("alert", [PrioritiesSet, MetadataReceived])
def test_late_alerts_of_a_torrent_that_is_being_forgotten_mean_nothing(
    desk: Desk, alert: type[PrioritiesSet] | type[MetadataReceived]
) -> None:
    """They were pending when it was removed."""
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
    assert desk.said == [TorrentDropped(torrent=desired.torrent)]


# -- what is really there ----------------------------------------------------------------------------------------------


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
    """Towards the desired state; the next check finds nothing."""
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
    """A loaded torrent's path cannot be set. Its resume data stays, and changes meanwhile come after it."""
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
    """With its files, if requested."""
    desired = desk.sample.desired()
    desk.ensure(desired)
    desk.session.move(desired.torrent, "/elsewhere")
    desk.dispatcher.audit(desired.torrent)
    desk.forget(desired, delete_files=delete_files)
    desk.settle()
    assert desk.session.torrents() == set()
    assert [event.torrent for event in desk.heard(TorrentDropped)] == [desired.torrent]
    assert (("remove, and its files", desired.torrent) in desk.session.calls) == delete_files


def test_what_is_on_its_way_is_not_looked_at(desk: Desk) -> None:
    """An unconfirmed selection is no difference; neither is an unknown torrent."""
    desired = desk.sample.desired()
    desk.ensure(desired)
    desk.session.hold(PrioritiesSet)
    desk.ensure(changed(desired, selection=RULES))
    desk.session.set_paused(desired.torrent, True)
    desk.dispatcher.audit(desired.torrent)
    desk.dispatcher.audit("f" * 40)
    assert desk.heard(Reconciled) == []


# -- storage that misbehaves -------------------------------------------------------------------------------------------


def test_a_full_disk_holds_all_that_write_there(desk: Desk, tmp_path: Path) -> None:
    """Complete torrents go on. Whatever clients request, the others are held until there is room."""
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
    """Its resume data is kept. Commands meanwhile come after it, including a removal."""
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
    assert desk.heard(TorrentDropped) == [TorrentDropped(torrent=desired.torrent)]
    assert desk.session.torrents() == frozenset()


def test_what_is_added_again_while_its_removal_waits_for_a_reload_is_loaded(desk: Desk) -> None:
    """After the removal, which is reported first."""
    desired = desk.sample.desired()
    desk.ensure(desired)
    desk.session.hold(TorrentGone)
    desk.dispatcher.unload(desired.torrent)
    desk.forget(desired, delete_files=False)
    desk.said.clear()
    desk.ensure(changed(desired))
    desk.session.release(TorrentGone)
    desk.pump()
    desk.settle()
    assert [type(event) for event in desk.said if isinstance(event, TorrentDropped | TorrentApplied)] == [
        TorrentDropped,
        TorrentApplied,
    ]
    assert desk.session.torrents() == {desired.torrent}


def failed(desk: Desk, desired: DesiredTorrent) -> None:
    """An error stops the torrent, and is published."""
    desk.session.fail(desired.torrent, "bad disk")
    desk.session.post_updates()
    for alert in desk.session.pop_alerts():
        desk.translator.translate(alert)
    assert desk.session.statuses()[0].error == "bad disk"


def test_a_torrent_that_an_error_has_stopped_goes_on(desk: Desk, tmp_path: Path) -> None:
    """Once its files can be used. It is confirmed only when libtorrent was seen to continue."""
    desired = desk.sample.desired(tmp_path)
    desk.ensure(desired)
    failed(desk, desired)
    desk.said.clear()
    again = changed(desired)
    desk.dispatcher.retry(again)
    desk.pump()
    assert desk.session.statuses()[0].error == "bad disk"
    desk.decide()
    assert desk.session.statuses()[0].error is None
    assert desk.heard(TorrentApplied) == []
    desk.dispatcher.error_cleared(desired.torrent)
    assert desk.heard(TorrentApplied) == [applied(again)]


def test_a_torrent_that_stops_again_is_told_so(desk: Desk, tmp_path: Path) -> None:
    """The request does not wait for ever."""
    desired = desk.sample.desired(tmp_path)
    desk.ensure(desired)
    failed(desk, desired)
    desk.said.clear()
    desk.dispatcher.retry(changed(desired))
    desk.decide()
    desk.dispatcher.tick(desk.now + 1)
    assert desk.heard(TorrentApplied) == []
    desk.dispatcher.tick(desk.now + 10)
    (told,) = desk.heard(TorrentApplied)
    assert told == TorrentApplied(torrent=desired.torrent, revision=2, problem="bad disk")


def test_a_torrent_whose_files_cannot_be_used_is_told_so(desk: Desk, tmp_path: Path) -> None:
    """The answer has the present cause, and the torrent stays as it is."""
    desk.session.on_disk = True
    desired = desk.sample.desired(tmp_path)
    desk.ensure(desired)
    desk.decide()
    failed(desk, desired)
    (tmp_path / desk.sample.name).write_bytes(b"somebody's, where the torrent's folder is to be")
    desk.said.clear()
    again = changed(desired, sequential=True)
    desk.dispatcher.retry(again)
    desk.decide()
    (told,) = desk.heard(TorrentApplied)
    assert told.revision == again.revision
    assert told.problem is not None
    assert "Not a directory" in told.problem
    assert [error.message for error in desk.heard(TorrentError)] == [told.problem]


def test_what_nothing_has_stopped_is_only_ensured(desk: Desk) -> None:
    """Whatever the supervisor assumes; a missing torrent is loaded."""
    desired = desk.sample.desired()
    desk.dispatcher.retry(desired)
    desk.pump()
    desk.dispatcher.retry(changed(desired))
    assert desk.heard(TorrentApplied) == [applied(desired), applied(changed(desired))]
    assert [call for call, _ in desk.session.calls].count("add") == 1


def test_a_storage_that_is_not_there_is_looked_for_when_asked(desk: Desk, tmp_path: Path) -> None:
    """At once, and the answer has the result."""
    desk.stored()
    desired = desk.sample.desired(tmp_path)
    desk.ensure(desired)
    desk.decide()
    assert desk.heard(TorrentApplied) == [applied(desired)]
    desk.dispatcher.retry(changed(desired))
    desk.decide()
    (still,) = desk.heard(TorrentApplied)
    assert still.problem is not None
    desk.sample.write(tmp_path)
    desk.dispatcher.retry(changed(desired))
    desk.decide()
    desk.decide()
    assert desk.heard(TorrentApplied) == [applied(changed(desired))]
    assert desk.session.torrents() == {desired.torrent}


def test_a_disk_that_only_looks_roomy_is_tried_less_often(desk: Desk, tmp_path: Path) -> None:
    """As with a quota: each time it fills up at once, the torrent is held for longer."""
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


class Choosy(FakeSession):
    """A session that needs time for a selection with many globs."""

    def _choose(self, desired: DesiredTorrent) -> None:
        if len(desired.selection.exclude) > 1 and desired.selection not in self.chosen:
            raise NotSelected(desired.torrent)

    chosen: list[Selection] = []

    def add(self, desired: DesiredTorrent, **stored: Any) -> Loading:
        """Adds it, once the selection is known."""
        self._choose(desired)
        return super().add(desired, **stored)

    def set_selection(self, torrent: str, desired: DesiredTorrent) -> bool:
        """Applies it, once it is known."""
        self._choose(desired)
        return super().set_selection(torrent, desired)


@pytest.fixture
def choosy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    """A desk with such a session."""
    monkeypatch.setattr(Choosy, "chosen", [])
    monkeypatch.setattr("tests.engine_proc.desk.FakeSession", Choosy)
    root = tmp_path / "choosy"
    root.mkdir()
    made = Desk(root)
    yield made
    made.close()


MANY_GLOBS: Final = Selection(exclude=("*.txt", "*.nfo"))


def known(desk: Desk, selection: Selection) -> None:
    """The selection is known."""
    Choosy.chosen.append(selection)
    desk.dispatcher.selected(Selected(desk.sample.torrent, None))
    desk.pump()


def test_a_torrent_is_loaded_once_it_is_known_what_is_wanted(choosy: Desk) -> None:
    """It is not confirmed before; an answer without a question is ignored."""
    desired = choosy.sample.desired(selection=MANY_GLOBS)
    choosy.ensure(desired)
    assert (choosy.session.torrents(), choosy.heard(TorrentApplied)) == (frozenset(), [])
    known(choosy, MANY_GLOBS)
    known(choosy, MANY_GLOBS)
    assert choosy.heard(TorrentApplied) == [applied(desired)]


def test_other_rules_end_the_wait(choosy: Desk) -> None:
    """The earlier question is dropped."""
    choosy.ensure(choosy.sample.desired(selection=MANY_GLOBS))
    simple = choosy.sample.desired(selection=Selection(exclude=("*.txt",)), revision=2)
    choosy.ensure(simple)
    assert choosy.heard(TorrentApplied) == [applied(simple)]
    known(choosy, MANY_GLOBS)
    assert choosy.heard(TorrentApplied) == []


@pytest.mark.parametrize("delete_files", [False, True])
def test_a_torrent_that_waits_to_be_loaded_can_be_removed(choosy: Desk, delete_files: bool) -> None:
    """Its selection does not matter then."""
    desired = choosy.sample.desired(selection=MANY_GLOBS)
    choosy.ensure(desired)
    choosy.forget(desired, delete_files=delete_files)
    choosy.settle()
    assert choosy.heard(TorrentDropped) == [TorrentDropped(torrent=desired.torrent)]


def test_a_selection_is_applied_once_it_is_known(choosy: Desk) -> None:
    """A newer selection replaces it."""
    desired = choosy.sample.desired()
    choosy.ensure(desired)
    choosy.said.clear()
    first, second = changed(desired, selection=MANY_GLOBS), Selection(exclude=("*.a", "*.b"))
    choosy.ensure(first)
    latest = changed(first, selection=second)
    choosy.ensure(latest)
    assert choosy.heard(TorrentApplied) == []
    known(choosy, MANY_GLOBS)
    assert choosy.heard(TorrentApplied) == []
    known(choosy, second)
    assert choosy.heard(TorrentApplied) == [applied(latest)]


@pytest.mark.parametrize("loaded", [False, True])
def test_rules_that_take_too_long_are_the_torrents_error(choosy: Desk, loaded: bool) -> None:
    """The torrent is then not in the session; other rules fix it."""
    desired = choosy.sample.desired()
    if loaded:
        choosy.ensure(desired)
    slow = changed(desired, selection=MANY_GLOBS)
    choosy.ensure(slow)
    choosy.said.clear()
    choosy.dispatcher.selected(Selected(desired.torrent, "it takes too long"))
    choosy.pump()
    (error,) = choosy.heard(TorrentError)
    assert error.name == "rules_too_slow"
    (refused,) = choosy.heard(TorrentApplied)
    assert (refused.revision, refused.problem is None) == (slow.revision, False)
    assert choosy.session.torrents() == frozenset()
    cured = changed(slow, selection=Selection())
    choosy.ensure(cured)
    assert choosy.heard(TorrentApplied) == [applied(cured)]


class Removals:
    """The calls to the session that add or remove a torrent."""

    def __init__(self, desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
        self.asked: list[tuple[str, object]] = []
        add, remove, unload = desk.session.add, desk.session.remove, desk.session.unload

        def noted_add(desired: DesiredTorrent, **kwargs: Any) -> Any:
            self.asked.append(("add", desired.spared))
            return add(desired, **kwargs)

        def noted_remove(torrent: str, *, delete_files: bool) -> None:
            self.asked.append(("remove", delete_files))
            remove(torrent, delete_files=delete_files)

        def noted_unload(torrent: str) -> None:
            self.asked.append(("unload", None))
            if self.faults:
                self.faults -= 1
                raise TorrentFault(torrent, "unload: boom")
            unload(torrent)

        self.faults = 0
        monkeypatch.setattr(desk.session, "add", noted_add)
        monkeypatch.setattr(desk.session, "remove", noted_remove)
        monkeypatch.setattr(desk.session, "unload", noted_unload)


@pytest.mark.parametrize("when", ["on_its_way", "there", "there_and_a_call_fails"])
def test_files_that_are_left_have_other_names_before_the_rest_is_deleted(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, when: str
) -> None:
    """libtorrent deletes all files by name, so the torrent is first added again with other names."""
    removals = Removals(desk, monkeypatch)
    desired = desk.sample.desired()
    if when == "on_its_way":
        desk.dispatcher.ensure(desired)
    else:
        desk.ensure(desired)
        removals.faults = 1 if when == "there_and_a_call_fails" else 0
    leaving = changed(desired, removal="delete_files", spared=(1,))
    desk.forget(leaving, delete_files=True)
    desk.now += AGAIN_S
    desk.dispatcher.tick(desk.now)
    desk.pump()
    assert removals.asked[-2:] == [("add", (1,)), ("remove", True)]
    assert ("remove", True) not in removals.asked[:-1]


@pytest.mark.parametrize("calls", [("examine", "describe"), ("add", "describe")])
def test_a_fault_that_lasts_is_the_torrents_error_again_and_again(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, calls: tuple[str, str]
) -> None:
    """The stored data itself is what libtorrent fails on, whatever the call."""

    def failing(name: str) -> Callable[..., Any]:
        def fail(desired: DesiredTorrent, **_: Any) -> Any:
            raise TorrentFault(desired.torrent, f"{name}: boom")

        return fail

    for name in calls:
        monkeypatch.setattr(desk.session, name, failing(name))
    if "examine" in calls:
        desk.stored()
    for _ in range(2):
        desk.ensure(desk.sample.desired())
        [error] = desk.heard(TorrentError)
        assert error.name == "call_failed"
        assert desk.heard(TorrentApplied)[-1].problem is not None
