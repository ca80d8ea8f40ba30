"""Limits the size of request bodies."""

from typing import Final

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gateway.web import answers

MAX_BODY_BYTES: Final = 64 * 1024 * 1024
PHRASE: Final = "Content Too Large"


class BodyLimit:
    """An ASGI application around another application. Answers a larger body with 413, and closes the connection."""

    def __init__(self, app: ASGIApp, maximum: int = MAX_BODY_BYTES) -> None:
        self._app = app
        self._maximum = maximum

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes a request on, or refuses it."""
        if scope["type"] != "http":
            return
        length = Headers(scope=scope).get("content-length", "")
        if length.isdecimal() and int(length) > self._maximum:
            await answers.text(PHRASE, 413, {"Connection": "close"})(scope, receive, send)
            return
        received = 0

        async def counted() -> Message:
            nonlocal received
            message = await receive()
            received += len(message.get("body", b""))
            if received > self._maximum:  # a body without a length; the application answers this
                raise HTTPException(413, PHRASE, {"Connection": "close"})
            return message

        await self._app(scope, counted, send)
