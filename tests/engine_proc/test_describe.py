"""What is reported about torrents that no engine has loaded; nothing is changed by it."""

from pathlib import Path

from engine_proc import describe
from engine_proc.session.alerts import ResumeData
from protocol.durable.integrity import seal
from protocol.durable.resume_dir import ResumeDir
from protocol.internal.link_events import FilesRestored
from protocol.wire.desired import Selection
from protocol.wire.events.torrent_events import Progress
from tests.engine_proc.loopback import add, real_session
from tools.rig.samples import SampleTorrent, two_files


def resume_data(sample: SampleTorrent, save_path: Path) -> bytes:
    """Resume data of a complete torrent."""
    sample.write(save_path)
    with real_session() as probe:
        add(probe, sample, sample.desired(save_path))
        probe.status(sample.torrent, lambda row: row.done == sample.size)
        probe.session.save_resume(sample.torrent, only_if_modified=False)
        return probe.take(ResumeData, sample.torrent).blob


def test_resume_data_says_more_than_the_torrent_and_either_will_do(tmp_path: Path) -> None:
    """With the desired selection. Damaged data is ignored and left in place."""
    sample = two_files()
    directory = ResumeDir(tmp_path)
    desired = sample.desired(tmp_path, selection=Selection(include=("b.txt",)))
    assert describe.events_of(directory, desired) == []
    blob = seal(resume_data(sample, tmp_path / "data"))
    half = sample.size // 2
    for torrent, resume, done in [
        (b"", blob, half),
        (sample.metainfo, blob, half),
        (sample.metainfo, b"damaged", 0),
        (b"damaged", blob, half),
    ]:
        directory.metainfo(sample.torrent).write_bytes(torrent)
        directory.fastresume(sample.torrent).parent.mkdir(exist_ok=True)
        directory.fastresume(sample.torrent).write_bytes(resume)
        files, progress = describe.events_of(directory, desired)
        assert isinstance(files, FilesRestored)
        assert [(file.path, file.priority) for file in files.files] == [("sample/a.bin", 0), ("sample/b.txt", 4)]
        assert isinstance(progress, Progress)
        assert (progress.bytes_done, progress.bytes_total, progress.size) == (done, half, sample.size)
        assert directory.fastresume(sample.torrent).read_bytes() == resume
        assert directory.metainfo(sample.torrent).read_bytes() == torrent


def test_a_link_without_metadata_has_no_files(tmp_path: Path) -> None:
    """Nothing is reported."""
    sample = two_files()
    assert describe.events_of(ResumeDir(tmp_path), sample.desired(tmp_path, by_magnet=True)) == []
