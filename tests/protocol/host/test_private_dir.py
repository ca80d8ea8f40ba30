import os
import socket
import stat
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from protocol.host import private_dir
from protocol.host.private_dir import GROUP, check_dir, make_shared, open_dir, open_file, prepare

STRANGER = 65534
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can be two users")


def mode(path: Path) -> int:
    """The permission bits."""
    return stat.S_IMODE(path.stat().st_mode)


@pytest.fixture(autouse=True)
def umask() -> Iterator[Callable[[int], int]]:
    """Sets the umask to 0 until a test chooses another."""
    before = os.umask(0)
    yield os.umask
    os.umask(before)


def of_stranger(path: Path, group: int = STRANGER) -> Path:
    """Gives a path, or a link itself, to another user."""
    os.lchown(path, STRANGER, group)
    return path


def made(path: Path, mode: int) -> Path:
    """A directory with this mode."""
    path.mkdir()
    path.chmod(mode)
    return path


@pytest.mark.parametrize("mask", [0, 0o022, 0o077, 0o777])
def test_it_is_made_with_what_is_above_it_and_narrow(tmp_path: Path, umask: Callable[[int], int], mask: int) -> None:
    """Whatever the umask is."""
    umask(mask)
    assert prepare(tmp_path / "a" / "b") == []
    assert prepare(tmp_path / "c" / "run", GROUP) == []
    assert [mode(tmp_path / name) for name in ("a", "a/b", "c", "c/run")] == [0o700, 0o700, 0o750, 0o750]


@pytest.mark.parametrize(("there", "then"), [(0o755, 0o750), (0o750, 0o750), (0o700, 0o700), (0o705, 0o700)])
def test_one_that_is_there_gets_narrower_only(tmp_path: Path, there: int, then: int) -> None:
    """Others could read it, but not write to it."""
    directory = made(tmp_path / "run", there)
    prepare(directory, GROUP)
    assert mode(directory) == then


def test_one_that_others_could_add_to_is_narrowed_where_they_did_not(tmp_path: Path) -> None:
    """For example the root of a tmpfs; others could replace nothing of ours."""
    directory = made(tmp_path / "run", 0o1777)
    (directory / "ours").write_text("x")
    prepare(directory)
    assert mode(directory) == 0o750


@as_root
@pytest.mark.parametrize("how", ["file", "link", "name"])
def test_one_that_others_have_added_to_is_refused(tmp_path: Path, how: str) -> None:
    """Another user's file or link, or a second name of our file; the directory is left unchanged."""
    directory = made(tmp_path / "run", 0o1777)
    entry = directory / "entry"
    match how:
        case "file":
            entry.write_text("x")
            of_stranger(entry)
        case "link":
            entry.symlink_to("/etc/hostname")
            os.lchown(entry, STRANGER, STRANGER)
        case _:
            (tmp_path / "ours").write_text("x")
            entry.hardlink_to(tmp_path / "ours")
    with pytest.raises(PermissionError, match="entry in it may be theirs"):
        prepare(directory)
    assert mode(directory) == 0o1777


@pytest.mark.parametrize("there", [0o777, 0o770, 0o702])
def test_one_that_others_could_write_to_is_refused(tmp_path: Path, there: int) -> None:
    """Its files may be theirs."""
    directory = made(tmp_path / "run", there)
    for call in (prepare, open_dir):
        with pytest.raises(PermissionError, match=r"others can write to it") as caught:
            call(directory)
        assert caught.value.filename == str(directory)
    assert mode(directory) == there


@as_root
def test_one_of_somebody_else_is_refused(tmp_path: Path) -> None:
    """Root must not put its sockets where another user can replace them."""
    directory = of_stranger(made(tmp_path / "run", 0o750))
    with pytest.raises(PermissionError, match=rf"belongs to uid {STRANGER}, and this is uid 0"):
        prepare(directory)


