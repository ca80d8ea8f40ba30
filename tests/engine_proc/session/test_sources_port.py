"""The session port's calls about sources and metadata, for libtorrent's side and for the fake."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

import pytest

from engine_proc.libtorrent_adapter.libtorrent_session import LibtorrentSession
from engine_proc.resume import foreign
from engine_proc.resume.pieces import Unverified
from engine_proc.session.alerts import ResumeData, TorrentAdded
from engine_proc.session.session_port import InvalidSource, LibtSession, UnknownTorrent
from protocol.wire.desired import DesiredTorrent
from tests.fakes.fake_session import FakeSession
from tools.rig.migration import foreign_resume
from tools.rig.probe import LOOPBACK, Probe
from tools.rig.samples import SampleTorrent, noise

pytestmark = pytest.mark.slow

Side = Callable[..., LibtSession]
SIDES: Final[dict[str, Side]] = {"libtorrent": LibtorrentSession, "fake": FakeSession}


@pytest.fixture(params=SIDES)
def session(request: pytest.FixtureRequest) -> Iterator[LibtSession]:
    """A session of one side."""
    session = SIDES[request.param](LOOPBACK, download_bps=0, upload_bps=0, torrents=10)
    if isinstance(session, FakeSession):
        session.on_disk = True
    yield session
    session.close()


def desired(sample: SampleTorrent, tmp_path: Path, **more: str) -> DesiredTorrent:
    """A record of the sample."""
    fields = {"source": "metainfo", **more}
    return DesiredTorrent(torrent=sample.torrent, save_path=str(tmp_path), paused=True, **fields)  # type: ignore[arg-type]


def resume_data(probe: Probe, sample: SampleTorrent) -> bytes:
    """The torrent's resume data, requested now."""
    probe.session.save_resume(sample.torrent, only_if_modified=False)
    return probe.take(ResumeData, sample.torrent).blob


def test_a_layout_changes_the_paths(session: LibtSession, tmp_path: Path) -> None:
    """Of a source, and of the torrent; resume data keeps them."""
    sample, probe = SampleTorrent("root", {"a": b"1", "b/c": b"22"}), Probe(session)
    info = session.inspect(
        magnet=None, metainfo=sample.metainfo, save_path=str(tmp_path), content_layout="no_subfolder"
    )
    assert {f"{tmp_path}/a", f"{tmp_path}/b/c"} <= set(info.paths)
    record = desired(sample, tmp_path, content_layout="no_subfolder")
    session.add(record, metainfo=sample.metainfo, resume=None)
    assert probe.take(TorrentAdded, sample.torrent).problem is None
    layout = session.layout(sample.torrent)
    assert layout is not None
    assert [file.path for file in layout.files] == ["a", "b/c"]
    described = session.describe(record, metainfo=None, resume=resume_data(probe, sample))
    assert described is not None
    assert [file.path for file in described[0].files] == ["a", "b/c"]


def test_private_torrents(session: LibtSession, tmp_path: Path) -> None:
    """The source and the session agree; without metadata it is unknown."""
    sample, probe = SampleTorrent("one", {"": noise(1000)}, single=True), Probe(session)
    assert not session.inspect(magnet=None, metainfo=sample.metainfo).private
    info = session.inspect(magnet=None, metainfo=foreign_resume.private(sample.metainfo))
    assert info.private
    link = desired(sample, tmp_path, source="magnet", magnet=sample.magnet)
    session.add(link, metainfo=None, resume=None)
    probe.take(TorrentAdded, sample.torrent)
    assert session.private(sample.torrent) is None
    assert session.bare_resume(link) is None
    with pytest.raises(UnknownTorrent):
        session.private("ab" * 20)


def test_bare_resume_data_has_metadata_and_no_claims(session: LibtSession, tmp_path: Path) -> None:
    """It is complete without a .torrent file."""
    sample, probe = SampleTorrent("root", {"a": noise(40_000)}), Probe(session)
    link = desired(sample, tmp_path, source="magnet", magnet=sample.magnet)
    session.add(link, metainfo=sample.metainfo, resume=None)
    probe.take(TorrentAdded, sample.torrent)
    bare = session.bare_resume(link)
    assert bare is not None
    described = session.describe(link, metainfo=None, resume=bare)
    assert described is not None
    layout, examined = described
    assert ([file.path for file in layout.files], examined.bytes_done) == (["root/a"], 0)


def test_resume_data_of_another_client_is_marked(session: LibtSession, tmp_path: Path) -> None:
    """It is usable as it is, until libtorrent has made its own. Another torrent's is refused."""
    sample, probe = SampleTorrent("root", {"a": noise(40_000)}), Probe(session)
    other = SampleTorrent("other", {"a": noise(40_000, 1)})
    for each in (sample, other):
        session.add(desired(each, tmp_path), metainfo=each.metainfo, resume=None)
        probe.take(TorrentAdded, each.torrent)
    own = resume_data(probe, sample)
    info = session.inspect(magnet=None, metainfo=sample.metainfo, save_path=str(tmp_path), resume=own)
    assert info.resume is not None
    assert foreign.is_marked(info.resume)
    assert not foreign.is_marked(own)
    assert session.examine(desired(sample, tmp_path), metainfo=sample.metainfo, resume=info.resume).size == 40_000
    for wrong in (resume_data(probe, other), b"", b"d3:not"):
        with pytest.raises(InvalidSource, match="the resume data: "):
            session.inspect(magnet=None, metainfo=sample.metainfo, save_path=str(tmp_path), resume=wrong)


def test_claims_of_another_client_are_compared_with_the_disk(tmp_path: Path) -> None:
    """By libtorrent's side: even a complete torrent has to be verified first."""
    session = LibtorrentSession(LOOPBACK, download_bps=0, upload_bps=0, torrents=1)
    sample = SampleTorrent("root", {"a": noise(40_000)})
    pieces = len(foreign_resume.piece_hashes(sample.metainfo))
    given = foreign_resume.make(sample.metainfo, range(pieces), renamed={7: "x"})
    info = session.inspect(magnet=None, metainfo=sample.metainfo, save_path=str(tmp_path), resume=given)
    assert info.resume is not None
    found = session.resume(desired(sample, tmp_path), metainfo=sample.metainfo, resume=info.resume)
    assert isinstance(found, Unverified)
    assert found.foreign is not None
    assert list(found.foreign.claimed) == list(range(pieces))
    assert [piece.number for piece in found.foreign.pieces([0])] == [0]
    session.close()
