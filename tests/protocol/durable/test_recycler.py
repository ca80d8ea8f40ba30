import errno
import os
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.durable import durable
from protocol.durable.durable import Change
from protocol.durable.recycler import RECYCLED_MAX, REPLACED_MIN, Recycler

pytestmark = pytest.mark.slow

NAMES = ("a", "b", "c")


@pytest.fixture
def recycler(tmp_path: Path) -> Recycler:
    """A recycler of the test's directory."""
    return Recycler(tmp_path, "recycled.", ".tmp")


def write(recycler: Recycler, path: Path, content: bytes) -> OSError | None:
    """One change of one file."""
    [failure] = durable.commit([[Change(path, content)]], recycler)
    return failure


def others(path: Path) -> list[Path]:
    """The other files in the directory."""
    return sorted(each for each in path.parent.iterdir() if each != path)


def test_few_files_are_made_for_many_changes(tmp_path: Path, recycler: Recycler) -> None:
    """The same inodes are reused, and contents of any length are complete."""
    file = tmp_path / "file"
    inodes: Counter[int] = Counter()
    for number in range(100):
        content = b"%d" % number * (number * 7 % 13)
        assert write(recycler, file, content) is None
        assert file.read_bytes() == content
        inodes[file.stat().st_ino] += 1
        assert file.stat().st_nlink == 1
    assert len(inodes) == REPLACED_MIN + 1
    assert len(others(file)) == REPLACED_MIN


