"""The answers to failures that no handler answers itself, and requests with two lengths."""

import asyncio
import sqlite3

import pytest
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from gateway.web.application import application
from gateway.web.body_limit import BodyLimit
from ouzel.errors import Refused
from protocol.wire.envelope import ErrorBody
from protocol.wire.errors import ErrorKind, OuzelError
from tests.gateway.access.asgi import ask


@pytest.mark.parametrize(
    ("error", "status", "text"),
    [
        (
            Refused(ErrorBody.of(OuzelError(ErrorKind.NOT_PERMITTED, "the key may only read"))),
            409,
            b"the key may only read",
        ),
        (sqlite3.OperationalError("database or disk is full"), 503, b"database or disk is full"),
        (sqlite3.DatabaseError("database disk image is malformed"), 503, b"malformed"),
    ],
)
def test_what_is_refused_is_no_defect_of_the_gateway(error: Exception, status: int, text: bytes) -> None:
    """The client is told why."""

    async def fail(_: Request) -> Response:
        raise error

    answer = asyncio.run(ask(application([Route("/", fail)]), "GET", "/"))
    assert answer.status == status
    assert text in answer.body
    assert ("retry-after" in answer.headers) == (status == 503)


def test_two_lengths_of_one_body_are_refused() -> None:
    """A proxy may have read another body, and what follows it would be a request of somebody else."""
    app = BodyLimit(application([]))
    answer = asyncio.run(ask(app, "POST", "/", {"transfer-encoding": "chunked", "content-length": "3"}))
    assert (answer.status, answer.headers["connection"], answer.headers["x-frame-options"]) == (400, "close", "DENY")
    assert asyncio.run(ask(app, "POST", "/", {"content-length": "3"})).status == 404
