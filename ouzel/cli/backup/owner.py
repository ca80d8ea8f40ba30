"""Acts as the owner of a directory, so that root makes no files that the daemon cannot use."""

import contextlib
import os
import pwd
from collections.abc import Iterator
from pathlib import Path


@contextlib.contextmanager
def acting_as_owner(directory: Path, user: str | None = None) -> Iterator[None]:
    """Acts as the owner of a directory during the context. Does so only for root.

    As the owner, root cannot follow a link of the owner to files of others. Contexts can be nested.

    Args:
        directory: if it does not exist, its nearest existing parent counts.
        user: the name of another user to act as.

    Raises:
        KeyError: there is no such user.
        OSError: the directory cannot be accessed.
    """
    if os.getuid() != 0:
        yield
        return
    before = os.geteuid(), os.getegid(), os.getgroups()
    os.seteuid(0)
    try:
        _become(*_ids(directory, user))
        yield
    finally:
        os.seteuid(0)
        _become(*before)


@contextlib.contextmanager
def acting_as_root() -> Iterator[None]:
    """Acts as root again during the context, if this process is root's."""
    with acting_as_owner(Path("/"), "root") if os.getuid() == 0 else contextlib.nullcontext():
        yield


def _ids(directory: Path, user: str | None) -> tuple[int, int, list[int]]:
    if user is not None:
        entry = pwd.getpwnam(user)
        return entry.pw_uid, entry.pw_gid, _groups(entry.pw_uid, entry.pw_gid)
    found = next(each for each in (directory, *directory.parents) if each.exists()).stat()
    return found.st_uid, found.st_gid, _groups(found.st_uid, found.st_gid)


def _become(uid: int, gid: int, groups: list[int]) -> None:
    os.setgroups(groups)
    os.setegid(gid)
    os.seteuid(uid)


def _groups(uid: int, gid: int) -> list[int]:
    try:
        return os.getgrouplist(pwd.getpwuid(uid).pw_name, gid)
    except KeyError:
        return [gid]
