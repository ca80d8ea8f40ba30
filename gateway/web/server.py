"""The HTTP server: uvicorn, with limits on slow and idle connections."""

import asyncio
import contextlib
import errno
import os
import socket
import ssl
from collections.abc import Iterator
from typing import Final

import uvicorn
from starlette.types import ASGIApp

from gateway.config.gateway_config import Config, address_of
from gateway.web.body_limit import BodyLimit
from gateway.web.connection import Connection

KEEP_ALIVE_S: Final = 75
"""A connection without a request is closed after this time."""
HANDSHAKE_S: Final = 10.0
"""The time limit for the handshake of TLS."""
GOODBYE_S: Final = 1.0
"""The time limit for a client's answer when the server ends TLS."""
MAX_HEADERS_BYTES: Final = 128 * 1024
"""The maximum size of the headers of a request. Some clients list a thousand torrents in the query."""
BACKLOG: Final = 1_024
GRACE_S: Final = 5
"""When the server stops, requests in progress have this much time."""
SWEEP_S: Final = 1.0


class CannotListen(Exception):
    """The address cannot be used.

    Fields:
        permanent: whether a retry fails until the configuration is changed.
    """

    def __init__(self, message: str, *, permanent: bool) -> None:
        super().__init__(message)
        self.permanent = permanent


class UnusableCertificate(Exception):
    """The files of the certificate cannot be used."""


class Server(uvicorn.Server):
    """The server. It handles no signals."""

    def __init__(self, config: uvicorn.Config, listener: socket.socket) -> None:
        super().__init__(config)
        self._listener = listener
        self._stopping = asyncio.Event()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leaves signals to the caller."""
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begins to accept connections."""
        await self.lifespan.startup()
        loop = asyncio.get_running_loop()
        self.servers = [
            await loop.create_server(
                lambda: Connection(self.config, self.server_state, self.lifespan.state, loop),
                sock=self._listener,
                ssl=self.config.ssl,
                ssl_handshake_timeout=HANDSHAKE_S if self.config.ssl else None,
                ssl_shutdown_timeout=GOODBYE_S if self.config.ssl else None,
                backlog=BACKLOG,
            )
        ]
        self.started = True

    async def main_loop(self) -> None:
        """Serves until the server is stopped. Closes connections that exceed a time limit."""
        while not await self.on_tick(0):
            now = asyncio.get_running_loop().time()
            for each in list(self.server_state.connections):
                if isinstance(each, Connection) and each.overdue(now):
                    each.abort()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._stopping.wait(), SWEEP_S)

    def stop(self) -> None:
        """Makes the server stop. Does not wait for the end."""
        self.should_exit = True
        self._stopping.set()


def server(app: ASGIApp, listener: socket.socket, context: ssl.SSLContext | None = None) -> Server:
    """Returns a server.

    Args:
        app: the application that answers requests.
        listener: the result of `bound`. The server closes it.
        context: the context for TLS; None for no TLS.
    """
    uvicorn_config = uvicorn.Config(
        BodyLimit(app),
        log_config=None,
        log_level="error",
        access_log=False,
        server_header=False,
        proxy_headers=False,
        lifespan="off",
        ws="none",
        http=Connection,
        interface="asgi3",
        timeout_keep_alive=KEEP_ALIVE_S,
        timeout_graceful_shutdown=GRACE_S,
        h11_max_incomplete_event_size=MAX_HEADERS_BYTES,
        ssl_context_factory=None if context is None else lambda *_: context,
    )
    return Server(uvicorn_config, listener)


def bound(listen: str, section: str = "gateway") -> socket.socket:
    """Returns a socket that is bound to an address and a port, such as `[::1]:8080`. Raises CannotListen.

    Args:
        section: the section of the configuration that has the key `listen`. Errors name it.
    """
    host, port = address_of(listen)
    shown = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except OSError as error:
        raise CannotListen(f"[{section}] listen: {host!r} is no address: {error.strerror}", permanent=False) from error
    family, kind, protocol, _, address = found[0]
    listener = socket.socket(family, kind, protocol)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, int(host != "::"))
        listener.bind(address)
    except OSError as error:
        listener.close()
        raise CannotListen(f"[{section}] listen: {_why(error, shown, port)}", permanent=_permanent(error)) from error
    listener.setblocking(False)
    return listener


def _why(error: OSError, shown: str, port: int) -> str:
    match error.errno:
        case errno.EADDRINUSE:
            return f"another program uses {shown} already; choose another port, or stop that program"
        case errno.EADDRNOTAVAIL:
            return f"this machine does not have the address of {shown} now"
        case errno.EACCES if port < 1024:
            return f"ports below 1024, such as that of {shown}, are for root only; choose another port"
        case _:
            return f"{shown}: {error.strerror or os.strerror(error.errno or 0)}"


def _permanent(error: OSError) -> bool:
    return error.errno not in (errno.EADDRINUSE, errno.EADDRNOTAVAIL)


def tls_context(config: Config) -> ssl.SSLContext | None:
    """Returns the context for TLS, if there is a certificate. Raises UnusableCertificate."""
    certificate, key = config.gateway.tls_certificate, config.gateway.tls_key
    if certificate is None or key is None:
        return None
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    try:
        # Without a callback, a key with a passphrase would ask on the terminal.
        context.load_cert_chain(certificate, key, password=lambda: "")
    except ssl.SSLError as error:
        problem = f"[gateway] tls_certificate, tls_key: no certificate with its key, in PEM: {error.reason or error}"
        raise UnusableCertificate(problem) from error
    except OSError as error:
        name = certificate if not os.access(certificate, os.R_OK) else key
        raise UnusableCertificate(f"[gateway] {name}: {error.strerror}") from error
    return context
