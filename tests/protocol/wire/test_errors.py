import re
from typing import Final, get_args

import pytest

from protocol.wire.errors import ErrorKind, OuzelError, Retry

PUBLISHED: Final = {
    "malformed_frame": 1001,
    "frame_too_large": 1002,
    "too_deep": 1003,
    "unsupported_version": 1004,
    "invalid_envelope": 1005,
    "unknown_op": 1006,
    "deadline_exceeded": 1007,
    "replay_gone": 1008,
    "internal_error": 1009,
    "id_reused": 1010,
    "invalid_argument": 2001,
    "invalid_metainfo": 2002,
    "invalid_magnet": 2003,
    "path_not_allowed": 2004,
    "invalid_setting": 2005,
    "unknown_torrent": 3001,
    "torrent_busy": 3002,
    "no_metadata": 3003,
    "stopping": 3004,
    "engine_unavailable": 4001,
    "engine_lost": 4002,
    "engine_refused": 4003,
    "storage_unavailable": 5001,
}
"""The published names and numbers: lines are added here, and never changed."""


def test_published_numbers_stay() -> None:
    """Every published name has its number, and no other name has one of these."""
    table = {kind.wire_name: kind.code for kind in ErrorKind}
    assert table.items() >= PUBLISHED.items()
    assert len(set(table.values())) == len(table)


@pytest.mark.parametrize("kind", ErrorKind)
def test_rows_are_well_formed(kind: ErrorKind) -> None:
    """A number in a known range, a snake_case name, a known retry, and a meaning in one line."""
    assert 1 <= kind.code // 1000 <= 6
    assert kind.code % 1000 != 0
    assert re.fullmatch("[a-z]+(_[a-z]+)*", kind.wire_name)
    assert kind.retry in get_args(Retry)
    assert kind.value.meaning
    assert "\n" not in kind.value.meaning


def test_rows_are_in_the_order_of_their_numbers() -> None:
    """As in the documentation."""
    codes = [kind.code for kind in ErrorKind]
    assert codes == sorted(codes)


def test_bad_input_is_never_worth_a_retry() -> None:
    """A wrong argument stays wrong."""
    assert {kind.retry for kind in ErrorKind if kind.code // 1000 == 2} == {"never"}


def test_a_refusal_carries_its_row_and_reads_like_a_sentence() -> None:
    """The exception has everything that a reply says about an error."""
    error = OuzelError(ErrorKind.TORRENT_BUSY, "try again", field="args.torrent", retry_after_ms=250)
    assert (error.kind, error.field, error.retry_after_ms) == (ErrorKind.TORRENT_BUSY, "args.torrent", 250)
    assert str(error) == "torrent_busy: try again"
