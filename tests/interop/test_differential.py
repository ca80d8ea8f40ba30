"""Differential tests: the comparison of answers, and reasons for differences."""

from fnmatch import filter as matching

from tools.interop.differential import qbittorrent_script, transmission_script
from tools.interop.differential.call import Answer, Call, answer
from tools.interop.differential.comparing import ABSENT, Difference, differences
from tools.interop.differential.qbittorrent_reasons import REASONS as QBITTORRENT
from tools.interop.differential.reason import Reason, near, only_here, pair, reason_of
from tools.interop.differential.report import report
from tools.interop.differential.run import Compared
from tools.interop.differential.transmission_reasons import REASONS as TRANSMISSION

JSON = "application/json"


def test_answers_are_read() -> None:
    """What depends on the side is replaced, and broken JSON is a text."""
    body = b'{"path": "/there/file"}'
    assert answer(200, "Application/JSON; charset=UTF-8", body, {"/there": "{downloads}"}) == Answer(
        200, "application/json;charset=utf-8", {"path": "{downloads}/file"}
    )
    assert answer(200, JSON, b"{", {}).body == "not JSON: {"


def test_equal_answers_have_no_difference() -> None:
    """Rows are found by their identity, and the order of rows and of texts is of no account."""
    one = [{"hash": "a", "tags": ["x", "y"]}, {"hash": "b", "tags": []}]
    other = [{"hash": "b", "tags": []}, {"hash": "a", "tags": ["y", "x"]}]
    assert not differences(Answer(200, JSON, one), Answer(200, JSON, other))
    [found] = differences(Answer(200, JSON, one), Answer(200, JSON, other), sort="hash")
    assert found == Difference("body.order", "", ["a", "b"], ["b", "a"])


def test_each_difference_is_found() -> None:
    """An integer is not equal to the same number with a decimal point, nor to a truth value."""
    theirs = {"number": 1, "flag": True, "list": [1, 2], "gone": "x", "f" * 40: {"name": "a"}}
    ours = {"number": 1.0, "flag": 1, "list": [1], "new": "y", "f" * 40: {"name": "b"}}
    found = {
        each.field: (each.theirs, each.ours) for each in differences(Answer(200, "a", theirs), Answer(404, "b", ours))
    }
    assert found == {
        "status": (200, 404),
        "content type": ("a", "b"),
        "body.number": (1, 1.0),
        "body.flag": (True, 1),
        "body.list.length": (2, 1),
        "body.gone": ("x", ABSENT),
        "body.new": (ABSENT, "y"),
        "body.*.name": ("a", "b"),
    }


def test_the_first_reason_counts() -> None:
    """A reason has to match the call, the field and the values."""
    reasons = [
        Reason("a/* b/x", "body.*.name | status", "first", pair("x", "y")),
        Reason("*", "*.name", "second", only_here),
        Reason("a/x", "*", "third", near),
    ]
    name = Difference("body.*.name", "", "x", "y")
    assert reason_of(reasons, "a/x", name) is reasons[0]
    assert reason_of(reasons, "c", name) is None
    assert reason_of(reasons, "c", Difference("body.name", "", ABSENT, 1)) is reasons[1]
    assert reason_of(reasons, "a/x", Difference("body.at", "", 1000, 1500)) is reasons[2]
    assert reason_of(reasons, "a/x", Difference("body.at", "", -1, 100)) is None
    assert reason_of(reasons, "a/x", Difference("body.at", "", True, 1)) is None


def test_report_counts_calls() -> None:
    """A call with any unexplained difference counts as different, and fails the report."""
    reason, found = Reason("a", "status", "the version"), Difference("status", "", 1, 2)
    calls = [Compared(Call("a")), Compared(Call("b"), {reason: found}), Compared(Call("c"), {reason: found}, [found])]
    made = report({"program": (calls, [reason, Reason("x", "y", "unused")])})
    assert made.rows == [("program", "3", "1", "1", "1")]
    assert [(check.ok, check.must) for check in made.checks] == [(False, True), (False, False)]
    assert made.document["program"]["faults"] == ["POST c: status: there 1, here 2"]


def test_reasons_refer_to_calls() -> None:
    """Each row of the tables is about calls that are made."""
    for script, reasons in ((qbittorrent_script, QBITTORRENT), (transmission_script, TRANSMISSION)):
        names = {call.name for call in script.script()}
        for reason in reasons:
            assert all(matching(names, pattern) for pattern in reason.call.split()), reason
