import errno
import os
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.durable import durable
from protocol.durable.durable import Change, Done, DurableWriter, Unsettled

Outcomes = list[OSError | None]


@pytest.fixture
def writer() -> Iterator[DurableWriter]:
    """A writer that is closed at the end of the test."""
    writer = DurableWriter("durable-test")
    yield writer
    writer.close()


@pytest.fixture
def synced(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """The synced directories, in order; syncing is real."""
    directories: list[Path] = []
    sync = durable.fsync_dir

    def observe(directory: Path) -> None:
        directories.append(directory)
        sync(directory)

    monkeypatch.setattr(durable, "fsync_dir", observe)
    return directories


def outcomes(writer: DurableWriter, *transactions: list[Change]) -> Outcomes:
    """Submits transactions and closes the writer. Returns their outcomes."""
    found: Outcomes = []
    for transaction in transactions:
        writer.submit(transaction, found.append)
    writer.close()
    return found


def as_one_group(writer: DurableWriter, submit: Callable[[], None]) -> None:
    """Blocks the writer until everything is submitted, so that it is one group; then closes it."""
    busy, go_on = threading.Event(), threading.Event()

    def hold(_: OSError | None) -> None:
        busy.set()
        go_on.wait()

    writer.submit([], hold)
    busy.wait()
    submit()
    go_on.set()
    writer.close()


def test_a_write_replaces_the_content(tmp_path: Path, synced: list[Path]) -> None:
    """New and existing files alike; no temporary file stays, and the directory is synced."""
    file = tmp_path / "file"
    durable.write(file, b"one")
    durable.write(file, b"two")
    assert file.read_bytes() == b"two"
    assert list(tmp_path.iterdir()) == [file]
    assert synced == [tmp_path, tmp_path]


def test_the_content_is_synced_before_it_is_published(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Otherwise a power cut could leave the new name without content."""
    steps: list[str] = []
    fsync, replace = os.fsync, os.replace

    def observe_fsync(fd: int) -> None:
        steps.append("fsync")
        fsync(fd)

    def observe_replace(source: Path, target: Path) -> None:
        steps.append("replace")
        replace(source, target)

    monkeypatch.setattr(os, "fsync", observe_fsync)
    monkeypatch.setattr(os, "replace", observe_replace)
    durable.write(tmp_path / "file", b"new")
    assert steps == ["fsync", "replace", "fsync"]


@pytest.mark.parametrize("by", ["write", "writer"])
def test_a_failed_stage_leaves_no_trace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, by: str) -> None:
    """On a full disk the old content stays, the temporary file is removed, and the caller gets the error."""
    file = tmp_path / "file"
    file.write_bytes(b"old")

    def full(fd: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    if by == "write":
        with pytest.raises(OSError, match="No space left"):
            durable.write(file, b"new")
    else:
        (error,) = outcomes(DurableWriter("durable-test"), [Change(file, b"new")])
        assert error is not None
        assert error.errno == errno.ENOSPC
    assert file.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [file]


def test_a_transaction_that_cannot_be_staged_changes_nothing(tmp_path: Path, writer: DurableWriter) -> None:
    """Neither the write before nor the deletion after the failing change is carried out."""
    first, last = tmp_path / "first", tmp_path / "last"
    first.write_bytes(b"old")
    last.write_bytes(b"old")
    (error,) = outcomes(
        writer, [Change(first, b"new"), Change(tmp_path / "missing" / "file", b"new"), Change(last, None)]
    )
    assert isinstance(error, FileNotFoundError)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == {"first": b"old", "last": b"old"}


def test_a_failed_transaction_does_not_concern_the_next(tmp_path: Path, writer: DurableWriter) -> None:
    """Each transaction of a group has its own outcome."""
    found: Outcomes = []

    def submit() -> None:
        writer.submit([Change(tmp_path / "missing" / "file", b"")], found.append)
        writer.submit([Change(tmp_path / "file", b"new")], found.append)

    as_one_group(writer, submit)
    assert isinstance(found[0], FileNotFoundError)
    assert found[1:] == [None]
    assert (tmp_path / "file").read_bytes() == b"new"


def test_a_failure_that_cannot_be_tidied_up_is_told_too(tmp_path: Path, writer: DurableWriter) -> None:
    """A temporary file that can neither be written nor removed fails its transaction, and the writer goes on."""
    (tmp_path / "file.tmp").mkdir()
    first, second = outcomes(writer, [Change(tmp_path / "file", b"new")], [Change(tmp_path / "other", b"new")])
    assert isinstance(first, OSError)
    assert second is None


def test_what_is_submitted_after_the_end_fails_instead_of_waiting_for_ever(tmp_path: Path) -> None:
    """The last step of a removal may be submitted when the service closes the writer."""
    writer = DurableWriter("durable-test")
    writer.close()
    ended: list[OSError | None] = []
    writer.submit([Change(tmp_path / "a", b"new")], ended.append)
    assert [error and error.errno for error in ended] == [errno.ECANCELED]
    assert list(tmp_path.iterdir()) == []


def test_deleting_what_is_not_there_is_done(tmp_path: Path, writer: DurableWriter) -> None:
    """A deletion can be repeated."""
    file = tmp_path / "file"
    file.write_bytes(b"old")
    assert outcomes(writer, [Change(file, None)], [Change(file, None)]) == [None, None]
    assert not file.exists()


def test_a_file_written_twice_in_a_group_has_the_last_content(tmp_path: Path, writer: DurableWriter) -> None:
    """Changes of a group are published and reported in the order of submission."""
    file = tmp_path / "file"
    told: list[int] = []

    def tell(number: int) -> Done:
        return lambda _: told.append(number)

    def submit() -> None:
        for number in range(10):
            writer.submit([Change(file, b"%d" % number)], tell(number))

    as_one_group(writer, submit)
    assert file.read_bytes() == b"9"
    assert told == list(range(10))


def test_a_group_syncs_each_directory_once(tmp_path: Path, writer: DurableWriter, synced: list[Path]) -> None:
    """A hundred queued transactions cost one sync of the directory, and are reported after it."""
    found: Outcomes = []
    syncs_when_told: list[int] = []

    def told(outcome: OSError | None) -> None:
        found.append(outcome)
        syncs_when_told.append(len(synced))

    def submit() -> None:
        for number in range(100):
            writer.submit([Change(tmp_path / f"file{number}", b"new")], told)

    as_one_group(writer, submit)
    assert synced == [tmp_path]
    assert found == [None] * 100
    assert syncs_when_told == [1] * 100
    assert len(list(tmp_path.iterdir())) == 100


def test_a_group_is_written_before_it_is_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """All files are synced before the first is published, so that a file system can commit once for all."""
    steps: list[str] = []

    def observe(name: str) -> None:
        real = getattr(os, name)

        def noted(*args: Any) -> Any:
            steps.append(name)
            return real(*args)

        monkeypatch.setattr(os, name, noted)

    for name in ("write", "fsync", "replace"):
        observe(name)
    durable.commit([[Change(tmp_path / f"file{number}", b"new")] for number in range(3)])
    assert steps == ["write"] * 3 + ["fsync"] * 3 + ["replace"] * 3 + ["fsync"]


def test_a_file_that_cannot_be_synced_fails_its_own_transaction_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its other file is not published either; other transactions are."""
    fsync = os.fsync

    def broken(fd: int) -> None:
        if Path(f"/proc/self/fd/{fd}").readlink().name.startswith("bad"):
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        fsync(fd)

    monkeypatch.setattr(os, "fsync", broken)
    first, second, third = durable.commit(
        [
            [Change(tmp_path / "one", b"1")],
            [Change(tmp_path / "two", b"2"), Change(tmp_path / "bad", b"2")],
            [Change(tmp_path / "three", b"3")],
        ]
    )
    assert (first, third) == (None, None)
    assert second is not None
    assert second.errno == errno.EIO
    assert sorted(path.name for path in tmp_path.iterdir()) == ["one", "three"]


_NAMES = st.sampled_from(["a", "b", "c", "missing/d"])
_CHANGES = st.tuples(_NAMES, st.none() | st.binary(max_size=3))
_GROUPS = st.lists(st.lists(st.lists(_CHANGES, max_size=3, unique_by=lambda change: change[0]), max_size=5), max_size=4)


@given(_GROUPS)
def test_groups_are_what_one_after_the_other_would_be(groups: list[list[list[tuple[str, bytes | None]]]]) -> None:
    """For any writes and deletions; a file that cannot be written changes nothing.

    Deleting where there is no directory fails too, for nobody can say that it is durable.
    """
    with tempfile.TemporaryDirectory() as directory:
        root, model = Path(directory), dict[str, bytes]()
        for group in groups:
            failures = durable.commit([[Change(root / name, content) for name, content in each] for each in group])
            for each, failure in zip(group, failures, strict=True):
                assert (failure is not None) == any(name.startswith("missing") for name, _ in each)
                if ("missing/d", None) not in each and failure is not None:
                    continue
                for name, content in each:
                    if content is None:
                        model.pop(name, None)
                    else:
                        model[name] = content
            assert {path.name: path.read_bytes() for path in root.iterdir()} == model


def test_how_long_something_waits_can_be_seen(tmp_path: Path, writer: DurableWriter) -> None:
    """Since its submission; without a pending transaction there is no value."""
    before = time.monotonic()
    assert writer.waiting_since() is None
    seen: list[float | None] = []

    def submit() -> None:
        writer.submit([Change(tmp_path / "file", b"new")], lambda _: seen.append(writer.waiting_since()))

    as_one_group(writer, submit)
    assert seen[0] is not None
    assert before <= seen[0] <= time.monotonic()
    assert writer.waiting_since() is None


def test_a_directory_that_cannot_be_synced_is_told(
    tmp_path: Path, writer: DurableWriter, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A change that may not survive a power cut is reported neither as durable nor as not made."""
    problem = OSError(errno.EIO, os.strerror(errno.EIO))

    def broken(directory: Path) -> None:
        raise problem

    monkeypatch.setattr(durable, "fsync_dir", broken)
    [error] = outcomes(writer, [Change(tmp_path / "file", b"new")])
    assert isinstance(error, Unsettled)
    assert error.__cause__ is problem
    assert error.errno == errno.EIO


def test_a_directory_that_is_another_one_afterwards_leaves_it_open(tmp_path: Path) -> None:
    """The changes may be in the intended directory, and become visible again."""
    answers: list[OSError | None] = [None, OSError(errno.ESTALE, "another one"), OSError(errno.ESTALE, "another one")]

    def check() -> None:
        if (error := answers.pop(0)) is not None:
            raise error

    found: Outcomes = []
    for name in ("file", "other"):
        writer = DurableWriter("durable-test", check)
        writer.submit([Change(tmp_path / name, b"new")], found.append)
        writer.close()
    assert [isinstance(error, Unsettled) for error in found] == [True, False]
    assert not (tmp_path / "other").exists()


def test_closing_waits_for_everything(tmp_path: Path, writer: DurableWriter) -> None:
    """More transactions than fit into one group are on disk and reported when close returns."""
    count = 1500
    assert outcomes(writer, *([Change(tmp_path / f"file{n % 50}", b"%d" % n)] for n in range(count))) == [None] * count
    assert (tmp_path / "file49").read_bytes() == b"1499"
    assert len(list(tmp_path.iterdir())) == 50


def test_a_pipe_in_the_place_of_a_temporary_file_is_not_waited_for(tmp_path: Path) -> None:
    """It is an error, and is removed before the next write."""
    path = tmp_path / "a"
    os.mkfifo(f"{path}.tmp")
    with pytest.raises(OSError, match="No such device"):
        durable.write(path, b"content")
    durable.write(path, b"content")
    assert path.read_bytes() == b"content"
