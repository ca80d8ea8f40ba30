"""The routes of the API, and what its handlers share.

A read answers GET and POST, since some clients send only POST. A mutation answers POST only.
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
"""Answers a request, given its parameters."""


def read(path: str, handler: Handler) -> Route:
    """The route of a read below `API`."""
    return Route(f"{API}/{path}", _endpoint(handler), methods=["GET", "POST"])


def change(path: str, handler: Handler) -> Route:
    """The route of a mutation below `API`."""
    return Route(f"{API}/{path}", _endpoint(handler), methods=["POST"])


def require(fields: Fields, *names: str) -> None:
    """Refuses a request without these parameters. Raises HTTPException."""
    if any(name not in fields for name in names):
        raise bad_request()


def bad_request(message: str = "Bad Request") -> HTTPException:
    """The refusal of a wrong parameter."""
    return HTTPException(400, message)


def flag(text: str) -> bool | None:
    """Reads a boolean parameter; None if it is neither true nor false."""
    match text.strip().lower():
        case "true" | "1":
            return True
        case "false" | "0":
            return False
        case _:
            return None


def whole_number(text: str) -> int | None:
    """Reads a parameter that is a whole number of at most 63 bits; None if it is none."""
    try:
        number = int(text)
    except ValueError:
        return None
    return number if -(2**63) <= number < 2**63 else None


def _endpoint(handler: Handler) -> Callable[[Request], Awaitable[Response]]:
    async def endpoint(request: Request) -> Response:
        return await handler(await fields_of(request))

    return endpoint
