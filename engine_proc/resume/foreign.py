"""Marks resume data of another client. Pure.

Such data claims what Ouzel has neither hashed nor flushed. Until libtorrent's own resume data of the torrent has
replaced it, each claim is compared with the ranges of data on disk, and everything on disk that is not claimed is
hashed, however old the files are.
"""

from typing import Final

_MARK: Final = b"16:ouzel-unverifiedi1e"
_END: Final = b"e"


def mark(resume: bytes) -> bytes:
    """Returns bencoded resume data with a member that says that it is another client's. libtorrent ignores it."""
    return resume.removesuffix(_END) + _MARK + _END


def is_marked(resume: bytes) -> bool:
    """Whether resume data has the mark."""
    return resume.endswith(_MARK + _END)
