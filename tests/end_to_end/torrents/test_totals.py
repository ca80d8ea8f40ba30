"""Totals: whichever process dies, each byte is counted once, and the totals that clients see never fall."""

from functools import partial
from pathlib import Path

import pytest

from protocol.durable.integrity import decode_record
from protocol.durable.resume_dir import ResumeDir
from protocol.wire.reports import SessionReport
from protocol.wire.rows import TorrentRow, TorrentState
from supervisor.totals.totals import SESSION, SessionRecord, ShardRecord
from tools.rig import payload
from tools.rig.daemon import Daemon
from tools.rig.payload import MIB
from tools.rig.seed import Seed
from tools.rig.waiting import until

pytestmark = [pytest.mark.process, pytest.mark.network]

SIZE = 16 * MIB
IN_FLIGHT = 4 * MIB
"""Bytes that may be in sockets when an engine dies: they count as sent, and are sent again."""


class Watch:
    """The totals of one torrent and of the session, as clients see them; neither may fall."""

    def __init__(self, daemon: Daemon, torrent: str) -> None:
        self._daemon = daemon
        self._torrent = torrent
        self.row: TorrentRow = daemon.row(torrent)
        self.session: SessionReport = daemon.client.stats().session

    def look(self) -> TorrentRow:
        """The present totals."""
        row, session = self._daemon.row(self._torrent), self._daemon.client.stats().session
        assert row.uploaded >= self.row.uploaded
        assert row.downloaded >= self.row.downloaded
        assert row.seeding_s >= self.row.seeding_s
        assert session.uploaded >= self.session.uploaded
        assert session.all_time_uploaded >= self.session.all_time_uploaded
        self.row, self.session = row, session
        return row

    def is_calm(self) -> bool:
        """Whether no peer is left, and the session's totals are as recent as its rate of 0."""
        return self.look().peers == 0 and self.session.upload_bps == self.session.download_bps == 0

    def moved(self, wanted: int) -> bool:
        """Whether this much was uploaded."""
        return self.look().uploaded >= wanted


def stored(daemon: Daemon, torrent: str) -> tuple[int, int]:
    """The stored uploaded bytes of the torrent and of the session."""
    directory = ResumeDir(daemon.resume_dir)
    try:
        shard = decode_record(directory.totals(torrent[:2]).read_bytes(), ShardRecord)
        session = decode_record(directory.totals(SESSION).read_bytes(), SessionRecord)
    except FileNotFoundError:
        return 0, 0
    return shard.torrents[torrent].uploaded, session.uploaded


def test_uploads_are_counted_once_over_deaths_of_either_process(root: Path) -> None:
    """A peer downloads a torrent from three engines; then the supervisor is killed, and later stopped."""
    home = root / "d"
    made = payload.make(home / "downloads", "one.bin", {"": SIZE})
    with Seed() as leech, Daemon(home, restart={"budget": 1000}, limits={"upload_bps": 4 * MIB}) as daemon:
        leech.add(made.metainfo, root / "leech", seed_mode=False)
        daemon.client.add_torrent(metainfo=made.metainfo, seed_mode=True, peers=[leech.endpoint])
        watch = Watch(daemon, made.torrent)
        for kill in (1, 2):
            until(partial(watch.moved, kill * SIZE // 4), "some of it was uploaded")
            daemon.kill_engine()
            watch.look()
        until(leech.finished, "the peer has it all")
        until(watch.is_calm, "nothing moves any more")
        row, session = watch.row, watch.session
        assert row.uploaded <= leech.downloaded() + 2 * IN_FLIGHT
        assert (row.downloaded, session.downloaded) == (0, 0)
        assert session.uploaded == session.all_time_uploaded
        assert session.uploaded <= leech.downloaded() + 2 * IN_FLIGHT
        assert row.ratio == row.uploaded / SIZE
        assert row.completed_us is not None
        assert row.last_activity_us is not None
        assert row.added_us < row.last_activity_us

        totals = row.uploaded, session.all_time_uploaded
        until(lambda: stored(daemon, made.torrent)[0] > 0, "some of it is on disk, seconds after the first of it")
        daemon.stop()
        assert stored(daemon, made.torrent) == totals
        for end in (daemon.kill, daemon.stop):
            daemon.start()
            end()
            daemon.start()
            shown, now = daemon.row(made.torrent), daemon.client.stats().session
            assert (shown.uploaded, now.all_time_uploaded, now.uploaded) == (*totals, 0)
            daemon.until_state(made.torrent, TorrentState.SEEDING)
            shown, now = daemon.row(made.torrent), daemon.client.stats().session
            assert (shown.uploaded, now.all_time_uploaded, now.uploaded) == (*totals, 0)
            assert (shown.completed_us, shown.last_activity_us) == (row.completed_us, row.last_activity_us)
            assert shown.seeding_s >= row.seeding_s
            daemon.stop()

        # Without its totals, a torrent's past is taken from its resume data.
        ResumeDir(daemon.resume_dir).totals(made.torrent[:2]).write_bytes(b"{}")
        daemon.start()
        daemon.until_state(made.torrent, TorrentState.SEEDING)
        until(lambda: daemon.row(made.torrent).uploaded > SIZE // 4, "what resume data says is shown")
        assert daemon.row(made.torrent).uploaded <= totals[0]
