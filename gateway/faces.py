"""The routes of all faces."""

from starlette.routing import BaseRoute

from gateway.context import Gateway
from gateway.qbittorrent.absent import routes as absent
from gateway.qbittorrent.app import routes as app
from gateway.qbittorrent.creator import routes as creator
from gateway.qbittorrent.service import log, transfer


def routes(gateway: Gateway) -> list[BaseRoute]:
    """Returns the routes of all faces."""
    return [route for module in (app, transfer, log, creator, absent) for route in module.routes(gateway)]
