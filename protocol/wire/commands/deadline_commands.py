"""The command that requests a part of a file by a time."""

from typing import Annotated

import msgspec

from protocol.wire.codec import MAX_INTEGER
from protocol.wire.commands.kinds import Mutation, TorrentId

Place = Annotated[int, msgspec.Meta(ge=0, le=MAX_INTEGER)]


class SetPieceDeadlines(Mutation, frozen=True, kw_only=True, tag="set_piece_deadlines"):
    """Requests that a part of a file is downloaded by a time, before other parts. Players use it to stream a file.

    libtorrent requests the pieces of that part from the fastest peers, the earliest deadline first. Deadlines do not
    outlive the daemon. A new engine gets those that are still in the future. A piece that misses its deadline is still
    preferred until it is complete.

    Fields:
        file: the index of a selected file, as in `list_files`.
        offset: where the part begins in the file, in bytes.
        length: the length of the part in bytes. The part must end within the file.
        deadline_ms: in how many milliseconds from now the part is wanted.
    """

    torrent: TorrentId
    file: Annotated[int, msgspec.Meta(ge=0, le=2**31 - 1)]
    offset: Place
    length: Annotated[int, msgspec.Meta(ge=1, le=2**30)]
    deadline_ms: Annotated[int, msgspec.Meta(ge=0, le=86_400_000)]
