import os
import shutil
import tempfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine_proc.storage.confinement import Escape, Judge, Kind
from engine_proc.storage.storage_watch import RealDisk
from protocol.host.real_path import real_path
from protocol.internal.bounds import Bounds


class CountingDisk(RealDisk):
    """The real disk, with a counter of accesses for each path."""

    def __init__(self) -> None:
        self.asked: Counter[str] = Counter()

    def kind(self, path: str) -> Kind:
        self.asked[path] += 1
        return super().kind(path)


@pytest.fixture
def place() -> Iterator[Path]:
    """Two roots with a reserved directory in the first, a directory outside, and links between them."""
    place = Path(tempfile.mkdtemp(prefix="ouzel-")).resolve()
    for name in ("one/sub", "one/own", "two", "outside"):
        (place / name).mkdir(parents=True)
    (place / "one/file").touch()
    for name, target in {
        "one/out": f"{place}/outside",
        "one/up": "..",
        "one/other": "../two",
        "one/to_own": "own",
        "one/loop": "loop",
        "one/sub/dangling": "../../outside/new",
        "one/sub/within": "../new",
        "outside/in": f"{place}/two",
        "two/file_out": "../outside/file",
        "root": "one",
    }.items():
        (place / name).symlink_to(target)
    yield place
    shutil.rmtree(place)


def bounds(place: Path) -> Bounds:
    """The bounds of that place."""
    return Bounds([f"{place}/one", f"{place}/two"], [f"{place}/one/own"])


def judge(place: Path) -> Judge:
    """A judge for that place, with the real disk."""
    return Judge(bounds(place), RealDisk())


@pytest.mark.parametrize(
    ("path", "leads_to"),
    [
        ("outside/x", "outside/x"),
        ("one/out/x", "outside/x"),
        ("one/out", "outside"),
        ("one/up/outside/x", "outside/x"),
        ("one/sub/../../outside", "outside"),
        ("one/not/there/../../../outside", "outside"),
        ("one/sub/dangling", "outside/new"),
        ("one/sub/dangling/x", "outside/new/x"),
        ("two/file_out", "outside/file"),
        ("one/own/x", "one/own/x"),
        ("one/to_own/new/x", "one/own/new/x"),
        ("one/other/../one/out/../x", "x"),
    ],
)
def test_a_path_that_leads_out_is_told_with_where_to(place: Path, path: str, leads_to: str) -> None:
    """The result has the target: through links anywhere in the path, by `..`, or into a reserved directory."""
    escape = judge(place).escape([f"{place}/one/file", f"{place}/{path}"])
    assert escape == Escape(f"{place}/{path}", f"{place}/{leads_to}")
    assert path in str(escape)
    assert leads_to in str(escape)


@pytest.mark.parametrize(
    "path",
    [
        "one/x",
        "one/file",
        "one/file/x",
        "one/new/deep/x",
        "one/other/x",
        "one/out/in/x",
        "one/sub/within/x",
        "root/x",
        "one/sub/../x",
        "one/own/../x",
        "one/ownership",
    ],
)
def test_a_path_that_stays_in_the_roots_is_fine_whatever_its_way(place: Path, path: str) -> None:
    """From one root into the other, out and in again, through a file (which cannot be opened), or to a missing file."""
    assert judge(place).escape([f"{place}/{path}"]) is None


@pytest.mark.parametrize("path", ["", "one/x", "../x", "/srv/\0", "\0"])
def test_what_is_no_path_leads_nowhere(path: str) -> None:
    """A relative path, or one with a NUL, at which libtorrent would cut it."""
    escape = Judge(Bounds(["/"]), RealDisk()).escape([path])
    assert escape == Escape(path, None)
    assert "nowhere" in str(escape)


def test_each_name_is_looked_at_once(place: Path) -> None:
    """However many files are below it. Nothing is accessed below a missing directory."""
    disk = CountingDisk()
    folder = f"{place}/one/sub"
    paths = [f"{folder}/{name}" for name in ("a", "b")] + [f"{folder}/new/{deep}/x" for deep in range(50)]
    assert Judge(bounds(place), disk).escape(paths) is None
    below = {path: count for path, count in disk.asked.items() if path.startswith(f"{folder}/")}
    assert below == {f"{folder}/a": 1, f"{folder}/b": 1, f"{folder}/new": 1}
    assert set(disk.asked.values()) == {1}


def test_depth_is_no_matter(place: Path) -> None:
    """A path may have thousands of names, as in damaged resume data."""
    deep = "/x" * 5000
    assert judge(place).escape([f"{place}/one{deep}"]) is None
    assert judge(place).escape([f"{place}/outside{deep}"]) is not None


names = st.sampled_from(
    [
        "one",
        "two",
        "outside",
        "own",
        "sub",
        "out",
        "up",
        "other",
        "to_own",
        "in",
        "dangling",
        "within",
        "new",
        "..",
        ".",
    ]
)
links = st.dictionaries(
    st.lists(names, min_size=1, max_size=3).map("/".join),
    st.lists(names, min_size=1, max_size=4).map("/".join),
    max_size=6,
)
ways = st.lists(st.lists(names, min_size=1, max_size=6).map("/".join), min_size=1, max_size=6)


@given(made=links, below=ways)
def test_what_is_allowed_is_what_the_kernel_would_open_in_the_roots(made: dict[str, str], below: list[str]) -> None:
    """With any links on the disk, including relative ones and circles, and with any names."""
    with tempfile.TemporaryDirectory(prefix="ouzel-") as directory:
        place = Path(directory).resolve()
        for name in ("one/own", "one/sub", "two", "outside"):
            (place / name).mkdir(parents=True)
        for name, target in made.items():
            if not os.path.lexists(place / name) and (place / name).parent.is_dir():
                (place / name).symlink_to(target)
        escape = judge(place).escape([f"{place}/one/{way}" for way in below])
        out = [
            Escape(f"{place}/one/{way}", end) for way in below if not allowed(place, end := walked(f"{place}/one", way))
        ]
        assert escape == (out[0] if out else None)


def walked(path: str, way: str) -> str | None:
    """The path that is reached from a directory, name by name; None if links lead in a circle."""
    for name in way.split("/"):
        try:
            path = real_path(f"{path}/{name}")
        except OSError:
            return None
    return path


def allowed(place: Path, path: str | None) -> bool:
    """Whether payload may be there."""
    return path is not None and bounds(place).allow(path)
