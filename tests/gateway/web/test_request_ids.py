"""The name of an HTTP request: in the response, and for the calls of the daemon."""

import asyncio
import re

import pytest
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from gateway.web import answers
from gateway.web.application import application
from gateway.web.request_ids import HEADER, RequestIds
from ouzel.requests import REQUEST_NAME, Requests
from protocol.wire.envelope import parse_request
from tests.gateway.access.asgi import ask


async def told(_: Request) -> Response:
    """Answers with the name that a request to the daemon would have."""
    frame = Requests(session="s").build("ping", {})[1]
    return answers.text(str(parse_request(frame).request))


APP = RequestIds(application([Route("/", told)]))


@pytest.mark.parametrize("given", ["web-1/7", "0b9ee2f4-5c0c-4fd7-8a9d-2d6a4e1f0c3b", "x" * 64])
def test_a_sane_name_is_used(given: str) -> None:
    """In the response, and towards the daemon."""
    answer = asyncio.run(ask(APP, "GET", "/", {HEADER: given}))
    assert answer.headers[HEADER] == answer.body.decode() == given
    assert REQUEST_NAME.get() is None


@pytest.mark.parametrize("given", [None, "", "x" * 65, "a b", "a=b", 'a"b', "\u00fc"])
def test_any_other_request_gets_a_name(given: str | None) -> None:
    """No two requests have the same one."""
    headers = {} if given is None else {HEADER: given}
    names = set()
    for _ in range(2):
        answer = asyncio.run(ask(APP, "GET", "/", headers))
        assert re.fullmatch("http-[0-9a-f]{12}", answer.headers[HEADER])
        assert answer.body.decode() == answer.headers[HEADER]
        names.add(answer.headers[HEADER])
    assert len(names) == 2
