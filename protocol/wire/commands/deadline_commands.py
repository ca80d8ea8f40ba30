"""The command that requests a part of a file by a time."""

from typing import Annotated

import msgspec

from protocol.wire.codec import MAX_INTEGER
from protocol.wire.commands.kinds import Mutation, TorrentId

Place = Annotated[int, msgspec.Meta(ge=0, le=MAX_INTEGER)]


class SetPieceDeadlines(Mutation, frozen=True, kw_only=True, tag="set_piece_deadlines"):
    """Requests that a part of a file is downloaded by a given time, before other parts.

    Players use this command to stream a file.

    libtorrent requests the pieces of that part from the fastest peers, the earliest deadline first. If a piece misses
    its deadline, it is still preferred until it is complete. A new engine gets the deadlines that are still in the
    future. A restart of the daemon drops all deadlines.

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
