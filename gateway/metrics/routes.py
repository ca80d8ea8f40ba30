"""Answers requests for `/metrics`."""

import hmac
from typing import Final

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from gateway.metrics.exposition import Exposition
from gateway.metrics.reading import Reader
from gateway.web import answers
from gateway.web.application import application
from protocol.configuration.gateway_sections import MetricsConfig

PATH: Final = "/metrics"


class Metrics:
    """Answers scrapes.

    Args:
        token: the token that scrapes must send. None if no token is needed.
    """

    def __init__(self, reader: Reader, exposition: Exposition, token: str | None) -> None:
        self._reader = reader
        self._exposition = exposition
        self._token = token

    def routes(self) -> list[BaseRoute]:
        """The routes of the listener."""
        return [Route(PATH, self._scrape, methods=["GET"]), Route("/", self._index, methods=["GET"])]

    async def _scrape(self, request: Request) -> Response:
        if self._token is not None and not _matches(request.headers.get("authorization", ""), self._token):
            return answers.text("A token is needed.\n", 401, {"WWW-Authenticate": "Bearer"})
        text, media_type = self._exposition.write(await self._reader.read(), request.headers.get("accept", ""))
        return Response(text, headers={"Content-Type": media_type, "Cache-Control": "no-store"})

    async def _index(self, _: Request) -> Response:
        return answers.text(f"Ouzel's metrics are at {PATH}.\n")


def metrics_application(config: MetricsConfig, reader: Reader) -> Starlette:
    """Returns an application that serves only the metrics."""
    exposition = Exposition(every_counter=config.libtorrent == "all")
    return application(Metrics(reader, exposition, config.token).routes())


def _matches(header: str, token: str) -> bool:
    scheme, _, given = header.partition(" ")
    return scheme.lower() == "bearer" and hmac.compare_digest(given.strip().encode(), token.encode())
