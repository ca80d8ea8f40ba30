"""The routes of the face `transmission`."""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from gateway.context import Gateway
from gateway.transmission import web
from gateway.transmission.details import Details
from gateway.transmission.face import Face, Memory
from gateway.transmission.recency import Recency
from gateway.transmission.transport import rpc, session_id

METHODS = ["GET", "POST"]


def routes(gateway: Gateway) -> list[BaseRoute]:
    """Returns the routes of the RPC, and of the files of a web interface."""
    face = Face(gateway, Details(gateway.daemon), Recency(), Memory(), session_id.made())

    async def endpoint(request: Request) -> Response:
        return await rpc.respond(face, request)

    return [
        Route("/transmission/rpc", endpoint, methods=METHODS),
        Route("/transmission/rpc/", endpoint, methods=METHODS),
        *web.routes(gateway.config),
    ]
