"""Makes the problem for `health` of a download root that cannot be written. Pure."""

import errno
import stat
from typing import NamedTuple


class RootSeen(NamedTuple):
    """The state of a root.

    Fields:
        error: the errno of the check; 0 if the root can be written.
        mode: the mode of the directory, if it exists.
        owner: the name or uid of the directory's owner; empty if the directory does not exist.
        user: the user (name or uid) of this process.
        free_bytes: the space that this process's user can still use; None if it is unknown.
        size_bytes: the size of the file system; None if it is unknown.
    """

    error: int
    mode: int = 0
    owner: str = ""
    user: str = ""
    free_bytes: int | None = None
    size_bytes: int | None = None


def problem(root: str, seen: RootSeen | None) -> str | None:
    """The problem of a root, with cause and remedy. None if there is no problem.

    Args:
        seen: the state of the root; None if the disk does not answer.
    """
    start = f"download root {root}"
    if seen is None:
        return f"{start} does not answer: its disk or server hangs; nothing can be stored there until it is back"
    match seen.error:
        case 0:
            return None
        case errno.ENOENT:
            return f"{start} is not there: mount its disk, or make it (mkdir) and give it to the user {seen.user}"
        case errno.ENOTDIR:
            return f"{start} is no directory, or lies below none: move away what is there, or configure another"
        case errno.EROFS:
            return (
                f"{start} is on a file system that is read-only for ouzeld: mount it writable (mount -o remount,rw), "
                f"or under systemd add ReadWritePaths={root} (systemctl edit ouzel)"
            )
        case errno.EACCES | errno.EPERM if seen.mode:
            what = f"it is {seen.owner}'s, mode {stat.S_IMODE(seen.mode):04o}"
            remedy = f"chown {seen.user} {root}, and chmod u+rwx"
            return f"{start} cannot be written by the user {seen.user} ({what}): {remedy}"
        case errno.EACCES | errno.EPERM:
            return (
                f"{start} cannot be reached by the user {seen.user}: let it through the directories above (chmod o+x), "
                "or under systemd set ProtectHome=no if it is below /home"
            )
        case _:
            number = errno.errorcode.get(seen.error, str(seen.error))
            return f"{start} cannot be used ({number}): check the kernel's log, and repair its disk"
