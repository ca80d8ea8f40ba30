"""The routes of all faces."""

from starlette.routing import BaseRoute

from gateway.context import Gateway
from gateway.transmission import routes as transmission_routes


def routes(gateway: Gateway) -> list[BaseRoute]:
    """Returns the routes of all faces."""
    return [*transmission_routes.routes(gateway)]
