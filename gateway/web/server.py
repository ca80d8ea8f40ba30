"""The HTTP server."""

import uvicorn
from starlette.types import ASGIApp

from gateway.config.gateway_config import Config, address_of


def server(config: Config, app: ASGIApp) -> uvicorn.Server:
    """Returns a server that listens where the configuration says."""
    host, port = address_of(config.gateway.listen)
    return uvicorn.Server(
        uvicorn.Config(
            app,
            host=host,
            port=port,
            ssl_certfile=config.gateway.tls_certificate,
            ssl_keyfile=config.gateway.tls_key,
            log_config=None,
            access_log=False,
            server_header=False,
            lifespan="off",
            http="h11",
            ws="none",
            timeout_keep_alive=75,
        )
    )
