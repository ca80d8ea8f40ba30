import errno
import os
from pathlib import Path

import pytest
import zmq

from protocol.wire.key_file import Role, public_file
from supervisor.access import authorized_keys
from supervisor.access.authorized_keys import DIRECTORY, FILES, Authorized, AuthorizedKeys, Client


def new_key() -> str:
    """A public key of a client."""
    return zmq.curve_keypair()[0].decode()


def put(directory: Path, name: str, role: Role | None = Role.READ, key: str | None = None) -> str:
    """Writes a key file, and returns the public key."""
    key = key or new_key()
    (directory / f"{name}.key").write_text(public_file(name, key, role))
    return key


def test_each_file_is_a_client(tmp_path: Path) -> None:
    """It is identified by its key and named by the file; other files are ignored."""
    keys = AuthorizedKeys(tmp_path)
    assert keys.read().clients == {}
    looks, changes = put(tmp_path, "looks"), put(tmp_path, "changes", Role.ADMIN)
    for other in (".hidden.key", "x.key_secret", "notes.txt"):
        (tmp_path / other).write_text("x")
    assert keys.read() == ({looks: Client("looks", Role.READ), changes: Client("changes", Role.ADMIN)}, {})


def test_changes_are_seen(tmp_path: Path) -> None:
    """Added, changed role, replaced, removed; also if the size stays."""
    keys = AuthorizedKeys(tmp_path)
    first = put(tmp_path, "a", Role.READ)
    assert keys.read().clients == {first: Client("a", Role.READ)}
    put(tmp_path, "a", Role.ADMIN, first)
    assert keys.read().clients == {first: Client("a", Role.ADMIN)}
    second = new_key()
    (tmp_path / "new").write_text(public_file("a", second, Role.ADMIN))
    (tmp_path / "new").replace(tmp_path / "a.key")
    assert keys.read().clients == {second: Client("a", Role.ADMIN)}
    (tmp_path / "a.key").unlink()
    assert keys.read().clients == {}


def test_a_damaged_file_harms_no_other(tmp_path: Path) -> None:
    """Each is reported with its problem, until it is repaired."""
    keys = AuthorizedKeys(tmp_path)
    good = put(tmp_path, "good")
    put(tmp_path, "no-role", None)
    (tmp_path / "garbage.key").write_bytes(os.urandom(100))
    (tmp_path / "empty.key").touch()
    (tmp_path / "folder.key").mkdir()
    os.mkfifo(tmp_path / "pipe.key")
    (tmp_path / "dangling.key").symlink_to("nowhere")
    (tmp_path / "loop.key").symlink_to("loop.key")
    put(tmp_path, "odd name")
    put(tmp_path, "open")
    (tmp_path / "open.key").chmod(0o666)
    found = keys.read()
    assert found.clients == {good: Client("good", Role.READ)}
    assert set(found.problems) == {
        f"{name}.key"
        for name in ("no-role", "garbage", "empty", "folder", "pipe", "dangling", "loop", "odd name", "open")
    }
    assert all(problem.startswith(f"{file} is ignored: ") for file, problem in found.problems.items())
    (tmp_path / "open.key").chmod(0o644)
    assert "open.key" not in keys.read().problems


def test_a_folder_costs_no_descriptor(tmp_path: Path) -> None:
    """However often it is looked at."""
    keys = AuthorizedKeys(tmp_path)
    (tmp_path / "folder.key").mkdir()
    keys.read()
    before = sorted(os.listdir("/proc/self/fd"))  # noqa: PTH208  # the names are needed
    for number in range(3):
        put(tmp_path, str(number))
        assert set(keys.read().problems) == {"folder.key"}
    assert sorted(os.listdir("/proc/self/fd")) == before  # noqa: PTH208


def test_a_key_in_two_files_has_the_lesser_role(tmp_path: Path) -> None:
    """A lower role in one file is intentional."""
    key = put(tmp_path, "a", Role.READ)
    put(tmp_path, "b", Role.ADMIN, key)
    found = AuthorizedKeys(tmp_path).read()
    assert (found.clients[key].role, set(found.problems)) == (Role.READ, {"b.key"})
    put(tmp_path, "a", Role.ADMIN, key)
    put(tmp_path, "b", Role.READ, key)
    assert AuthorizedKeys(tmp_path).read().clients[key].role is Role.READ


