"""Torrents that would leave the download roots, through dispatcher, loader and guard, with the fake session."""

from pathlib import Path

import pytest

from engine_proc.resume.pieces import Examined
from engine_proc.storage.confinement import Escape
from engine_proc.storage.decisions import Confined, Judged
from engine_proc.storage.storage_guard import PATIENCE_S
from engine_proc.storage.storage_policy import Missing
from engine_proc.storage.storage_watch import FilesSeen, Look
from engine_proc.torrents.loading.judged_sources import JUDGED_S
from protocol.durable.integrity import crc32_of
from protocol.internal.bounds import Bounds
from protocol.internal.link_commands import DropTorrent
from protocol.internal.link_events import StorageState, TorrentApplied, TorrentDropped
from protocol.internal.link_queries import InspectSource, SourceInspected
from protocol.wire.events.torrent_events import FilesDiscovered, TorrentError
from tests.engine_proc.desk import RULES, Desk, applied, changed
from tools.rig.samples import PIECE_LENGTH, SampleTorrent

FILES = {"a.bin": PIECE_LENGTH, "b.txt": PIECE_LENGTH}


@pytest.fixture
def place(desk: Desk, tmp_path: Path) -> Path:
    """`root/` in bounds, and `outside/`; the session's torrents have files on disk."""
    (tmp_path / "root").mkdir()
    (tmp_path / "outside").mkdir()
    desk.guard.set_bounds(Bounds([str(tmp_path / "root")]))
    desk.session.on_disk = True
    return tmp_path


def lead_out(place: Path) -> Path:
    """Makes the sample's folder a link that leads out."""
    link = place / "root" / "sample"
    link.symlink_to(place / "outside")
    return link


def calls(desk: Desk) -> list[str]:
    """The calls to the session."""
    return [call for call, _ in desk.session.calls]


def refusal(desk: Desk) -> str:
    """The message about a refused torrent."""
    [error] = desk.heard(TorrentError)
    assert (error.name, error.recoverable) == ("path_not_allowed", False)
    [confirmed] = desk.heard(TorrentApplied)
    assert confirmed.problem == error.message
    return error.message


def test_a_source_whose_files_would_be_outside_is_told_apart(desk: Desk, place: Path) -> None:
    """By metainfo and save path; a magnet link has no files. The answer has the token of the judge's inspection."""
    link = lead_out(place)
    command = InspectSource(token=7, metainfo=desk.sample.metainfo, save_path=str(place / "root"))
    desk.session_commands.inspect(command)
    desk.session_commands.inspect(InspectSource(token=8, magnet=desk.sample.magnet, save_path=str(place / "root")))
    [verdict] = desk.heard(SourceInspected)
    assert (verdict.token, verdict.outside) == (8, None)
    for _ in range(2):
        [decision] = judged(desk)
        assert isinstance(decision, Confined)
        assert isinstance(decision.subject, int)
        desk.session_commands.confined(decision.subject, decision.problem)
        if link.is_symlink():
            link.unlink()
            desk.session_commands.inspect(command)
    outside, inside = desk.heard(SourceInspected)
    assert (outside.token, outside.torrent, outside.problem) == (7, desk.sample.torrent, None)
    assert str(link) in (outside.outside or "")
    assert inside.outside is None


def judged(desk: Desk) -> list[object]:
    """The guard's next decision."""
    desk.guard.tick(desk.now)
    found: list[object] = []
    while not found:
        found += desk.guard.decisions()
    return found


@pytest.mark.parametrize("later", [0.0, JUDGED_S + 1])
def test_a_source_that_was_judged_just_now_is_added_as_it_is(desk: Desk, place: Path, later: float) -> None:
    """Its file is not read again. The disk is checked again if the inspection was a while ago."""
    command = InspectSource(token=7, metainfo=desk.sample.metainfo, save_path=str(place / "root"))
    desired = changed(desk.sample.desired(place / "root"), metainfo_crc32=crc32_of(desk.sample.metainfo))
    desk.dir.metainfo(desk.sample.torrent).unlink()
    desk.session_commands.inspect(command)
    [decision] = judged(desk)
    assert isinstance(decision, Confined)
    desk.session_commands.confined(7, decision.problem)
    desk.now += later
    desk.ensure(desired)
    assert desk.guard.looking(desired.torrent) is (later > 0)
    if later:
        desk.decide()
    assert calls(desk) == ["add"]


