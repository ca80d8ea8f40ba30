"""The routes of all faces."""

from starlette.routing import BaseRoute

from gateway.context import Gateway
from gateway.qbittorrent import routes as qbittorrent


def routes(gateway: Gateway) -> list[BaseRoute]:
    """Returns the routes of all faces."""
    return [
        *qbittorrent.routes(gateway),
    ]
