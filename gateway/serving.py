"""Serves all interfaces, and the metrics if `[metrics] listen` is given."""

import asyncio
import signal
import sys

import structlog
from starlette.types import ASGIApp

from gateway import check, faces, logs
from gateway.access.access import open_access
from gateway.access.guard import Guard
from gateway.config.gateway_config import Config, is_local
from gateway.service import open_gateway
from gateway.service_manager import notify
from gateway.serving_metrics import metrics_listener, metrics_server
from gateway.tracing import tracing
from gateway.web.application import application
from gateway.web.request_ids import RequestIds
from gateway.web.server import bound, server, tls_context


async def serve(config: Config) -> None:
    """Serves until SIGTERM or SIGINT.

    Raises:
        CannotListen: an address cannot be used.
        InUse: another gateway uses the directory.
        UnusableCertificate: the certificate or its key cannot be used.
        InvalidConfig: the password's hash is malformed.
        NewerStore: a newer version has written the store.
        OSError, sqlite3.Error: the store cannot be opened.
    """
    check.check(config)
    log = structlog.get_logger()
    # The address is taken first, so that a second gateway does not touch the store of the first one.
    listener, of_metrics = bound(config.gateway.listen), metrics_listener(config)
    async with open_gateway(config) as gateway, asyncio.TaskGroup() as group:
        access, made = await open_access(config.gateway, gateway.store)
        guarded: ASGIApp = RequestIds(Guard(application(faces.routes(gateway)), access))
        traces = None
        if check.is_traced(config):
            traced, exporter = tracing(config, gateway.daemon.client)
            guarded, traces = traced(guarded), group.create_task(exporter.run())
        running = server(guarded, listener, tls_context(config))
        if made is not None:
            told = f"the password of {config.gateway.username!r} is {made} (made now, and shown only this once)"
            sys.stderr.write(f"{logs.prefix('warning')}ouzel-gateway: {told}\n")
            sys.stderr.flush()
        for each in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(each, running.stop)
        if _is_exposed(config):
            log.warning("not_encrypted", listen=config.gateway.listen, remedy="see [gateway] tls_certificate")
        metrics = None
        if of_metrics is not None:
            metrics = metrics_server(config, gateway.daemon.client, of_metrics, applied=lambda: gateway.mirror.seq)
            group.create_task(metrics.serve())
        log.info("gateway_started", listen=config.gateway.listen, tls=config.gateway.tls_key is not None)
        notify("READY=1")
        await running.serve()
        if metrics is not None:
            metrics.stop()
        if traces is not None:
            traces.cancel()
        notify("STOPPING=1")
    log.info("gateway_stopped")


def _is_exposed(config: Config) -> bool:
    """Whether other machines can connect without TLS, and no trusted proxy is configured."""
    return not (is_local(config.gateway.listen) or config.gateway.tls_key or config.gateway.trusted_proxies)
