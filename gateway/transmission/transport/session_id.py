"""The session id. It prevents requests by foreign web pages."""

import secrets
from hmac import compare_digest
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

NAME: Final = "X-Transmission-Session-Id"
VERSION: Final = "X-Transmission-Rpc-Version"


def made() -> str:
    """Returns a new session id."""
    return secrets.token_hex(24)


def has(request: Request, session_id: str) -> bool:
    """Whether the request has the session id."""
    return compare_digest(request.headers.get(NAME, "").encode(), session_id.encode())


def conflict(session_id: str) -> Response:
    """The answer (409) to a request without the session id. The id is in a header and in the text of the answer."""
    page = (
        "<!doctype html><title>409: Conflict</title><h1>409: Conflict</h1>"
        "<p>Send the request again with this header:</p>"
        f"<p><code>{NAME}: {session_id}</code></p>"
    )
    return Response(page, 409, {NAME: session_id, VERSION: "6.0.0"}, "text/html; charset=utf-8")
