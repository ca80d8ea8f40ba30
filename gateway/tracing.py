"""Exports traces, beside the interfaces or alone, if `[traces] endpoint` or OpenTelemetry's variables are given."""

import asyncio
import signal
from collections.abc import Callable
from typing import TYPE_CHECKING

import structlog
from starlette.types import ASGIApp

from gateway.check import check_server, is_traced
from gateway.config.gateway_config import Config
from gateway.service import client_of
from gateway.service_manager import notify
from ouzel.client.aio import AsyncClient
from protocol.configuration.config_problem import InvalidConfig, Problem

if TYPE_CHECKING:
    from gateway.traces.exporter import Exporter

Wrap = Callable[[ASGIApp], ASGIApp]


def tracing(config: Config, client: AsyncClient) -> "tuple[Wrap, Exporter]":
    """Returns a function that makes an application trace its requests, and the exporter to run."""
    from gateway.traces.exporter import Exporter  # it loads OpenTelemetry, which takes 24 MiB
    from gateway.traces.own_spans import Traced, trace_process

    exporter = Exporter(config.traces, client, trace_process(config.traces.ratio))
    structlog.get_logger().info("traces_started")
    return Traced, exporter


async def export_only(config: Config) -> None:
    """Exports the daemon's traces until SIGTERM or SIGINT. Serves nothing.

    Raises:
        InvalidConfig: there is no endpoint, or the extra `traces` is not installed.
    """
    check_server()
    if not is_traced(config):
        raise InvalidConfig([Problem(message="is missing, such as http://127.0.0.1:4318", key="traces.endpoint")])
    async with client_of(config) as client:
        _, exporter = tracing(config, client)
        running = asyncio.create_task(exporter.run())
        for each in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(each, running.cancel)
        notify("READY=1")
        await asyncio.wait([running])
        notify("STOPPING=1")
        if not running.cancelled():
            running.result()
    structlog.get_logger().info("gateway_stopped")
