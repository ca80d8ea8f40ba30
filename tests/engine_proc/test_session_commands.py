import pytest

from engine_proc.session.alerts import TorrentGone
from engine_proc.session.session_port import SettingValue
from protocol.internal.link_commands import Configure
from protocol.internal.link_events import SettingsApplied, SettingsRefused
from protocol.internal.link_queries import (
    FilesQueried,
    InspectSource,
    QueryFiles,
    QueryTrackers,
    QueryWebSeeds,
    SourceInspected,
    TrackerReading,
    TrackersQueried,
    WebSeedsQueried,
)
from protocol.wire.desired import KnownMetadata
from protocol.wire.events import LimitsApplied, LimitsStale
from tests.engine_proc.desk import Desk
from tools.rig.samples import PIECE_LENGTH


def test_a_source_is_judged(desk: Desk) -> None:
    """By its token; nothing is added."""
    sample = desk.sample
    desk.session_commands.inspect(InspectSource(token=1, metainfo=sample.metainfo))
    desk.session_commands.inspect(InspectSource(token=2, magnet=sample.magnet))
    desk.session_commands.inspect(InspectSource(token=3, magnet="nonsense"))
    good, also_good, bad = desk.heard(SourceInspected)
    assert good == SourceInspected(
        token=1,
        torrent=sample.torrent,
        info_hash_v1=sample.torrent,
        name="sample",
        metadata=KnownMetadata(name="sample", size=sample.size, piece_length=PIECE_LENGTH, files=2),
    )
    assert also_good == SourceInspected(token=2, torrent=sample.torrent, info_hash_v1=sample.torrent, name="sample")
    assert (bad.token, bad.torrent) == (3, None)
    assert bad.problem
    assert desk.session.calls == []


def test_trackers_are_told_with_what_is_known_of_them(desk: Desk) -> None:
    """Null for an unknown torrent."""
    url = "udp://tracker.example:6969"
    desired = desk.sample.desired(trackers=(url,))
    desk.session_commands.answer(QueryTrackers(token=1, torrent=desired.torrent))
    assert desk.trackers == []
    desk.ensure(desired)
    desk.session_commands.answer(QueryTrackers(token=2, torrent=desired.torrent))
    [(_, [state])] = desk.trackers
    assert state.reading == TrackerReading(url, 0)
    assert desk.heard(TrackersQueried) == [
        TrackersQueried(token=1, trackers=None),
        TrackersQueried(token=2, trackers=[state.reading]),
    ]


def test_web_seeds_are_told(desk: Desk) -> None:
    """Null for an unknown torrent."""
    url = "http://mirror.example/"
    desired = desk.sample.desired(web_seeds=(url,))
    desk.session_commands.answer(QueryWebSeeds(token=1, torrent=desired.torrent))
    desk.ensure(desired)
    desk.session_commands.answer(QueryWebSeeds(token=2, torrent=desired.torrent))
    assert desk.heard(WebSeedsQueried) == [WebSeedsQueried(token=1, urls=None), WebSeedsQueried(token=2, urls=[url])]


def test_bytes_done_are_told_by_file(desk: Desk) -> None:
    """Null for an unknown torrent, or unknown files."""
    desired = desk.sample.desired()
    desk.session_commands.query_files(QueryFiles(token=1, torrent=desired.torrent))
    desk.ensure(desired)
    desk.session.download(desired.torrent, 3 * PIECE_LENGTH)
    desk.session_commands.query_files(QueryFiles(token=2, torrent=desired.torrent))
    assert desk.heard(FilesQueried) == [
        FilesQueried(token=1, bytes_done=None),
        FilesQueried(token=2, bytes_done=[3 * PIECE_LENGTH, 0]),
    ]


def test_a_torrent_that_is_being_forgotten_can_be_asked_for(desk: Desk) -> None:
    """A client's request at that moment gets an empty answer."""
    desired = desk.sample.desired()
    desk.ensure(desired)
    desk.session.hold(TorrentGone)
    desk.forget(desired, delete_files=False)
    desk.session_commands.query_files(QueryFiles(token=1, torrent=desired.torrent))
    assert desk.heard(FilesQueried) == [FilesQueried(token=1, bytes_done=None)]


def test_settings_are_applied_and_read_back(desk: Desk) -> None:
    """The session's limits have no torrent."""
    desk.session_commands.configure(Configure(settings={}, download_bps=10, upload_bps=20, torrents=0, revision=5))
    assert desk.said == [LimitsApplied(download_bps=10, upload_bps=20), SettingsApplied(revision=5)]


def test_bad_settings_are_refused(desk: Desk) -> None:
    """The error names the setting, and no revision is confirmed."""
    bad = Configure(settings={"nonsense": 1}, download_bps=10, upload_bps=20, torrents=0, revision=5)
    desk.session_commands.configure(bad)
    (refused,) = desk.heard(SettingsRefused)
    assert refused.setting == "nonsense"
    assert desk.said == []
    assert desk.session.session_limits() == (0, 0)


@pytest.mark.parametrize("settings", [{}, {"nonsense": 1}])
def test_the_verdict_names_the_configuration(desk: Desk, settings: dict[str, SettingValue]) -> None:
    """So that it is not taken for the answer to another configuration."""
    command = Configure(settings=settings, download_bps=0, upload_bps=0, torrents=0, revision=5, config=7)
    desk.session_commands.configure(command)
    said = [event for event in desk.said if isinstance(event, SettingsApplied | SettingsRefused)]
    assert [verdict.config for verdict in said] == [7]


def test_session_limits_that_do_not_hold_are_told(desk: Desk) -> None:
    """The settings count as applied, so that no request waits for them."""
    desk.session.refuse_limits()
    desk.session_commands.configure(Configure(settings={}, download_bps=10, upload_bps=20, torrents=0, revision=5))
    (stale,) = desk.heard(LimitsStale)
    assert (stale.torrent, stale.download_bps, stale.upload_bps) == (None, 0, 0)
    assert desk.said == [SettingsApplied(revision=5)]
