"""A connection that limits the time for receiving requests and sending responses."""

import asyncio
import contextlib
from typing import Any, Final

import h11
from uvicorn.config import Config
from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.server import ServerState

HEADERS_S: Final = 10.0
"""The time limit for the headers of a request, from the first byte of the request."""
BODY_S: Final = 30.0
"""The time limit for a body. `BODY_BPS` gives more time to a large body."""
BODY_BPS: Final = 16 * 1024
UNREAD_S: Final = 60.0
"""If a client reads nothing of a response for this time, the connection is closed."""
STALLED_S: Final = 5.0
"""If there are too many connections, such a connection is closed after this time already."""
MAX_CONNECTIONS: Final = 1_024
OVERLOADED: Final = (
    b"HTTP/1.1 503 Service Unavailable\r\nretry-after: 5\r\nconnection: close\r\n"
    b"content-type: text/plain; charset=utf-8\r\ncontent-length: 19\r\n\r\nService Unavailable"
)


class Connection(H11Protocol):
    """One connection of a client.

    The server calls `overdue` every second. This costs less than a timer for each request.
    """

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        self._phase: tuple[object, object] = (None, h11.IDLE)
        self._since = self._unread_since = self.loop.time()
        self._received = self._unread = 0

    @property
    def _served(self) -> bool:
        """Whether a request was received."""
        return self._phase[0] is not None

    @property
    def waiting_since(self) -> float | None:
        """The time since which the connection has no complete request. None while a request is being answered."""
        return self._since if self.conn.their_state in (h11.IDLE, h11.SEND_BODY) else None

    @property
    def stalled_since(self) -> float | None:
        """Since when the client has not read its response. None if this time is shorter than `STALLED_S`."""
        stalled = self.transport.get_write_buffer_size() > 0 and self.loop.time() - self._unread_since > STALLED_S
        return self._unread_since if stalled else None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as in the base class
        """Accepts the connection. If there are too many connections, closes a connection that waits for its client."""
        if len(self.connections) >= MAX_CONNECTIONS and not self._make_room():
            transport.write(OVERLOADED)
            transport.close()
        super().connection_made(transport)

    def data_received(self, data: bytes) -> None:
        """Parses what the client has sent."""
        if self.transport.is_closing():
            return
        if self.conn.their_state is h11.IDLE and not self._partial():
            self._since = self.loop.time()
        self._received += len(data)
        super().data_received(data)
        self._note_phase()

    def on_response_complete(self) -> None:
        """Notes that the connection waits for the next request."""
        super().on_response_complete()
        self._note_phase()

    def send_400_response(self, msg: str) -> None:
        """Answers a malformed request, if no response has begun. Closes the connection."""
        if self.conn.our_state in (h11.IDLE, h11.SEND_RESPONSE):
            super().send_400_response(msg)
        else:
            self.transport.close()

    def shutdown(self) -> None:
        """Closes the connection after the present response. If the response is endless, closes it at once."""
        if self._served and not self.cycle.response_complete and self.scope["state"].get("endless"):
            self.transport.close()
            return
        with contextlib.suppress(h11.LocalProtocolError):  # the connection is being closed
            super().shutdown()

    def overdue(self, now: float) -> bool:
        """Whether the client exceeds a time limit for sending a request or receiving a response."""
        unread = self.transport.get_write_buffer_size()
        if unread == 0 or unread < self._unread:
            self._unread_since = now
        self._unread = unread
        if now - self._unread_since > UNREAD_S:
            return True
        waited = now - self._since
        if self.conn.their_state is h11.SEND_BODY:
            return waited > BODY_S + self._received / BODY_BPS
        begun = not self._served or self._partial()  # a first request has begun with the connection
        return self.conn.their_state is h11.IDLE and begun and waited > HEADERS_S

    def abort(self) -> None:
        """Closes the connection at once. Unsent data is lost."""
        self.transport.abort()

    def _partial(self) -> bool:
        """Whether a part of the next request's headers was received."""
        return bool(self.conn.trailing_data[0])

    def _note_phase(self) -> None:
        phase = self.cycle, self.conn.their_state
        if phase != self._phase:
            self._phase = phase
            self._since = self.loop.time()
            self._received = 0

    def _make_room(self) -> bool:
        """Closes the connection that has waited the longest for a request.

        If no connection waits for a request, closes the connection whose client has not read for the longest time.

        Returns False if no connection waits.
        """
        others = [each for each in self.connections if isinstance(each, Connection)]
        waiting = [(since, each) for each in others if (since := each.waiting_since) is not None]
        stalled = waiting or [(since, each) for each in others if (since := each.stalled_since) is not None]
        if not stalled:
            return False
        min(stalled, key=lambda pair: pair[0])[1].abort()
        return True
