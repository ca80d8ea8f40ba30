"""The mirror equals the daemon's state, in whatever order events, replies and snapshots arrive."""

from typing import Any

import hypothesis.strategies as st
from hypothesis import settings as limits
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from gateway.mirror.mirror import REMEMBERED, Mirror
from gateway.mirror.torrent import CLOCKS
from ouzel.stream.silence import DaemonSilent
from protocol.wire.rows import TorrentRow
from tests.gateway.mirror.played import NOW_US, PlayedDaemon
from tests.ouzel.samples import row

IDS = [f"{number:040x}" for number in range(2)]
some_id = st.sampled_from(IDS)


def steady(found: TorrentRow) -> dict[str, Any]:
    """The members of a row that do not grow by themselves."""
    return {name: getattr(found, name) for name in TorrentRow.__struct_fields__ if name not in CLOCKS}


class View:
    """A client that polls the differences of a mirror."""

    def __init__(self) -> None:
        self.rows: dict[str, dict[str, Any]] = {}
        self._revision = 0

    def update(self, mirror: Mirror) -> None:
        """Applies what has changed since the last time."""
        removed = mirror.removed_since(self._revision)
        if removed is None:
            self.rows.clear()
            self._revision = 0
        for each in removed or ():
            self.rows.pop(each, None)
        self.rows |= {each.row.torrent: steady(each.row) for each in mirror.changed_since(self._revision)}
        self._revision = mirror.revision


class Orders(RuleBasedStateMachine):
    """The daemon changes; events and replies arrive; a client polls."""

    def __init__(self) -> None:
        super().__init__()
        self.daemon = PlayedDaemon()
        self.mirror = Mirror()
        self.view = View()
        self.dirty: set[str] = set()
        self.limits: dict[tuple[str, int], int] = {}

    @rule(torrent=some_id)
    def add_or_remove(self, torrent: str) -> None:
        """Adds a torrent, or removes it."""
        (self.daemon.remove if torrent in self.daemon.rows else self.daemon.add)(torrent)

    @rule(torrent=some_id, kind=st.sampled_from(["limit", "progress", "configure"]))
    def change(self, torrent: str, kind: str) -> None:
        """Changes a torrent."""
        if torrent in self.daemon.rows:
            getattr(self.daemon, kind)(torrent)

    @rule()
    def lose_engine(self) -> None:
        """Ends the engine."""
        self.daemon.lose_engine()

    @rule(torrents=st.lists(some_id, unique=True))
    def read(self, torrents: list[str]) -> None:
        """Reads torrents, and those with events."""
        self.daemon.read(sorted({*torrents, *self.dirty}))
        self.dirty.clear()

    @precondition(lambda self: self.daemon.events)
    @rule()
    def event_arrives(self) -> None:
        """Applies the next event."""
        self.dirty.update(self.daemon.deliver_event(self.mirror))

    @precondition(lambda self: self.daemon.replies)
    @rule()
    def reply_arrives(self) -> None:
        """Applies the next reply."""
        self.daemon.deliver_reply(self.mirror)

    @rule(changes=st.lists(some_id, max_size=3))
    def lose_events(self, changes: list[str]) -> None:
        """Loses events for good, so that a snapshot is read in two pages, with changes between them."""
        early = self.daemon.page()
        for torrent in changes:
            self.change(torrent, "limit")
            self.add_or_remove(torrent)
        self.daemon.snapshot("replay_gone", early)

    @rule(kept=st.sets(some_id))
    def restart(self, kept: set[str]) -> None:
        """Restarts the daemon with all or some of its torrents."""
        self.daemon.restart({each: found for each, found in self.daemon.rows.items() if each in kept})

    @rule()
    def silence(self) -> None:
        """The daemon counts as away until the next item."""
        before = dict(self.mirror.torrents)
        self.mirror.apply(DaemonSilent(silence_s=3.0, since_us=NOW_US), NOW_US)
        assert self.mirror.away
        assert self.mirror.torrents == before

    @rule()
    def poll(self) -> None:
        """The client's view equals the mirror."""
        self.view.update(self.mirror)
        assert self.view.rows == {each: steady(found.row) for each, found in self.mirror.torrents.items()}

    @invariant()
    def never_back(self) -> None:
        """A change that has an event is never taken back by an earlier event or reply."""
        assert self.mirror.table.rows == {each: found.row for each, found in self.mirror.torrents.items()}
        rows = [found.row for found in self.mirror.torrents.values()]
        now = {(each.torrent, each.added_us): each.download_limit_bps for each in rows}
        assert all(now[each] >= self.limits[each] for each in now.keys() & self.limits.keys())
        self.limits = now

    def teardown(self) -> None:
        """Once all has arrived and events were followed by reads, the mirror equals the daemon."""
        self.dirty.update(IDS)
        while self.daemon.events or self.daemon.replies or self.dirty:
            while self.daemon.events:
                self.event_arrives()
            while self.daemon.replies:
                self.reply_arrives()
            if self.dirty:
                self.read([])
        assert {each: steady(found.row) for each, found in self.mirror.torrents.items()} == {
            each: steady(found) for each, found in self.daemon.rows.items()
        }
        assert {each: found.facts for each, found in self.mirror.torrents.items()} == self.daemon.facts
        self.poll()
        assert self.mirror.ready


