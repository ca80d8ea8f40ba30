"""The application: all routes, and the answers to what no route knows."""

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from gateway.daemon.daemon import Unavailable
from gateway.web import answers


def application(routes: list[BaseRoute]) -> Starlette:
    """Returns an application of these routes. What they do not know is a 404 in plain text."""
    return Starlette(routes=routes, exception_handlers={Unavailable: answers.unavailable, HTTPException: _refusal})


async def _refusal(_: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    return answers.text(error.detail, error.status_code, dict(error.headers or {}))
