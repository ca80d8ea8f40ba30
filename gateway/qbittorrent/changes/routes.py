"""The routes of all changes."""

from starlette.routing import BaseRoute

from gateway.qbittorrent.changes import add, categories, files, limits, locations, running, tags, trackers
from gateway.qbittorrent.changes.desk import Desk
from gateway.qbittorrent.present import Present

ENDPOINTS = (
    *add.ENDPOINTS,
    *running.ENDPOINTS,
    *limits.ENDPOINTS,
    *categories.ENDPOINTS,
    *tags.ENDPOINTS,
    *locations.ENDPOINTS,
    *trackers.ENDPOINTS,
    *files.ENDPOINTS,
)


def routes(present: Present) -> list[BaseRoute]:
    """Returns the routes."""
    desk = Desk(present)
    return [each.route(desk) for each in ENDPOINTS]