def test_a_directory_that_is_not_there_authorizes_nobody(tmp_path: Path) -> None:
    """Neither does a world-writable one; it counts again when this is repaired."""
    directory = tmp_path / "keys"
    directory.mkdir()
    key = put(directory, "a")
    keys = AuthorizedKeys(directory)
    assert set(keys.read().clients) == {key}
    directory.rename(tmp_path / "away")
    assert (keys.read().clients, set(keys.read().problems)) == ({}, {DIRECTORY})
    (tmp_path / "away").rename(directory)
    assert set(keys.read().clients) == {key}
    directory.chmod(0o777)
    assert (keys.read().clients, set(keys.read().problems)) == ({}, {DIRECTORY})
    directory.chmod(0o755)
    assert set(keys.read().clients) == {key}


def test_nothing_is_read_again_without_a_reason(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Checking an unchanged directory costs one stat."""
    keys = AuthorizedKeys(tmp_path)
    put(tmp_path, "a")
    found = keys.read()
    assert keys.read() is found


def test_a_name_that_is_no_text_harms_nobody(tmp_path: Path) -> None:
    """Its name is logged and published in a valid form; the same applies to the directory's name."""
    directory = tmp_path / os.fsdecode(b"keys-\xff")
    assert "keys-?: No such file" in AuthorizedKeys(directory).read().problems[DIRECTORY]
    directory.mkdir()
    key = put(directory, "good")
    (directory / os.fsdecode(b"\xff\xfe.key")).write_bytes(b"x")
    found = AuthorizedKeys(directory).read()
    assert set(found.clients) == {key}
    assert list(found.problems) == ["??.key"]
    assert found.problems["??.key"].startswith("??.key is ignored: its name")


def test_what_passes_is_read_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A temporary disk error locks nobody out until the file is touched; a lasting problem is not read each time."""
    key = put(tmp_path, "a")
    keys = AuthorizedKeys(tmp_path)
    read = authorized_keys.read_file
    failing, reads = [errno.EIO], 0

    def fail(path: Path, *, forbidden: int) -> bytes:
        nonlocal reads
        reads += 1
        if failing:
            raise OSError(failing[0], os.strerror(failing[0]))
        return read(path, forbidden=forbidden)

    monkeypatch.setattr(authorized_keys, "read_file", fail)
    for _ in range(2):
        assert keys.read() == ({}, {"a.key": "a.key is ignored: Input/output error"})
    assert reads == 2
    failing.clear()
    for _ in range(2):
        assert (set(keys.read().clients), keys.read().problems) == ({key}, {})
    assert reads == 3
    failing.append(errno.EACCES)
    (tmp_path / "a.key").chmod(0o600)
    for _ in range(2):
        assert set(keys.read().problems) == {"a.key"}
    assert reads == 4


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can be two users")
def test_a_stranger_authorizes_nobody(tmp_path: Path) -> None:
    """Neither by a file, a link, or a directory of theirs, nor by one above; the error has the cause."""
    above = tmp_path / "above"
    (above / "keys").mkdir(parents=True)
    keys = AuthorizedKeys(above / "keys")
    good, _ = put(above / "keys", "good"), put(above / "keys", "theirs")
    (above / "keys" / "linked.key").symlink_to(tmp_path / "elsewhere" / "linked.key")
    (tmp_path / "elsewhere").mkdir(mode=0o755)
    put(tmp_path / "elsewhere", "linked")
    for theirs in (tmp_path / "elsewhere", above / "keys" / "theirs.key"):
        os.chown(theirs, 65534, 65534)
    looked = keys.read()
    assert looked.clients == {good: Client("good", Role.READ)}
    assert looked.problems["theirs.key"].startswith("theirs.key is ignored: belongs to uid 65534")
    assert looked.problems["linked.key"].startswith("linked.key is ignored: belongs to uid 65534")
    for directory in (above / "keys", above):
        os.chown(directory, 65534, 65534)
        looked = keys.read()
        assert looked.clients == {}
        assert looked.problems[DIRECTORY].startswith(f"{directory}: belongs to uid 65534")
        os.chown(directory, 0, 0)
    assert keys.read().clients == {good: Client("good", Role.READ)}


def test_many_files_are_one_reason(tmp_path: Path) -> None:
    """However many problems there are; the directory's problem is another one."""
    assert Authorized({}, {}).reasons() == {}
    assert Authorized({}, {"a.key": "a.key is ignored: x"}).reasons() == {FILES: "a.key is ignored: x"}
    many = {f"{number}.key": f"{number}.key is ignored: x" for number in range(5000)}
    assert Authorized({}, {DIRECTORY: "full", **many}).reasons() == {
        DIRECTORY: "full",
        FILES: "5000 key files have problems, the first: 0.key is ignored: x",
    }
