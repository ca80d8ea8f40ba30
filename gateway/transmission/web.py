"""The files of a web interface for Transmission."""

from pathlib import Path
from typing import Final

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from gateway.access import guard
from gateway.config.gateway_config import Config

DEBIAN: Final = Path("/usr/share/transmission/web")
CONTENT_POLICY: Final = guard.CONTENT_POLICY.replace("script-src 'self'", "script-src 'self' 'unsafe-eval'")


def directory(config: Config) -> Path | None:
    """The configured directory of the files, or the directory of Debian's package. None if neither exists."""
    chosen = config.gateway.transmission_webui_dir
    found = DEBIAN if chosen is None else Path(chosen)
    return found if found.is_dir() else None


def routes(config: Config) -> list[BaseRoute]:
    """The routes of the files. The routes serve no file outside of the directory."""
    found = directory(config)
    if found is None:
        return []
    return [
        *(Route(path, _redirect) for path in ("/transmission", "/transmission/", "/transmission/web")),
        Mount("/transmission/web", _Files(directory=found, html=True)),
    ]


class _Files(StaticFiles):
    """The files of a page that may evaluate text as scripts. Transmission 3.00's page does this by jQuery 1."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        """Answers a request."""
        response = await super().get_response(path, scope)
        response.headers["content-security-policy"] = CONTENT_POLICY
        return response


async def _redirect(_: Request) -> Response:
    return RedirectResponse("/transmission/web/", 301)
