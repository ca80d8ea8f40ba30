from hypothesis import given
from hypothesis import strategies as st

from engine_proc.session.alerts import MetadataFailed, MetadataReceived, PeersBanned, PieceFailed, PiecesPassed
from engine_proc.watches.failure_book import GATHER_S, LOG_S, FailureBook, FailureLine
from protocol.internal.watch_events import DataFailures

A, B = "a" * 40, "b" * 40


def test_failures_are_told_once_with_their_number() -> None:
    """And the last piece."""
    book = FailureBook()
    for piece in (4, 2, 7):
        book.feed(PieceFailed(A, piece), 1.0)
    book.feed(MetadataFailed(B, "mismatch"), 1.0)
    assert book.take() == [
        DataFailures(torrent=A, pieces=3, piece=7),
        DataFailures(torrent=B, metadata=1, problem="mismatch"),
    ]
    assert book.take() == []


def test_the_cure_and_bans_are_told() -> None:
    """A failure after the cure voids it. Without failures there is nothing to cure."""
    book = FailureBook()
    book.feed(PiecesPassed(A), 1.0)
    book.feed(MetadataReceived(B), 1.0)
    assert book.take() == []
    book.feed(PieceFailed(A, 1), 1.0)
    book.feed(PeersBanned(A, ("192.0.2.1:1",)), 1.0)
    book.feed(PiecesPassed(A), 1.0)
    assert book.take() == [DataFailures(torrent=A, pieces=1, piece=1, passed=True, banned=["192.0.2.1:1"])]
    book.feed(PiecesPassed(A), 1.0)
    book.feed(PieceFailed(A, 2), 1.0)
    assert book.take() == [DataFailures(torrent=A, pieces=1, piece=2)]
    book.forget(A)
    assert book.lines(1e9) == []


def test_lines_are_few() -> None:
    """The first comes after a while, with who was banned; then at most one a minute."""
    book = FailureBook()
    book.feed(PieceFailed(A, 1), 0.0)
    assert book.lines(GATHER_S - 0.1) == []
    book.feed(PeersBanned(A, ("192.0.2.1:1",)), 1.0)
    assert book.lines(GATHER_S) == [FailureLine(A, 1, 1, 0, ("192.0.2.1:1",), "")]
    book.feed(PieceFailed(A, 2), GATHER_S + 1)
    book.feed(PieceFailed(A, 3), GATHER_S + 2)
    assert book.lines(GATHER_S + LOG_S - 1) == []
    [line] = book.lines(GATHER_S + LOG_S)
    assert (line.pieces, line.piece) == (2, 3)
    assert book.lines(GATHER_S + 2 * LOG_S) == []


@given(st.lists(st.sampled_from([PieceFailed(A, 1), PieceFailed(B, 1), PiecesPassed(A), None])))
def test_no_failure_is_lost(said: list[PieceFailed | PiecesPassed | None]) -> None:
    """However often it is asked (None)."""
    book, told = FailureBook(), 0
    for now, alert in enumerate(said):
        if alert is None:
            told += sum(each.pieces for each in book.take())
            book.lines(now)
        else:
            book.feed(alert, now)
    told += sum(each.pieces for each in book.take())
    assert told == sum(isinstance(alert, PieceFailed) for alert in said)
