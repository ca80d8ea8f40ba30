"""Plays and their steps."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import NamedTuple

from tools.interop.clients.environment import Environment
from tools.interop.clients.stage import Stage


class Ended(Exception):
    """A step failed. Each step depends on the earlier steps, so the play has ended."""


class Step(NamedTuple):
    """A step, with its problem or an empty text."""

    what: str
    problem: str


class Steps:
    """Records the steps of one play.

    Fields:
        done: the steps so far.
    """

    def __init__(self) -> None:
        self.done: list[Step] = []

    @contextmanager
    def step(self, what: str) -> Iterator[None]:
        """A context that is one step. If the block raises an exception, raises Ended."""
        try:
            yield
        except Exception as problem:
            self.done.append(Step(what, f"{type(problem).__name__}: {problem}"))
            raise Ended from problem
        self.done.append(Step(what, ""))


@dataclass(frozen=True)
class Play:
    """A play.

    Fields:
        program: the program's name.
        run: plays all steps.
        debian: the Debian package of the program, if there is one.
        pypi: the packages that pip installs, if the program is from PyPI. The first package is the program.
        bare: whether the program is installed without its requirements, because some requirements are outdated.
    """

    program: str
    run: Callable[["Scene"], None]
    debian: str = ""
    pypi: tuple[str, ...] = ()
    bare: bool = False


@dataclass(frozen=True)
class Scene:
    """What a play runs with.

    Fields:
        environment: the venv of the program, if it is from PyPI.
    """

    stage: Stage
    steps: Steps
    environment: Environment | None

    @property
    def venv(self) -> Environment:
        """The venv of a program of PyPI."""
        assert self.environment is not None
        return self.environment
