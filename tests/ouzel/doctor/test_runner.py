"""Each check runs by itself: neither an exception nor a hung disk affects the others."""

import threading
from collections.abc import Iterator
from time import monotonic

from ouzel.doctor import runner
from ouzel.doctor.finding import Finding, Status, ok, warning
from ouzel.doctor.runner import Check, CheckEach
from ouzel.doctor.target import Paths, Target

TARGET = Target(config_file=None, paths=Paths("/r", "/run", "/s"))


def good(target: Target) -> Iterator[Finding]:
    """Finds nothing wrong."""
    yield ok("well")


def failing(target: Target) -> Iterator[Finding]:
    """Finds something, and then raises an exception."""
    yield warning("first", "do that")
    raise ZeroDivisionError("a defect")


def denied(target: Target) -> Iterator[Finding]:
    """May not read a file."""
    yield ok("first")
    raise PermissionError(13, "Permission denied", "/secret")


def test_findings_are_in_the_order_of_the_checks() -> None:
    """Each has the name of its check."""
    found = runner.run(TARGET, [Check("b", good), Check("a", good)])
    assert [(each.check, each.status) for each in found] == [("b", Status.OK), ("a", Status.OK)]


def test_a_check_that_raises_is_a_finding() -> None:
    """What it found before stays, and the next check runs."""
    found = runner.run(TARGET, [Check("failing", failing), Check("good", good)])
    assert [each.status for each in found] == [Status.WARNING, Status.UNKNOWN, Status.OK]
    assert "ZeroDivisionError: a defect" in found[1].seen


def test_what_this_user_may_not_read_is_unknown() -> None:
    """The finding names the file and the remedy."""
    [_, found] = runner.run(TARGET, [Check("denied", denied)])
    assert found.status is Status.UNKNOWN
    assert "/secret" in found.seen
    assert "as root" in str(found.advice)


def test_a_path_that_cannot_be_used_is_unknown() -> None:
    """A loop of symbolic links, or an error of the disk, is no defect of a check."""

    def looping(target: Target) -> list[Finding]:
        raise OSError(40, "Too many levels of symbolic links", "/loop")

    [found] = runner.run(TARGET, [Check("looping", looping)])
    assert found.status is Status.UNKNOWN
    assert found.seen == "/loop could not be examined: Too many levels of symbolic links"
    assert "as root" not in str(found.advice)


def test_a_check_that_hangs_is_a_finding() -> None:
    """Only the subject that hangs is affected, and the run ends at the time limit."""
    freed = threading.Event()

    def examine(target: Target, subject: str) -> Iterator[Finding]:
        yield ok("begun")
        if subject == "/hung":
            freed.wait(60)

    began = monotonic()
    found = runner.run(TARGET, [CheckEach("disk", examine, lambda _: ["/hung", "/good"], patience_s=0.1)])
    freed.set()
    assert monotonic() - began < 30
    assert [(each.subject, each.status) for each in found] == [
        ("/hung", Status.OK),
        ("/hung", Status.UNKNOWN),
        ("/good", Status.OK),
    ]
    assert "did not finish within 0.1 s" in found[1].seen
