"""The parameters of hostile forms, and JSON that would take much memory."""

import asyncio
from typing import Any

import pytest
from starlette.exceptions import HTTPException
from starlette.requests import Request

from gateway.web.fields import MAX_FIELDS, MAX_PART_BYTES, Fields, fields_of
from gateway.web.json_body import MAX_MARKS, checked


def posted(body: bytes, kind: str = "application/x-www-form-urlencoded", query: bytes = b"") -> Fields:
    """The fields of a POST."""

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": body}

    headers = [(b"content-type", kind.encode())]
    scope = {"type": "http", "method": "POST", "path": "/", "query_string": query, "headers": headers}
    return asyncio.run(fields_of(Request({**scope, "app": None}, receive)))


def part(value: bytes, charset: str) -> Fields:
    """The fields of a form in parts."""
    body = b'--X\r\nContent-Disposition: form-data; name="a"\r\n\r\n' + value + b"\r\n--X--\r\n"
    return posted(body, f"multipart/form-data; boundary=X; charset={charset}")


def test_a_form_counts_more_than_the_query() -> None:
    """Texts are UTF-8, percent-encoded or not, and what is not becomes U+FFFD."""
    found = posted("a=ü+%C3%BC&b=%ff&c&d=1&d=2".encode(), query=b"a=1&e=5")
    assert dict(found) == {"a": "ü ü", "b": "\ufffd", "c": "", "d": "2", "e": "5"}


def test_separators_are_counted_before_they_are_parsed() -> None:
    """Sixty megabytes of `&` kept everybody waiting for 23 s."""
    assert dict(posted(b"&" * (MAX_FIELDS - 1))) == {}
    with pytest.raises(HTTPException) as refused:
        posted(b"&" * MAX_PART_BYTES)
    assert refused.value.status_code == 400
    with pytest.raises(HTTPException) as refused:
        posted(b"a=" + b"b" * MAX_PART_BYTES)
    assert refused.value.status_code == 413


@pytest.mark.filterwarnings("ignore:invalid escape sequence")
def test_a_charset_cannot_make_surrogates() -> None:
    """They cannot be stored, and neither be sent."""
    assert part(b"x\\ud800", "unicode_escape")["a"] == "x?"
    with pytest.raises(HTTPException) as refused:
        part(b"x", "undefined")
    assert refused.value.status_code == 400


@pytest.mark.parametrize("member", [b"[],", b'{"a":1},', b"1,", b"[[[", b'{"a":{"a":'])
def test_json_with_too_many_values_is_refused(member: bytes) -> None:
    """64 MiB of empty lists take gigabytes."""
    assert checked(member) == member
    with pytest.raises(HTTPException) as refused:
        checked(member * (MAX_MARKS + 1))
    assert refused.value.status_code == 413
