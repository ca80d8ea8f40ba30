"""The new paths of renamed files, and those that are refused."""

from collections.abc import Callable
from functools import partial

import pytest

from protocol.wire.errors import ErrorKind, OuzelError
from protocol.wire.events.torrent_events import FileEntry
from supervisor.commands.moves import new_paths

FILES = [FileEntry(0, "set/a", 1, 4), FileEntry(1, "set/sub/b", 1, 4), FileEntry(3, "set/sub/c", 1, 4)]


def refusal(rename: Callable[[], object]) -> OuzelError:
    """The error."""
    with pytest.raises(OuzelError) as caught:
        rename()
    return caught.value


def test_a_file() -> None:
    """Its new path; nothing if that is its path already."""
    assert new_paths.of_file(FILES, 3, "elsewhere/x", "/srv") == {3: "elsewhere/x"}
    assert new_paths.of_file(FILES, 3, "set/sub/c", "/srv") == {}


def test_a_folder() -> None:
    """All files in it, at any depth; also into a folder that exists."""
    assert new_paths.of_folder(FILES, "set", "x/y", "/srv") == {0: "x/y/a", 1: "x/y/sub/b", 3: "x/y/sub/c"}
    assert new_paths.of_folder(FILES, "set/sub", "set", "/srv") == {1: "set/b", 3: "set/c"}
    assert new_paths.of_folder(FILES, "set", "set/sub/set", "/srv")[0] == "set/sub/set/a"
    assert new_paths.of_folder(FILES, "set", "set", "/srv") == {}


@pytest.mark.parametrize("path", ["/x", "x/", "x//y", ".", "../x", "x/../y", "x\\y", "x\ny", "\u202ex", "x\x7f"])
@pytest.mark.parametrize("reserved", ["", ".ouzel-moving-x", ".abc.parts"])
def test_names_that_no_file_gets(path: str, reserved: str) -> None:
    """The error names the argument."""
    for rename, field in (
        (lambda: new_paths.of_file(FILES, 0, reserved or path, "/srv"), "args.path"),
        (lambda: new_paths.of_folder(FILES, "set", reserved or path, "/srv"), "args.new_path"),
    ):
        error = refusal(rename)
        assert (error.kind, error.field) == (ErrorKind.INVALID_ARGUMENT, field)


@pytest.mark.parametrize("path", ["x" * 256, "é" * 128, "/".join(["x" * 200] * 20) + "/" + "y" * 100])
def test_names_and_paths_that_are_too_long(path: str) -> None:
    """Lengths are in bytes, and include the save path."""
    error = refusal(lambda: new_paths.of_file(FILES, 0, path, "/srv"))
    assert (error.kind, error.field) == (ErrorKind.INVALID_ARGUMENT, "args.path")
    assert "longer" in error.message


def test_what_the_torrent_does_not_have() -> None:
    """The error names the argument."""
    assert refusal(lambda: new_paths.of_file(FILES, 2, "x", "/srv")).field == "args.index"
    for path in ("set/a", "se", "other", "", "set/"):
        assert refusal(partial(new_paths.of_folder, FILES, path, "x", "/srv")).field == "args.path"


@pytest.mark.parametrize("path", ["set/sub/b", "set/sub", "set", "set/sub/b/x"])
def test_paths_that_other_files_have(path: str) -> None:
    """No two files have one path, and no file has the path of another one's folder."""
    error = refusal(lambda: new_paths.of_file(FILES, 0, path, "/srv"))
    assert (error.kind, error.field) == (ErrorKind.FILE_EXISTS, "args.path")


def test_a_folder_onto_another() -> None:
    """Not if files would be overwritten."""
    files = [*FILES, FileEntry(4, "other/b", 1, 4)]
    assert refusal(lambda: new_paths.of_folder(files, "set/sub", "other", "/srv")).kind is ErrorKind.FILE_EXISTS
