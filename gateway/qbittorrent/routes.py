"""The routes of the whole API. A room of handlers is one line."""

from starlette.routing import BaseRoute

from gateway.context import Gateway
from gateway.qbittorrent import auth
from gateway.qbittorrent.changes import routes as changes
from gateway.qbittorrent.present import Present
from gateway.qbittorrent.reads import routes as reads
from gateway.qbittorrent.reads.details import Details
from gateway.qbittorrent.sync import routes as sync


def routes(gateway: Gateway) -> list[BaseRoute]:
    """Returns the routes."""
    present, details = Present(gateway), Details(gateway.daemon)
    return [
        *auth.routes(gateway),
        *reads.routes(present, details),
        *sync.routes(present, details),
        *changes.routes(present),
    ]
