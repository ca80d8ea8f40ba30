"""Sends requests to an ASGI application, without a server."""

import asyncio
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message


@dataclass(frozen=True)
class Answer:
    """A response."""

    status: int
    headers: Headers
    body: bytes


async def ask(
    app: ASGIApp,
    method: str,
    target: str,
    headers: dict[str, str] | None = None,
    *,
    body: bytes = b"",
    peer: str = "192.0.2.7",
    scheme: str = "http",
) -> Answer:
    """Sends a request, and returns the response."""
    path, _, query = target.partition("?")
    given = {"host": "127.0.0.1:8080", **(headers or {})}
    if body:
        given.setdefault("content-length", str(len(body)))
        given.setdefault("content-type", "application/x-www-form-urlencoded")
    scope: dict[str, Any] = {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "method": method,
        "path": unquote(path),
        "raw_path": path.encode(),
        "query_string": query.encode(),
        "root_path": "",
        "scheme": scheme,
        "headers": [(name.lower().encode(), value.encode("latin-1")) for name, value in given.items()],
        "client": (peer, 4711),
        "server": ("127.0.0.1", 8080),
        "state": {},
    }
    sent: list[Message] = []

    received: list[Message] = []

    async def receive() -> Message:
        if received:
            await asyncio.Event().wait()  # the client stays connected, and sends nothing more
        received.append({})
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: Message) -> None:
        sent.append(message)

    await app(scope, receive, send)
    return Answer(
        sent[0]["status"],
        Headers(raw=sent[0]["headers"]),
        b"".join(message.get("body", b"") for message in sent[1:]),
    )