def test_a_source_that_leads_out_is_judged_again_by_its_record(desk: Desk, place: Path) -> None:
    """A refused source is not stored as inspected."""
    lead_out(place)
    command = InspectSource(token=7, metainfo=desk.sample.metainfo, save_path=str(place / "root"))
    desired = changed(desk.sample.desired(place / "root"), metainfo_crc32=crc32_of(desk.sample.metainfo))
    desk.session_commands.inspect(command)
    [decision] = judged(desk)
    assert isinstance(decision, Confined)
    desk.session_commands.confined(7, decision.problem)
    desk.ensure(desired)
    desk.decide()
    assert refusal(desk)
    assert desk.session.calls == []


def test_a_new_torrent_that_would_leave_is_refused(desk: Desk, place: Path) -> None:
    """Nothing is added. Once its files stay inside, another add works."""
    link = lead_out(place)
    desired = desk.sample.desired(place / "root")
    desk.ensure(desired)
    desk.decide()
    assert str(link / "a.bin") in refusal(desk)
    assert desk.session.calls == []
    link.unlink()
    desk.ensure(desired)
    desk.decide()
    assert calls(desk) == ["add"]
    assert desk.heard(TorrentApplied) == [applied(desired)]


def test_a_save_path_that_is_not_allowed_any_more_is_refused(desk: Desk, place: Path) -> None:
    """The roots may have changed since it was added."""
    desk.ensure(desk.sample.desired(place / "outside"))
    desk.decide()
    assert str(place / "outside") in refusal(desk)
    assert desk.session.calls == []


def test_a_torrent_with_resume_data_is_judged_before_it_is_loaded(desk: Desk, place: Path) -> None:
    """Everything that it claims is there, and nothing else of it is read."""
    desk.stored()
    desk.sample.write(place / "elsewhere")
    (place / "root" / "sample").symlink_to(place / "elsewhere" / "sample")
    desk.ensure(desk.sample.desired(place / "root"))
    desk.decide()
    assert str(place / "elsewhere") in refusal(desk)
    assert desk.session.calls == []
    assert desk.dir.fastresume(desk.sample.torrent).exists()


def test_a_torrent_that_waited_for_its_storage_is_judged_when_that_comes(desk: Desk, place: Path) -> None:
    """The new path may be a link."""
    desk.stored()
    desk.ensure(desk.sample.desired(place / "root"))
    desk.decide()
    assert desk.told() == [("storage_missing", 1)]
    desk.heard(TorrentApplied)
    lead_out(place)
    for decision in desk.guard._take_mounts(desk.watch.mounts):
        desk.dispatcher.decided(decision)
    desk.decide()
    desk.decide()
    assert str(place / "outside") in refusal(desk)
    assert desk.told() == [("storage_missing", 0)]


def test_a_magnet_links_files_are_judged_before_any_is_wanted(desk: Desk, place: Path) -> None:
    """A torrent that would leave the roots is removed from the session, with one event; the client can retry it."""
    link = lead_out(place)
    desk.dir.metainfo(desk.sample.torrent).unlink()
    desired = desk.sample.desired(place / "root", by_magnet=True)
    for number in range(2):
        desk.ensure(desired)
        desk.heard(TorrentApplied)
        desk.session.receive_metadata(desired.torrent, FILES, name="sample")
        desk.pump()
        desk.decide()
        if number == 0:
            assert str(link) in refusal(desk)
            assert calls(desk) == ["add", "unload"]
            assert desk.session.torrents() == frozenset()
            link.unlink()
    assert calls(desk) == ["add", "unload", "add", "set_selection"]
    assert desk.heard(FilesDiscovered)


