"""Limits the size of request bodies."""

from typing import Final

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gateway.web import answers

MAX_BODY_BYTES: Final = 64 * 1024 * 1024
PHRASE: Final = "Content Too Large"
REFUSAL: Final = {"Connection": "close", "X-Content-Type-Options": "nosniff", "X-Frame-Options": "DENY"}
"""The headers of a refusal, which the guard does not see."""
AMBIGUOUS: Final = "Transfer-Encoding and Content-Length"


class BodyLimit:
    """An ASGI application around another application. Answers a larger body with 413, and closes the connection.

    If two headers say where the body ends, the answer is 400.
    """

    def __init__(self, app: ASGIApp, maximum: int = MAX_BODY_BYTES) -> None:
        self._app = app
        self._maximum = maximum

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes a request on, or refuses it."""
        if scope["type"] != "http":
            return
        headers = Headers(scope=scope)
        length = headers.get("content-length", "")
        if length and "transfer-encoding" in headers:
            # A proxy in front may have read another body, and take its rest for a request (RFC 9112, 6.1).
            await answers.text(AMBIGUOUS, 400, REFUSAL)(scope, receive, send)
            return
        if length.isdecimal() and int(length) > self._maximum:
            await answers.text(PHRASE, 413, REFUSAL)(scope, receive, send)
            return
        received = 0

        async def counted() -> Message:
            nonlocal received
            message = await receive()
            received += len(message.get("body", b""))
            if received > self._maximum:  # a body without a length; the application answers this
                raise HTTPException(413, PHRASE, REFUSAL)
            return message

        await self._app(scope, counted, send)
