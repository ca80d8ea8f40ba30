"""The conformance suite of the session port, for libtorrent's side and for the fake that other tests use."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

import msgspec
import pytest

from engine_proc.libtorrent_adapter.libtorrent_session import LibtorrentSession
from engine_proc.resume.pieces import Verified
from engine_proc.session.alerts import (
    Finished,
    Flushed,
    NativeState,
    NativeStateChanged,
    PrioritiesSet,
    ResumeData,
    ResumeUnsaved,
    SessionStatistics,
    StatusUpdate,
    TorrentAdded,
    TorrentGone,
    TrackersChanged,
)
from engine_proc.session.peers_port import Peers, Pieces
from engine_proc.session.session_port import (
    Applied,
    Hashes,
    InvalidSetting,
    InvalidSource,
    LibtSession,
    Loading,
    UnknownTorrent,
)
from protocol.wire.desired import LIMIT_MAX_BPS, DesiredTorrent, Selection, SettingValue, TrackerEdits
from tests.fakes.fake_session import FakeSession
from tools.rig import bencode
from tools.rig.probe import DEADLINE_S, LOOPBACK, Probe, eventually, readable
from tools.rig.samples import PIECE_LENGTH, SampleTorrent, noise, two_files

pytestmark = pytest.mark.slow

Side = Callable[..., LibtSession]
SIDES: Final[dict[str, Side]] = {"libtorrent": LibtorrentSession, "fake": FakeSession}
WORDS: Final = r"\w"
"""An error has a message."""


@pytest.fixture(params=SIDES)
def make(request: pytest.FixtureRequest) -> Side:
    """Makes a session of one side."""
    return SIDES[request.param]


@pytest.fixture
def session(make: Side) -> Iterator[LibtSession]:
    """A session without limits."""
    session = make(LOOPBACK, download_bps=0, upload_bps=0, torrents=10)
    yield session
    session.close()


@pytest.fixture
def probe(session: LibtSession) -> Probe:
    """The session's alerts."""
    return Probe(session)


def add(probe: Probe, sample: SampleTorrent, desired: DesiredTorrent) -> None:
    """Adds a torrent and waits until the session has it."""
    metainfo = sample.metainfo if desired.source == "metainfo" else None
    probe.session.add(desired, metainfo=metainfo, resume=None)
    assert probe.take(TorrentAdded, sample.torrent) == TorrentAdded(sample.torrent, None)


def resume_data(probe: Probe, torrent: str) -> bytes:
    """The torrent's resume data, requested now."""
    probe.session.save_resume(torrent, only_if_modified=False)
    return probe.take(ResumeData, torrent).blob


# -- alerts -----------------------------------------------------------------------------------------------------------


def test_the_descriptor_is_readable_while_alerts_wait(session: LibtSession) -> None:
    """It is readable from the first alert until the pop, each time."""
    for _ in range(3):
        session.post_statistics()
        eventually(lambda: readable(session.fileno(), 0.1), "readable")
        assert readable(session.fileno())

        def drained() -> bool:
            session.pop_alerts()
            return not readable(session.fileno())

        eventually(drained, "quiet")


def test_popping_gives_each_alert_once(session: LibtSession) -> None:
    """No alert comes twice, and popping without alerts is no error."""
    probe = Probe(session)
    session.post_statistics()
    probe.take(SessionStatistics)
    probe.pump(0.1)
    assert probe.waiting(SessionStatistics) == []
    session.pop_alerts()
    assert session.pop_alerts() == []


def test_statistics_begin_at_nothing(probe: Probe) -> None:
    """Totals count payload since the session started. The counters are those of the last alert."""
    assert probe.session.counters() is None
    probe.session.post_statistics()
    assert probe.take(SessionStatistics) == SessionStatistics(downloaded=0, uploaded=0, peers=0)
    found = probe.session.counters()
    assert found is not None
    assert (found.values["net.recv_payload_bytes"], found.values["net.sent_payload_bytes"]) == (0, 0)
    assert 0 <= time.monotonic() - found.at < DEADLINE_S


# -- sources ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("single", [False, True])
def test_metainfo_names_its_torrent(session: LibtSession, single: bool) -> None:
    """The id is the lower-case hex SHA-1 of the info dictionary."""
    sample = SampleTorrent("näme", {"a": b"content"}, single=single)
    assert session.inspect(magnet=None, metainfo=sample.metainfo)[:2] == (sample.torrent, "näme")


def test_a_magnet_link_names_its_torrent(session: LibtSession) -> None:
    """Upper-case digits name the same torrent, and `dn` is the name."""
    sample = two_files()
    magnet = f"magnet:?xt=urn:btih:{sample.torrent.upper()}&dn=two%20files"
    assert session.inspect(magnet=magnet, metainfo=None)[:2] == (sample.torrent, "two files")


BAD_MAGNETS: Final = [
    "",
    "magnet:",
    "magnet:?",
    "magnet:?dn=name",
    "magnet:?xt=urn:btih:",
    "magnet:?xt=urn:btih:abc",
    f"magnet:?xt=urn:btih:{'g' * 40}",
    f"magnet:?xt=urn:sha1:{'a' * 40}",
    f"http://host/?xt=urn:btih:{'a' * 40}",
    "\0",
]


def bad_metainfo() -> dict[str, bytes]:
    """Malformed metainfo, by its defect."""
    sample = two_files()
    info = sample.info
    without_pieces = {key: value for key, value in info.items() if key != b"pieces"}
    without_files = {key: value for key, value in info.items() if key != b"files"}
    return {
        "empty": b"",
        "a number": b"i1e",
        "not bencoded": b"<html>",
        "no info": bencode.encode({b"announce": b"http://127.0.0.1/"}),
        "info is a list": bencode.encode({b"info": [1]}),
        "no pieces": bencode.encode({b"info": without_pieces}),
        "no files": bencode.encode({b"info": without_files}),
        "a hash too few": bencode.encode({b"info": {**info, b"pieces": bytes(20)}}),
        "no piece length": bencode.encode({b"info": {**info, b"piece length": 0}}),
        "negative piece length": bencode.encode({b"info": {**info, b"piece length": -PIECE_LENGTH}}),
        "negative size": bencode.encode({b"info": {**without_files, b"length": -1}}),
        "a file without a path": bencode.encode({b"info": {**info, b"files": [{b"length": sample.size}]}}),
    }


@pytest.mark.parametrize("magnet", BAD_MAGNETS)
def test_a_bad_magnet_link_is_refused(session: LibtSession, magnet: str) -> None:
    """By `inspect` and by `add`, with a message, and nothing is added."""
    with pytest.raises(InvalidSource, match=WORDS):
        session.inspect(magnet=magnet, metainfo=None)
    desired = two_files().desired(source="magnet", magnet=magnet)
    with pytest.raises(InvalidSource, match=WORDS):
        session.add(desired, metainfo=None, resume=None)
    assert session.torrents() == frozenset()


