"""When and how a download has ended."""

from typing import Any

import pytest

from ouzel.stream.ending import Ending, Outcome
from protocol.wire.rows import TorrentRow, TorrentState
from tests.ouzel.samples import ID, OTHER, event, progress, resnapshot, row


@pytest.mark.parametrize(
    ("item", "outcome"),
    [
        (event(1, "completed", bytes_done=1), Outcome.COMPLETED),
        (event(1, "state_changed", state="seeding", previous="downloading"), Outcome.COMPLETED),
        (progress(1, state="finished"), Outcome.COMPLETED),
        (event(1, "state_changed", state="quarantined", previous="downloading"), Outcome.FAILED),
        (event(1, "error", name="add_failed", message="no", recoverable=False), Outcome.FAILED),
        (progress(1, state="finished", bytes_done=0, bytes_total=0), Outcome.FAILED),
        (event(1, "torrent_removed", delete_files=True), Outcome.REMOVED),
        (resnapshot(row(state=TorrentState.SEEDING)), Outcome.COMPLETED),
        (resnapshot(row(OTHER)), Outcome.REMOVED),
        (event(1, "error", name="engine_lost", message="no", recoverable=True), None),
        (event(1, "state_changed", state="error", previous="downloading"), None),
        (event(1, "completed", torrent=OTHER, bytes_done=1), None),
        (event(1, "engine_lost", None), None),
        (progress(1), None),
        (resnapshot(row()), None),
    ],
)
def test_items_end_it_or_not(item: Any, outcome: Outcome | None) -> None:
    """Recoverable errors and other torrents do not end it."""
    assert Ending(ID).handle(item) is outcome


@pytest.mark.parametrize(
    ("now", "outcome"),
    [
        (row(state=TorrentState.FINISHED), Outcome.COMPLETED),
        (row(state=TorrentState.PAUSED, progress=1.0), Outcome.COMPLETED),
        (row(state=TorrentState.FINISHED, bytes_done=0, bytes_total=0), Outcome.FAILED),
        (row(state=TorrentState.ERROR, error="disk"), Outcome.FAILED),
        (row(state=TorrentState.QUARANTINED), Outcome.FAILED),
        (row(state=TorrentState.PAUSED, progress=1.0, bytes_total=0), None),
        (row(state=TorrentState.CHECKING, progress=1.0), None),
        (row(state=TorrentState.MISSING_STORAGE), None),
    ],
)
def test_a_torrent_that_was_there_before_may_have_ended(now: TorrentRow, outcome: Outcome | None) -> None:
    """There would be no event."""
    assert Ending(ID).handle_row(now) is outcome


def test_the_first_end_is_the_end() -> None:
    """With its message."""
    ending = Ending(ID)
    ending.handle(event(1, "error", name="add_failed", message="broken", recoverable=False))
    assert ending.handle(event(2, "completed", bytes_done=1)) is Outcome.FAILED
    assert ending.message == "broken"
