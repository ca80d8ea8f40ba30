"""Marks resume data of another client. Pure.

Such data claims pieces that Ouzel has neither hashed nor flushed. So each claim is compared with the ranges of data on
disk, and all data on disk that is not claimed is hashed, however old the files are. This ends when libtorrent's own
resume data of the torrent has replaced the marked one.
"""

from typing import Final

_MARK: Final = b"16:ouzel-unverifiedi1e"
_END: Final = b"e"


def mark(resume: bytes) -> bytes:
    """Returns bencoded resume data with the mark, a member that libtorrent ignores."""
    return resume.removesuffix(_END) + _MARK + _END


def is_marked(resume: bytes) -> bool:
    """Whether resume data has the mark."""
    return resume.endswith(_MARK + _END)
