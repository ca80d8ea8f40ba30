from types import SimpleNamespace

from engine_proc.libtorrent_adapter.alerts.libtorrent_failures import BANNED_MAX, Failures
from engine_proc.session.alerts import Alert, PeersBanned, PieceFailed, PiecesPassed

A = "a" * 40


def test_a_piece_more_than_after_the_failure_is_the_cure() -> None:
    """A status that was made before the failure, or after pieces were lost, is none."""
    more: list[Alert] = []
    failures = Failures(more)
    failures.observe(A, SimpleNamespace(num_pieces=3))
    assert failures.failed(A, SimpleNamespace(piece_index=9)) == PieceFailed(A, 9)
    for pieces in (3, 3, 2, 3):
        assert more == []
        failures.observe(A, SimpleNamespace(num_pieces=pieces))
    assert more == [PiecesPassed(A)]
    failures.observe(A, SimpleNamespace(num_pieces=4))
    assert more == [PiecesPassed(A)]


def test_banned_peers_are_told_when_they_change() -> None:
    """A bounded number, as endpoints; those of resume data that was loaded, too."""
    more: list[Alert] = []
    failures = Failures(more)
    failures.resume_data(A, SimpleNamespace(banned_peers=[]))
    for _ in range(2):
        failures.resume_data(A, SimpleNamespace(banned_peers=[("192.0.2.1", 7), ("2001:db8::1", 8)]))
    assert more == [PeersBanned(A, ("192.0.2.1:7", "[2001:db8::1]:8"))]
    failures.resume_data(A, SimpleNamespace(banned_peers=[("192.0.2.1", port) for port in range(100)]))
    last = more[-1]
    assert isinstance(last, PeersBanned)
    assert len(last.peers) == BANNED_MAX
    failures.drop(A)
    failures.resume_data(A, SimpleNamespace(banned_peers=[]))
    assert len(more) == 2
