"""A small real web seed on loopback: serves the files of a directory by HTTP, with ranges."""

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.parse import unquote


class WebServer:
    """Serves files until it is closed.

    Args:
        root: the directory.

    Fields:
        requests: the paths of all requests so far; entries are only appended.
        url: the URL of the directory, with a slash at the end.
    """

    def __init__(self, root: Path) -> None:
        self.requests: list[str] = []
        heard = self.requests.append

        class Handler(_Handler):
            directory = root
            requested = staticmethod(heard)

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}/"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), name="web", daemon=True)
        self._thread.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    directory: Path
    requested: Any

    def do_GET(self) -> None:  # the base class requires this name
        self.requested(self.path)
        content = (self.directory / unquote(self.path).lstrip("/")).read_bytes()
        first, _, last = self.headers["Range"].removeprefix("bytes=").partition("-")
        part = content[int(first) : int(last) + 1]
        self.send_response(206)
        self.send_header("Content-Length", str(len(part)))
        self.send_header("Content-Range", f"bytes {first}-{last}/{len(content)}")
        self.end_headers()
        self.wfile.write(part)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  # as in the base class
        """Suppresses the log."""
