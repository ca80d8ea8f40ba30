"""Marks resume data of another client. Pure.

Another client's data claims pieces that Ouzel did not hash. So the rehasher compares each claim with the ranges of data
on disk. It also hashes all data on disk that is not claimed, even in old files. Once libtorrent's own resume data
replaces the marked data, this extra work ends.
"""

from typing import Final

_MARK: Final = b"16:ouzel-unverifiedi1e"
_END: Final = b"e"


def mark(resume: bytes) -> bytes:
    """Returns bencoded resume data with the mark. The mark is a member that libtorrent ignores."""
    return resume.removesuffix(_END) + _MARK + _END


def is_marked(resume: bytes) -> bool:
    """Whether resume data has the mark."""
    return resume.endswith(_MARK + _END)
