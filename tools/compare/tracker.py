"""A tracker that answers each announce with the address of one seed. So all programs find the seed in the same way."""

import ipaddress
import threading
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Final, Self

from tools.rig import bencode

INTERVAL_S: Final = 1800


class SeedTracker:
    """Serves HTTP announces at an address within its context.

    Args:
        address: the IPv4 address to serve at.
        seed: the seed's IPv4 address and port.

    Fields:
        url: the announce URL.
    """

    def __init__(self, address: str, seed: tuple[str, int]) -> None:
        compact = ipaddress.IPv4Address(seed[0]).packed + seed[1].to_bytes(2)
        answer = bencode.encode({b"interval": INTERVAL_S, b"complete": 1, b"incomplete": 0, b"peers": compact})

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:  # the base class requires this name
                self.send_response(200)
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                with suppress(OSError):  # a program may be killed meanwhile
                    self.wfile.write(answer)

            def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  # as in the base class
                """Suppresses the log."""

        self._server = _Server((address, 0), Handler)
        self.url = f"http://{address}:{self._server.server_address[1]}/announce"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), name="tracker", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


class _Server(ThreadingHTTPServer):
    request_queue_size = 1000
    daemon_threads = True
