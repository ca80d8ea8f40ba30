"""The routes of all faces."""

from starlette.routing import BaseRoute

from gateway.context import Gateway
from gateway.qbittorrent import auth
from gateway.qbittorrent import routes as qbittorrent
from gateway.transmission import routes as transmission


def routes(gateway: Gateway) -> list[BaseRoute]:
    """Returns the routes of all faces."""
    return [
        *auth.routes(gateway),
        *qbittorrent.routes(gateway),
        *transmission.routes(gateway),
    ]
