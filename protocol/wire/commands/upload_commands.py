"""The command for .torrent files that are larger than a frame."""

from typing import Annotated, Final

import msgspec

from protocol.wire.commands.kinds import Mutation, UploadId

UPLOAD_BYTES_MAX: Final = 64 * 1024 * 1024
"""The maximum size of a .torrent file."""


class UploadPart(Mutation, frozen=True, kw_only=True, tag="upload_part"):
    """Uploads a part of a .torrent file that is larger than a frame.

    After that, `add_torrent` with `upload` adds the torrent.

    The parts are sent in order. The supervisor keeps an upload in memory until a torrent is added from it. A minute
    after the last part it drops the upload. A restart of the daemon drops all uploads. A client has at most 64 uploads,
    of 64 MiB together. If a part exceeds these limits, the client's oldest other uploads are dropped.

    Fields:
        upload: an id that the client chooses. Equal ids of different clients do not conflict.
        offset: the number of bytes of this upload that were sent before; 0 for the first part.
        data: the bytes of this part.
    """

    upload: UploadId
    offset: Annotated[int, msgspec.Meta(ge=0, le=UPLOAD_BYTES_MAX)]
    data: bytes
