"""The test suite of qbittorrent-api: its outcomes, and how they are compared."""

from pathlib import Path

from tools.interop.webapi import left_out
from tools.interop.webapi.report import report
from tools.interop.webapi.suite import Outcome, outcomes

RESULTS = """
<testsuites><testsuite>
  <testcase classname="tests.test_app" name="test_version" time="0.1"/>
  <testcase classname="tests.test_app" name="test_cookies[a.b]"><failure message="no">text</failure></testcase>
  <testcase classname="tests.test_log" name="test_main"><skipped message="old"/></testcase>
  <testcase classname="tests.test_log" name="test_twice"/>
  <testcase classname="tests.test_log" name="test_twice"><error message="left something"/></testcase>
</testsuite></testsuites>
"""
PASSED, FAILED, SKIPPED = Outcome.PASSED, Outcome.FAILED, Outcome.SKIPPED


def test_outcomes_are_read(tmp_path: Path) -> None:
    """An error after a test makes the test fail."""
    (tmp_path / "results.xml").write_text(RESULTS)
    assert outcomes(tmp_path / "results.xml") == {
        "test_app::test_version": PASSED,
        "test_app::test_cookies[a.b]": FAILED,
        "test_log::test_main": SKIPPED,
        "test_log::test_twice": FAILED,
    }


def test_what_only_fails_here_is_worse() -> None:
    """A test that fails there, too, is no difference."""
    ours = {"test_a::1": FAILED, "test_a::2": FAILED, "test_b::3": PASSED, "test_b::4": PASSED}
    theirs = {"test_a::1": PASSED, "test_a::2": FAILED, "test_b::3": FAILED, "test_b::4": SKIPPED}
    found = report(ours, theirs)
    assert found.document["worse"] == ["test_a::1"]
    assert found.rows == [("test_a", "0", "2", "0", "1", "1", "0"), ("test_b", "2", "0", "0", "0", "1", "1")]
    assert [check.ok for check in found.checks] == [False, False, True]


def test_without_the_other_program_nothing_may_fail() -> None:
    """There is nothing to compare with."""
    assert [check.ok for check in report({"test_a::1": PASSED, "test_a::2": SKIPPED}, None).checks] == [True]
    assert [check.ok for check in report({"test_a::1": FAILED}, None).checks] == [False]


def test_each_test_that_is_left_out_has_a_reason() -> None:
    """The reasons are in the report, after the word "because"."""
    reasons = {**left_out.FILES, **left_out.TESTS}
    assert all(reasons.values())
    assert len(left_out.arguments()) == len(reasons)
