"""Answers monitoring programs, which need no login."""

from starlette.requests import Request
from starlette.responses import Response

from gateway.daemon.daemon import RETRY_AFTER_S
from gateway.mirror.mirror import Mirror
from gateway.page.service_state import status
from gateway.web import answers


class Probes:
    """The handlers of the probes. Their answers name no torrent.

    Args:
        mirror: the last known state.
    """

    def __init__(self, mirror: Mirror) -> None:
        self._mirror = mirror

    async def health(self, _: Request) -> Response:
        """Answers 200. The body has the daemon's status."""
        return answers.json({"gateway": "healthy", "daemon": status(self._mirror)})

    async def readiness(self, _: Request) -> Response:
        """Answers 200 if the torrents are known and the daemon answers. Otherwise answers 503."""
        ready = self._mirror.ready and not self._mirror.away
        document = {"ready": ready, "daemon": status(self._mirror)}
        return answers.json(document) if ready else answers.json(document, 503, {"Retry-After": str(RETRY_AFTER_S)})