TestOrders = Orders.TestCase
TestOrders.settings = limits(max_examples=60, stateful_step_count=50, deadline=None)


def mirror_of(*rows: TorrentRow) -> Mirror:
    """A mirror that has read these rows."""
    daemon, mirror = PlayedDaemon(), Mirror()
    daemon.restart({each.torrent: each for each in rows})
    daemon.deliver_event(mirror)
    return mirror


def followed() -> tuple[PlayedDaemon, Mirror, str]:
    """A mirror of one torrent, at an event after the snapshot."""
    daemon, mirror, torrent = PlayedDaemon(), Mirror(), IDS[0]
    daemon.add(torrent)
    while daemon.events:
        daemon.deliver_event(mirror)
    return daemon, mirror, torrent


def test_events_that_are_late() -> None:
    """A read that is ahead of the events is not undone by them, when they arrive."""
    daemon, mirror, torrent = followed()
    daemon.limit(torrent)
    daemon.limit(torrent)
    daemon.read([torrent])
    daemon.deliver_reply(mirror)
    assert mirror.torrents[torrent].row.download_limit_bps == daemon.rows[torrent].download_limit_bps
    daemon.deliver_event(mirror)
    assert mirror.torrents[torrent].row.download_limit_bps == daemon.rows[torrent].download_limit_bps


def test_the_loss_of_an_engine_that_is_late() -> None:
    """Rates that the next engine has reported stay, when the loss of the last one is heard after them."""
    daemon, mirror, torrent = followed()
    daemon.lose_engine()
    daemon.rows[torrent] = row(torrent, download_bps=5, peers=1)
    daemon.read([torrent])
    daemon.deliver_reply(mirror)
    daemon.deliver_event(mirror)
    assert mirror.torrents[torrent].row.download_bps == 5


def test_replies_that_are_late() -> None:
    """A read from before an event does not undo the event."""
    daemon, mirror, torrent = followed()
    daemon.read([torrent])
    daemon.limit(torrent)
    daemon.deliver_event(mirror)
    daemon.deliver_reply(mirror)
    assert mirror.torrents[torrent].row.download_limit_bps == daemon.rows[torrent].download_limit_bps


def test_additions_and_removals_that_are_read() -> None:
    """A read that is ahead of the events adds and removes torrents. So does nothing that is behind them."""
    daemon, mirror, torrent = followed()
    daemon.read([torrent, IDS[1]])
    daemon.remove(torrent)
    daemon.add(IDS[1])
    daemon.read([torrent, IDS[1]])
    daemon.replies.rotate(1)
    daemon.deliver_reply(mirror)
    assert list(mirror.torrents) == [IDS[1]]
    daemon.deliver_reply(mirror)
    assert list(mirror.torrents) == [IDS[1]]
    while daemon.events:
        daemon.deliver_event(mirror)
    assert list(mirror.torrents) == [IDS[1]]


