"""The routes of all faces."""

from starlette.routing import BaseRoute

from gateway.context import Gateway
from gateway.page import page_routes
from gateway.qbittorrent import routes as qbittorrent
from gateway.transmission import routes as transmission


def routes(gateway: Gateway) -> list[BaseRoute]:
    """Returns the routes of all faces. The page's routes match all remaining paths, so they come last."""
    return [
        *qbittorrent.routes(gateway),
        *transmission.routes(gateway),
        *page_routes.routes(gateway),
    ]
