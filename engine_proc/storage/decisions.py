"""The decisions of the storage guard about torrents, which the dispatcher executes. Pure."""

from collections.abc import Sequence
from typing import NamedTuple, assert_never

from engine_proc.storage.leftovers import Leftover
from engine_proc.storage.questions import Kind, Question
from engine_proc.storage.storage_policy import Missing, Verdict
from protocol.wire.desired import DesiredTorrent


class Judged(NamedTuple):
    """The verdict on a torrent: load it, or let it wait for its storage."""

    torrent: str
    verdict: Verdict


class Confined(NamedTuple):
    """The result of `confine`. `problem` names a path that leads out of the download roots."""

    subject: str | int
    problem: str | None


class Moved(NamedTuple):
    """A loaded torrent's path leads to another mount, or its files are gone. Unload the torrent, and check it again."""

    torrent: str


class Reconsider(NamedTuple):
    """The conditions for a torrent's desired state have changed. Apply the desired state again."""

    desired: DesiredTorrent


class Left(NamedTuple):
    """The files of a torrent that still exist after the deletion."""

    torrent: str
    left: Sequence[Leftover]


class Probed(NamedTuple):
    """The result of `probe`. `problem` says why files cannot be written or read; None if they can."""

    torrent: str
    problem: str | None


class StillMissing(NamedTuple):
    """The result of a requested check: the storage of a torrent is still missing."""

    desired: DesiredTorrent
    problem: str


Decision = Judged | Confined | Moved | Reconsider | Left | Probed | StillMissing


def unanswered(question: Question) -> Decision:
    """The decision if a disk does not answer a question in time."""
    subject, mount_point = question.subject, question.mount_point
    problem = f"{mount_point} does not answer"
    match question.kind:
        case Kind.CONFINE:
            return Confined(subject, problem)
        case Kind.PROBE:
            return Probed(str(subject), problem)
        case Kind.LEFTOVERS:
            return Left(str(subject), [Leftover(mount_point, "it does not answer")])
        case Kind.LOOK:
            problem = f"{problem}: check its disk or server; then the torrent continues"
            return Judged(str(subject), Missing(mount_point, problem))
        case _:
            assert_never(question.kind)
