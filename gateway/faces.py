"""The routes of all faces."""

from starlette.routing import BaseRoute

from gateway.context import Gateway


def routes(gateway: Gateway) -> list[BaseRoute]:
    """Returns the routes of all faces."""
    return []
