import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from engine_proc.resume.resume_store import FastResumeStore, Outcome, SavedResume
from protocol.durable import durable
from protocol.durable.integrity import Damaged, crc32_of, seal, unseal
from protocol.durable.resume_dir import ResumeDir
from protocol.host.place import place_at
from tools.rig.probe import DEADLINE_S, eventually, readable

A, B = "a" * 40, "b" * 40


@pytest.fixture
def resume_dir(tmp_path: Path) -> ResumeDir:
    """An empty resume directory."""
    root = tmp_path / "resume"
    root.mkdir()
    directory = ResumeDir(root)
    directory.make_engine_dir()
    return directory


@pytest.fixture
def store(resume_dir: ResumeDir) -> Iterator[FastResumeStore]:
    """A store that is closed at the end."""
    store = FastResumeStore(resume_dir)
    yield store
    store.close()


def outcomes(store: FastResumeStore, count: int = 1) -> list[Outcome]:
    """Waits for this many outcomes by the descriptor."""
    found: list[Outcome] = []

    def complete() -> bool:
        if readable(store.fileno(), 0.1):
            found.extend(store.outcomes())
        return len(found) >= count

    eventually(complete, f"{count} outcomes")
    return found


def test_what_is_saved_can_be_loaded(store: FastResumeStore, resume_dir: ResumeDir) -> None:
    """The newest content is returned, and no other file remains."""
    store.save(A, b"one")
    store.save(A, b"two")
    assert outcomes(store, 2) == [Outcome(A, False, None)] * 2
    path = resume_dir.fastresume(A)
    assert (
        store.load(A)
        == SavedResume(unseal(path.read_bytes()), path.stat().st_mtime)
        == SavedResume(b"two", path.stat().st_mtime)
    )
    assert [path.name for path in path.parent.iterdir()] == [f"{A}.fastresume"]


def test_what_is_not_there_is_none(store: FastResumeStore) -> None:
    """For resume data and for metainfo, for each torrent by itself."""
    store.save(A, b"one")
    outcomes(store)
    assert store.load(B) is None
    assert store.load_metainfo(A, None) is None


def test_metainfo_is_the_supervisors_file(store: FastResumeStore, resume_dir: ResumeDir) -> None:
    """The store only reads it."""
    resume_dir.metainfo(A).write_bytes(b"metainfo")
    assert store.load_metainfo(A, None) == b"metainfo"
    store.delete(A)
    outcomes(store)
    assert store.load_metainfo(A, None) == b"metainfo"


