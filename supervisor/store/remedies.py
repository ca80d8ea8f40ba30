"""Finds the remedy for a disk error by the error's message. Pure."""

from typing import Final

_REMEDIES: Final = (
    ("no space left", "delete something on its file system, or make that larger"),
    ("disk quota exceeded", "raise the user's quota, or delete something"),
    ("read-only file system", "mount it writable (mount -o remount,rw), or under systemd add it to ReadWritePaths="),
    ("permission denied", "give it to ouzeld's user (chown, chmod u+rwX), and let that through the directories above"),
    ("operation not permitted", "see who owns it, and whether it is immutable (lsattr)"),
    ("no such file", "mount its disk, or put it back; it is not made while ouzeld runs"),
    ("not mounted", "mount its file system"),
    ("another directory", "put the right one back, or restart ouzeld to use this one"),
    ("input/output error", "its disk fails: check the kernel's log, and replace the disk"),
    ("too many open files", "raise the limit of open files (LimitNOFILE=)"),
    ("stale file handle", "mount the network file system again"),
    ("transport endpoint", "mount the network file system again"),
)

_OTHERWISE: Final = "check the kernel's log and the state of its disk"


def remedy(problem: str) -> str:
    """The text of the remedy for a problem. The text also says that Ouzel retries the failed operation."""
    words = problem.lower()
    found = next((text for part, text in _REMEDIES if part in words), _OTHERWISE)
    return f"{found}; it is tried again every few seconds"


def with_remedy(subject: str, problem: str | None) -> str | None:
    """Returns the problem of a file or a directory with its remedy. None if the problem is None."""
    return None if problem is None else f"{subject}: {problem}; {remedy(problem)}"
