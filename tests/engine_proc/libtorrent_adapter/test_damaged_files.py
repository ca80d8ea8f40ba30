"""Every truncation and every flipped bit of the engine's files, with the real loaders and real libtorrent."""

import contextlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from engine_proc.libtorrent_adapter.parsing import libtorrent_claims, libtorrent_params
from engine_proc.resume.resume_store import FastResumeStore
from engine_proc.session.alerts import NativeState, ResumeData
from engine_proc.session.session_port import InvalidSource
from protocol.durable.integrity import Damaged, crc32_of, seal
from protocol.durable.resume_dir import ResumeDir
from tests.engine_proc.loopback import add, real_session
from tools.rig import payload
from tools.rig.samples import two_files

pytestmark = pytest.mark.slow

SAMPLE = two_files()


@pytest.fixture(scope="module")
def resume(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """Resume data that libtorrent made of a complete torrent."""
    downloads = tmp_path_factory.mktemp("downloads")
    SAMPLE.write(downloads)
    with real_session() as probe:
        add(probe, SAMPLE, SAMPLE.desired(downloads))
        probe.status(SAMPLE.torrent, lambda row: row.state is NativeState.SEEDING)
        probe.session.save_resume(SAMPLE.torrent, only_if_modified=False)
        return probe.take(ResumeData).blob


@pytest.fixture
def store(tmp_path: Path) -> Iterator[FastResumeStore]:
    """A store on an empty directory."""
    store = FastResumeStore(ResumeDir(tmp_path))
    yield store
    store.close()


def damages(content: bytes) -> Iterator[bytes]:
    """The content truncated at every length, and with each of its bits flipped."""
    yield from (content[:length] for length in range(len(content)))
    for at in range(len(content)):
        for bit in range(8):
            flipped = bytearray(content)
            flipped[at] ^= 1 << bit
            yield bytes(flipped)


def test_no_damage_to_resume_data_is_believed(tmp_path: Path, store: FastResumeStore, resume: bytes) -> None:
    """None of the damaged data reaches libtorrent."""
    ResumeDir(tmp_path).make_engine_dir()
    file = ResumeDir(tmp_path).fastresume(SAMPLE.torrent)
    for damaged in damages(seal(resume)):
        file.write_bytes(damaged)
        with pytest.raises(Damaged):
            store.load(SAMPLE.torrent)
    file.write_bytes(seal(resume))
    loaded = store.load(SAMPLE.torrent)
    assert loaded is not None
    assert loaded.blob == resume


def test_no_damage_to_metainfo_is_believed(tmp_path: Path, store: FastResumeStore) -> None:
    """The record has the checksum."""
    file = ResumeDir(tmp_path).metainfo(SAMPLE.torrent)
    crc32 = crc32_of(SAMPLE.metainfo)
    for damaged in damages(SAMPLE.metainfo):
        file.write_bytes(damaged)
        with pytest.raises(Damaged):
            store.load_metainfo(SAMPLE.torrent, crc32)


@pytest.mark.parametrize("whose", ["resume data", "metainfo"])
def test_what_no_checksum_guards_is_refused_or_loaded_and_nothing_else(resume: bytes, whose: str) -> None:
    """As in an earlier version: any damage leads to a successful load or to the documented error."""
    desired = SAMPLE.desired("/nowhere")
    for damaged in damages(resume if whose == "resume data" else SAMPLE.metainfo):
        with contextlib.suppress(InvalidSource):
            if whose == "resume data":
                params = libtorrent_params.load(desired, metainfo=SAMPLE.metainfo, resume=damaged)
                libtorrent_claims.unverified(params, [], complete=False, metainfo=SAMPLE.metainfo, resume=damaged)
            else:
                libtorrent_params.load(desired, metainfo=damaged, resume=None)


def test_damaged_piece_layers_prove_nothing(tmp_path: Path) -> None:
    """The pieces of a v2 torrent can then not be looked for on disk, and the engine goes on."""
    made = payload.make(tmp_path, "v2.bin", {"": 5 * 65536}, piece_size=65536, version="v2")
    desired = SAMPLE.desired(tmp_path, torrent=made.torrent)
    params = libtorrent_params.load(desired, metainfo=made.metainfo, resume=None)
    params.have_pieces = [False] * params.ti.num_pieces()
    whole = libtorrent_claims.unverified(params, [], complete=False, metainfo=made.metainfo, resume=b"")
    assert whole is not None
    assert len(whole.missing) == 5
    for damaged in (b"", b"le", b"i5e", b"d12:piece layersi5ee", b"d12:piece layersd32:%be" % bytes(32), b"\0" * 1000):
        assert libtorrent_claims.unverified(params, [], complete=False, metainfo=damaged, resume=b"") is None
    for length in range(0, len(made.metainfo), 7):
        libtorrent_claims.unverified(params, [], complete=False, metainfo=made.metainfo[:length], resume=b"")
