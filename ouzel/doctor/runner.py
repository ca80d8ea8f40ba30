"""Runs checks in parallel, within a time limit.

A check that raises an exception, or that does not finish in time, is a finding itself. All other checks continue.
"""

import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from time import monotonic
from typing import Final

from msgspec.structs import replace

from ouzel.doctor.finding import Finding, denied, unknown
from ouzel.doctor.target import Target

PATIENCE_S: Final = 1.5
"""The time limit of a check."""

Found = Iterable[Finding]


@dataclass(frozen=True)
class Check:
    """A check.

    Fields:
        name: the name, as findings have it.
        run: examines the target.
        patience_s: the time limit in seconds.
    """

    name: str
    run: Callable[[Target], Found]
    patience_s: float = PATIENCE_S

    def jobs(self, target: Target) -> "Iterator[Job]":
        """The work of the check, as one job."""
        yield Job(self.name, None, lambda: self.run(target), self.patience_s)


@dataclass(frozen=True)
class CheckEach:
    """A check of several subjects. Each subject has a thread of its own, because a disk may hang.

    Fields:
        name: the name, as findings have it.
        run: examines one subject.
        subjects: lists the subjects. It must not use a disk.
    """

    name: str
    run: Callable[[Target, str], Found]
    subjects: Callable[[Target], Iterable[str]]
    patience_s: float = PATIENCE_S

    def jobs(self, target: Target) -> "Iterator[Job]":
        """The work of the check, one job for each subject."""
        for subject in dict.fromkeys(self.subjects(target)):
            yield Job(self.name, subject, self._job(target, subject), self.patience_s)

    def _job(self, target: Target, subject: str) -> Callable[[], Found]:
        return lambda: self.run(target, subject)


@dataclass
class Job:
    """One check of one subject, and its findings so far.

    Fields:
        done: whether the job has finished.
    """

    name: str
    subject: str | None
    work: Callable[[], Found]
    patience_s: float
    done: threading.Event = field(default_factory=threading.Event)
    _found: list[Finding] = field(default_factory=list)

    def start(self) -> None:
        """Starts a thread. The process can end while the thread hangs."""
        try:
            threading.Thread(target=self._run, daemon=True).start()
        except RuntimeError as problem:
            self._found.append(unknown(f"no thread could be started: {problem}"))
            self.done.set()

    def findings(self) -> list[Finding]:
        """The findings so far, with their names. If the job has not finished, the last finding says so."""
        late = not self.done.is_set()
        found = list(self._found)
        if late:
            seen = f"the check did not finish within {self.patience_s:g} s; a disk or a network mount may hang"
            found.append(unknown(seen, "look at `dmesg` and at the server of the mount; then run `ouzel doctor` again"))
        return [replace(each, check=self.name, subject=each.subject or self.subject) for each in found]

    def _run(self) -> None:
        try:
            for each in self.work():
                self._found.append(each)
        except OSError as problem:
            self._found.append(denied(problem.filename or "something", problem))
        except Exception as problem:  # noqa: BLE001  # a defect of one check must not hide the findings of the others
            seen = f"the check itself failed: {type(problem).__name__}: {problem}"
            self._found.append(unknown(seen, "please report this as a defect of Ouzel"))
        finally:
            self.done.set()


def run(target: Target, checks: Sequence[Check | CheckEach]) -> list[Finding]:
    """Runs all checks in parallel. Returns their findings, in the order of the checks."""
    jobs = [job for check in checks for job in check.jobs(target)]
    began = monotonic()
    for job in jobs:
        job.start()
    for job in jobs:
        job.done.wait(max(0.0, began + job.patience_s - monotonic()))
    return [finding for job in jobs for finding in job.findings()]
