from engine_proc.storage.held_errors import HeldErrors
from protocol.wire.events import TorrentError

T = "a" * 40
BAD_DISK = TorrentError(torrent=T, name="storage", message="bad disk", recoverable=False)


def test_an_error_is_told_where_the_look_finds_nothing() -> None:
    """Once; where the look finds what is behind it, that is told by others."""
    held = HeldErrors(patience_s=5.0)
    held.hold(BAD_DISK, 0.0)
    assert held.looked(T, sound=True) == BAD_DISK
    assert held.looked(T, sound=True) is None
    held.hold(BAD_DISK, 0.0)
    assert held.looked(T, sound=False) is None
    assert held.overdue(100.0) == []


def test_a_look_that_takes_too_long_is_not_waited_for() -> None:
    """The error is told then, and not again when the look ends."""
    held = HeldErrors(patience_s=5.0)
    held.hold(BAD_DISK, 0.0)
    assert held.overdue(5.0) == []
    assert held.overdue(5.1) == [BAD_DISK]
    assert held.looked(T, sound=True) is None


def test_the_error_of_a_torrent_that_is_gone_is_dropped() -> None:
    """Nobody wants to hear of it."""
    held = HeldErrors(patience_s=5.0)
    held.hold(BAD_DISK, 0.0)
    held.forget(T)
    assert held.overdue(100.0) == []
