"""Refusals of the daemon become failures."""

from gateway.transmission.failure import Code, failure_of
from ouzel.errors import Refused
from protocol.wire.envelope import ErrorBody
from protocol.wire.errors import ErrorKind, OuzelError


def test_a_refusal_keeps_its_text() -> None:
    """A refusal keeps its text."""
    refused = Refused(ErrorBody.of(OuzelError(ErrorKind.PATH_NOT_ALLOWED, "no root")))
    failure = failure_of(refused)
    assert (failure.message, failure.code) == ("no root", Code.SYSTEM_ERROR)


def test_a_source_that_is_no_torrent_is_not_recognized() -> None:
    """The text is that of Transmission."""
    refused = Refused(ErrorBody.of(OuzelError(ErrorKind.INVALID_METAINFO, "args.metainfo: bad")))
    assert failure_of(refused).message == "unrecognized info"
