"""The conformance suite of the session port's calls about options, for libtorrent's side and for the fake."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

import msgspec
import pytest

from engine_proc.libtorrent_adapter.libtorrent_session import LibtorrentSession
from engine_proc.session.alerts import PrioritiesSet, ResumeData, TorrentGone
from engine_proc.session.session_port import LibtSession, UnknownTorrent
from protocol.wire.desired import DEFAULT_OPTIONS, Selection, TorrentOptions
from tests.engine_proc.loopback import add, address, real_session, seed
from tests.fakes.fake_session import FakeSession
from tools.rig.probe import LOOPBACK, Probe
from tools.rig.samples import PIECE_LENGTH, SampleTorrent, noise, two_files

pytestmark = pytest.mark.slow

SIDES: Final[dict[str, Callable[..., LibtSession]]] = {"libtorrent": LibtorrentSession, "fake": FakeSession}
SET: Final = TorrentOptions(max_connections=7, max_uploads=3, super_seeding=True, pex=False, dht=False, lsd=False)
EVERY_OTHER: Final = TorrentOptions(max_uploads=2, dht=False)


@pytest.fixture(params=SIDES)
def probe(request: pytest.FixtureRequest) -> Iterator[Probe]:
    """A session of one side."""
    session = SIDES[request.param](LOOPBACK, download_bps=0, upload_bps=0, torrents=10)
    yield Probe(session)
    session.close()


def native(probe: Probe, torrent: str) -> Any:
    """libtorrent's handle."""
    session: Any = probe.session
    return session._handle(torrent)


def test_options_are_set_at_the_add_and_later(probe: Probe, tmp_path: Path) -> None:
    """Read back as a state that was desired: whatever differs is libtorrent's value."""
    sample = two_files()
    desired = sample.desired(tmp_path, paused=True, options=SET)
    add(probe, sample, desired)
    assert probe.session.observed(desired).options == SET
    for options in (EVERY_OTHER, DEFAULT_OPTIONS, SET):
        probe.session.set_options(sample.torrent, options)
        assert probe.session.observed(msgspec.structs.replace(desired, options=options)).options == options
    other = probe.session.observed(msgspec.structs.replace(desired, options=DEFAULT_OPTIONS)).options
    assert (other.max_connections, other.max_uploads, other.pex, other.dht, other.lsd) == (7, 3, False, False, False)


def test_stored_options_give_way_to_desired_ones(probe: Probe, tmp_path: Path) -> None:
    """Resume data has options, too, from when it was saved."""
    sample = two_files()
    desired = sample.desired(tmp_path, paused=True, options=SET)
    add(probe, sample, desired)
    probe.session.save_resume(sample.torrent, only_if_modified=False)
    blob = probe.take(ResumeData, sample.torrent).blob
    probe.session.remove(sample.torrent, delete_files=False)
    probe.take(TorrentGone, sample.torrent)
    wanted = msgspec.structs.replace(desired, options=EVERY_OTHER)
    add(probe, sample, wanted, resume=blob)
    assert probe.session.observed(wanted).options == EVERY_OTHER


def test_a_torrent_enters_and_leaves_the_queue(probe: Probe, tmp_path: Path) -> None:
    """It is not paused there; pausing it or letting it run takes it out."""
    sample = two_files()
    waiting = sample.desired(tmp_path, options=TorrentOptions(auto_managed=True))
    add(probe, sample, waiting)
    assert probe.session.observed(waiting) == waiting
    for desired in (sample.desired(tmp_path, paused=True), sample.desired(tmp_path)):
        probe.session.set_paused(sample.torrent, desired.paused)
        assert probe.session.observed(desired) == desired
        probe.session.enqueue(sample.torrent)
        assert probe.session.observed(waiting) == waiting
        assert not probe.session.applied(sample.torrent).paused
        found = probe.session.observed(desired)
        assert (found.paused, found.options.auto_managed) == (False, True)


def test_the_queue_is_arranged(tmp_path: Path) -> None:
    """Torrents of the queue come before others. Status updates have the places of those that the queue lets run."""
    with real_session() as probe:
        made = [SampleTorrent(name, {"": noise(40_000)}, single=True) for name in "abcd"]
        for each in made[:3]:
            options = TorrentOptions(auto_managed=each is not made[1])
            add(probe, each, each.desired(tmp_path / "empty", options=options))
        one, free, two = (each.torrent for each in made[:3])
        for order in ([two, "0" * 40, one], [one, two]):
            probe.session.arrange_queue(order)
            first, second = [torrent for torrent in order if torrent in (one, two)]
            queue = [native(probe, torrent).status(0).queue_position for torrent in (first, second, free)]
            assert queue == [0, 1, 2]
        probe.status(two, lambda row: row.queue_position == 1)
        probe.status(free, lambda row: row.queue_position is None)
        made[3].write(tmp_path)
        add(probe, made[3], made[3].desired(tmp_path, options=TorrentOptions(auto_managed=True)))
        row = probe.status(made[3].torrent, lambda row: row.state.value == "seeding")
        assert row.queue_position is None


