import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from supervisor.config import own_directories
from supervisor.config.config import PathsConfig


@pytest.fixture(autouse=True)
def open_umask() -> Iterator[None]:
    """A umask of 0."""
    before = os.umask(0)
    yield
    os.umask(before)


def paths(above: Path, **other: str) -> PathsConfig:
    """The default paths, with the sockets below the state directory."""
    defaults = {"state_dir": "state", "resume_dir": "state/resume", "runtime_dir": "state/run", "root": "downloads"}
    named = {key: str(above / value) for key, value in {**defaults, **other}.items()}
    return PathsConfig(download_roots=[named.pop("root")], **named)


def modes(root: Path, *names: str) -> list[str]:
    """The permissions, in octal."""
    return [f"{stat.S_IMODE((root / name).stat().st_mode):o}" for name in names]


def test_what_is_made_is_as_narrow_as_what_it_is_for(tmp_path: Path) -> None:
    """Whichever is below the other."""
    assert own_directories.prepare(paths(tmp_path / "home")) == []
    assert modes(tmp_path / "home", "state", "state/resume", "state/run", "downloads") == ["700", "700", "750", "755"]


def test_what_is_there_is_narrowed_but_for_the_way_to_a_root(tmp_path: Path) -> None:
    """Users of a download root can still reach it; the roots themselves do not change."""
    for name in ("a", "b", "b/downloads", "c"):
        (tmp_path / name).mkdir(mode=0o755)
    (tmp_path / "b" / "downloads").chmod(0o2777)
    for state in "abc":
        own_directories.prepare(paths(tmp_path, state_dir=state, root="b/downloads"))
    assert modes(tmp_path, "a", "b", "b/downloads", "c") == ["750", "751", "2777", "750"]


def test_what_is_wrong_with_one_names_it(tmp_path: Path) -> None:
    """Whichever directory it is."""
    for name in ("state", "resume", "run"):
        (tmp_path / "wrong").mkdir()
        (tmp_path / "wrong").chmod(0o777)
        (tmp_path / "wrong").rename(tmp_path / f"{name}-wrong")
        key = {"state": "state_dir", "resume": "resume_dir", "run": "runtime_dir"}[name]
        with pytest.raises(PermissionError) as caught:
            own_directories.prepare(paths(tmp_path, **{key: f"{name}-wrong"}))
        assert caught.value.filename == str(tmp_path / f"{name}-wrong")
