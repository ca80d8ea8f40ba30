import pytest

from engine_proc.session.session_port import TorrentFault
from engine_proc.torrents.deadlines import KEPT, Deadlines
from protocol.internal.link_commands import SetDeadline
from tests.engine_proc.desk import Desk


def wanted(torrent: str, offset: int = 0, due_in_ms: int = 5000) -> SetDeadline:
    """A deadline for ten bytes of the first file."""
    return SetDeadline(torrent=torrent, file=0, offset=offset, length=10, due_in_ms=due_in_ms)


def deadlines(desk: Desk) -> Deadlines:
    """The part, with the desk's clock; no call may fail."""

    def fail(torrent: str, problem: str) -> None:
        raise AssertionError(problem)

    return Deadlines(desk.session, fail, lambda: desk.now)


def test_a_deadline_is_applied_at_once_or_when_the_torrent_is_there(desk: Desk) -> None:
    """Each time as the time that is left. A deadline that has passed is not applied again."""
    part, torrent = deadlines(desk), desk.sample.torrent
    part.want(wanted(torrent))
    assert desk.session.deadlines == []
    desk.ensure(desk.sample.desired())
    desk.now += 1
    part.renew(torrent)
    part.want(wanted(torrent, 7, 500))
    assert desk.session.deadlines == [(torrent, 0, 0, 10, 4000), (torrent, 0, 7, 10, 500)]
    desk.now += 1
    part.renew("0" * 40)
    part.renew(torrent)
    assert desk.session.deadlines[2:] == [(torrent, 0, 0, 10, 3000)]
    desk.now += 10
    part.renew(torrent)
    assert len(desk.session.deadlines) == 3


def test_a_bounded_number_is_kept(desk: Desk) -> None:
    """The oldest are dropped."""
    part, torrent = deadlines(desk), desk.sample.torrent
    for number in range(KEPT + 10):
        part.want(wanted(torrent, number))
    desk.ensure(desk.sample.desired())
    part.renew(torrent)
    assert [offset for _, _, offset, _, _ in desk.session.deadlines] == list(range(10, KEPT + 10))


def test_a_failure_is_the_torrents(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is passed on, and the engine goes on."""
    told: list[str] = []
    part = Deadlines(desk.session, lambda torrent, problem: told.append(torrent), lambda: desk.now)
    desk.ensure(desk.sample.desired())

    def fail(torrent: str, *_: int) -> None:
        raise TorrentFault(torrent, "it failed")

    monkeypatch.setattr(desk.session, "set_deadline", fail)
    part.want(wanted(desk.sample.torrent))
    assert told == [desk.sample.torrent]
