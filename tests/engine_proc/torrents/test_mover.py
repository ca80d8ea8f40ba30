"""How the dispatcher and the mover handle a move, over the fake session and real files."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from protocol.internal.link_events import FilesRestored, TorrentApplied
from protocol.internal.move_events import MoveCopied, MoveEnded, MoveProgress
from protocol.wire.desired import DesiredTorrent, StorageMove
from protocol.wire.events.torrent_events import ErrorCleared, Progress, TorrentError
from protocol.wire.rows import TorrentState
from tests.engine_proc.desk import Desk, applied, changed
from tools.rig.probe import eventually


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """The save path of the torrent, with its files."""
    place = tmp_path / "place"
    place.mkdir()
    return place


@pytest.fixture
def desk(tmp_path: Path, place: Path) -> Iterator[Desk]:
    """A desk whose torrent has files on disk."""
    (tmp_path / "resume").mkdir()
    desk = Desk(tmp_path / "resume")
    desk.sample.write(place)
    desk.stored()
    yield desk
    desk.close()


def load(desk: Desk, place: Path) -> DesiredTorrent:
    """Loads the torrent."""
    desired = desk.sample.desired(place)
    desk.ensure(desired)
    desk.decide()
    assert desk.session.torrents() == {desired.torrent}
    desk.said.clear()
    desk.session.calls.clear()
    return desired


def with_move(desired: DesiredTorrent, move: StorageMove | None) -> DesiredTorrent:
    """The desired state with a move in a phase, as the supervisor sends it."""
    return changed(desired, move=move)


def turn(desk: Desk) -> None:
    """What the engine's loop does."""
    for torrent in desk.mover.tick(desk.now):
        desk.dispatcher.unload(torrent)
    desk.pump()


def result(desk: Desk, kind: type[MoveCopied | MoveEnded]) -> MoveCopied | MoveEnded:
    """The next result of the mover."""

    def told() -> bool:
        turn(desk)
        return any(isinstance(event, kind) for event in desk.said)

    eventually(told, "a result")
    (found,) = desk.heard(kind)
    return found


def test_a_torrent_is_settled_moved_and_loaded_again(desk: Desk, place: Path, tmp_path: Path) -> None:
    """It is paused, flushed and saved before it is unloaded. Each phase follows when the supervisor sends it."""
    before = load(desk, place)
    torrent, target = before.torrent, tmp_path / "target"
    move = StorageMove(save_path=str(target))
    moving = with_move(before, move)
    desk.ensure(moving)
    assert [call for call, _ in desk.session.calls if call in ("set_paused", "flush")] == ["set_paused", "flush"]
    assert desk.heard(TorrentApplied) == [applied(moving)]
    turn(desk)
    assert desk.session.torrents() == {torrent}
    desk.mover.flushed(torrent)
    assert desk.policy.unsaved() == {torrent}
    desk.mover.resume_stored(torrent)  # of an earlier request
    desk.mover.resume_data_made(torrent)
    turn(desk)
    assert desk.session.torrents() == {torrent}
    desk.mover.resume_stored(torrent)
    turn(desk)
    assert desk.session.torrents() == frozenset()
    assert result(desk, MoveCopied) == MoveCopied(torrent=torrent, move=move)
    assert [event.state for event in desk.heard(Progress)][-1:] == [TorrentState.QUEUED]
    assert desk.heard(MoveProgress)
    assert len(list(place.rglob("*.*"))) == 2
    placing = StorageMove(save_path=str(target), phase="placing")
    desk.ensure(with_move(moving, placing))
    assert result(desk, MoveEnded) == MoveEnded(torrent=torrent, move=placing)
    assert list(place.iterdir()) == []
    desk.ensure(changed(moving, save_path=str(target), move=None, revision=9))
    desk.decide()
    assert desk.session.torrents() == {torrent}
    assert desk.session.observed(moving).save_path == str(target)


def test_an_engine_that_starts_with_a_move_continues_it(desk: Desk, place: Path, tmp_path: Path) -> None:
    """The torrent is not loaded, and other changes are confirmed. The supervisor gets to know the files."""
    target = tmp_path / "target"
    moving = desk.sample.desired(place, move=StorageMove(save_path=str(target)))
    desk.ensure(moving)
    turn(desk)
    assert [event.torrent for event in desk.heard(FilesRestored)] == [moving.torrent]
    desk.ensure(paused := changed(moving, paused=True))
    assert desk.heard(TorrentApplied)[-1] == applied(paused)
    result(desk, MoveCopied)
    assert desk.session.torrents() == frozenset()


