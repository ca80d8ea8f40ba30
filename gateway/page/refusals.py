"""Answers requests that are refused."""

from collections.abc import Awaitable, Callable
from functools import wraps
from typing import Any, Final, TypeVar

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from gateway.mirror.mirror import Mirror
from gateway.web import answers, json_body
from ouzel.errors import Refused
from protocol.wire.errors import ErrorKind

S = TypeVar("S")
Handler = Callable[[S, Request], Awaitable[Response]]

NOT_FOUND: Final = frozenset({ErrorKind.UNKNOWN_TORRENT, ErrorKind.UNKNOWN_CRASH})


class BadRequest(Exception):
    """The request is wrong. The message has the cause."""


class NotFound(Exception):
    """The path of the request names something that does not exist. The message says what does not exist."""


def answered(handler: Handler[S]) -> Handler[S]:
    """Returns a handler that answers refusals with `{"error": {"name", "message"}}` and a status."""

    @wraps(handler)
    async def handle(self: S, request: Request) -> Response:
        try:
            return await handler(self, request)
        except (BadRequest, msgspec.ValidationError, msgspec.DecodeError) as error:
            return _refusal("invalid_argument", str(error), 400)
        except NotFound as error:
            return _refusal("not_found", str(error), 404)
        except Refused as error:
            return _refusal(error.body.name, error.message, 404 if error.kind in NOT_FOUND else 409)

    return handle


def torrent_in(request: Request, mirror: Mirror) -> str:
    """The id of the torrent in the path. Raises NotFound."""
    found = mirror.find(request.path_params["torrent"].lower())
    if found is None:
        raise NotFound("no torrent has this id")
    return found.row.torrent


async def json_in(request: Request, kind: type[S]) -> S:
    """The body of a request as a struct. Accepts only JSON, because a foreign web site can send forms.

    Raises:
        BadRequest: the body is not JSON.
        msgspec.ValidationError: the body does not fit the struct.
    """
    if request.headers.get("content-type", "").split(";")[0].strip().lower() != "application/json":
        raise BadRequest("the content type has to be application/json")
    return msgspec.json.decode(json_body.checked(await request.body()), type=kind)


def _refusal(name: str, message: str, status: int) -> Response:
    document: dict[str, Any] = {"error": {"name": name, "message": message}}
    return answers.json(document, status)
