"""Makes routes of the API, and reads parameters for the handlers.

A client can request a read by GET or POST, because some clients send only POST. A mutation needs POST.
"""

from collections.abc import Awaitable, Callable
from typing import Final

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from gateway.web.fields import Fields, fields_of

API: Final = "/api/v2"

Handler = Callable[[Fields], Awaitable[Response]]
"""Answers a request. Its argument is the parameters of the request."""


def read(path: str, handler: Handler) -> Route:
    """Returns the route of a read. `path` is relative to `API`."""
    return Route(f"{API}/{path}", _endpoint(handler), methods=["GET", "POST"])


def change(path: str, handler: Handler) -> Route:
    """Returns the route of a mutation. `path` is relative to `API`."""
    return Route(f"{API}/{path}", _endpoint(handler), methods=["POST"])


def require(fields: Fields, *names: str) -> None:
    """Raises HTTPException if a request does not have all of these parameters."""
    if any(name not in fields for name in names):
        raise bad_request()


def bad_request(message: str = "Bad Request") -> HTTPException:
    """Returns the error for a wrong parameter."""
    return HTTPException(400, message)


def flag(text: str) -> bool | None:
    """Reads a boolean parameter. None if its text means neither true nor false."""
    match text.strip().lower():
        case "true" | "1":
            return True
        case "false" | "0":
            return False
        case _:
            return None


def whole_number(text: str) -> int | None:
    """Reads a whole number of at most 63 bits. None if the text is not a number of this kind."""
    try:
        number = int(text)
    except ValueError:
        return None
    return number if -(2**63) <= number < 2**63 else None


def _endpoint(handler: Handler) -> Callable[[Request], Awaitable[Response]]:
    async def endpoint(request: Request) -> Response:
        return await handler(await fields_of(request))

    return endpoint
