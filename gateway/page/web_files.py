"""Serves the files of a web interface: the built-in page, or a folder that the configuration names."""

from pathlib import Path
from typing import Final

from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.routing import BaseRoute, Match, Mount
from starlette.staticfiles import StaticFiles
from starlette.types import Receive, Scope, Send

from gateway.web import answers

ASSETS: Final = Path(__file__).with_name("assets")
RESERVED: Final = ("/api", "/transmission", "/metrics", "/healthz", "/readyz")
"""The paths without files. An unknown path below them gets 404, because programs do not expect HTML there."""
CONTENT_POLICY: Final = "; ".join(
    [
        "default-src 'self'",
        "object-src 'none'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
    ]
)
"""The sources from which the built-in page may load. Forms are forbidden: a form could put the password into a URL."""


def built_in() -> BaseRoute:
    """Returns the route of the built-in page."""
    return _Route(_Files(ASSETS, {"content-security-policy": CONTENT_POLICY, "x-frame-options": "DENY"}))


def web_files(directory: Path) -> BaseRoute:
    """Returns the route of a configured folder. The file `index.html` of the folder is at `/`."""
    return _Route(_Files(directory, {}))


class _Route(Mount):
    """A route that matches all paths except those in RESERVED."""

    def __init__(self, files: StaticFiles) -> None:
        super().__init__("/", files)

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """Matches a path that is not in RESERVED."""
        path = scope["path"]
        if any(path == each or path.startswith(f"{each}/") for each in RESERVED):
            return Match.NONE, {}
        return super().matches(scope)


class _Files(StaticFiles):
    """Serves the regular files of a folder. Serves no lists of files, and follows no links out of the folder.

    Args:
        folder: the folder, which may be missing for now.
        headers: headers of each response.
    """

    def __init__(self, folder: Path, headers: dict[str, str]) -> None:
        super().__init__(directory=folder, html=True, check_dir=False)
        self._headers = {"cache-control": "no-cache", **headers}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers a request."""
        try:
            response = await self.get_response(self.get_path(scope), scope)
        except OSError:
            response = _missing()
        except HTTPException as error:
            if error.status_code == 405:
                raise
            response = _missing()
        response.headers.update(self._headers)
        await response(scope, receive, send)


def _missing() -> Response:
    return answers.text("Not Found\n", 404)
