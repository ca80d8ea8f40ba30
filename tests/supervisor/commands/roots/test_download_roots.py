import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from protocol.internal.bounds import Bounds
from protocol.wire.errors import ErrorKind, OuzelError
from supervisor.commands.roots.download_roots import DownloadRoots


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """Two roots and a directory outside, with links that lead in and out."""
    for name in ("one/sub", "two", "outside", "onerous"):
        (tmp_path / name).mkdir(parents=True)
    (tmp_path / "one" / "out").symlink_to(tmp_path / "outside")
    (tmp_path / "one" / "back").symlink_to("..")
    (tmp_path / "one" / "loop").symlink_to("loop")
    (tmp_path / "outside" / "in").symlink_to(tmp_path / "two")
    return tmp_path


def roots(place: Path) -> DownloadRoots:
    """The two roots."""
    return DownloadRoots([place / "one", place / "two"])


@pytest.mark.parametrize(
    ("path", "resolved"),
    [
        ("one", "one"),
        ("one/", "one"),
        ("two", "two"),
        ("one/sub", "one/sub"),
        ("one/not/there/yet", "one/not/there/yet"),
        ("one/sub/../sub/.", "one/sub"),
        ("one/../two/x", "two/x"),
        ("outside/in/x", "two/x"),
        ("one/ünï \n", "one/ünï \n"),
    ],
)
def test_a_path_in_a_root_is_resolved(place: Path, path: str, resolved: str) -> None:
    """The root itself, and paths below it, existing or not, however they are named."""
    assert roots(place).confine(f"{place}/{path}", "args.save_path") == f"{place}/{resolved}"


@pytest.mark.parametrize(
    "path",
    [
        "",
        "/",
        "one",
        "./one",
        "~/x",
        "{place}",
        "{place}/outside",
        "{place}/onerous",
        "{place}/one/..",
        "{place}/one/../outside",
        "{place}/one/out",
        "{place}/one/out/x",
        "{place}/one/sub/../out/../x",
        "{place}/one/back/outside",
        "{place}/one/not-there/../../outside",
        "{place}/one/loop",
        "{place}/one/loop/x",
        "{place}/one/loop/../out",
        "{place}/one/loop/../out/x",
        "{place}/one/\0",
        "\0",
        "{place}/one\0/../outside",
    ],
)
def test_a_path_elsewhere_is_refused_by_name(place: Path, path: str) -> None:
    """Outside, relative, through a link outside, in a loop of links, or with a NUL: PATH_NOT_ALLOWED and the field."""
    with pytest.raises(OuzelError) as refused:
        roots(place).confine(path.format(place=place), "args.save_path")
    assert (refused.value.kind, refused.value.field) == (ErrorKind.PATH_NOT_ALLOWED, "args.save_path")
    assert "args.save_path" in refused.value.message


def test_nobody_says_otherwise(place: Path) -> None:
    """Without a path it is the first root, with links in the root resolved."""
    (place / "link").symlink_to("two")
    assert roots(place).confine(None, "args.save_path") == str(place / "one")
    assert DownloadRoots([place / "link"]).confine(None, "args.save_path") == str(place / "two")
    assert DownloadRoots([place / "link"]).confine(f"{place}/link/x", "f") == str(place / "two" / "x")


def test_ouzels_own_directories_are_no_place_for_payload(place: Path) -> None:
    """Even inside a root, however they are named; a root inside one of them is still a root."""
    (place / "one" / "to_sub").symlink_to("sub")
    confined = DownloadRoots([place / "one", place / "one/sub/payload"], reserved=[place / "one" / "to_sub"])
    for path in ("one/sub", "one/sub/x", "one/to_sub/x"):
        with pytest.raises(OuzelError):
            confined.confine(f"{place}/{path}", "f")
    assert confined.confine(f"{place}/one/to_sub/payload/x", "f") == f"{place}/one/sub/payload/x"


def test_the_engine_is_told_of_the_roots_resolved(place: Path) -> None:
    """As they were when the supervisor started. A path that cannot be sent is no root."""
    (place / "link").symlink_to("two")
    (place / "odd").symlink_to("\udcff")
    confined = DownloadRoots([place / "link", place / "odd"], reserved=[place / "one" / "sub"])
    assert confined.bounds == Bounds([f"{place}/two"], [f"{place}/one/sub"])
    with pytest.raises(OuzelError, match="not UTF-8"):
        confined.confine(f"{place}/odd/x", "f")
    with pytest.raises(OuzelError, match="not UTF-8"):
        DownloadRoots([place / "odd"]).confine(None, "f")


segments = st.sampled_from(
    ["one", "two", "outside", "onerous", "sub", "out", "back", "in", "loop", "..", ".", "new", ""]
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(segments, max_size=8))
def test_no_way_leads_out(place: Path, way: list[str]) -> None:
    """Every allowed path is inside a root, has no link, and is allowed again."""
    confined = roots(place)
    try:
        path = confined.confine("/".join([str(place), *way]), "f")
    except OuzelError as error:
        assert error.kind is ErrorKind.PATH_NOT_ALLOWED
        return
    real = os.path.realpath(path)
    assert real == path
    assert Path(real).is_relative_to(place / "one") or Path(real).is_relative_to(place / "two")
    assert confined.confine(path, "f") == path


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text(max_size=300))
def test_any_text_is_answered(place: Path, text: str) -> None:
    """Allowed or refused, nothing else; below a root or by itself."""
    for path in (text, f"{place}/one/{text}"):
        try:
            assert roots(place).confine(path, "f").startswith((str(place / "one"), str(place / "two")))
        except OuzelError as error:
            assert error.kind is ErrorKind.PATH_NOT_ALLOWED
