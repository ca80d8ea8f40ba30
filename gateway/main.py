"""The gateway's command line. Exit codes are those of `ouzeld`: 78 for a wrong configuration."""

import argparse
import asyncio
import sys
from pathlib import Path
from typing import Final

from gateway import faces
from gateway.config import gateway_config
from gateway.config.gateway_config import Config
from gateway.service import open_gateway
from gateway.web.application import application
from gateway.web.server import server
from protocol.configuration.config_problem import InvalidConfig

EXIT_CONFIG: Final = 78


def main() -> None:
    """Runs the gateway in the foreground until SIGTERM or SIGINT."""
    parser = argparse.ArgumentParser(prog="ouzel-gateway", description="HTTP interfaces of a running ouzeld.")
    parser.add_argument("--config", type=Path, metavar="FILE", help="the daemon's TOML file")
    arguments = parser.parse_args()
    try:
        config = gateway_config.load(arguments.config)
    except InvalidConfig as error:
        sys.stderr.write(f"{error}\n")
        raise SystemExit(EXIT_CONFIG) from error
    asyncio.run(serve(config))


async def serve(config: Config) -> None:
    """Serves until it is stopped."""
    async with open_gateway(config) as gateway:
        await server(config, application(faces.routes(gateway))).serve()