def test_a_file_in_its_place_is_an_error(tmp_path: Path) -> None:
    """As with any directory that cannot be made; also above it."""
    (tmp_path / "run").touch()
    for path in (tmp_path / "run", tmp_path / "run" / "below"):
        with pytest.raises(NotADirectoryError):
            prepare(path)


def test_only_what_shall_be_made_is_made(tmp_path: Path) -> None:
    """Nothing above it is made, and nothing if it is only opened; the error has the whole path."""
    for call in (open_dir, check_dir, lambda path: prepare(path, parents=False)):
        with pytest.raises(FileNotFoundError) as caught:
            call(tmp_path / "a" / "b")
        assert caught.value.filename == str(tmp_path / "a" / "b")
    assert list(tmp_path.iterdir()) == []


def test_links_of_our_own_are_followed(tmp_path: Path) -> None:
    """Relative and absolute links in a chain, and `..` as in the kernel; not without end."""
    real = tmp_path / "real"
    (tmp_path / "one").symlink_to("two/.")
    (tmp_path / "two").symlink_to(real)
    prepare(real)
    assert os.path.samestat(check_dir(tmp_path / "one" / ".." / "one"), real.stat())
    prepare(tmp_path / "one" / "below")
    assert (real / "below").is_dir()
    (tmp_path / "loop").symlink_to("loop")
    with pytest.raises(OSError, match="symbolic links"):
        prepare(tmp_path / "loop")


@as_root
@pytest.mark.parametrize("above", [0o1777, 0o1770, 0o755])
def test_a_stranger_s_link_is_not_followed(tmp_path: Path, above: int) -> None:
    """In a sticky directory its owner can change it, or it was made before the directory was sticky."""
    ours, shared = made(tmp_path / "ours", 0o755), made(tmp_path / "shared", above)
    (shared / "run").symlink_to(ours)
    prepare(shared / "run")
    of_stranger(shared / "run")
    with pytest.raises(PermissionError, match=rf"is a symbolic link of uid {STRANGER}") as caught:
        prepare(shared / "run" / "below")
    assert caught.value.filename == str(shared / "run")
    assert list(ours.iterdir()) == []


@as_root
def test_a_directory_that_a_stranger_made_first_is_refused(tmp_path: Path) -> None:
    """As the whole path and as a part of it."""
    shared = made(tmp_path / "shared", 0o1777)
    of_stranger(made(shared / "theirs", 0o777))
    for path in (shared / "theirs", shared / "theirs" / "run"):
        with pytest.raises(PermissionError, match=rf"belongs to uid {STRANGER}") as caught:
            prepare(path)
        assert caught.value.filename == str(shared / "theirs")
    prepare(shared / "ours")


def test_where_everybody_can_replace_it_nothing_is_made(tmp_path: Path) -> None:
    """However deep below."""
    made(tmp_path / "open", 0o777)
    with pytest.raises(PermissionError, match="everybody can replace what is in it") as caught:
        prepare(tmp_path / "open" / "a" / "b")
    assert caught.value.filename == str(tmp_path / "open")
    assert list((tmp_path / "open").iterdir()) == []