def test_nothing_is_wanted_of_a_magnet_link_before_its_files_are_judged(desk: Desk, place: Path) -> None:
    """Whatever its client selects meanwhile, and whatever an audit finds. The last selection is applied then."""
    desk.dir.metainfo(desk.sample.torrent).unlink()
    desired = desk.sample.desired(place / "root", by_magnet=True)
    desk.ensure(desired)
    desk.session.receive_metadata(desired.torrent, FILES, name="sample")
    desk.ensure(changed(desired, selection=RULES))
    desk.dispatcher.audit(desired.torrent)
    assert calls(desk) == ["add"]
    desk.decide()
    assert calls(desk) == ["add", "set_selection"]
    [discovered] = desk.heard(FilesDiscovered)
    assert [file.priority for file in discovered.files] == [4, 0]


def test_what_is_asked_of_a_torrent_while_it_is_expelled_waits(desk: Desk, place: Path) -> None:
    """The latest change is refused; a removal is carried out."""
    lead_out(place)
    desk.dir.metainfo(desk.sample.torrent).unlink()
    desired = desk.sample.desired(place / "root", by_magnet=True)
    desk.ensure(desired)
    desk.heard(TorrentApplied)
    desk.session.receive_metadata(desired.torrent, FILES, name="sample")
    desk.pump()
    [decision] = judged(desk)
    assert isinstance(decision, Confined)
    desk.dispatcher.decided(decision)
    desk.dispatcher.ensure(changed(desired, paused=True))
    desk.pump()
    [confirmed] = desk.heard(TorrentApplied)
    assert (confirmed.revision, confirmed.problem is None) == (desired.revision + 1, False)
    desk.forget(desired, delete_files=False)
    desk.settle()
    assert desk.heard(TorrentDropped) == [TorrentDropped(torrent=desired.torrent)]


@pytest.mark.parametrize("loaded", [True, False])
def test_files_outside_are_not_deleted(desk: Desk, place: Path, loaded: bool) -> None:
    """The torrent is removed all the same, whether or not it was in the session, and the event has the cause."""
    desired = desk.sample.desired(place / "root")
    if loaded:
        desk.ensure(desired)
        desk.decide()
    link = lead_out(place)
    desk.dispatcher.forget(DropTorrent(torrent=desired.torrent, delete_files=True, desired=desired))
    desk.decide()
    desk.settle()
    [forgotten] = desk.heard(TorrentDropped)
    assert str(link) in (forgotten.problem or "")
    assert calls(desk) == (["add", "remove"] if loaded else [])


def test_files_inside_are_deleted_once_they_were_judged(desk: Desk, place: Path) -> None:
    """Two requests delete them once."""
    desired = desk.sample.desired(place / "root")
    desk.ensure(desired)
    desk.decide()
    desk.session.download(desired.torrent, PIECE_LENGTH)
    for _ in range(2):
        desk.dispatcher.forget(DropTorrent(torrent=desired.torrent, delete_files=True, desired=desired))
    assert calls(desk) == ["add"]
    desk.decide()
    desk.settle()
    assert desk.heard(TorrentDropped) == [TorrentDropped(torrent=desired.torrent)]
    assert calls(desk) == ["add", "remove, and its files"]


