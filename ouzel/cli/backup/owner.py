"""Acts as the owner of a directory, so that root makes no files that the daemon cannot use."""

import contextlib
import os
import pwd
from collections.abc import Iterator
from pathlib import Path


@contextlib.contextmanager
def acting_as_owner(directory: Path, user: str | None = None) -> Iterator[None]:
    """Acts as the owner of a directory during the context. Does so only for root.

    As the owner, root cannot follow a link of the owner to files of others.

    Args:
        directory: if it does not exist, its nearest existing parent counts.
        user: the name of another user to act as.

    Raises:
        KeyError: there is no such user.
        OSError: the directory cannot be accessed.
    """
    if os.geteuid() != 0:
        yield
        return
    if user is not None:
        entry = pwd.getpwnam(user)
        uid, gid = entry.pw_uid, entry.pw_gid
    else:
        found = next(each for each in (directory, *directory.parents) if each.exists()).stat()
        uid, gid = found.st_uid, found.st_gid
    groups = os.getgroups()
    os.setgroups(_groups(uid, gid))
    os.setegid(gid)
    os.seteuid(uid)
    try:
        yield
    finally:
        os.seteuid(0)
        os.setegid(0)
        os.setgroups(groups)


def _groups(uid: int, gid: int) -> list[int]:
    try:
        return os.getgrouplist(pwd.getpwuid(uid).pw_name, gid)
    except KeyError:
        return [gid]