@as_root
def test_groups_on_the_way(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """This process's own group is trusted, another one of the user's is reported, a foreign one is refused."""
    shared = made(tmp_path / "shared", 0o775)
    assert prepare(shared / "a") == []
    os.chown(shared, 0, STRANGER)
    with pytest.raises(PermissionError, match=f"members of group {STRANGER} can replace what is in it; `chmod g-w` it"):
        prepare(shared / "a")
    monkeypatch.setattr(os, "getgroups", lambda: [0, STRANGER])
    assert prepare(shared / "a") == [f"{shared}: members of group {STRANGER} can replace what is in it"]
    shared.chmod(0o1775)
    assert prepare(shared / "a") == []


def test_a_file_is_opened_for_reading(tmp_path: Path) -> None:
    """Also by a link of our own; a pipe is not waited for."""
    (tmp_path / "key").touch(0o600)
    (tmp_path / "key").write_text("secret")
    (tmp_path / "link").symlink_to("key")
    for name in ("key", "link"):
        with open(open_file(tmp_path / name)) as file:
            assert file.read() == "secret"
    os.mkfifo(tmp_path / "pipe", 0o600)
    os.close(open_file(tmp_path / "pipe"))
    with pytest.raises(FileNotFoundError) as caught:
        open_file(tmp_path / "none")
    assert caught.value.filename == str(tmp_path / "none")


def test_what_everybody_can_write_is_not_trusted(tmp_path: Path) -> None:
    """Neither a file nor a directory of files, even if sticky."""
    (tmp_path / "key").touch(0o666)
    made(tmp_path / "keys", 0o1777)
    for call, name in ((open_file, "key"), (check_dir, "keys")):
        with pytest.raises(PermissionError, match="can be written by everybody"):
            call(tmp_path / name)


@as_root
def test_what_a_stranger_has_written_is_not_trusted(tmp_path: Path) -> None:
    """Another user's file or directory, and what a foreign group can write."""
    of_stranger(made(tmp_path / "keys", 0o755))
    with pytest.raises(PermissionError, match=rf"belongs to uid {STRANGER}, and has to be root's or uid 0's"):
        check_dir(tmp_path / "keys")
    (tmp_path / "key").touch(0o600)
    of_stranger(tmp_path / "key")
    with pytest.raises(PermissionError, match=rf"belongs to uid {STRANGER}"):
        open_file(tmp_path / "key")
    os.chown(tmp_path / "key", 0, STRANGER)
    (tmp_path / "key").chmod(0o660)
    with pytest.raises(PermissionError, match=rf"can be written by members of group {STRANGER}"):
        open_file(tmp_path / "key")


def test_a_socket_is_no_file_to_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An error says so, as for any file that cannot be opened."""
    monkeypatch.chdir(tmp_path)
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind("s")
        Path("s").chmod(0o600)
        with pytest.raises(OSError, match="No such device"):
            open_file(tmp_path / "s")


def test_no_descriptor_stays_open(tmp_path: Path) -> None:
    """After success and after failure."""
    (tmp_path / "loop").symlink_to("loop")
    before = len(list(Path("/proc/self/fd").iterdir()))
    prepare(tmp_path / "a")
    os.close(open_dir(tmp_path / "a"))
    for path in (tmp_path / "loop", tmp_path / "none"):
        with pytest.raises(OSError, match=r".*"):
            open_file(path)
    assert len(list(Path("/proc/self/fd").iterdir())) == before


@pytest.mark.parametrize(("mask", "then"), [(0, 0o755), (0o002, 0o775), (0o022, 0o755), (0o077, 0o700), (0o777, 0o700)])
def test_a_shared_one_is_made_by_the_umask(tmp_path: Path, umask: Callable[[int], int], mask: int, then: int) -> None:
    """But not world-writable, and not unusable for its owner; an existing one is not changed."""
    umask(mask)
    make_shared(tmp_path / "a" / "b")
    assert [mode(tmp_path / name) for name in ("a", "a/b")] == [then, then]
    made(tmp_path / "there", 0o1777)
    make_shared(tmp_path / "there")
    assert mode(tmp_path / "there") == 0o1777
    assert os.umask(mask) == mask


@as_root
def test_whoever_owns_the_root_is_trusted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In a user namespace, root's number may be unknown here."""
    there = of_stranger(made(tmp_path / "mapped", 0o755))
    real = private_dir._enter

    def as_in_a_namespace(*args: object) -> private_dir._Place:
        place = real(*args)  # type: ignore[arg-type]  # whatever it is called with
        if place.path != "/":
            return place
        fields = list(place.found)
        fields[stat.ST_UID] = STRANGER
        return place._replace(found=os.stat_result(fields))

    monkeypatch.setattr(private_dir, "_enter", as_in_a_namespace)
    prepare(there / "run")
