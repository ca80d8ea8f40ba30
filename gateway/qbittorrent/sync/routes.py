"""The endpoints of `sync`."""

from typing import Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from gateway.daemon.daemon import Unavailable
from gateway.qbittorrent.present import Present, now_us
from gateway.qbittorrent.reads.details import Details
from gateway.qbittorrent.routing import API, whole_number
from gateway.qbittorrent.sync.maindata import maindata
from gateway.qbittorrent.sync.peers import peers_of, torrent_peers
from gateway.qbittorrent.sync.sessions import Session, Sessions
from gateway.web import answers
from gateway.web.fields import Fields, fields_of

SHARED: Final = ""
"""The key that all requests without a session share."""


def routes(present: Present, details: Details) -> list[BaseRoute]:
    """Returns the routes."""
    sessions = Sessions()

    async def main(request: Request) -> Response:
        """The changes of torrents, categories, tags, trackers and the service."""
        fields = await fields_of(request)
        book = present.book()
        if not book.server.values:
            raise Unavailable("The state of the service is not known yet.", 1)
        found = maindata(book, _session(sessions, request).main, _rid(fields), now_us())
        return answers.json(found)

    async def peers(request: Request) -> Response:
        """The changes of a torrent's peers."""
        fields = await fields_of(request)
        entry = present.entry(fields)
        rows = await details.peers(entry.torrent.row.torrent)
        found = peers_of(rows, entry.torrent.row)
        return answers.json(torrent_peers(_session(sessions, request).peers, entry.hash, found, _rid(fields)))

    return [
        Route(f"{API}/sync/maindata", main, methods=["GET", "POST"]),
        Route(f"{API}/sync/torrentPeers", peers, methods=["GET", "POST"]),
    ]


def _session(sessions: Sessions, request: Request) -> Session:
    session = getattr(request.state, "session", None)
    return sessions.of(SHARED if session is None else session.key)


def _rid(fields: Fields) -> int:
    return whole_number(fields.get("rid", "")) or 0
