import pytest

from protocol.wire import codec
from protocol.wire.envelope import Request
from protocol.wire.errors import ErrorKind, OuzelError
from supervisor.log.request_book import REQUESTS_MAX, RequestBook
from supervisor.log.request_id import request_id_of

CONNECTION = bytes.fromhex("0080000029")


@pytest.mark.parametrize(
    ("fields", "found"),
    [
        ({"id": 7, "request": "web-1/a"}, "web-1/a"),
        ({"id": 7, "client": "sonarr"}, "sonarr/7"),
        ({"id": 7}, "80000029/7"),
        ({"id": "a b\n", "client": "\u202eü" + "x" * 190}, "__" + "x" * 22 + "/a_b_"),
        ({"id": "y" * 199 + "1", "client": "c"}, "c/" + "y" * 38 + "1"),
    ],
)
def test_an_id_is_short_and_printable(fields: dict[str, object], found: str) -> None:
    """Of the client, or of its name and the id of the request. The connection replaces a missing name."""
    request = codec.convert({"v": 1, "op": "ping", **fields}, Request, within="", error=ErrorKind.INVALID_ENVELOPE)
    assert request_id_of(request, CONNECTION) == found
    assert len(found) <= 64


@pytest.mark.parametrize("name", ["", "x" * 65, "a b", "a\n", "ü"])
def test_a_name_that_would_disturb_the_log_is_refused(name: str) -> None:
    """The error names the field."""
    with pytest.raises(OuzelError, match="request"):
        codec.convert(
            {"v": 1, "op": "ping", "id": 1, "request": name}, Request, within="", error=ErrorKind.INVALID_ENVELOPE
        )


def test_the_book_has_unconfirmed_requests_only() -> None:
    """The last one of each torrent, and of a bounded number of torrents."""
    book = RequestBook()
    book.note("a", "r1")
    book.note("a", "r2")
    assert book.request_of("a") == "r2"
    book.confirmed("a")
    assert book.request_of("a") is None
    for number in range(REQUESTS_MAX + 1):
        book.note(str(number), "r")
    assert book.request_of("0") is None
    assert book.request_of("1") == "r"