def test_an_outcome_comes_when_the_file_is_durable(
    store: FastResumeStore, resume_dir: ResumeDir, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not before the directory was synced."""
    seen: list[tuple[bytes, bool]] = []
    sync = durable.fsync_dir

    def observe(directory: Path) -> None:
        seen.append((unseal(resume_dir.fastresume(A).read_bytes()), readable(store.fileno())))
        sync(directory)

    monkeypatch.setattr(durable, "fsync_dir", observe)
    store.save(A, b"one")
    assert outcomes(store) == [Outcome(A, False, None)]
    assert seen == [(b"one", False)]


def test_deleting_is_told_as_such(store: FastResumeStore, resume_dir: ResumeDir) -> None:
    """Also if there was no file; in the order of the calls, so that a late save does not survive."""
    store.save(A, b"one")
    store.delete(A)
    store.delete(B)
    assert outcomes(store, 3) == [Outcome(A, False, None), Outcome(A, True, None), Outcome(B, True, None)]
    assert not resume_dir.fastresume(A).exists()


@pytest.mark.parametrize("change", [lambda store: store.save(A, b"one"), lambda store: store.delete(A)])
def test_a_directory_that_is_gone_is_an_outcome(
    store: FastResumeStore, resume_dir: ResumeDir, change: Callable[[FastResumeStore], None]
) -> None:
    """It has a message. Once the directory is back, writing works again."""
    resume_dir.root.rename(resume_dir.root.with_name("elsewhere"))
    change(store)
    (outcome,) = outcomes(store)
    assert outcome.torrent == A
    assert outcome.problem is not None
    assert "No such file or directory" in outcome.problem
    resume_dir.root.mkdir()
    resume_dir.make_engine_dir()
    store.save(B, b"two")
    assert outcomes(store) == [Outcome(B, False, None)]


def test_a_full_disk_leaves_the_old_content(store: FastResumeStore, monkeypatch: pytest.MonkeyPatch) -> None:
    """Durable content stays."""
    store.save(A, b"one")
    outcomes(store)

    def full(fd: int) -> None:
        raise OSError(28, os.strerror(28))

    with monkeypatch.context() as patched:
        patched.setattr(os, "fsync", full)
        store.save(A, b"two")
        (outcome,) = outcomes(store)
    assert outcome.problem is not None
    saved = store.load(A)
    assert saved is not None
    assert saved.blob == b"one"


def test_unreadable_files_are_damaged_and_not_nothing(store: FastResumeStore, resume_dir: ResumeDir) -> None:
    """Otherwise a disk error would look like a torrent without progress."""
    resume_dir.fastresume(A).mkdir()
    resume_dir.metainfo(A).mkdir()
    with pytest.raises(Damaged, match="not a regular file"):
        store.load(A)
    with pytest.raises(Damaged, match="not a regular file"):
        store.load_metainfo(A, None)


def test_metainfo_has_to_be_what_is_remembered(store: FastResumeStore, resume_dir: ResumeDir) -> None:
    """If the record has a checksum."""
    resume_dir.metainfo(A).write_bytes(b"metainfo")
    assert store.load_metainfo(A, crc32_of(b"metainfo")) == b"metainfo"
    assert store.load_metainfo(A, None) == b"metainfo"
    with pytest.raises(Damaged):
        store.load_metainfo(A, crc32_of(b"another"))


def test_damaged_data_is_put_aside(store: FastResumeStore, resume_dir: ResumeDir) -> None:
    """Each time under another name; afterwards there is no resume data."""
    for content in (b"first", b"second"):
        resume_dir.fastresume(A).write_bytes(content)
        aside = store.put_aside(A)
        assert aside.file == f"{A}.fastresume"
        where = Path(aside.done.removeprefix("put aside as "))
        assert where.parent == resume_dir.staged
        assert where.name == aside.staged
        assert where.read_bytes() == content
        assert store.load(A) is None
    assert len(resume_dir.staged_names()) == 2
    assert not resume_dir.damaged.exists(), "the supervisor moves them on"


def test_the_descriptor_is_quiet_while_nothing_waits(store: FastResumeStore) -> None:
    """It is readable from an outcome on until the outcome is read."""
    assert store.outcomes() == []
    assert not readable(store.fileno())
    store.save(A, b"one")
    assert readable(store.fileno(), DEADLINE_S)
    assert store.outcomes() == [Outcome(A, False, None)]
    assert not readable(store.fileno())


def test_closing_writes_all_that_waits(resume_dir: ResumeDir) -> None:
    """A drained engine leaves nothing in the queue."""
    store = FastResumeStore(resume_dir)
    for number in range(100):
        store.save(A, b"%d" % number)
        store.save(B, b"%d" % number)
    store.close()
    assert resume_dir.fastresume(A).read_bytes() == resume_dir.fastresume(B).read_bytes() == seal(b"99")


def test_resume_data_that_could_not_be_moved_is_read_where_it_lay(
    store: FastResumeStore, resume_dir: ResumeDir
) -> None:
    """Until it is saved again; then the new file counts."""
    resume_dir.old_fastresume(A).write_bytes(seal(b"old place"))
    found = store.load(A)
    assert found is not None
    assert found.blob == b"old place"
    store.save(A, b"new place")
    outcomes(store)
    found = store.load(A)
    assert found is not None
    assert found.blob == b"new place"


def test_a_directory_out_of_the_sandboxs_reach_says_nothing_of_its_files(resume_dir: ResumeDir) -> None:
    """Unreadable files there are not damaged, and missing ones not lost: the next engine reads them."""
    own = str(resume_dir.fastresume_dir)
    place = place_at(own)
    assert place is not None
    store = FastResumeStore(resume_dir, {own: place})
    assert store.load(A) is None
    resume_dir.fastresume(A).write_bytes(b"damaged")
    with pytest.raises(Damaged):
        store.load(A)
    resume_dir.fastresume_dir.rename(resume_dir.root / "elsewhere")
    resume_dir.make_engine_dir()
    resume_dir.fastresume(A).write_bytes(b"unreadable")
    resume_dir.metainfo(A).mkdir()
    for act in (lambda: store.load(A), lambda: store.load(B), lambda: store.load_metainfo(A, None)):
        with pytest.raises(OSError, match="sandbox does not reach it"):
            act()
    store.close()