class Silence:
    """A disk that does not answer until it is told to."""

    def __init__(self, desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
        self._desk = desk
        self._asked: list[Look] = []
        monkeypatch.setattr(desk.watch, "inspect", lambda mount_point, looks, bounds: self._asked.extend(looks))

    def answer(self, escape: Escape | None = None) -> None:
        """Answers all questions so far: all files exist, and lead inside or outside."""
        for look in self._asked:
            self._desk.watch._seen.put([FilesSeen(look.torrent, look.token, [PIECE_LENGTH] * len(look.paths), escape)])
        self._asked.clear()
        for decision in self._desk.guard.decisions():
            self._desk.dispatcher.decided(decision)
        self._desk.pump()

    def wait(self, seconds: float) -> None:
        """Lets time pass."""
        self._desk.now += seconds
        for decision in self._desk.guard.tick(self._desk.now):
            self._desk.dispatcher.decided(decision)
        self._desk.pump()


def test_a_torrent_is_removed_although_its_disk_does_not_answer(
    desk: Desk, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its files cannot be checked, so they stay, and this is reported. The torrent is removed all the same."""
    silence = Silence(desk, monkeypatch)
    desired = desk.sample.desired(place / "root")
    desk.ensure(desired)
    silence.wait(0)
    silence.answer()
    assert desired.torrent in desk.session.torrents()
    desk.forget(desired, delete_files=True)
    silence.wait(1)
    assert desired.torrent in desk.session.torrents()
    silence.wait(PATIENCE_S)
    desk.settle()
    [forgotten] = desk.heard(TorrentDropped)
    assert forgotten.problem is not None
    assert "does not answer" in forgotten.problem
    assert desired.torrent not in desk.session.torrents()


def test_a_verdict_on_a_torrent_that_is_gone_is_not_the_next_ones(
    desk: Desk, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A torrent was removed while its metadata was checked, and added again: the violation was the first one's."""
    silence = Silence(desk, monkeypatch)
    desk.dir.metainfo(desk.sample.torrent).unlink()
    desired = desk.sample.desired(place / "root", by_magnet=True)
    desk.ensure(desired)
    silence.wait(0)
    silence.answer()
    desk.session.receive_metadata(desired.torrent, FILES, name="sample")
    desk.pump()
    desk.forget(desired, delete_files=False)
    desk.settle()
    desk.session.on_disk = False
    desk.ensure(desired)
    silence.answer(Escape(str(place / "root" / "sample"), "/elsewhere"))
    assert desk.heard(TorrentError) == []


def test_a_silent_disk_is_waited_for_once(desk: Desk, place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """While the disk is known to be silent, other torrents on it wait at once and do not delay the rest."""
    silence = Silence(desk, monkeypatch)
    desired = desk.sample.desired(place / "root")
    desk.ensure(desired)
    silence.wait(PATIENCE_S - 1)
    assert not desk.heard(StorageState)
    silence.wait(2)
    other = changed(desired, torrent="f" * 40)
    assert desk.guard.inspect(other, Examined([], 0, 0, 0, others=["/x"])) is None
    [late] = desk.guard.tick(desk.now)
    assert isinstance(late, Judged)
    assert (late.torrent, type(late.verdict)) == (other.torrent, Missing)
    silence.answer()
    assert desk.guard.inspect(other, Examined([], 0, 0, 0, others=["/x"])) is None
    assert desk.guard.tick(desk.now) == []


def test_what_the_sandbox_does_not_reach_is_waited_for(desk: Desk, place: Path) -> None:
    """A disk over a root is another place, which is not used; a disk below a root can be used."""
    desk.sample.write(place / "root")
    desk.guard.set_covered([str(place / "root")])
    desk.ensure(desk.sample.desired(place / "root" / "below"))
    desk.decide()
    assert calls(desk) == ["add"]
    desk.guard.homes.read({**desk.watch.mounts, str(place / "root"): "7 8:1 /"})
    other = SampleTorrent("other", {"c": b"content"})
    desk.dir.metainfo(other.torrent).write_bytes(other.metainfo)
    desk.ensure(other.desired(place / "root"))
    desk.decide()
    assert calls(desk) == ["add"]
    assert desk.told() == [("storage_missing", 1)]
    desk.guard.set_covered([str(place / "root"), "/elsewhere"])  # as for the next engine
    for decision in desk.guard._take_mounts(desk.guard.homes.mounts):
        desk.dispatcher.decided(decision)
    desk.decide()
    assert calls(desk)[-1] == "add"
