"""The command for .torrent files that are larger than a frame."""

from typing import Annotated, Final

import msgspec

from protocol.wire.commands.kinds import Mutation, UploadId

UPLOAD_BYTES_MAX: Final = 64 * 1024 * 1024
"""The maximum size of a .torrent file."""


class UploadPart(Mutation, frozen=True, kw_only=True, tag="upload_part"):
    """Uploads a part of a .torrent file that is larger than a frame; `add_torrent` with `upload` adds its torrent.

    The parts are sent in order. The supervisor keeps an upload in memory until it is used, for at most a minute after
    the last part, and not across restarts. All uploads of a client have at most 64 MiB; beyond that its oldest ones are
    dropped.

    Fields:
        upload: an id that the client chooses. Each client has its own.
        offset: the number of bytes that were uploaded before. The first part has 0.
        data: the bytes of this part.
    """

    upload: UploadId
    offset: Annotated[int, msgspec.Meta(ge=0, le=UPLOAD_BYTES_MAX)]
    data: bytes
