"""The engine's events about moves of torrents' files."""

from protocol.internal.link_messages import EventMessage, Learned
from protocol.wire.desired import StorageMove


class MoveProgress(EventMessage, frozen=True, kw_only=True, tag="move_progress"):
    """A torrent is not loaded, since its files are being moved.

    Fields:
        done, total: how many bytes are copied, and how many have to be.
    """

    torrent: str
    done: int
    total: int


class MoveCopied(Learned, frozen=True, kw_only=True, tag="move_copied"):
    """All files of a torrent are copied to their new save path, under temporary names.

    Fields:
        move: the move that this is about.
    """

    move: StorageMove


class MoveEnded(Learned, frozen=True, kw_only=True, tag="move_ended"):
    """A move has ended: it is complete or undone, according to its phase, or it has failed.

    Fields:
        move: the move that this is about.
        problem: why it has failed. The torrent's files are unchanged.
    """

    move: StorageMove
    problem: str | None = None
