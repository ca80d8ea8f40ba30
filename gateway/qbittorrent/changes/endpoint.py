"""One endpoint: a path, its handler, and the parameters that it requires."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from starlette.responses import Response
from starlette.routing import BaseRoute

from gateway.qbittorrent import routing
from gateway.qbittorrent.changes.desk import Desk
from gateway.web import answers
from gateway.web.fields import Fields

Action = Callable[[Desk, Fields], Awaitable[Response | None]]
"""Answers a request. The result None means an empty text."""


@dataclass(frozen=True)
class Endpoint:
    """An endpoint of the API.

    Fields:
        path: the path below `/api/v2/`.
        action: the handler.
        required: the necessary parameters. If one is missing, the request gets 400.
        reads: whether the endpoint changes nothing. If so, GET is allowed.
    """

    path: str
    action: Action
    required: tuple[str, ...] = ()
    reads: bool = False

    def route(self, desk: Desk) -> BaseRoute:
        """Returns the route."""

        async def handle(fields: Fields) -> Response:
            routing.require(fields, *self.required)
            if not self.reads:
                await desk.reachable()
            return await self.action(desk, fields) or answers.text()

        return routing.read(self.path, handle) if self.reads else routing.change(self.path, handle)


def on(value: str) -> bool:
    """Whether a parameter has a text that means true. All other texts mean false."""
    return routing.flag(value) is True
