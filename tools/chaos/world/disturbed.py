"""A relay before the seed, and a tracker. Both can be slow, half-open or lying."""

import contextlib
import socket
import threading
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final, Literal

Mode = Literal["right", "slow", "half_open", "lying"]

ADDRESS: Final = "127.0.0.2"
"""The relay's own address. The daemon may ban it without banning the seed of others."""

_CHUNK: Final = 16 * 1024
_SLOW_S: Final = 0.05
_LIE_EVERY: Final = 3
_HALF_OPEN_S: Final = 20.0


class Relay:
    """Forwards TCP connections to an endpoint.

    Fields:
        mode: `slow`: forwards a little at a time. `half_open`: keeps connections open, and forwards nothing. `lying`:
            changes some bytes of the payload.
        disturbed: how many chunks were disturbed.
    """

    def __init__(self, endpoint: str) -> None:
        host, _, port = endpoint.rpartition(":")
        self._target = host, int(port)
        self.mode: Mode = "right"
        self.disturbed = 0
        self._listener = socket.create_server((ADDRESS, 0))
        self.endpoint = f"{ADDRESS}:{self._listener.getsockname()[1]}"
        self._sockets: set[socket.socket] = set()
        self._closed = False
        threading.Thread(target=self._accept, name="relay", daemon=True).start()

    def close(self) -> None:
        """Closes all connections."""
        self._closed = True
        self.mode = "right"
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for each in list(self._sockets):
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
                each.close()

    def _accept(self) -> None:
        while not self._closed:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            try:
                server = socket.create_connection(self._target, 5)
            except OSError:
                client.close()
                continue
            server.settimeout(None)
            self._sockets |= {client, server}
            for pair, answers in (((client, server), False), ((server, client), True)):
                threading.Thread(target=self._forward, args=(*pair, answers), name="relay", daemon=True).start()

    def _forward(self, source: socket.socket, target: socket.socket, answers: bool) -> None:
        count = 0
        with contextlib.suppress(OSError):
            while chunk := source.recv(_CHUNK):
                count += 1
                target.sendall(self._disturb(chunk, count) if answers else chunk)
        for each in (source, target):
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
            with contextlib.suppress(OSError):
                each.close()
            self._sockets.discard(each)

    def _disturb(self, chunk: bytes, count: int) -> bytes:
        mode = self.mode
        if mode == "slow":
            self.disturbed += 1
            time.sleep(_SLOW_S)
        elif mode == "half_open":
            self.disturbed += 1
            _wait(lambda: self.mode)
        elif mode == "lying" and count % _LIE_EVERY == 0 and len(chunk) > 4096:
            self.disturbed += 1
            middle = len(chunk) // 2
            return chunk[:middle] + bytes([chunk[middle] ^ 0xFF]) + chunk[middle + 1 :]
        return chunk


def _wait(mode: Callable[[], Mode]) -> None:
    """Waits while the mode is `half_open`, for a limited time."""
    deadline = time.monotonic() + _HALF_OPEN_S
    while mode() == "half_open" and time.monotonic() < deadline:
        time.sleep(_SLOW_S)


class DisturbedTracker:
    """A tracker by HTTP that returns no peers.

    Fields:
        mode: `slow`: an answer takes seconds. `half_open`: no answer comes. `lying`: the answer is garbage.
        disturbed: how many announces were disturbed.
        url: the announce URL.
    """

    def __init__(self) -> None:
        self.mode: Mode = "right"
        self.disturbed = 0
        tracker = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:  # the base class requires this name
                tracker.answer(self)

            def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  # as in the base class
                """Suppresses the log."""

        class Server(ThreadingHTTPServer):
            daemon_threads = True
            request_queue_size = 100

            def handle_error(self, request: Any, client_address: Any) -> None:
                """Ignores the error, because clients may disconnect."""

        self._server = Server(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}/announce"
        threading.Thread(target=self._server.serve_forever, args=(0.1,), name="tracker", daemon=True).start()

    def close(self) -> None:
        """Stops serving."""
        self._server.shutdown()
        self._server.server_close()

    def answer(self, handler: BaseHTTPRequestHandler) -> None:
        """Answers one announce."""
        body = b"d8:intervali1800e5:peers0:e"
        mode = self.mode
        if mode != "right":
            self.disturbed += 1
        if mode == "slow":
            time.sleep(1.0)
        elif mode == "half_open":
            _wait(lambda: self.mode)
        elif mode == "lying":
            body = b"d8:intervali-5e5:peers999999:\xff\xfe\x00"
        handler.send_response(200)
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        handler.wfile.write(body)
