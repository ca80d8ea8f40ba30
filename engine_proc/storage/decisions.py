"""What the storage guard wants done about a torrent. Pure."""

from collections.abc import Sequence
from typing import NamedTuple, assert_never

from engine_proc.storage.leftovers import Leftover
from engine_proc.storage.questions import Kind, Question
from engine_proc.storage.storage_policy import Missing, Verdict
from protocol.wire.desired import DesiredTorrent


class Judged(NamedTuple):
    """A torrent that was to be loaded is, or it waits."""

    torrent: str
    verdict: Verdict


class Confined(NamedTuple):
    """What `confine` was asked for. `problem` names a path that leads out of the download roots."""

    subject: str | int
    problem: str | None


class Moved(NamedTuple):
    """A loaded torrent's path leads elsewhere, or its files are gone: take it out, and judge it anew."""

    torrent: str


class Reconsider(NamedTuple):
    """What is asked of the torrent may be done by now, or not any more: ensure it again."""

    desired: DesiredTorrent


class Left(NamedTuple):
    """What is left of a torrent's files that were to be deleted."""

    torrent: str
    left: Sequence[Leftover]


class Probed(NamedTuple):
    """Whether a torrent's files can be written, or read; what is wrong, in words."""

    torrent: str
    problem: str | None


class StillMissing(NamedTuple):
    """The storage of a torrent was looked for as `look_anew` asked, and is not there."""

    desired: DesiredTorrent
    problem: str


Decision = Judged | Confined | Moved | Reconsider | Left | Probed | StillMissing


def unanswered(question: Question) -> Decision:
    """What follows where a disk does not answer in time."""
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
            problem = f"{problem}: see its disk or server; the torrent goes on then"
            return Judged(str(subject), Missing(mount_point, problem))
        case _:
            assert_never(question.kind)
