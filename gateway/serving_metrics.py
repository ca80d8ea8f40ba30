"""Serves the metrics, beside the other interfaces or alone."""

import asyncio
import signal
import socket
from collections.abc import Callable

import structlog

from gateway.check import check_server
from gateway.config.gateway_config import Config, is_local
from gateway.metrics.reading import Reader
from gateway.metrics.routes import metrics_application
from gateway.service import client_of
from gateway.service_manager import notify
from gateway.web.server import Server, bound, server
from ouzel.client.aio import AsyncClient
from protocol.configuration.config_problem import InvalidConfig, Problem


def metrics_listener(config: Config) -> socket.socket | None:
    """Returns a socket that is bound to `[metrics] listen`. None without that key. Raises CannotListen."""
    return None if config.metrics.listen is None else bound(config.metrics.listen, "metrics")


def metrics_server(
    config: Config,
    client: AsyncClient,
    listener: socket.socket,
    *,
    applied: Callable[[], int | None] = lambda: None,
) -> Server:
    """Returns a server of the metrics. Logs a warning if other machines need no token.

    Args:
        client: a client of the daemon.
        listener: the result of `metrics_listener`. The server closes it.
        applied: returns the number of the last event that the mirror has applied. None without a mirror.
    """
    log = structlog.get_logger()
    assert config.metrics.listen is not None
    if config.metrics.token is None and not is_local(config.metrics.listen):
        log.warning("metrics_exposed", listen=config.metrics.listen, remedy="see [metrics] token")
    log.info("metrics_started", listen=config.metrics.listen)
    reader = Reader(client, applied=applied, per_torrent=config.metrics.per_torrent)
    return server(metrics_application(config.metrics, reader), listener)


async def serve_only(config: Config) -> None:
    """Serves only the metrics until SIGTERM or SIGINT. Has no store, no password and no copy of the torrents.

    Raises:
        InvalidConfig: `[metrics] listen` is missing.
        CannotListen: the address cannot be used.
    """
    check_server()
    listener = metrics_listener(config)
    if listener is None:
        raise InvalidConfig([Problem(message="is missing, such as 127.0.0.1:9180", key="metrics.listen")])
    async with client_of(config) as client:
        running = metrics_server(config, client, listener)
        for each in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(each, running.stop)
        notify("READY=1")
        await running.serve()
        notify("STOPPING=1")
    structlog.get_logger().info("gateway_stopped")
