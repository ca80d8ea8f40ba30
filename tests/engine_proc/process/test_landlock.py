"""What each version of Landlock knows; tests of real engines check its effect."""

import errno
import os

from engine_proc.process import landlock
from engine_proc.process.landlock import Right


def test_rights_grow_with_the_version() -> None:
    """Each right belongs to exactly one version, and a later version adds none by itself."""
    assert [bin(landlock.handled(version)).count("1") for version in range(1, 9)] == [13, 14, 15, 15, 16, 16, 16, 16]
    assert landlock.handled(99) == Right(2**16 - 1)
    assert Right.REFER not in landlock.handled(1)
    assert Right.TRUNCATE not in landlock.handled(2)
    assert Right.IOCTL_DEV not in landlock.handled(4)


def test_why_there_is_none_is_told_in_words() -> None:
    """In words for a person who can change it."""
    assert "does not have it" in landlock.words(OSError(errno.ENOSYS, ""))
    assert "switched off" in landlock.words(OSError(errno.EOPNOTSUPP, ""))
    assert landlock.words(OSError(errno.EPERM, os.strerror(errno.EPERM))) == "Operation not permitted"
