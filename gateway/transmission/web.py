"""The files of a web interface for Transmission."""

from pathlib import Path
from typing import Final

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles

from gateway.config.gateway_config import Config

DEBIAN: Final = Path("/usr/share/transmission/web")


def directory(config: Config) -> Path | None:
    """The configured directory of the files, or the directory of Debian's package. None if neither exists."""
    chosen = config.gateway.transmission_webui_dir
    found = DEBIAN if chosen is None else Path(chosen)
    return found if found.is_dir() else None


def routes(config: Config) -> list[BaseRoute]:
    """The routes of the files. They serve no file outside of the directory."""
    found = directory(config)
    if found is None:
        return []
    return [
        *(Route(path, _redirect) for path in ("/transmission", "/transmission/", "/transmission/web")),
        Mount("/transmission/web", StaticFiles(directory=found, html=True)),
    ]


async def _redirect(_: Request) -> Response:
    return RedirectResponse("/transmission/web/", 301)