def test_an_unknown_torrent_is_told(probe: Probe) -> None:
    """As by all other calls."""
    unknown = "0" * 40
    with pytest.raises(UnknownTorrent, match=unknown):
        probe.session.set_options(unknown, SET)
    with pytest.raises(UnknownTorrent, match=unknown):
        probe.session.prefer_ends(unknown, True)
    with pytest.raises(UnknownTorrent, match=unknown):
        probe.session.enqueue(unknown)
    with pytest.raises(UnknownTorrent, match=unknown):
        probe.session.set_deadline(unknown, 0, 0, 1, 1)


def test_the_ends_of_selected_files_have_top_priority_until_the_next_selection(tmp_path: Path) -> None:
    """In libtorrent's own list of pieces."""
    piece = PIECE_LENGTH
    sample = SampleTorrent("t", {"a": noise(3 * piece), "b": noise(3 * piece + 1), "c": noise(4 * piece - 1)})
    desired = sample.desired(tmp_path, selection=Selection(priorities={"1": 0, "2": 5}))
    with real_session() as probe:
        add(probe, sample, desired)
        handle = native(probe, sample.torrent)
        without = [4, 4, 4, 0, 0, 0, 5, 5, 5, 5]
        assert handle.get_piece_priorities() == without
        probe.session.prefer_ends(sample.torrent, True)
        assert handle.get_piece_priorities() == [7, 4, 7, 0, 0, 0, 7, 5, 5, 7]
        assert probe.session.observed(desired) == desired
        probe.session.prefer_ends(sample.torrent, False)
        assert handle.get_piece_priorities() == without
        probe.session.prefer_ends(sample.torrent, True)
        probe.session.set_selection(sample.torrent, sample.desired(tmp_path))
        probe.take(PrioritiesSet, sample.torrent)
        assert handle.get_piece_priorities() == [4] * 10


def test_a_part_of_a_file_is_preferred(tmp_path: Path) -> None:
    """The pieces that the part reaches into; a part that does not exist has no effect."""
    sample = SampleTorrent("t", {"a": noise(3 * PIECE_LENGTH - 1), "b": noise(3 * PIECE_LENGTH)})
    with real_session() as probe:
        add(probe, sample, sample.desired(tmp_path))
        probe.session.set_deadline(sample.torrent, 1, 2, PIECE_LENGTH, 1000)
        assert native(probe, sample.torrent).get_piece_priorities() == [4, 4, 4, 7, 7, 4]
        probe.session.set_deadline(sample.torrent, 0, 0, 1, 0)
        probe.session.set_deadline(sample.torrent, 2, 0, 1, 0)
        probe.session.set_deadline(sample.torrent, 1, 2 * PIECE_LENGTH + 1, 9 * PIECE_LENGTH, 5)
        assert native(probe, sample.torrent).get_piece_priorities() == [7, 4, 4, 7, 7, 7]


def test_a_torrent_without_metadata_has_no_ends(probe: Probe, tmp_path: Path) -> None:
    """The call is made again once it has files."""
    sample = two_files()
    add(probe, sample, sample.desired(tmp_path, by_magnet=True))
    probe.session.prefer_ends(sample.torrent, True)
    probe.session.set_deadline(sample.torrent, 0, 0, 1, 1)


def test_a_seed_keeps_super_seeding_and_a_download_has_to_be_told_again(tmp_path: Path) -> None:
    """libtorrent ends it for a torrent that lacks pieces, without a word."""
    flag = 256
    sample = SampleTorrent("t", {"a": noise(4 * PIECE_LENGTH)})
    options = TorrentOptions(super_seeding=True)
    with seed(sample, tmp_path / "one") as one, real_session() as two:
        one.session.set_options(sample.torrent, options)
        assert native(one, sample.torrent).flags() & flag
        one.session.set_options(sample.torrent, DEFAULT_OPTIONS)
        add(two, sample, sample.desired(tmp_path / "two", peers=(address(one),), options=options))
        two.status(sample.torrent, lambda row: row.state.value == "seeding")
        two.session.set_options(sample.torrent, options)
        assert native(two, sample.torrent).flags() & flag
