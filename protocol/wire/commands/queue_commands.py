"""The command that changes the order of the queue."""

from enum import StrEnum
from typing import Annotated

import msgspec

from protocol.wire.commands.kinds import MAX_PAGE, Mutation, TorrentId


class QueueMove(StrEnum):
    """Where torrents are moved in the queue."""

    TOP = "top"
    BOTTOM = "bottom"
    UP = "up"
    DOWN = "down"


class MoveInQueue(Mutation, frozen=True, kw_only=True, tag="move_in_queue"):
    """Moves torrents in the queue of the incomplete torrents that have `auto_managed` and not `force_start`.

    Torrents at the top are downloaded first. Torrents that are moved together keep their order. If one of the torrents
    is not in the queue, no torrent is moved. The order is durable. Each torrent's place is written on its own. So if
    the resume directory fails, only some of the torrents may have been moved.

    Fields:
        torrents: the torrents to move.
        where: to the `top` or the `bottom` of the queue, or by one place `up` or `down`.
    """

    torrents: Annotated[list[TorrentId], msgspec.Meta(min_length=1, max_length=MAX_PAGE)]
    where: QueueMove
