import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from supervisor import runtime_dir


def mode(path: Path) -> int:
    """The permission bits."""
    return stat.S_IMODE(path.stat().st_mode)


@pytest.fixture(autouse=True)
def open_umask() -> Iterator[None]:
    """Nothing is owed to the umask that tests happen to have."""
    before = os.umask(0)
    yield
    os.umask(before)


def test_it_is_made_for_the_user_and_the_group(tmp_path: Path) -> None:
    """With what is above it."""
    directory = tmp_path / "a" / "run"
    runtime_dir.prepare(directory)
    assert mode(directory) == 0o750


@pytest.mark.parametrize(("there", "then"), [(0o755, 0o750), (0o750, 0o750), (0o700, 0o700), (0o705, 0o700)])
def test_one_that_is_there_gets_narrower_only(tmp_path: Path, there: int, then: int) -> None:
    """Others could look at it; they could do nothing in it."""
    directory = tmp_path / "run"
    directory.mkdir(mode=there)
    runtime_dir.prepare(directory)
    assert mode(directory) == then


@pytest.mark.parametrize("there", [0o777, 0o770, 0o1777, 0o702])
def test_one_that_others_could_write_to_is_refused(tmp_path: Path, there: int) -> None:
    """What is in it may be theirs."""
    directory = tmp_path / "run"
    directory.mkdir()
    directory.chmod(there)
    with pytest.raises(PermissionError, match=r"others can write to it") as caught:
        runtime_dir.prepare(directory)
    assert caught.value.filename == str(directory)
    assert mode(directory) == there


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a directory away")
def test_one_of_somebody_else_is_refused(tmp_path: Path) -> None:
    """Root must not put its sockets where another can replace them."""
    directory = tmp_path / "run"
    directory.mkdir(mode=0o750)
    os.chown(directory, 65534, 65534)
    with pytest.raises(PermissionError, match=r"belongs to uid 65534"):
        runtime_dir.prepare(directory)


def test_a_file_in_its_place_is_an_error(tmp_path: Path) -> None:
    """As with any directory that cannot be made."""
    (tmp_path / "run").touch()
    with pytest.raises(OSError, match=r"exists|directory"):
        runtime_dir.prepare(tmp_path / "run")
