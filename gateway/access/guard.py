"""Checks each request before a face gets the request, and adds headers to each response.

The state of an admitted request has:

- `session`: the session of the request. A request to a public path may have no session.
- `access`: the `Access`.
- `origin`: the `Origin`.
- `secret`: the value of the session's cookie; None without a cookie.
"""

import time
from typing import Final

import structlog
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gateway.access.access import Access
from gateway.access.origin import Origin, host_allowed, origin_of, same_origin
from gateway.web import answers
from gateway.web.body_limit import BodyLimit

LOGIN: Final = "/api/v2/auth/login"
PROTECTED: Final = ("/api", "/transmission", "/metrics")
"""The paths that need a session or a key, except the login. Other paths lead only to files of web interfaces."""
BASIC: Final = ("/transmission", "/metrics")
"""The paths that answer 401, so that a browser asks for the password itself."""
LOGIN_BYTES: Final = 64 * 1024
"""The maximum size of a login. A login needs no session, so anybody can send it."""
NOTICE_S: Final = 60.0
"""The minimum time between two log lines about refusals of the same kind."""
BANNED: Final = "Your IP address has been banned after too many failed authentication attempts."

CONTENT_POLICY: Final = "; ".join(
    [
        "default-src 'self'",
        "style-src 'self' 'unsafe-inline'",
        "script-src 'self' 'unsafe-inline'",
        "img-src 'self' data: blob:",
        "font-src 'self' data:",
        "frame-src 'self' blob:",
        "object-src 'none'",
        "base-uri 'self'",
        "form-action 'self'",
        "frame-ancestors 'self'",
    ]
)
"""The sources from which a web interface may load. Interfaces of other projects need inline scripts and styles."""
HEADERS: Final = {
    "content-security-policy": CONTENT_POLICY,
    "cross-origin-opener-policy": "same-origin",
    "referrer-policy": "same-origin",
    "x-content-type-options": "nosniff",
    "x-frame-options": "SAMEORIGIN",
    "cache-control": "no-store",
}
"""The headers that are added to a response if the response does not have them."""

log = structlog.get_logger()


class Guard:
    """The ASGI application around all faces.

    Args:
        app: the application of the faces.
        access: decides who may send requests.
    """

    def __init__(self, app: ASGIApp, access: Access) -> None:
        self._app = app
        self._login = BodyLimit(app, LOGIN_BYTES)
        self._access = access
        self._noticed_at: dict[str, float] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes a request on, or refuses it."""
        if scope["type"] != "http":
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                _complete(scope, MutableHeaders(raw=message.setdefault("headers", [])))
            await send(message)

        headers = Headers(scope=scope)
        peer = scope["client"][0] if scope.get("client") else ""
        origin = origin_of(headers, peer, scope["scheme"], self._access.trusted)
        refusal = await self._refusal(scope, headers, origin)
        app = self._login if scope["path"] == LOGIN else self._app
        await (refusal or app)(scope, receive, send_with_headers)

    async def _refusal(self, scope: Scope, headers: Headers, origin: Origin) -> ASGIApp | None:
        """Returns the response that refuses a request; None if the request is admitted."""
        path = scope["path"]
        authorization = headers.get("authorization", "")
        if not host_allowed(origin.host, self._access.allowed_hosts):
            self._notice("host_refused", origin, "see [gateway] allowed_hosts")
            return answers.text("Unauthorized", 401)
        public = _public(scope["method"], path)
        # A link from another site may lead to a file of a web interface. A page of another site has no API key.
        checked = (not public or path == LOGIN) and not self._access.has_key(authorization)
        if checked and not same_origin(headers, origin.host):
            self._notice("cross_site_request_refused", origin, "behind a reverse proxy, see [gateway] trusted_proxies")
            return answers.text("Unauthorized", 401)
        state = scope.setdefault("state", {})
        state.update(access=self._access, origin=origin, secret=None)
        if public and path != LOGIN:
            return None
        admission = await self._access.admit(origin, authorization, headers.get("cookie", ""))
        if admission.session is not None:
            state.update(session=admission.session, secret=admission.secret)
            return None
        if path == LOGIN:
            return None
        if admission.banned:
            return answers.text(BANNED, 403)
        if _below(path, BASIC):
            return answers.text("Unauthorized", 401, {"WWW-Authenticate": 'Basic realm="Ouzel", charset="UTF-8"'})
        return answers.text("Forbidden", 403)

    def _notice(self, event: str, origin: Origin, remedy: str) -> None:
        now = time.monotonic()
        if now - self._noticed_at.get(event, -NOTICE_S) >= NOTICE_S:
            self._noticed_at[event] = now
            log.warning(event, host=origin.host, address=origin.address, remedy=remedy)


def _public(method: str, path: str) -> bool:
    return path == LOGIN or (method in ("GET", "HEAD") and path.startswith("/") and not _below(path, PROTECTED))


def _below(path: str, prefixes: tuple[str, ...]) -> bool:
    return any(path == each or path.startswith(f"{each}/") for each in prefixes)


def _complete(scope: Scope, headers: MutableHeaders) -> None:
    for name, value in HEADERS.items():
        headers.setdefault(name, value)
    if headers.get("content-type", "").startswith("text/event-stream"):
        scope["state"]["endless"] = True  # the server closes such a response when it stops
