"""Refusals of the daemon become failures."""

from gateway.transmission.failure import Code, failure_of
from ouzel.errors import Refused
from protocol.wire.envelope import ErrorBody
from protocol.wire.errors import ErrorKind, OuzelError


def test_a_refusal_keeps_its_text() -> None:
    """A refusal keeps its text."""
    refused = Refused(ErrorBody.of(OuzelError(ErrorKind.INVALID_METAINFO, "no torrent")))
    failure = failure_of(refused)
    assert failure.message == "no torrent"
    assert failure.code is Code.CORRUPT_TORRENT
