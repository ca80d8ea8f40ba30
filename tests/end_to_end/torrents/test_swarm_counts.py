"""The numbers in the swarm and the tracker in rows, as real trackers say, in an outage and after restarts."""

from collections.abc import Iterator

import pytest

from protocol.wire.rows import TorrentRow
from tools.rig.daemon import Daemon
from tools.rig.samples import SampleTorrent, noise
from tools.rig.tracker import Tracker
from tools.rig.waiting import until

pytestmark = [pytest.mark.process, pytest.mark.network]


@pytest.fixture
def trackers() -> Iterator[tuple[Tracker, Tracker]]:
    """Two trackers. By HTTP, each says that there are 7 seeds and 1 other peer."""
    with Tracker() as first, Tracker() as second:
        yield first, second


def test_rows_show_what_the_trackers_say(daemon: Daemon, trackers: tuple[Tracker, Tracker]) -> None:
    """First the first tracker, then the one that answers; without an engine, too."""
    first, second = trackers
    first.refusal = "not here"
    sample = SampleTorrent("sample", {"": noise(40_000)}, single=True)
    listed = [[first.http.encode()], [second.http.encode()]]
    metainfo = sample.metainfo_with({b"announce-list": listed})  # type: ignore[dict-item]  # lists are invariant
    torrent = daemon.client.add_torrent(metainfo=metainfo, paused=True).torrent
    until(lambda: daemon.row(torrent).tracker == first.http, "nobody was asked yet, so the first one is shown")
    bare = SampleTorrent("bare", {"": noise(1000)}, single=True)
    daemon.client.add_torrent(metainfo=bare.metainfo, paused=True)
    unknown = daemon.row(torrent)
    assert (unknown.swarm_seeds, unknown.swarm_leeches) == (None, None)

    def known() -> TorrentRow | None:
        row = daemon.row(torrent)
        found = (row.swarm_seeds, row.swarm_leeches, row.tracker) == (7, 1, second.http)
        return row if found else None

    daemon.client.resume(torrent)
    until(known, f"the second tracker has answered; the log is {daemon.log}")
    assert daemon.row(bare.torrent).tracker is None
    daemon.kill_engine()
    assert known() is not None
    until(known, "the next engine has the numbers, too")
    daemon.client.update_trackers(torrent, remove=[second.http])
    assert daemon.row(torrent).tracker == first.http
    daemon.client.update_trackers(torrent, remove=[first.http])
    assert daemon.row(torrent).tracker is None
    daemon.client.update_trackers(torrent, add=[(second.http, 0)])
    daemon.kill()
    daemon.start()
    until(known, "after a restart the tracker is asked again")
    listed_fields = {"ids": [torrent], "fields": ["tracker_status", "tracker"]}
    [row] = daemon.client.request("list_torrents", listed_fields)["torrents"]
    assert [each["url"] for each in row["tracker_status"]] == [row["tracker"]] == [second.http]
