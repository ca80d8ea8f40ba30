"""Makes the ASGI application from all routes."""

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from gateway.daemon.daemon import Unavailable
from gateway.web import answers


def application(routes: list[BaseRoute]) -> Starlette:
    """Returns an application of these routes. It answers unknown paths with 404 in plain text."""
    return Starlette(
        routes=routes,
        exception_handlers={
            ClientDisconnect: _disconnected,
            HTTPException: _refusal,
            Unavailable: answers.unavailable,
        },
    )


async def _disconnected(_: Request, __: Exception) -> Response:
    """Returns a response that nobody receives. The client disconnected before the end of its request."""
    return answers.text(status=400)


async def _refusal(_: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    return answers.text(error.detail, error.status_code, dict(error.headers or {}))
