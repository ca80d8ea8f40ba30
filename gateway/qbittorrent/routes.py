"""The routes of the whole API."""

from starlette.routing import BaseRoute

from gateway.context import Gateway
from gateway.qbittorrent import auth
from gateway.qbittorrent.absent import routes as absent
from gateway.qbittorrent.app import routes as app
from gateway.qbittorrent.changes import routes as changes
from gateway.qbittorrent.creator import routes as creator
from gateway.qbittorrent.present import Present
from gateway.qbittorrent.reads import routes as reads
from gateway.qbittorrent.reads.details import Details
from gateway.qbittorrent.service import log, transfer
from gateway.qbittorrent.sync import routes as sync


def routes(gateway: Gateway) -> list[BaseRoute]:
    """Returns the routes."""
    present, details = Present(gateway), Details(gateway.daemon)
    return [
        *auth.routes(gateway),
        *reads.routes(present, details),
        *sync.routes(present, details),
        *changes.routes(present),
        *app.routes(gateway),
        *transfer.routes(gateway),
        *log.routes(gateway),
        *creator.routes(gateway),
        *absent.routes(gateway),
    ]
