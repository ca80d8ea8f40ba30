"""States and errors in Transmission's numbers."""

import pytest

from gateway.transmission.torrents.standing import error_of, is_complete, status_of
from ouzel import Hindrance, HindranceCause
from protocol.wire.rows import TorrentState
from tests.gateway.transmission.samples import row


@pytest.mark.parametrize("state", list(TorrentState))
def test_every_state_has_a_status(state: TorrentState) -> None:
    """Every state has a status."""
    assert status_of(row(state=state)) in range(7)


def test_a_queued_torrent_waits_to_download_or_to_seed() -> None:
    """A queued torrent waits to download or to seed."""
    assert status_of(row(state=TorrentState.QUEUED, bytes_done=1)) == 3
    assert status_of(row(state=TorrentState.QUEUED)) == 5
    assert status_of(row(state=TorrentState.QUEUED, paused=True)) == 0


def test_a_torrent_that_no_engine_has_loaded_waits_to_download() -> None:
    """It lacks nothing that is known, but programs would import it at once."""
    unloaded = row(state=TorrentState.QUEUED, bytes_done=0, bytes_total=0, progress=0.0)
    assert status_of(unloaded) == 3
    assert not is_complete(unloaded)


def test_errors_are_local_or_of_the_trackers() -> None:
    """Errors are local or of the trackers."""
    failing = Hindrance(cause=HindranceCause.TRACKERS_FAILING, message="all fail")
    away = Hindrance(cause=HindranceCause.TRACKERS_FAILING, message="no tracker works: Connection refused")
    assert error_of(row()) == (0, "")
    assert error_of(row(hindrance=away)) == (0, "")
    assert error_of(row(state=TorrentState.ERROR, error="disk full")) == (3, "disk full")
    assert error_of(row(state=TorrentState.MISSING_STORAGE))[0] == 3
    assert error_of(row(hindrance=failing)) == (2, "all fail")
