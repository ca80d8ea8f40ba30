"""Serves the files of a web interface: the built-in page, or a folder of the user's."""

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
"""Below these paths there are no files, so that a program never takes a page for an answer."""
CONTENT_POLICY: Final = "; ".join(
    [
        "default-src 'self'",
        "object-src 'none'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
    ]
)
"""What the built-in page may load. A form that a script does not handle must not put the password into the URL."""


def built_in() -> BaseRoute:
    """Returns the route of the built-in page."""
    return _Route(_Files(ASSETS, {"content-security-policy": CONTENT_POLICY, "x-frame-options": "DENY"}))


def web_files(directory: Path) -> BaseRoute:
    """Returns the route of a folder of the user's. Its `index.html` is at `/`."""
    return _Route(_Files(directory, {}))


class _Route(Mount):
    """All paths that are not reserved."""

    def __init__(self, files: StaticFiles) -> None:
        super().__init__("/", files)

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """Does not match reserved paths, which are then unknown."""
        path = scope["path"]
        if any(path == each or path.startswith(f"{each}/") for each in RESERVED):
            return Match.NONE, {}
        return super().matches(scope)


class _Files(StaticFiles):
    """Regular files inside a folder. Neither listings nor links that lead out of it.

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