def test_what_was_replaced_in_vain_is_not_written_again(
    tmp_path: Path, recycler: Recycler, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While the directory cannot be synced, a power cut would bring the old file back."""
    file = tmp_path / "file"
    for number in range(2 * REPLACED_MIN):
        write(recycler, file, b"%d" % number)

    def broken(directory: Path) -> None:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    with monkeypatch.context() as patch, file.open("rb") as durably:
        patch.setattr(durable, "fsync_dir", broken)
        for number in range(3 * REPLACED_MIN):
            assert write(recycler, file, b"%d in vain" % number) is not None
        assert durably.read() == b"%d" % (2 * REPLACED_MIN - 1)


def test_who_has_a_file_open_has_time_to_read_it(tmp_path: Path, recycler: Recycler) -> None:
    """Its content stays until as many others were replaced as are kept."""
    file = tmp_path / "file"
    for number in range(5 * REPLACED_MIN):
        write(recycler, file, b"%d" % number)
        fd = os.open(file, os.O_RDONLY)
        for later in range(REPLACED_MIN):
            write(recycler, file, b"%d later" % later)
            assert os.pread(fd, 100, 0) == b"%d" % number
        os.close(fd)


def test_no_more_are_kept_than_a_few(tmp_path: Path, recycler: Recycler) -> None:
    """A group that replaces more of them deletes the rest."""
    for content in (b"old", b"new"):
        durable.commit([[Change(tmp_path / f"file{number}", content)] for number in range(2 * RECYCLED_MAX)], recycler)
    assert len([path for path in tmp_path.iterdir() if path.suffix == ".tmp"]) == RECYCLED_MAX
    assert {path.read_bytes() for path in tmp_path.glob("file*")} == {b"new"}
    recycler.clear()
    assert not list(tmp_path.glob("*.tmp"))


def test_a_large_group_reuses_the_files_of_the_one_before(tmp_path: Path, recycler: Recycler) -> None:
    """Deleting them and making others would take longer than all else on a busy disk."""

    def inodes() -> set[int]:
        return {path.stat().st_ino for path in tmp_path.iterdir()}

    for content in (b"one", b"two", b"three"):
        durable.commit([[Change(tmp_path / f"file{number}", content)] for number in range(100)], recycler)
    before = inodes()
    for content in (b"four", b"five"):
        durable.commit([[Change(tmp_path / f"file{number}", content)] for number in range(100)], recycler)
        assert {path.read_bytes() for path in tmp_path.glob("file*")} == {content}
    assert len(inodes() - before) < 2 * REPLACED_MIN


def test_a_file_that_has_another_name_is_not_written_again(tmp_path: Path, recycler: Recycler) -> None:
    """For example in a backup of hard links: of the file, or of a kept one."""
    file, early, late = tmp_path / "file", tmp_path / "early", tmp_path / "late"
    write(recycler, file, b"one")
    os.link(file, early)
    write(recycler, file, b"two")
    write(recycler, file, b"three")
    [kept] = tmp_path.glob("*.tmp")
    os.link(kept, late)
    for number in range(3 * REPLACED_MIN):
        assert write(recycler, file, b"%d" % number) is None
        assert (early.read_bytes(), late.read_bytes(), file.read_bytes()) == (b"one", b"two", b"%d" % number)


def fifo(path: Path) -> None:
    """A FIFO, which blocks on open."""
    os.mkfifo(path, 0o600)


def link_elsewhere(path: Path) -> None:
    """A link to a file that looks like one of ours."""
    target = path.parent / "elsewhere"
    target.write_bytes(b"mine")
    target.chmod(0o600)
    path.symlink_to(target)


def readable(path: Path) -> None:
    """A mode as an editor may leave it."""
    path.write_bytes(b"old")
    path.chmod(0o644)


@pytest.mark.parametrize("make", [fifo, link_elsewhere, readable])
def test_what_is_no_file_of_ours_is_replaced_and_not_kept(
    tmp_path: Path, recycler: Recycler, make: Callable[[Path], None]
) -> None:
    """Records must not get its type, mode or owner."""
    file = tmp_path / "file"
    make(file)
    before = others(file)
    for number in range(3 * REPLACED_MIN):
        assert write(recycler, file, b"%d" % number) is None
        assert file.read_bytes() == b"%d" % number
        assert file.stat().st_mode & 0o777 == 0o600
        assert not file.is_symlink()
    kept = [path for path in others(file) if path not in before]
    assert len(kept) == REPLACED_MIN
    assert all(path.is_file() and path.stat().st_mode & 0o777 == 0o600 for path in kept)
    assert all(path.read_bytes() == b"mine" for path in before)


def test_what_is_deleted_is_not_kept_in_an_earlier_version(tmp_path: Path, recycler: Recycler) -> None:
    """Nothing remains of a removed torrent."""
    file = tmp_path / "file"
    for content in (b"one", b"two"):
        write(recycler, file, content)
    durable.commit([[Change(file, None)]], recycler)
    assert not list(tmp_path.iterdir())


def test_a_directory_that_was_replaced_has_no_files_to_recycle(tmp_path: Path) -> None:
    """New files are made then, and kept from then on."""
    directory = tmp_path / "d"
    directory.mkdir()
    recycler = Recycler(directory, "recycled.", ".tmp")
    file = directory / "file"
    for number in range(2 * REPLACED_MIN):
        write(recycler, file, b"%d before" % number)
    last = file.read_bytes()
    directory.rename(tmp_path / "before")
    directory.mkdir()
    for number in range(3 * REPLACED_MIN):
        assert write(recycler, file, b"%d" % number) is None
        assert file.read_bytes() == b"%d" % number
    assert (tmp_path / "before" / "file").read_bytes() == last


def test_a_name_that_is_taken_is_passed_over(tmp_path: Path, recycler: Recycler) -> None:
    """That file is not ours to overwrite."""
    file = tmp_path / "file"
    for number in range(3):
        (tmp_path / f"recycled.{number}.tmp").mkdir()
    inodes = set()
    for number in range(4 * REPLACED_MIN):
        assert write(recycler, file, b"%d" % number) is None
        assert file.read_bytes() == b"%d" % number
        inodes.add(file.stat().st_ino)
    assert len(inodes) < 2 * REPLACED_MIN


def test_another_directory_is_left_alone(tmp_path: Path, recycler: Recycler) -> None:
    """A rename between directories would not be durable."""
    other = tmp_path / "other"
    other.mkdir()
    for _ in range(2 * REPLACED_MIN):
        write(recycler, tmp_path / "file", b"new")
    for number in range(3 * REPLACED_MIN):
        assert write(recycler, other / "file", b"%d" % number) is None
        assert (other / "file").read_bytes() == b"%d" % number
    assert [path.name for path in other.iterdir()] == ["file"]
    assert len(list(tmp_path.glob("*.tmp"))) == REPLACED_MIN


@contextmanager
def failing(module: Any, name: str, at: int) -> Iterator[None]:
    """The call with this number fails, from 0."""
    real = getattr(module, name)
    calls = 0

    def call(*args: Any, **kwargs: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls == at + 1:
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        return real(*args, **kwargs)

    setattr(module, name, call)
    try:
        yield
    finally:
        setattr(module, name, real)


_FAILURES = st.sampled_from(
    [
        *[(os, name) for name in ("open", "write", "ftruncate", "fsync", "link", "replace", "lstat", "unlink")],
        (durable, "fsync_dir"),
    ]
)
_STEPS = st.lists(
    st.tuples(
        st.lists(st.tuples(st.sampled_from(NAMES), st.binary(max_size=9)), min_size=1, max_size=3),
        st.none() | st.tuples(_FAILURES, st.integers(0, 4)),
    ),
    max_size=15,
)


def test_what_cannot_be_opened_is_not_forgotten(tmp_path: Path, recycler: Recycler) -> None:
    """For example without descriptors: otherwise a torrent that is removed later would leave an old version."""
    file = tmp_path / "file"
    for number in range(2 * REPLACED_MIN):
        write(recycler, file, b"%d" % number)
    with failing(os, "open", 0):
        assert write(recycler, file, b"last") is None
    recycler.clear()
    assert others(file) == []
    assert file.read_bytes() == b"last"


@given(_STEPS)
def test_whatever_fails_every_file_is_one_that_was_written(
    steps: list[tuple[list[tuple[str, bytes]], tuple[tuple[Any, str], int] | None]],
) -> None:
    """Also in a copy as of a power cut before the last sync, whose inodes stay."""
    with tempfile.TemporaryDirectory() as directory:
        root = Path(directory)
        recycler = Recycler(root, "recycled.", ".tmp")
        for _ in range(REPLACED_MIN + 1):
            write(recycler, root / NAMES[0], b"first")
        durably = {NAMES[0]: b"first"}
        for changes, failure in steps:
            group = [[Change(root / name, content)] for name, content in changes]
            before = dict(durably)
            held = {name: os.open(root / name, os.O_RDONLY) for name in before}
            try:
                if failure is None:
                    outcomes = durable.commit(group, recycler)
                else:
                    (module, function), at = failure
                    with failing(module, function, at):
                        outcomes = durable.commit(group, recycler)
                for name, fd in held.items():  # what a power cut before the last sync would bring back
                    assert os.pread(fd, 100, 0) == before[name]
            finally:
                for fd in held.values():
                    os.close(fd)
            allowed = {name: {content} for name, content in before.items()}
            for (name, content), outcome in zip(changes, outcomes, strict=True):
                if outcome is None:
                    allowed[name] = {content}
                else:
                    allowed.setdefault(name, set()).add(content)
            for name in NAMES:
                path = root / name
                if path.exists():
                    assert path.read_bytes() in allowed[name]
                    assert path.stat().st_nlink == 1
                    durably[name] = path.read_bytes()
                else:
                    assert name not in durably
