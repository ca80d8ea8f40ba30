"""The routes of the page."""

import secrets
import time
from pathlib import Path

from starlette.routing import BaseRoute, Route

from gateway.context import Gateway
from gateway.page.actions import Actions
from gateway.page.adding import Adding
from gateway.page.event_stream import EventStreams
from gateway.page.probes import Probes
from gateway.page.publication import Publication
from gateway.page.reads import Reads
from gateway.page.web_files import built_in, web_files


def routes(gateway: Gateway) -> list[BaseRoute]:
    """Returns the routes. The last route matches all paths, so the routes of other faces must come first."""
    reads, probes = Reads(gateway), Probes(gateway.mirror)
    webui_dir = gateway.config.gateway.webui_dir
    return [
        Route("/healthz", probes.health),
        Route("/readyz", probes.readiness),
        Route("/api/events", EventStreams(Publication(gateway.mirror, secrets.token_hex(4)), time.monotonic).open),
        Route("/api/health", reads.health),
        Route("/api/crashes", reads.crashes),
        Route("/api/crashes/{name}", reads.crash),
        Route("/api/torrents", reads.torrents),
        Route("/api/torrents", Adding(gateway).add, methods=["POST"]),
        Route("/api/torrents/{torrent}", reads.torrent),
        Route("/api/torrents/{torrent}/files", reads.files),
        Route("/api/torrents/{torrent}/trackers", reads.trackers),
        Route("/api/torrents/{torrent}/peers", reads.peers),
        Route("/api/actions/{action}", Actions(gateway).act, methods=["POST"]),
        built_in() if webui_dir is None else web_files(Path(webui_dir)),
    ]
