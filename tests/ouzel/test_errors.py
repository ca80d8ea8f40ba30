"""Errors of the client: those of the error table, and some more."""

from pathlib import Path

from ouzel.errors import NotRunning, Refused, RequestTimeout, error_body
from protocol.wire.envelope import ErrorBody
from protocol.wire.errors import ErrorKind, OuzelError


def test_a_refusal_of_a_newer_daemon_keeps_its_own_words() -> None:
    """The error is not in this table; name, code and retry are passed on."""
    error = Refused(ErrorBody(code=9999, name="out_of_tea", message="no tea", retry="later", retry_after_ms=5))
    assert (error.kind, error.retry_after_ms, str(error)) == (ErrorKind.INTERNAL_ERROR, 5, "out_of_tea: no tea")
    assert error_body(error)["name"] == "out_of_tea"


def test_errors_as_json_leave_out_what_is_not_there() -> None:
    """As in the protocol."""
    assert error_body(OuzelError(ErrorKind.TORRENT_BUSY, "wait", field="args.torrent")) == {
        "code": 3002,
        "name": "torrent_busy",
        "message": "wait",
        "retry": "later",
        "field": "args.torrent",
    }
    assert error_body(RequestTimeout("pause", 12))["name"] == "deadline_exceeded"


def test_a_refusal_says_whether_anything_was_accepted() -> None:
    """In the exception and in JSON, as the daemon said."""
    for accepted in (True, False):
        error = Refused(ErrorBody(code=1007, name="deadline_exceeded", message="", retry="later", accepted=accepted))
        assert error.accepted is error_body(error)["accepted"] is accepted


def test_not_running_is_no_row_of_the_table() -> None:
    """It is not from a daemon, and has a name of its own."""
    body = error_body(NotRunning(Path("/run/ouzel/commands.ipc"), "No such file or directory"))
    assert (body["code"], body["name"]) == (0, "not_running")
