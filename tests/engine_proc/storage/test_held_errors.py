from engine_proc.storage.held_errors import HeldErrors
from protocol.wire.events.torrent_events import TorrentError

T = "a" * 40
BAD_DISK = TorrentError(torrent=T, name="storage", message="bad disk", recoverable=False)


def test_an_error_is_told_where_the_look_finds_nothing() -> None:
    """It is published once. If the check finds the cause, other code publishes that."""
    held = HeldErrors(patience_s=5.0)
    held.hold(BAD_DISK, 0.0)
    assert held.looked(T, sound=True) == BAD_DISK
    assert held.looked(T, sound=True) is None
    held.hold(BAD_DISK, 0.0)
    assert held.looked(T, sound=False) is None
    assert held.overdue(100.0) == []


def test_a_look_that_takes_too_long_is_not_waited_for() -> None:
    """The error is published then, and not again at the end of the check."""
    held = HeldErrors(patience_s=5.0)
    held.hold(BAD_DISK, 0.0)
    assert held.overdue(5.0) == []
    assert held.overdue(5.1) == [BAD_DISK]
    assert held.looked(T, sound=True) is None


def test_the_error_of_a_torrent_that_is_gone_is_dropped() -> None:
    """It is not published."""
    held = HeldErrors(patience_s=5.0)
    held.hold(BAD_DISK, 0.0)
    held.forget(T)
    assert held.overdue(100.0) == []
