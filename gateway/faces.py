"""The routes of all faces."""

from starlette.routing import BaseRoute

from gateway.context import Gateway
from gateway.qbittorrent.changes import routes as changes


def routes(gateway: Gateway) -> list[BaseRoute]:
    """Returns the routes of all faces."""
    return [route for module in (changes,) for route in module.routes(gateway)]
