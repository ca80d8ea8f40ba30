"""Makes the ASGI application from all routes."""

import sqlite3

import structlog
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from gateway.daemon.daemon import Unavailable
from gateway.web import answers
from ouzel.errors import Refused

log = structlog.get_logger()


def application(routes: list[BaseRoute]) -> Starlette:
    """Returns an application of these routes. It answers unknown paths with 404 in plain text."""
    return Starlette(
        routes=routes,
        exception_handlers={
            ClientDisconnect: _disconnected,
            HTTPException: _refusal,
            Refused: _refused,
            sqlite3.Error: _not_stored,
            Unavailable: answers.unavailable,
        },
    )


async def _disconnected(_: Request, __: Exception) -> Response:
    """Returns a response that nobody receives. The client disconnected before the end of its request."""
    return answers.text(status=400)


async def _refusal(_: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    return answers.text(error.detail, error.status_code, dict(error.headers or {}))


async def _refused(_: Request, error: Exception) -> Response:
    """The response if the daemon refuses a command, and the handler does not answer the refusal itself."""
    assert isinstance(error, Refused)
    return answers.text(error.message, 409)


async def _not_stored(_: Request, error: Exception) -> Response:
    """The response if the gateway's store cannot be read or written, for example on a full disk."""
    log.error("store_failed", problem=str(error))
    return answers.text(f"The gateway's store: {error}\n", 503, {"Retry-After": "30"})
