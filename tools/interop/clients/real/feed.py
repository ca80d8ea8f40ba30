"""A feed (RSS) with .torrent files, on loopback."""

import threading
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self
from urllib.parse import quote, unquote


class Feed:
    """Serves a feed until it is closed.

    Args:
        files: the .torrent files by the title of their entry.

    Fields:
        url: the feed's address.
    """

    def __init__(self, files: Mapping[str, bytes]) -> None:
        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:  # the base class requires this name
                name = unquote(self.path.removeprefix("/"))
                content, kind = (files.get(name, b""), "application/x-bittorrent") if name else (rss, "text/xml")
                self.send_response(200 if content else 404)
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  # as in the base class
                """Suppresses the log."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}/"
        rss = _rss(self.url, files)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), name="feed", daemon=True)
        self._thread.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


def _rss(url: str, files: Mapping[str, bytes]) -> bytes:
    items = "".join(
        f"<item><title>{title}</title><guid>{title}</guid><link>{url}{quote(title)}</link></item>" for title in files
    )
    head = f"<title>releases</title><link>{url}</link><description>releases</description>"
    return f'<?xml version="1.0"?><rss version="2.0"><channel>{head}{items}</channel></rss>'.encode()
