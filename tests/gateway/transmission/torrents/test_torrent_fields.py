"""The fields of rows."""

from typing import Any

import msgspec
import pytest

from gateway.mirror.torrent import Facts
from gateway.transmission.details import Known
from gateway.transmission.torrents.torrent_fields import FIELDS, Scope
from protocol.wire.desired import TorrentOptions
from protocol.wire.goals import GoalsReport
from protocol.wire.rows import TorrentState
from tests.gateway.transmission.samples import torrent

SCOPE = Scope(now_s=2_000_000_000, number_of=lambda _: 7, position={}, directory="/state")


def value(name: str, facts: Facts | None = None, **members: Any) -> Any:
    """The value of a field."""
    return FIELDS[name].value(torrent(1, facts, **members), SCOPE, Known())


@pytest.mark.parametrize("name", FIELDS)
def test_every_field_has_a_value_of_json(name: str) -> None:
    """Every field has a value of JSON."""
    msgspec.json.encode(value(name))
    value(name, size=0, bytes_total=0, bytes_done=0, progress=0.0, content=None, state=TorrentState.FETCHING_METADATA)


def test_the_name_is_that_on_disk() -> None:
    """The name is that on disk."""
    assert value("name") == "root 1"
    assert value("name", content="root 1/the only file") == "root 1"
    assert value("name", content="") == "name 1"
    assert value("name", content=None) == "name 1"
    assert FIELDS["name"].value(torrent(name="", content=None), SCOPE, Known()) == f"{1:040x}"


def test_eta_is_unavailable_or_unknown() -> None:
    """Eta is unavailable or unknown."""
    assert value("eta") == -1
    assert value("eta", state=TorrentState.DOWNLOADING) == -2
    assert value("eta", state=TorrentState.DOWNLOADING, eta_s=90) == 90
    assert type(value("eta", state=TorrentState.DOWNLOADING, eta_s=90)) is int


def test_a_torrent_is_stalled_after_half_an_hour() -> None:
    """A torrent without a peer is not stalled at once, and a stopped one never."""
    long_ago, now = (SCOPE.now_s - 1801) * 1_000_000, (SCOPE.now_s - 10) * 1_000_000
    downloading: dict[str, Any] = {"state": TorrentState.DOWNLOADING, "added_us": long_ago}
    assert value("isStalled", **downloading)
    assert not value("isStalled", **downloading, last_activity_us=now)
    assert not value("isStalled", state=TorrentState.PAUSED, paused=True, added_us=long_ago)


def test_a_new_torrent_is_not_complete() -> None:
    """Sonarr imports a torrent that has a size, nothing left to download, and waits to seed or is stopped."""
    new: dict[str, Any] = {
        "state": TorrentState.QUEUED,
        "size": 1000,
        "bytes_total": 0,
        "bytes_done": 0,
        "progress": 0.0,
    }
    assert [value(name, **new) for name in ("totalSize", "leftUntilDone", "sizeWhenDone")] == [1000, 1000, 1000]
    assert value("status", **new) == 3
    assert value("leftUntilDone", **new, paused=True) == 1000
    nothing_selected = {**new, "state": TorrentState.FINISHED, "progress": 1.0}
    assert value("leftUntilDone", **nothing_selected) == 0


def test_progress_is_a_fraction() -> None:
    """Progress is a fraction."""
    assert value("percentDone", progress=1.5) == 1.0
    assert value("percentComplete", size=2000, bytes_done=1000) == 0.5


def test_a_ratio_that_has_no_divisor() -> None:
    """A ratio that has no divisor."""
    assert value("uploadRatio", ratio=None, uploaded=0) == -1
    assert value("uploadRatio", ratio=None, uploaded=1) == -2


def test_limits_are_in_kilobytes() -> None:
    """Limits are in kilobytes."""
    assert value("downloadLimit", download_limit_bps=100_000) == 100
    assert value("downloadLimited", download_limit_bps=100_000) is True
    assert value("uploadLimited") is False


def test_modes_of_seeding_limits() -> None:
    """Modes of seeding limits."""

    def modes(**options: Any) -> tuple[int, int]:
        facts = Facts(options=TorrentOptions(**options))
        return value("seedRatioMode", facts), value("seedIdleMode", facts)

    assert modes() == (0, 0)
    assert modes(ratio_goal=1.5, inactive_time_goal_s=60) == (1, 1)
    assert modes(ratio_goal=None, inactive_time_goal_s=None) == (2, 2)


def test_a_torrent_is_finished_when_a_goal_has_stopped_it() -> None:
    """A torrent is finished when a goal has stopped it."""
    reached = GoalsReport(ratio=1.0, seeding_time_s=None, inactive_time_s=None, action="pause", reached="ratio")
    assert value("isFinished", paused=True, goals=reached) is True
    assert value("isFinished", paused=True) is False
    assert value("seedRatioLimit", goals=reached) == 1.0


def test_the_torrent_file_has_an_absolute_path() -> None:
    """Flexget makes a URI of it, which fails otherwise."""
    assert value("torrentFile") == f"/state/torrents/{1:040x}.torrent"
