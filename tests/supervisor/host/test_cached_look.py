import os
import shutil
import time
from pathlib import Path

import pytest

from supervisor.host.cached_look import Sight, check_cached


def now() -> float:
    """A time since which nothing has changed."""
    return time.time() + 60


def lately() -> float:
    """A time since which all of a test's files have changed."""
    return time.time() - 60


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A file of ten bytes in its own directory, in the kernel's cache."""
    directory = tmp_path / "directory"
    directory.mkdir()
    made = directory / "file"
    made.write_bytes(b"0123456789")
    if check_cached(str(made), 10, now()) is Sight.UNKNOWN:
        pytest.skip("the kernel is older than Linux 5.12, or the file system answers nothing from memory")
    return made


def test_what_is_in_memory_is_seen(file: Path) -> None:
    """The result says whether the file has the right length."""
    assert check_cached(str(file), 10, now()) is Sight.THERE
    assert check_cached(str(file), 11, now()) is Sight.GONE
    assert check_cached(str(file.parent), 0, now()) is Sight.GONE
    os.truncate(file, 9)
    assert check_cached(str(file), 10, now()) is Sight.GONE


@pytest.mark.parametrize("opened", [False, True])
@pytest.mark.parametrize("way", ["unlink", "rename", "rmtree", "move"])
def test_what_was_removed_is_gone_or_doubtful(file: Path, way: str, opened: bool) -> None:
    """However it was removed, also while it is open; an unknown name has no result."""
    holder = file.open() if opened else None
    match way:
        case "unlink":
            file.unlink()
        case "rename":
            file.rename(file.with_name("other"))
        case "rmtree":
            shutil.rmtree(file.parent)
        case _:
            file.parent.rename(file.parent.with_name("elsewhere"))
    assert check_cached(str(file), 10, lately()) in (Sight.GONE, Sight.DOUBTFUL)
    if holder is not None:
        holder.close()


def test_of_what_nobody_has_changed_nothing_is_known(file: Path) -> None:
    """The disk is not accessed."""
    assert check_cached(str(file.with_name("never")), 10, now()) is Sight.UNKNOWN


def test_odd_paths_are_no_error(tmp_path: Path) -> None:
    """Invalid UTF-8, a directory, a file in place of a directory, and the root."""
    (tmp_path / "plain").write_bytes(b"")
    assert check_cached(f"{tmp_path}/plain/below", 1, now()) in (Sight.GONE, Sight.UNKNOWN)
    assert check_cached(f"{tmp_path}/\udcff", 1, now()) is Sight.UNKNOWN
    assert check_cached("/", 0, now()) in (Sight.GONE, Sight.UNKNOWN)