@pytest.mark.parametrize("what", bad_metainfo())
def test_bad_metainfo_is_refused(session: LibtSession, what: str) -> None:
    """By `inspect` and by `add`, with a message, and nothing is added."""
    metainfo = bad_metainfo()[what]
    with pytest.raises(InvalidSource, match=WORDS):
        session.inspect(magnet=None, metainfo=metainfo)
    with pytest.raises(InvalidSource, match=WORDS):
        session.add(two_files().desired(), metainfo=metainfo, resume=None)
    assert session.torrents() == frozenset()


def test_metainfo_cut_anywhere_is_refused(session: LibtSession) -> None:
    """An interrupted download or write does not lead to half a torrent."""
    metainfo = two_files().metainfo
    for end in range(0, len(metainfo), 7):
        with pytest.raises(InvalidSource):
            session.inspect(magnet=None, metainfo=metainfo[:end])


def test_a_source_of_another_torrent_is_refused(session: LibtSession) -> None:
    """If it were added under another id, its alerts would name a torrent that nobody added."""
    other = SampleTorrent("other", {"c": b"other"})
    with pytest.raises(InvalidSource, match=WORDS):
        session.add(two_files().desired(), metainfo=other.metainfo, resume=None)


@pytest.mark.parametrize(
    "extra",
    [
        {b"announce": b"http://127.0.0.1:1/\xff\xfe"},
        {b"announce-list": [[b"http://127.0.0.1:1/\xff\xfe"]]},
        {b"url-list": [b"http://127.0.0.1:1/\xff\xfe"]},
        {b"comment": b"\xff\xfe", b"created by": b"\xff\xfe", b"encoding": b"\xff\xfe"},
    ],
    ids=lambda extra: next(iter(extra)).decode(),
)
def test_text_that_is_not_utf8_in_metainfo_is_no_surprise(
    probe: Probe, tmp_path: Path, extra: dict[bytes, bencode.Bencodable]
) -> None:
    """Old .torrent files have other encodings; either side may refuse one by InvalidSource."""
    sample = two_files()
    desired = sample.desired(
        tmp_path, paused=True, trackers=("http://127.0.0.1:1/a",), web_seeds=("http://127.0.0.1:1/",)
    )
    metainfo = sample.metainfo_with(extra)
    try:
        assert probe.session.inspect(magnet=None, metainfo=metainfo).torrent == sample.torrent
        probe.session.add(desired, metainfo=metainfo, resume=None)
    except InvalidSource:
        return
    assert probe.take(TorrentAdded) == TorrentAdded(sample.torrent, None)


def test_names_that_are_not_utf8_are_made_so(probe: Probe, tmp_path: Path) -> None:
    """Names and paths are valid text, whatever bytes the torrent has."""
    sample = two_files()
    files: list[bencode.Bencodable] = [{b"length": sample.size, b"path": [b"\xff\xfe", b"\xe9t\xe9"]}]
    info: dict[bytes, bencode.Bencodable] = {**sample.info, b"name": b"n\xff", b"files": files}
    metainfo = bencode.encode({b"info": info})
    torrent, name = probe.session.inspect(magnet=None, metainfo=metainfo)[:2]
    desired = DesiredTorrent(torrent=torrent, source="metainfo", save_path=str(tmp_path))
    layout = probe.session.add(desired, metainfo=metainfo, resume=None).layout
    assert layout is not None
    assert layout.metadata.name == name
    assert [file.path.startswith(f"{name}/") for file in layout.files] == [True]


# -- adding -----------------------------------------------------------------------------------------------------------


def test_a_torrent_is_added(probe: Probe, tmp_path: Path) -> None:
    """`TorrentAdded` comes, the id is among the torrents, and then its status comes."""
    sample = two_files()
    loading = probe.session.add(sample.desired(tmp_path), metainfo=sample.metainfo, resume=None)
    assert not loading.complete
    assert probe.take(TorrentAdded) == TorrentAdded(sample.torrent, None)
    assert probe.session.torrents() == {sample.torrent}
    status = probe.status(sample.torrent, lambda row: row.state is NativeState.DOWNLOADING)
    assert (status.done, status.wanted, status.size) == (0, sample.size, sample.size)
    assert (status.progress, status.paused, status.error) == (0.0, False, None)


