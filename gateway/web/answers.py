"""Makes responses: JSON, text, and the response while the daemon is away."""

from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from gateway.daemon.daemon import Unavailable

_ENCODER = msgspec.json.Encoder()


def json(value: Any, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    """A response in JSON. Structs become objects."""
    return Response(_ENCODER.encode(value), status, headers, "application/json")


def text(body: str = "", status: int = 200, headers: dict[str, str] | None = None) -> Response:
    """A response in plain text."""
    return Response(body, status, headers, "text/plain; charset=utf-8")


def unavailable(_: Request, error: Exception) -> Response:
    """The response while the daemon or its engine is away: 503 with `Retry-After`."""
    assert isinstance(error, Unavailable)
    return text(f"{error.message}\n", 503, {"Retry-After": str(error.retry_after_s)})