def test_find() -> None:
    """A hybrid torrent is found by each of its hashes, and by the first 40 digits of the longer one."""
    v1, v2 = "aa" * 20, "bb" * 32
    mirror = mirror_of(row(torrent=v1, info_hash_v1=v1, info_hash_v2=v2), row(torrent="cc" * 32))
    assert {mirror.find(each) for each in (v1, v2, v2[:40])} == {mirror.torrents[v1]}
    assert mirror.find("cc" * 20) is mirror.torrents["cc" * 32]
    assert mirror.find("dd" * 20) is None


def test_find_after_removal() -> None:
    """A removed torrent is not found. One that has its hash since then is."""
    v1, v2 = "aa" * 20, "bb" * 32
    daemon, mirror = PlayedDaemon(), mirror_of(row(torrent=v1, info_hash_v2=v2))
    daemon.restart({v2: row(torrent=v2, info_hash_v1=v1, info_hash_v2=v2)})
    daemon.deliver_event(mirror)
    assert mirror.find(v1) is mirror.find(v2) is mirror.find(v2[:40]) is mirror.torrents[v2]
    daemon.restart({})
    daemon.deliver_event(mirror)
    assert mirror.find(v1) is mirror.find(v2) is mirror.find(v2[:40]) is None


def test_hashes_that_change() -> None:
    """A hash that a torrent had before is forgotten when it is removed."""
    torrent = "aa" * 20
    daemon, mirror = PlayedDaemon(), mirror_of(row(torrent=torrent, info_hash_v2="bb" * 32))
    daemon.restart({torrent: row(torrent=torrent, info_hash_v2="cc" * 32)})
    daemon.deliver_event(mirror)
    assert mirror.find("bb" * 32) is None
    assert mirror.find("cc" * 20) is not None


def test_durations_are_no_change() -> None:
    """A row in which only durations grew does not get a new revision, but has the new durations."""
    mirror = mirror_of(row(active_s=10))
    revision = mirror.revision
    mirror.refresh([row(active_s=20, age_ms=99)], mirror.epoch, 5, NOW_US + 10)
    (torrent,) = mirror.torrents.values()
    assert (mirror.revision, torrent.row.active_s, torrent.read_us) == (revision, 20, NOW_US + 10)


def test_snapshots_without_changes() -> None:
    """A restart of the daemon is no change of torrents that are as before, and their durations are right again."""
    daemon, mirror = PlayedDaemon(), mirror_of(row(), row(torrent="bb" * 20))
    revision = mirror.revision
    daemon.restart({each: found.row for each, found in mirror.torrents.items()})
    assert mirror.apply(daemon.events.popleft(), NOW_US + 7) == []
    assert mirror.revision == revision
    assert {each.read_us for each in mirror.torrents.values()} == {NOW_US + 7}


def test_engine_lost_without_transfers() -> None:
    """The loss of the engine changes only torrents that had transfers or peers."""
    idle = row(torrent="bb" * 20, download_bps=0, peers=0, seeds=0)
    daemon, mirror = PlayedDaemon(), mirror_of(row(), idle)
    revision = mirror.revision
    daemon.events.clear()
    daemon.lose_engine()
    daemon.deliver_event(mirror)
    assert [each.row.torrent for each in mirror.changed_since(revision)] == [row().torrent]


def test_forgotten_removals() -> None:
    """When too many torrents were removed to remember them all, the answer is that they are unknown."""
    rows = [row(torrent=f"{number:040x}") for number in range(REMEMBERED + 1)]
    mirror = mirror_of(*rows)
    revision = mirror.revision
    mirror.refresh([], mirror.epoch, 1, NOW_US, [each.torrent for each in rows[:-1]])
    assert len(mirror.removed_since(revision) or ()) == REMEMBERED
    mirror.refresh([], mirror.epoch, 2, NOW_US, [rows[-1].torrent])
    assert mirror.removed_since(revision) is None
    assert mirror.removed_since(mirror.revision - 1) == [rows[-1].torrent]
