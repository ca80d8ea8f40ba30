"""The endpoints of `auth`: login and logout."""

from typing import Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from gateway.access.access import COOKIE, Access, Login
from gateway.access.guard import BANNED, LOGIN
from gateway.context import Gateway
from gateway.web import answers
from gateway.web.fields import fields_of

LOGOUT: Final = "/api/v2/auth/logout"
ENDED: Final = f"{COOKIE}=; expires=Thu, 01 Jan 1970 00:00:00 GMT; path=/"


def routes(_: Gateway) -> list[BaseRoute]:
    """Returns the routes."""
    return routes_of_auth()


def routes_of_auth() -> list[BaseRoute]:
    """Returns the routes. Their handlers take all objects from the state of the request."""
    return [Route(LOGIN, log_in, methods=["POST"]), Route(LOGOUT, log_out, methods=["POST"])]


async def log_in(request: Request) -> Response:
    """Begins a session. As in qBittorrent, a request that already has a session needs no correct password."""
    access: Access = request.state.access
    secret: str | None = request.state.secret
    if secret is None:
        fields = await fields_of(request)
        outcome = await access.log_in(request.state.origin, fields.get("username", ""), fields.get("password", ""))
        if outcome is Login.BANNED:
            return answers.text(BANNED, 403)
        if outcome is Login.WRONG:
            return answers.text("Fails.")
        secret = access.begin_session()
    secure = "; Secure" if request.state.origin.secure else ""
    cookie = f"{COOKIE}={secret}; HttpOnly; path=/; SameSite=Strict{secure}"
    return answers.text("Ok.", headers={"Set-Cookie": cookie})


async def log_out(request: Request) -> Response:
    """Ends the session of the request's cookie."""
    access: Access = request.state.access
    secret: str | None = request.state.secret
    if secret is not None:
        access.sessions.end(secret)
    return answers.text("", headers={"Set-Cookie": ENDED})