def test_the_layout_is_known_at_once_by_metainfo(probe: Probe, tmp_path: Path) -> None:
    """Paths with the root folder, sizes and selected priorities; reading back returns the same."""
    sample = two_files()
    desired = sample.desired(tmp_path, selection=Selection(include=("*.bin",)))
    layout = probe.session.add(desired, metainfo=sample.metainfo, resume=None).layout
    assert layout is not None
    assert (layout.metadata.name, layout.metadata.size, layout.metadata.piece_length) == (
        "sample",
        sample.size,
        PIECE_LENGTH,
    )
    assert [(file.index, file.path, file.size, file.priority) for file in layout.files] == [
        (0, "sample/a.bin", sample.size // 2, 4),
        (1, "sample/b.txt", sample.size // 2, 0),
    ]
    probe.take(TorrentAdded)
    assert probe.session.layout(sample.torrent) == layout


def test_renamed_files_have_their_new_paths(probe: Probe, tmp_path: Path) -> None:
    """In the layout of the loaded torrent, and of one that is not loaded; also with resume data from before."""
    sample = two_files()
    before = sample.desired(tmp_path)
    probe.session.add(before, metainfo=sample.metainfo, resume=None)
    probe.take(TorrentAdded)
    blob = resume_data(probe, sample.torrent)
    probe.session.unload(sample.torrent)
    probe.take(TorrentGone)
    desired = msgspec.structs.replace(before, renames=((1, "other/c.txt"),))
    for resume in (blob, None):
        described = probe.session.describe(desired, metainfo=sample.metainfo, resume=resume)
        assert described is not None
        assert [file.path for file in described[0].files] == ["sample/a.bin", "other/c.txt"]
    loading = probe.session.resume(desired, metainfo=sample.metainfo, resume=blob, verified=Verified())
    probe.take(TorrentAdded)
    assert isinstance(loading, Loading)
    assert loading.layout is not None
    assert [file.path for file in loading.layout.files] == ["sample/a.bin", "other/c.txt"]
    assert probe.session.layout(sample.torrent) == loading.layout


def test_a_torrent_is_added_from_what_its_judgement_has_parsed(probe: Probe, tmp_path: Path) -> None:
    """As desired, and with the same layout as from its metainfo."""
    sample = two_files()
    rules = Selection(include=("*.bin",))
    desired = sample.desired(tmp_path, paused=True, sequential=True, selection=rules, download_bps=1000, trackers=())
    info = probe.session.inspect(magnet=None, metainfo=sample.metainfo, save_path=str(tmp_path))
    loading = probe.session.add(desired, metainfo=sample.metainfo, resume=None, parsed=info.parsed)
    probe.take(TorrentAdded)
    assert loading.layout is not None
    assert [file.priority for file in loading.layout.files] == [4, 0]
    assert probe.session.layout(sample.torrent) == loading.layout
    assert probe.session.observed(desired) == desired


def test_a_single_file_torrent_has_no_root_folder(probe: Probe, tmp_path: Path) -> None:
    """Its file is in the save path itself."""
    sample = SampleTorrent("alone.bin", {"": noise(100)}, single=True)
    layout = probe.session.add(sample.desired(tmp_path), metainfo=sample.metainfo, resume=None).layout
    assert layout is not None
    assert [file.path for file in layout.files] == ["alone.bin"]


def test_a_session_is_seen_to_have_what_was_asked_for(probe: Probe, tmp_path: Path) -> None:
    """After the add and after each change. Differences are reported as they are."""
    sample = two_files()
    rules = Selection(exclude=("b.*",), priorities={"0": 7})
    desired = sample.desired(
        tmp_path, paused=True, sequential=True, selection=rules, download_bps=1000, upload_bps=2000, labels=("x",)
    )
    add(probe, sample, desired)
    assert probe.session.observed(desired) == desired
    other = sample.desired(tmp_path, labels=("y",))
    found = probe.session.observed(other)
    assert (found.paused, found.sequential, found.download_bps, found.upload_bps) == (True, True, 1000, 2000)
    assert found.selection != other.selection
    assert found.labels == ("y",)
    assert probe.session.observed(sample.desired(tmp_path / "other")).save_path == str(tmp_path)
    probe.session.set_paused(sample.torrent, False)
    probe.session.set_sequential(sample.torrent, False)
    probe.session.set_limits(sample.torrent, 0, 0)
    probe.session.set_selection(sample.torrent, other)
    probe.take(PrioritiesSet)
    assert probe.session.observed(other) == other
    assert probe.session.remove_unknown_torrents() == 0
    assert probe.session.torrents() == {sample.torrent}


def test_a_magnet_link_is_seen_to_be_as_asked_for(probe: Probe, tmp_path: Path) -> None:
    """Its selection cannot be read back before there are files."""
    sample = two_files()
    desired = sample.desired(tmp_path, by_magnet=True, selection=Selection(include=("*.bin",)), paused=True)
    add(probe, sample, desired)
    assert probe.session.observed(desired) == desired


def test_a_magnet_link_has_no_layout(probe: Probe, tmp_path: Path) -> None:
    """There are no files until the metadata arrives."""
    sample = two_files()
    loading = probe.session.add(sample.desired(tmp_path, by_magnet=True), metainfo=None, resume=None)
    assert loading == Loading(complete=False, layout=None, nameless=True, hashes=Hashes(sample.torrent))
    probe.take(TorrentAdded)
    assert probe.session.layout(sample.torrent) is None
    assert probe.session.file_progress(sample.torrent) == []
    status = probe.status(sample.torrent, lambda row: row.state is NativeState.DOWNLOADING_METADATA)
    assert (status.done, status.wanted, status.size, status.progress) == (0, 0, 0, 0.0)


def test_a_torrent_is_added_as_desired(probe: Probe, tmp_path: Path) -> None:
    """Nothing has to be set again after the add."""
    sample = two_files()
    add(probe, sample, sample.desired(tmp_path, paused=True, sequential=True, download_bps=1000, upload_bps=2000))
    assert probe.session.applied(sample.torrent) == Applied(True, True, 1000, 2000)
    assert probe.status(sample.torrent).paused


def test_a_duplicate_is_refused(probe: Probe, tmp_path: Path) -> None:
    """The second add of a torrent results in `TorrentAdded` with a problem."""
    sample = two_files()
    add(probe, sample, sample.desired(tmp_path))
    probe.session.add(sample.desired(tmp_path), metainfo=sample.metainfo, resume=None)
    assert probe.take(TorrentAdded).problem


def test_a_refused_duplicate_leaves_the_torrent_as_it_was(probe: Probe, tmp_path: Path) -> None:
    """The first one still exists, can be used, and is reported."""
    sample = two_files()
    add(probe, sample, sample.desired(tmp_path, download_bps=1000))
    probe.session.add(sample.desired(tmp_path), metainfo=sample.metainfo, resume=None)
    probe.take(TorrentAdded)
    assert probe.session.torrents() == {sample.torrent}
    assert probe.session.applied(sample.torrent) == Applied(False, False, 1000, 0)
    probe.session.set_paused(sample.torrent, True)
    assert probe.status(sample.torrent, lambda row: row.paused).paused


def test_a_torrent_is_unknown_until_it_was_taken_up(probe: Probe, tmp_path: Path) -> None:
    """It exists once `TorrentAdded` was popped."""
    sample = two_files()
    probe.session.add(sample.desired(tmp_path), metainfo=sample.metainfo, resume=None)
    assert probe.session.torrents() == frozenset()
    with pytest.raises(UnknownTorrent):
        probe.session.applied(sample.torrent)
    probe.take(TorrentAdded)
    probe.session.applied(sample.torrent)


def test_a_torrent_is_complete_by_the_word_of_its_adder(probe: Probe, tmp_path: Path) -> None:
    """In seed mode pieces are trusted, and `Finished` comes; this does not come from resume data."""
    sample = two_files()
    sample.write(tmp_path)
    loading = probe.session.add(sample.desired(tmp_path, seed_mode=True), metainfo=sample.metainfo, resume=None)
    assert not loading.complete
    status = probe.status(sample.torrent, lambda row: row.state is NativeState.SEEDING)
    assert (status.done, status.wanted, status.progress) == (sample.size, sample.size, 1.0)


# -- resume data ------------------------------------------------------------------------------------------------------


def test_resume_data_brings_a_complete_torrent_back(probe: Probe, tmp_path: Path) -> None:
    """Without metainfo, it is complete and seeding, and never downloads in between."""
    sample = two_files()
    sample.write(tmp_path)
    add(probe, sample, sample.desired(tmp_path, seed_mode=True))
    probe.status(sample.torrent, lambda row: row.state is NativeState.SEEDING)
    blob = resume_data(probe, sample.torrent)
    probe.session.remove(sample.torrent, delete_files=False)
    probe.take(TorrentGone)

    loading = probe.session.add(sample.desired(tmp_path), metainfo=None, resume=blob)
    assert loading.complete
    assert loading.layout is not None
    assert probe.take(TorrentAdded) == TorrentAdded(sample.torrent, None)
    probe.status(sample.torrent, lambda row: row.state is NativeState.SEEDING)
    states = [alert.state for alert in probe.waiting(NativeStateChanged)]
    assert not {NativeState.DOWNLOADING, NativeState.CHECKING_FILES} & set(states)


def test_resume_data_of_an_incomplete_torrent_is_not_complete(probe: Probe, tmp_path: Path) -> None:
    """The present desired state counts, not that at the save; if nothing is wanted, nothing is missing."""
    sample = two_files()
    add(probe, sample, sample.desired(tmp_path, paused=True))
    blob = resume_data(probe, sample.torrent)
    probe.session.remove(sample.torrent, delete_files=False)
    probe.take(TorrentGone)
    desired = sample.desired(tmp_path, sequential=True, selection=Selection(priorities={"0": 7}))
    loading = probe.session.add(desired, metainfo=sample.metainfo, resume=blob)
    assert not loading.complete
    assert loading.layout is not None
    assert [file.priority for file in loading.layout.files] == [7, 4]
    probe.take(TorrentAdded)
    assert probe.session.applied(sample.torrent) == Applied(False, True, 0, 0)
    probe.session.remove(sample.torrent, delete_files=False)
    probe.take(TorrentGone)
    nothing = sample.desired(tmp_path, selection=Selection(exclude=("*",)))
    assert probe.session.add(nothing, metainfo=sample.metainfo, resume=blob).complete


@pytest.mark.parametrize(
    "selections", [(Selection(exclude=("*.txt",)), Selection()), (Selection(), Selection(exclude=("*.txt",)))]
)
def test_resume_data_gives_way_to_the_selection(
    probe: Probe, tmp_path: Path, selections: tuple[Selection, Selection]
) -> None:
    """Files that were unwanted at the save are wanted if desired, and vice versa."""
    sample = two_files()
    before, after = (sample.desired(tmp_path, selection=each) for each in selections)
    add(probe, sample, before)
    probe.status(sample.torrent, lambda row: row.state is NativeState.DOWNLOADING)
    blob = resume_data(probe, sample.torrent)
    probe.session.remove(sample.torrent, delete_files=False)
    probe.take(TorrentGone)
    probe.session.resume(after, metainfo=None, resume=blob, verified=Verified())
    probe.take(TorrentAdded)
    wanted = sample.size if after.selection == Selection() else sample.size // 2
    probe.status(sample.torrent, lambda row: row.state is NativeState.DOWNLOADING and row.wanted == wanted)


def test_resume_data_of_a_magnet_link_is_not_complete(probe: Probe, tmp_path: Path) -> None:
    """Without metadata, nothing can be complete."""
    sample = two_files()
    desired = sample.desired(tmp_path, by_magnet=True)
    add(probe, sample, desired)
    blob = resume_data(probe, sample.torrent)
    probe.session.remove(sample.torrent, delete_files=False)
    probe.take(TorrentGone)
    assert probe.session.add(desired, metainfo=None, resume=blob) == Loading(
        complete=False, layout=None, nameless=True, hashes=Hashes(sample.torrent)
    )
    assert probe.take(TorrentAdded) == TorrentAdded(sample.torrent, None)


@pytest.mark.parametrize("blob", [b"", b"nonsense", b"i1e", b"de", b"d4:spam4:eggse", bytes(100), two_files().metainfo])
def test_unreadable_resume_data_is_refused(session: LibtSession, tmp_path: Path, blob: bytes) -> None:
    """Even if there is metainfo; the caller decides about using that."""
    sample = two_files()
    with pytest.raises(InvalidSource, match=WORDS):
        session.add(sample.desired(tmp_path), metainfo=sample.metainfo, resume=blob)
    assert session.torrents() == frozenset()


def test_resume_data_cut_anywhere_is_refused(probe: Probe, tmp_path: Path) -> None:
    """Data from an interrupted write is refused, and never half read."""
    sample = two_files()
    add(probe, sample, sample.desired(tmp_path))
    blob = resume_data(probe, sample.torrent)
    other = SampleTorrent("other", {"c": b"other"})
    for end in range(0, len(blob), 13):
        with pytest.raises(InvalidSource):
            probe.session.add(other.desired(tmp_path), metainfo=None, resume=blob[:end])


def test_resume_data_of_another_torrent_is_refused(probe: Probe, tmp_path: Path) -> None:
    """A file with the wrong name does not add a torrent under a wrong id."""
    sample, other = two_files(), SampleTorrent("other", {"c": b"other"})
    add(probe, sample, sample.desired(tmp_path))
    blob = resume_data(probe, sample.torrent)
    with pytest.raises(InvalidSource, match=WORDS):
        probe.session.add(other.desired(tmp_path), metainfo=other.metainfo, resume=blob)


def test_resume_data_is_told_once_and_unchanged_data_not_again(probe: Probe, tmp_path: Path) -> None:
    """`only_if_modified` right after a save results in `ResumeUnsaved` without a problem."""
    sample = two_files()
    add(probe, sample, sample.desired(tmp_path, paused=True))
    probe.status(sample.torrent)
    assert resume_data(probe, sample.torrent)
    probe.session.save_resume(sample.torrent, only_if_modified=True)
    assert probe.take(ResumeUnsaved) == ResumeUnsaved(sample.torrent, None)
    probe.settle()
    assert probe.waiting(ResumeData) == []


def test_changed_options_are_worth_saving(probe: Probe, tmp_path: Path) -> None:
    """`only_if_modified` results in resume data after a change."""
    sample = two_files()
    add(probe, sample, sample.desired(tmp_path, paused=True))
    resume_data(probe, sample.torrent)
    probe.session.set_sequential(sample.torrent, True)
    probe.session.save_resume(sample.torrent, only_if_modified=True)
    probe.take(ResumeData, sample.torrent)


# -- trackers ---------------------------------------------------------------------------------------------------------

TRACKER: Final = "udp://127.0.0.1:9/announce"


def by_metainfo(sample: SampleTorrent) -> tuple[DesiredTorrent, bytes | None]:
    """The .torrent file has the tracker."""
    return sample.desired(), sample.metainfo_with({b"announce": TRACKER.encode()})


def by_magnet(sample: SampleTorrent) -> tuple[DesiredTorrent, bytes | None]:
    """The magnet link has the tracker."""
    magnet = f"{sample.magnet}&tr={TRACKER}"
    return DesiredTorrent(torrent=sample.torrent, source="magnet", magnet=magnet, save_path="/nowhere"), None


def by_client(sample: SampleTorrent) -> tuple[DesiredTorrent, bytes | None]:
    """The client has added the tracker."""
    return sample.desired(trackers=(TRACKER,)), sample.metainfo


@pytest.mark.parametrize("source", [by_metainfo, by_magnet, by_client])
@pytest.mark.parametrize("released", ["before", "meanwhile", "never"])
def test_trackers_are_told_of_and_kept_in_resume_data(
    probe: Probe, make: Side, source: Callable[[SampleTorrent], tuple[DesiredTorrent, bytes | None]], released: str
) -> None:
    """Whatever their origin and the time of their release: a new session with only this data has them."""
    sample = two_files()
    desired, metainfo = source(sample)
    assert probe.session.add(desired, metainfo=metainfo, resume=None).tracked
    probe.take(TorrentAdded)
    if released == "before":
        probe.session.release_trackers(sample.torrent)
    probe.session.save_resume(sample.torrent, only_if_modified=False)
    if released == "meanwhile":
        probe.session.release_trackers(sample.torrent)
    blob = probe.take(ResumeData, sample.torrent).blob
    session = make(LOOPBACK, download_bps=0, upload_bps=0, torrents=10)
    try:
        alone = msgspec.structs.replace(desired, trackers=())
        assert session.add(alone, metainfo=None, resume=blob).tracked
    finally:
        session.close()


def test_trackers_are_listed_whether_they_are_held_back_or_not(probe: Probe, tmp_path: Path) -> None:
    """With their tiers. An unknown torrent has neither withheld nor other trackers."""
    sample = two_files()
    url = "http://127.0.0.1:9/announce"
    add(probe, sample, sample.desired(tmp_path, paused=True, trackers=(url,)))
    assert list(probe.session.held_trackers(sample.torrent)) == [(url, 0)]
    held = [state.reading for state in probe.session.trackers(sample.torrent)]
    probe.session.release_trackers(sample.torrent)
    assert list(probe.session.held_trackers(sample.torrent)) == []
    given = [state.reading for state in probe.session.trackers(sample.torrent)]
    assert [(each.url, each.tier) for each in held] == [(each.url, each.tier) for each in given] == [(url, 0)]
    assert list(probe.session.held_trackers("0" * 40)) == []
    with pytest.raises(UnknownTorrent):
        probe.session.trackers("0" * 40)


def test_trackers_can_be_released_again(probe: Probe, tmp_path: Path) -> None:
    """Also those of a torrent without any."""
    sample = two_files()
    add(probe, sample, sample.desired(tmp_path))
    for _ in range(2):
        probe.session.release_trackers(sample.torrent)
    probe.settle()
    assert probe.session.torrents() == {sample.torrent}


def test_web_seeds_are_changed(probe: Probe, tmp_path: Path) -> None:
    """Those that were given when the torrent was added, too. The same change again changes nothing."""
    sample = two_files()
    one, other, third = (f"http://127.0.0.1:{port}/" for port in (9, 10, 11))
    add(probe, sample, sample.desired(tmp_path, paused=True, web_seeds=(one, other), removed_web_seeds=(other,)))
    assert probe.session.web_seeds(sample.torrent) == [one]
    changed = sample.desired(tmp_path, web_seeds=(other, third[:-1]), removed_web_seeds=(one[:-1],))
    for _ in range(2):
        probe.session.edit_web_seeds(sample.torrent, changed)
        found = probe.session.web_seeds(sample.torrent)
        assert [url.removesuffix("/") for url in found] == [other[:-1], third[:-1]]


@pytest.mark.parametrize("released", [False, True])
def test_trackers_are_changed_and_held(probe: Probe, make: Side, tmp_path: Path, released: bool) -> None:
    """With their tiers, up to the last one. A session with the resume data applies the change again."""
    sample = two_files()
    own, given, new = (f"udp://127.0.0.1:{port}/" for port in (9, 10, 11))
    desired = sample.desired(tmp_path, paused=True, trackers=(given,))
    probe.session.add(desired, metainfo=sample.metainfo_with({b"announce": own.encode()}), resume=None)
    probe.take(TorrentAdded, sample.torrent)
    if released:
        probe.session.release_trackers(sample.torrent)
    blob = resume_data(probe, sample.torrent)

    def listed(session: LibtSession) -> list[tuple[str, int]]:
        return [(state.reading.url, state.reading.tier) for state in session.trackers(sample.torrent)]

    edits, changed = TrackerEdits(), dict(listed(probe.session))
    for edit, wanted in (
        (edits.add([(new, 255)]), {**changed, new: 255}),
        (edits.add([(new, 3)]).remove([own]), {given: changed[given], new: 3}),
        (edits.add([(own, 0)]), {own: 0, given: changed[given], new: 3}),
        (edits.replace([(new, 2), (given, 2)]), {new: 2, given: 2}),
        (edits.replace([]), {}),
    ):
        probe.session.edit_trackers(sample.torrent, edit)
        probe.take(TrackersChanged, sample.torrent)
        assert dict(listed(probe.session)) == dict(probe.session.held_trackers(sample.torrent)) == wanted
        probe.session.edit_trackers(sample.torrent, edit)
        probe.settle()
        assert probe.waiting(TrackersChanged) == []
        if released:
            probe.session.release_trackers(sample.torrent)
            assert dict(listed(probe.session)) == wanted
            assert list(probe.session.held_trackers(sample.torrent)) == []
    session = make(LOOPBACK, download_bps=0, upload_bps=0, torrents=10)
    try:
        other = Probe(session)
        session.add(
            msgspec.structs.replace(desired, tracker_edits=edits.remove([own]).add([(new, 9)])),
            metainfo=None,
            resume=blob,
        )
        other.take(TorrentAdded, sample.torrent)
        assert [url for url, _ in listed(session)] == [given, new]
        assert dict(listed(session))[new] == 9
    finally:
        session.close()


@pytest.mark.parametrize("tracker", [None, "udp://127.0.0.1:9/", "udp://unknown/"])
def test_an_announce_is_accepted_whatever_the_trackers(probe: Probe, tmp_path: Path, tracker: str | None) -> None:
    """Also while the trackers are held, and for a tracker that the torrent does not have."""
    sample = two_files()
    add(probe, sample, sample.desired(tmp_path, trackers=("udp://127.0.0.1:9/",)))
    probe.session.reannounce(sample.torrent, tracker)
    probe.session.release_trackers(sample.torrent)
    probe.session.reannounce(sample.torrent, tracker)
    probe.settle()
    assert probe.session.torrents() == {sample.torrent}


# -- removing ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("delete_files", [False, True])
@pytest.mark.parametrize("source", ["metainfo", "magnet"])
def test_a_removed_torrent_is_gone_exactly_once(probe: Probe, tmp_path: Path, delete_files: bool, source: str) -> None:
    """With or without files. Afterwards it can be added again."""
    sample = two_files()
    desired = sample.desired(tmp_path, by_magnet=source == "magnet")
    for _ in range(2):
        add(probe, sample, desired)
        probe.session.remove(sample.torrent, delete_files=delete_files)
        assert probe.take(TorrentGone) == TorrentGone(sample.torrent, None)
        assert probe.session.torrents() == frozenset()
        probe.settle()
        assert probe.waiting(TorrentGone) == []


def test_other_torrents_stay(probe: Probe, tmp_path: Path) -> None:
    """A removal affects one torrent."""
    first, second = two_files("first"), two_files("second")
    add(probe, first, first.desired(tmp_path))
    add(probe, second, second.desired(tmp_path))
    probe.session.remove(first.torrent, delete_files=True)
    assert probe.take(TorrentGone) == TorrentGone(first.torrent, None)
    assert probe.session.torrents() == {second.torrent}
    probe.session.applied(second.torrent)


ON_A_TORRENT: Final[dict[str, Callable[[LibtSession, str], object]]] = {
    "remove": lambda session, torrent: session.remove(torrent, delete_files=False),
    "unload": lambda session, torrent: session.unload(torrent),
    "set_paused": lambda session, torrent: session.set_paused(torrent, True),
    "resume": lambda session, torrent: session.set_paused(torrent, False),
    "set_sequential": lambda session, torrent: session.set_sequential(torrent, True),
    "set_limits": lambda session, torrent: session.set_limits(torrent, 1, 1),
    "set_selection": lambda session, torrent: session.set_selection(torrent, two_files().desired()),
    "connect": lambda session, torrent: session.connect(torrent, ["127.0.0.1:1"]),
    "applied": lambda session, torrent: session.applied(torrent),
    "observed": lambda session, torrent: session.observed(
        DesiredTorrent(torrent=torrent, source="metainfo", save_path="/")
    ),
    "layout": lambda session, torrent: session.layout(torrent),
    "peers": lambda session, torrent: session.peers(torrent),
    "pieces": lambda session, torrent: session.pieces(torrent),
    "file_progress": lambda session, torrent: session.file_progress(torrent),
    "release_trackers": lambda session, torrent: session.release_trackers(torrent),
    "web_seeds": lambda session, torrent: session.web_seeds(torrent),
    "edit_web_seeds": lambda session, torrent: session.edit_web_seeds(torrent, two_files().desired()),
    "edit_trackers": lambda session, torrent: session.edit_trackers(torrent, TrackerEdits(replaced=True)),
    "reannounce": lambda session, torrent: session.reannounce(torrent, None),
    "flush": lambda session, torrent: session.flush(torrent),
    "save_resume": lambda session, torrent: session.save_resume(torrent, only_if_modified=False),
}


@pytest.mark.parametrize("method", ON_A_TORRENT)
def test_an_unknown_torrent_is_told(session: LibtSession, method: str) -> None:
    """Every call on a torrent raises if it was never added."""
    with pytest.raises(UnknownTorrent, match="0" * 40):
        ON_A_TORRENT[method](session, "0" * 40)


@pytest.mark.parametrize("method", ON_A_TORRENT)
def test_a_torrent_that_is_being_removed_is_unknown(probe: Probe, tmp_path: Path, method: str) -> None:
    """It may be gone at any time between the removal and `TorrentGone`: no call may crash."""
    sample = two_files()
    add(probe, sample, sample.desired(tmp_path))
    probe.session.remove(sample.torrent, delete_files=False)
    assert probe.session.torrents() == frozenset()
    eventually(lambda: readable(probe.session.fileno(), 0.1), "the removal")
    with pytest.raises(UnknownTorrent, match=sample.torrent):
        ON_A_TORRENT[method](probe.session, sample.torrent)


# -- options ----------------------------------------------------------------------------------------------------------


def test_options_are_read_back(probe: Probe, tmp_path: Path) -> None:
    """Each option, set and read back."""
    sample = two_files()
    session, torrent = probe.session, sample.torrent
    add(probe, sample, sample.desired(tmp_path))
    assert session.applied(torrent) == Applied(False, False, 0, 0)
    session.set_paused(torrent, True)
    assert session.applied(torrent) == Applied(True, False, 0, 0)
    session.set_sequential(torrent, True)
    assert session.applied(torrent) == Applied(True, True, 0, 0)
    session.set_limits(torrent, 50_000, 2**30)
    assert session.applied(torrent) == Applied(True, True, 50_000, 2**30)
    session.set_paused(torrent, False)
    session.set_sequential(torrent, False)
    session.set_limits(torrent, 0, 0)
    assert session.applied(torrent) == Applied(False, False, 0, 0)


def test_the_largest_limit_is_a_limit(probe: Probe, tmp_path: Path) -> None:
    """The client's value is applied, at the add and later."""
    sample = two_files()
    add(probe, sample, sample.desired(tmp_path, download_bps=LIMIT_MAX_BPS, upload_bps=LIMIT_MAX_BPS))
    assert probe.session.applied(sample.torrent) == Applied(False, False, LIMIT_MAX_BPS, LIMIT_MAX_BPS)
    probe.session.set_limits(sample.torrent, LIMIT_MAX_BPS, LIMIT_MAX_BPS)
    assert probe.session.applied(sample.torrent) == Applied(False, False, LIMIT_MAX_BPS, LIMIT_MAX_BPS)


def test_pausing_shows_in_the_status(probe: Probe, tmp_path: Path) -> None:
    """As the torrent's own flag, whatever its state is."""
    sample = two_files()
    add(probe, sample, sample.desired(tmp_path))
    probe.session.set_paused(sample.torrent, True)
    probe.status(sample.torrent, lambda row: row.paused)
    probe.session.set_paused(sample.torrent, False)
    probe.status(sample.torrent, lambda row: not row.paused)


def test_a_selection_is_confirmed_by_an_alert(probe: Probe, tmp_path: Path) -> None:
    """The priorities and the wanted bytes are the new ones then."""
    sample = two_files()
    add(probe, sample, sample.desired(tmp_path))
    desired = sample.desired(tmp_path, selection=Selection(exclude=("b.*",)))
    assert probe.session.set_selection(sample.torrent, desired) is True
    assert probe.take(PrioritiesSet) == PrioritiesSet(sample.torrent)
    layout = probe.session.layout(sample.torrent)
    assert layout is not None
    assert [file.priority for file in layout.files] == [4, 0]
    probe.status(sample.torrent, lambda row: row.wanted == sample.size // 2)


def test_each_selection_is_confirmed_by_an_alert_of_its_own(probe: Probe, tmp_path: Path) -> None:
    """Also if another follows before the confirmation. After the last alert, the last selection is in force."""
    sample = two_files()
    add(probe, sample, sample.desired(tmp_path))
    for number in range(4):
        desired = sample.desired(tmp_path, selection=Selection(priorities={"0": number, "1": 0}))
        assert probe.session.set_selection(sample.torrent, desired) is True
    for _ in range(4):
        probe.take(PrioritiesSet)
    layout = probe.session.layout(sample.torrent)
    assert layout is not None
    assert [file.priority for file in layout.files] == [3, 0]
    probe.settle()
    assert probe.waiting(PrioritiesSet) == []


def test_a_torrent_of_which_nothing_is_wanted_is_finished(probe: Probe, tmp_path: Path) -> None:
    """No byte is missing. Once something is wanted, it is downloaded."""
    sample = two_files()
    add(probe, sample, sample.desired(tmp_path, selection=Selection(exclude=("*",))))
    status = probe.status(sample.torrent, lambda row: row.state is NativeState.FINISHED)
    assert (status.done, status.wanted) == (0, 0)
    probe.session.set_selection(sample.torrent, sample.desired(tmp_path))
    probe.take(PrioritiesSet)
    probe.status(sample.torrent, lambda row: row.state is NativeState.DOWNLOADING and row.wanted == sample.size)


def test_a_selection_waits_for_the_metadata(probe: Probe, tmp_path: Path) -> None:
    """A magnet link has no selection to confirm."""
    sample = two_files()
    add(probe, sample, sample.desired(tmp_path, by_magnet=True))
    desired = sample.desired(tmp_path, by_magnet=True, selection=Selection(include=("*.bin",)))
    assert probe.session.set_selection(sample.torrent, desired) is False
    probe.settle()
    assert probe.waiting(PrioritiesSet) == []


def test_peers_are_taken(probe: Probe, tmp_path: Path) -> None:
    """IPv4 and bracketed IPv6, at the add and later; the peers need not exist."""
    sample = two_files()
    add(probe, sample, sample.desired(tmp_path, peers=("127.0.0.1:1",)))
    probe.session.connect(sample.torrent, ["127.0.0.1:2", "[::1]:3"])
    probe.session.connect(sample.torrent, [])
    probe.settle()
    assert probe.session.torrents() == {sample.torrent}


def test_a_torrent_without_peers_has_none(probe: Probe, tmp_path: Path) -> None:
    """No row, and none is counted."""
    sample = two_files()
    add(probe, sample, sample.desired(tmp_path))
    assert probe.session.peers(sample.torrent) == Peers([], 0)


def test_pieces_are_told(probe: Probe, tmp_path: Path) -> None:
    """The bits of missing pieces are 0; without peers nobody has a piece."""
    sample = two_files()
    add(probe, sample, sample.desired(tmp_path))
    probe.status(sample.torrent, lambda row: row.state is NativeState.DOWNLOADING)
    count = -(-sample.size // PIECE_LENGTH)
    assert probe.session.pieces(sample.torrent) == Pieces(count, bytes(-(-count // 8)), bytes(count))


def test_a_complete_torrent_has_all_pieces(probe: Probe, tmp_path: Path) -> None:
    """The spare bits are 0; availability is not counted."""
    sample = two_files()
    sample.write(tmp_path)
    add(probe, sample, sample.desired(tmp_path, seed_mode=True))
    probe.status(sample.torrent, lambda row: row.state is NativeState.SEEDING)
    found = probe.session.pieces(sample.torrent)
    assert found is not None
    bits = f"{int.from_bytes(found.have):0{8 * len(found.have)}b}"
    assert bits == "1" * found.number + "0" * (-found.number % 8)
    assert (found.number, found.availability) == (-(-sample.size // PIECE_LENGTH), b"")


def test_pieces_are_not_told_before_they_are_known(probe: Probe, tmp_path: Path) -> None:
    """While resume data is compared with the files, there is no answer, and not an empty one."""
    sample = two_files()
    sample.write(tmp_path)
    add(probe, sample, sample.desired(tmp_path, seed_mode=True))
    probe.status(sample.torrent, lambda row: row.state is NativeState.SEEDING)
    right, blob = probe.session.pieces(sample.torrent), resume_data(probe, sample.torrent)
    for _ in range(20):
        probe.session.remove(sample.torrent, delete_files=False)
        probe.take(TorrentGone)
        probe.session.add(sample.desired(tmp_path, paused=True), metainfo=sample.metainfo, resume=blob)
        probe.take(TorrentAdded)
        assert probe.session.pieces(sample.torrent) in (None, right)
        eventually(lambda: probe.session.pieces(sample.torrent) == right, "the pieces are known")


def test_a_link_has_no_pieces(probe: Probe, tmp_path: Path) -> None:
    """Until its metadata has arrived."""
    sample = two_files()
    add(probe, sample, sample.desired(tmp_path, by_magnet=True))
    assert probe.session.pieces(sample.torrent) is None


def test_bans_replace_each_other(session: LibtSession) -> None:
    """IPv4 and IPv6. A text that is no address does no harm."""
    for addresses in (["192.0.2.7", "2001:db8::7"], [], ["nobody", "127.0.0.1"], ["127.0.0.1"]):
        session.ban(addresses)


# -- flushing and status ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("source", ["metainfo", "magnet"])
def test_a_flush_is_answered_exactly_once(probe: Probe, tmp_path: Path, source: str) -> None:
    """Each time. A magnet link has nothing to flush, but the caller must not wait for ever."""
    sample = two_files()
    add(probe, sample, sample.desired(tmp_path, by_magnet=source == "magnet"))
    for _ in range(3):
        probe.session.flush(sample.torrent)
        assert probe.take(Flushed) == Flushed(sample.torrent)
        probe.settle()
        assert probe.waiting(Flushed) == []


def test_a_flush_is_answered_after_finishing_too(probe: Probe, tmp_path: Path) -> None:
    """libtorrent flushes by itself at that moment; without a request there is no answer."""
    sample = two_files()
    sample.write(tmp_path)
    add(probe, sample, sample.desired(tmp_path, seed_mode=True))
    probe.take(Finished)
    probe.status(sample.torrent, lambda row: row.state is NativeState.SEEDING)
    probe.settle()
    assert probe.waiting(Flushed) == []
    probe.session.flush(sample.torrent)
    probe.take(Flushed)


def test_only_changes_are_told(probe: Probe, tmp_path: Path) -> None:
    """An unchanged status is not reported again."""
    first, second = two_files("first"), two_files("second")
    add(probe, first, first.desired(tmp_path))
    add(probe, second, second.desired(tmp_path))

    def told() -> list[str]:
        probe.session.post_updates()
        return [row.torrent for row in probe.take(StatusUpdate).rows]

    eventually(lambda: told() == [], "quiet")
    probe.session.set_paused(second.torrent, True)
    assert told() == [second.torrent]


def test_a_state_that_changes_and_changes_back_is_told(probe: Probe, tmp_path: Path) -> None:
    """The status is reported again, though it is equal to the one before: somebody may wait for a newer one."""
    sample = two_files()
    nothing, everything = Selection(exclude=("*",)), Selection()
    add(probe, sample, sample.desired(tmp_path, selection=nothing))

    def rows() -> list[NativeState]:
        probe.session.post_updates()
        return [row.state for row in probe.take(StatusUpdate).rows]

    probe.status(sample.torrent, lambda row: row.state is NativeState.FINISHED)
    eventually(lambda: rows() == [], "quiet")
    for selection in (everything, nothing):
        probe.session.set_selection(sample.torrent, sample.desired(tmp_path, selection=selection))
        probe.take(PrioritiesSet)
    eventually(lambda: NativeState.FINISHED in rows(), "told again")


def test_a_suspended_session_still_flushes_and_saves(probe: Probe, tmp_path: Path) -> None:
    """This is needed for a drain; the torrents are not paused."""
    sample = two_files()
    add(probe, sample, sample.desired(tmp_path))
    probe.session.suspend()
    probe.session.flush(sample.torrent)
    probe.take(Flushed)
    assert resume_data(probe, sample.torrent)
    assert not probe.session.applied(sample.torrent).paused


# -- settings ---------------------------------------------------------------------------------------------------------

BAD_SETTINGS: Final[dict[str, SettingValue]] = {
    "no_such_setting": 1,
    "download_rate_limit": 1,
    "alert_mask": 0,
    "connections_limit": 2**31,
    "file_pool_size": True,
    "enable_dht": 1,
    "listen_interfaces": 6881,
}


@pytest.mark.parametrize("setting", BAD_SETTINGS)
def test_a_bad_setting_makes_no_session(make: Side, setting: str) -> None:
    """The error names the setting."""
    with pytest.raises(InvalidSetting, match=WORDS) as raised:
        make({**LOOPBACK, setting: BAD_SETTINGS[setting]}, download_bps=0, upload_bps=0, torrents=0)
    assert raised.value.setting == setting


@pytest.mark.parametrize("setting", BAD_SETTINGS)
def test_a_bad_setting_changes_nothing(session: LibtSession, setting: str) -> None:
    """Not even the valid settings and limits of the same call."""
    session.configure(LOOPBACK, download_bps=10, upload_bps=20)
    with pytest.raises(InvalidSetting) as raised:
        session.configure({**LOOPBACK, setting: BAD_SETTINGS[setting]}, download_bps=30, upload_bps=40)
    assert raised.value.setting == setting
    assert session.session_limits() == (10, 20)


def test_settings_are_read_back(session: LibtSession) -> None:
    """After each change, and when a setting is not configured any more."""
    for settings in ({**LOOPBACK, "connections_limit": 7, "user_agent": "x"}, LOOPBACK):
        session.configure(settings, download_bps=0, upload_bps=0)
        assert session.stale_settings() == {}


def test_session_limits_are_read_back(make: Side) -> None:
    """The first limits, and later ones."""
    session = make(LOOPBACK, download_bps=1_000_000, upload_bps=2_000_000, torrents=0)
    try:
        assert session.session_limits() == (1_000_000, 2_000_000)
        session.configure(LOOPBACK, download_bps=0, upload_bps=2**31 - 1)
        assert session.session_limits() == (0, 2**31 - 1)
    finally:
        session.close()


def test_sockets_are_opened_anew_only_where_that_is_needed(session: LibtSession) -> None:
    """The port stays."""
    eventually(lambda: session.listen_port() > 0, "listening")
    port = session.listen_port()
    session.reopen_sockets()
    assert session.listen_port() == port


def test_filters_replace_each_other(session: LibtSession) -> None:
    """And none is one, too."""
    for _ in range(2):
        session.block(None)


def test_an_invalid_state_of_the_dht_does_no_harm(session: LibtSession) -> None:
    """It may come from another version."""
    session.load_dht(b"no state")


def test_a_port_is_listened_on(session: LibtSession) -> None:
    """If the setting says 0, the system chooses the port."""
    eventually(lambda: session.listen_port() > 0, "listening")


# -- storage that misbehaves ------------------------------------------------------------------------------------------


def whole(probe: Probe, sample: SampleTorrent, save_path: Path) -> bytes:
    """Has a session store that the torrent is complete, and closes the session."""
    sample.write(save_path)
    add(probe, sample, sample.desired(save_path, seed_mode=True))
    probe.status(sample.torrent, lambda row: row.state is NativeState.SEEDING)
    blob = resume_data(probe, sample.torrent)
    probe.session.unload(sample.torrent)
    probe.take(TorrentGone)
    return blob


def test_what_is_unloaded_leaves_its_files(probe: Probe, tmp_path: Path) -> None:
    """It is reported as gone once, like a removal, and can be added again."""
    sample = two_files()
    sample.write(tmp_path)
    for _ in range(2):
        add(probe, sample, sample.desired(tmp_path))
        probe.session.unload(sample.torrent)
        assert probe.session.torrents() == frozenset()
        assert probe.take(TorrentGone) == TorrentGone(sample.torrent, None)
        probe.settle()
        assert probe.waiting(TorrentGone) == []
    assert all((tmp_path / path).read_bytes() == content for path, content in sample.contents.items())


def test_what_resume_data_claims_is_examined(probe: Probe, tmp_path: Path) -> None:
    """Bytes of the wanted files; adding by this data does not read it again."""
    sample = two_files()
    blob = whole(probe, sample, tmp_path)
    desired = sample.desired(tmp_path, selection=Selection(include=("*.bin",)))
    examined = probe.session.examine(desired, metainfo=None, resume=blob)
    assert examined[1:4] == (sample.size // 2, sample.size // 2, sample.size)
    assert {file.number for file in examined.claimed} <= {0}
    loading = probe.session.resume(desired, metainfo=None, resume=blob, verified=Verified(), examined=examined)
    assert isinstance(loading, Loading)
    assert loading.complete
    with pytest.raises(InvalidSource):
        probe.session.examine(desired, metainfo=None, resume=b"nonsense")


def test_claims_to_what_is_short_are_dropped(probe: Probe, tmp_path: Path) -> None:
    """Pieces that are completely in existing data stay, and those of other files; nothing is hashed."""
    sample = two_files()
    blob = whole(probe, sample, tmp_path)
    second = tmp_path / "sample" / "b.txt"
    second.write_bytes(second.read_bytes()[: PIECE_LENGTH + 1])
    desired = sample.desired(tmp_path)
    loading = probe.session.resume(
        desired, metainfo=None, resume=blob, verified=Verified(), short={1: PIECE_LENGTH + 1}
    )
    assert isinstance(loading, Loading)
    assert not loading.complete
    probe.take(TorrentAdded)
    status = probe.status(sample.torrent, lambda row: row.state is NativeState.DOWNLOADING)
    assert status.done == 4 * PIECE_LENGTH
    assert NativeState.CHECKING_FILES not in [alert.state for alert in probe.waiting(NativeStateChanged)]
