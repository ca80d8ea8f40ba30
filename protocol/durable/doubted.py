"""Marks resume data with the files whose content is in doubt. Pure.

After a restore or a relocation, the files on disk may not be the files that the resume data was written for. A claim
about a doubted file is kept only if the hash of the piece is right. The mark is a member that libtorrent ignores. Once
libtorrent's own resume data replaces the marked data, the doubt ends.
"""

import re
from collections.abc import Iterable
from typing import Final

ALL: Final = -1
"""The index that stands for all files."""

_KEY: Final = b"13:ouzel-doubtedl"
_MARK: Final = re.compile(rb"13:ouzel-doubtedl((?:i(?:-1|\d+)e)+)ee")
_INDEX: Final = re.compile(rb"i(-1|\d+)e")


def mark(resume: bytes, files: Iterable[int]) -> bytes:
    """Returns bencoded resume data with the doubted files. An earlier mark is kept, too."""
    every = sorted(doubted(resume).union(files))
    if not every:
        return resume
    at = _at(resume)
    bare = resume.removesuffix(b"e") if at is None else resume[:at]
    return bare + _KEY + b"".join(b"i%de" % index for index in every) + b"ee"


def doubted(resume: bytes) -> frozenset[int]:
    """Returns the doubted files of resume data. Empty without a mark."""
    at = _at(resume)
    return frozenset() if at is None else frozenset(int(found[1]) for found in _INDEX.finditer(resume, at + len(_KEY)))


def _at(resume: bytes) -> int | None:
    """The offset of the mark. The mark is the last member."""
    if not resume.endswith(b"eee"):  # the ends of the last index, of the list and of the data
        return None
    at = resume.rfind(_KEY)
    return at if at >= 0 and _MARK.fullmatch(resume, at) else None
