"""The engine's events about moves of torrents' files."""

from protocol.internal.link_messages import EventMessage, Learned
from protocol.wire.desired import StorageMove


class MoveProgress(EventMessage, frozen=True, kw_only=True, tag="move_progress"):
    """A torrent is not loaded because its files are being moved.

    Fields:
        done: how many bytes are copied.
        total: how many bytes have to be copied.
    """

    torrent: str
    done: int
    total: int


class MoveCopied(Learned, frozen=True, kw_only=True, tag="move_copied"):
    """All files of a torrent are copied to their new save path, under temporary names.

    Fields:
        move: identifies the move.
    """

    move: StorageMove


class MoveEnded(Learned, frozen=True, kw_only=True, tag="move_ended"):
    """A move has ended. It is complete, undone or failed.

    Fields:
        move: the move that has ended. The move's phase says whether the move is complete or undone.
        problem: why the move has failed. The torrent's files are then unchanged.
    """

    move: StorageMove
    problem: str | None = None
