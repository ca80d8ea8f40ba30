"""Questions to disks that are under way, each with a deadline. Pure."""

import itertools
import math
from enum import Enum
from typing import Final, NamedTuple

from engine_proc.resume.pieces import Examined
from engine_proc.storage.homes import Home
from protocol.wire.desired import DesiredTorrent

NEVER: Final = math.inf
"""The deadline of a question that is waited for as long as it takes."""


class Kind(Enum):
    """What is asked."""

    __hash__ = object.__hash__  # members are singletons; Enum's own is a call in Python

    LOOK = "look"
    """Whether a torrent's files are there."""
    CONFINE = "confine"
    """Whether paths lead out of the download roots."""
    LEFTOVERS = "leftovers"
    """What is left of files that were to be deleted."""
    PROBE = "probe"
    """Whether files can be opened."""


class Looking(NamedTuple):
    """What a look is about: the torrent as desired, where it was then, and what its resume data claims."""

    desired: DesiredTorrent
    home: Home
    examined: Examined


class Question(NamedTuple):
    """A question that is under way.

    Fields:
        subject: the torrent that it is about, or whatever the asker gave.
        token: of which the answer reminds.
        until: monotonic seconds; after that a disk counts as one that does not answer.
        looking: of a look.
    """

    kind: Kind
    subject: str | int
    token: int
    mount_point: str
    until: float
    looking: Looking | None = None


class Questions:
    """At most one of each kind about a subject: the latest."""

    def __init__(self) -> None:
        self._tokens = itertools.count(1)
        self._asked: dict[int, Question] = {}
        self._latest: dict[tuple[Kind, str | int], int] = {}
        self._earliest = NEVER
        """No deadline is before this."""

    def ask(
        self, kind: Kind, subject: str | int, mount_point: str, until: float, looking: Looking | None = None
    ) -> int:
        """Notes a question, and returns its token; an earlier one of the same kind and subject is withdrawn."""
        self.withdraw(kind, subject)
        token = next(self._tokens)
        self._asked[token] = Question(kind, subject, token, mount_point, until, looking)
        self._latest[kind, subject] = token
        self._earliest = min(self._earliest, until)
        return token

    def answered(self, token: int) -> Question | None:
        """The question of an answer, which ends with it; None where nobody waits for it any more."""
        question = self._asked.pop(token, None)
        if question is not None:
            del self._latest[question.kind, question.subject]
        return question

    def withdraw(self, kind: Kind, subject: str | int) -> None:
        """Nobody waits for an answer any more."""
        token = self._latest.pop((kind, subject), None)
        if token is not None:
            del self._asked[token]

    def under_way(self, kind: Kind, subject: str | int) -> bool:
        """Whether a question is."""
        return (kind, subject) in self._latest

    def any_looks(self) -> bool:
        """Whether a torrent is being looked at."""
        return any(question.kind is Kind.LOOK for question in self._asked.values())

    def overdue(self, now: float) -> list[Question]:
        """Those whose deadline is over, each once. They end with that, but for looks, whose answers are still used."""
        if now < self._earliest:
            return []
        late = [question for question in self._asked.values() if question.until <= now]
        for question in late:
            if question.kind is Kind.LOOK:
                self._asked[question.token] = question._replace(until=NEVER)
            else:
                self.answered(question.token)
        self._earliest = min((question.until for question in self._asked.values()), default=NEVER)
        return late
