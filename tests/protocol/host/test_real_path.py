"""Where paths lead, on a real disk."""

import errno
import os
import tempfile
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from protocol.host.real_path import real_path

CIRCLES = {"a/circle": "circle", "a/out": "../b", "a/hidden": "circle/../out"}

names = st.sampled_from(["a", "b", "circle", "out", "hidden", "new", "..", "."])
ways = st.lists(names, min_size=1, max_size=6).map("/".join)


def make(place: Path, links: dict[str, str]) -> None:
    """Two directories, and links at every possible place."""
    for name in ("a", "b"):
        (place / name).mkdir()
    for name, target in links.items():
        if not os.path.lexists(place / name) and (place / name).parent.is_dir():
            (place / name).symlink_to(target)


@pytest.mark.parametrize(("path", "resolved"), [("a/out/x", "b/x"), ("a/new/../out", "b"), ("a/x/y", "a/x/y")])
def test_links_are_resolved_in_what_is_there_and_what_is_not(tmp_path: Path, path: str, resolved: str) -> None:
    """Anywhere in the path."""
    make(tmp_path, CIRCLES)
    assert real_path(f"{tmp_path}/{path}") == f"{tmp_path}/{resolved}"


def test_what_cannot_be_looked_at_is_no_link(tmp_path: Path) -> None:
    """For example a name that is too long; opening it will fail."""
    assert real_path(f"{tmp_path}/{'x' * 300}/y") == f"{tmp_path}/{'x' * 300}/y"


@pytest.mark.parametrize(
    "path", ["a/circle", "a/circle/x", "a/circle/../out", "a/circle/../out/x", "a/hidden", "a/hidden/x"]
)
def test_what_comes_after_a_circle_is_not_taken_as_it_stands(tmp_path: Path, path: str) -> None:
    """A link there would lead on."""
    make(tmp_path, CIRCLES)
    with pytest.raises(OSError, match="symbolic links") as raised:
        real_path(f"{tmp_path}/{path}")
    assert raised.value.errno == errno.ELOOP


@given(links=st.dictionaries(ways, ways, max_size=6), way=ways)
@example(links=CIRCLES, way="a/circle/../out")
def test_what_is_told_has_no_link_in_it_and_is_where_the_kernel_goes(links: dict[str, str], way: str) -> None:
    """Otherwise it leads in a circle, which the kernel does not open."""
    with tempfile.TemporaryDirectory(prefix="ouzel-") as directory:
        place = Path(directory).resolve()
        make(place, links)
        path = f"{place}/{way}"
        try:
            resolved = real_path(path)
        except OSError as error:
            assert error.errno == errno.ELOOP
            assert not Path(path).exists()
            return
        parts = Path(resolved).parts
        assert not any(Path(*parts[:end]).is_symlink() for end in range(1, len(parts) + 1))
        if Path(path).exists():
            assert Path(path).samefile(resolved)
