"""Gives each HTTP request a name. The daemon's log, the gateway's log and the response have the same name.

A client or a proxy can choose the name by the header `X-Request-ID`. The gateway replaces a name that the daemon would
refuse.
"""

import re
import secrets
from typing import Final

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ouzel.requests import REQUEST_NAME
from protocol.text.patterns import REQUEST_NAME as PATTERN

HEADER: Final = "x-request-id"

_VALID: Final = re.compile(PATTERN)


class RequestIds:
    """An ASGI application that wraps another application. It names each request.

    Args:
        app: the other application. Its calls of the daemon have the name.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Names a request, and passes it on."""
        given = Headers(scope=scope).get(HEADER, "") if scope["type"] == "http" else ""
        name = given if _VALID.match(given) else f"http-{secrets.token_hex(6)}"

        async def send_with_name(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(raw=message.setdefault("headers", []))[HEADER] = name
            await send(message)

        before = REQUEST_NAME.set(name)
        try:
            await self._app(scope, receive, send_with_name)
        finally:
            REQUEST_NAME.reset(before)