def test_a_result_is_reported_again(desk: Desk, place: Path, tmp_path: Path) -> None:
    """Until a desired state with another phase arrives, since the supervisor may have failed to store it."""
    desk.ensure(desk.sample.desired(place, move=StorageMove(save_path=str(tmp_path / "target"))))
    first = result(desk, MoveCopied)
    turn(desk)
    assert desk.heard(MoveCopied) == []
    desk.now += 10
    assert result(desk, MoveCopied) == first


def test_a_failed_move_is_reported(desk: Desk, place: Path, tmp_path: Path) -> None:
    """The engine keeps the torrent unloaded until the supervisor has removed the move from the record."""
    target = tmp_path / "target"
    desk.sample.write(target)
    moving = desk.sample.desired(place, move=StorageMove(save_path=str(target)))
    desk.ensure(moving)
    ended = result(desk, MoveEnded)
    assert isinstance(ended, MoveEnded)
    assert ended.problem is not None
    assert str(target) in ended.problem
    desk.ensure(with_move(moving, None))
    desk.decide()
    assert desk.session.torrents() == {moving.torrent}


def test_a_cancelled_move_is_undone(desk: Desk, place: Path, tmp_path: Path) -> None:
    """Also if the torrent is still in the session."""
    before = load(desk, place)
    target = tmp_path / "target"
    desk.ensure(with_move(before, StorageMove(save_path=str(target), made=str(target))))
    undoing = StorageMove(save_path=str(target), made=str(target), phase="undoing")
    moving = with_move(before, undoing)
    desk.ensure(moving)
    desk.now += 60  # the flush is not answered
    assert result(desk, MoveEnded) == MoveEnded(torrent=before.torrent, move=undoing)
    assert not target.exists()
    desk.ensure(with_move(moving, None))
    desk.decide()
    assert desk.session.torrents() == {before.torrent}


def test_a_disk_that_is_not_mounted_delays_a_move(desk: Desk, place: Path, tmp_path: Path) -> None:
    """Nothing is written below its mount point. The reason is reported once."""
    target = tmp_path / "target"
    moving = desk.sample.desired(place, move=StorageMove(save_path=str(target), mount_point=str(target)))
    desk.ensure(moving)
    for _ in range(3):
        turn(desk)
        desk.now += 10
    (error,) = desk.heard(TorrentError)
    assert (error.name, error.recoverable) == ("move_delayed", True)
    assert not target.exists()
    assert desk.heard(MoveCopied) == []
    desk.ensure(with_move(moving, StorageMove(save_path=str(target), phase="undoing")))  # it is cancelled
    assert len(desk.heard(ErrorCleared)) == 1


def test_a_path_in_use_ends_a_move(desk: Desk, place: Path, tmp_path: Path) -> None:
    """Also once all is copied. What is in use is kept, and the torrent goes on at its present place."""
    target = tmp_path / "target"
    moving = desk.sample.desired(place, move=StorageMove(save_path=str(target)))
    desk.ensure(moving)
    result(desk, MoveCopied)
    desk.sample.write(target)
    placing = StorageMove(save_path=str(target), phase="placing")
    desk.ensure(with_move(moving, placing))
    ended = result(desk, MoveEnded)
    assert isinstance(ended, MoveEnded)
    assert ended.move == placing
    assert "is in use" in (ended.problem or "")
    undoing = StorageMove(save_path=str(target), phase="undoing")
    desk.ensure(with_move(moving, undoing))
    assert result(desk, MoveEnded) == MoveEnded(torrent=moving.torrent, move=undoing)
    assert len(list(place.rglob("*.*"))) == len(list(target.rglob("*.*"))) == 2
    desk.ensure(with_move(moving, None))
    desk.decide()
    assert desk.session.torrents() == {moving.torrent}


def test_a_removed_torrent_is_not_moved_any_more(desk: Desk, place: Path, tmp_path: Path) -> None:
    """Its move ends."""
    before = load(desk, place)
    moving = with_move(before, StorageMove(save_path=str(tmp_path / "target")))
    desk.ensure(moving)
    desk.forget(moving, delete_files=False)
    desk.settle()
    desk.now += 60
    turn(desk)
    assert desk.heard(MoveCopied) == []
    assert desk.session.torrents() == frozenset()
