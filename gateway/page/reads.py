"""Answers requests for torrents, files, trackers, peers, health and crash reports."""

from typing import Any, Final

from starlette.requests import Request
from starlette.responses import Response

from gateway.context import Gateway
from gateway.daemon.daemon import RETRY_AFTER_S, Unavailable
from gateway.page.last_answers import LastAnswers
from gateway.page.page_row import page_row
from gateway.page.refusals import BadRequest, answered, torrent_in
from gateway.page.service_state import service_state
from gateway.web import answers
from ouzel.client import calls

MAX_LIMIT: Final = 1_000
MAX_FILES: Final = 10_000
"""The maximum number of files in one answer."""


class Reads:
    """Handles requests for data."""

    def __init__(self, gateway: Gateway) -> None:
        self._mirror = gateway.mirror
        self._daemon = gateway.daemon
        self._last = LastAnswers()

    @answered
    async def torrents(self, request: Request) -> Response:
        """A part of the list of torrents, sorted by id. The parameters `offset` and `limit` select the part."""
        self._check_ready()
        offset, limit = _integer(request, "offset", 0), min(_integer(request, "limit", MAX_LIMIT), MAX_LIMIT)
        ids = sorted(self._mirror.torrents)
        rows = [page_row(self._mirror.torrents[each].row) for each in ids[offset : offset + limit]]
        return answers.json({"offset": offset, "total": len(ids), "torrents": rows})

    @answered
    async def torrent(self, request: Request) -> Response:
        """The row of a torrent, and the torrent's details."""
        self._check_ready()
        torrent = torrent_in(request, self._mirror)

        async def ask() -> list[Any]:
            return [await self._daemon.run(calls.get_torrent(torrent))]

        try:
            detail: Any = (await self._last.of(f"torrent {torrent}", ask))[0][0]
        except Unavailable:
            detail = None
        return answers.json({"row": page_row(self._mirror.torrents[torrent].row), "detail": detail})

    @answered
    async def files(self, request: Request) -> Response:
        """The files of a torrent. If the torrent has more than MAX_FILES files, `complete` is false."""
        self._check_ready()
        torrent = torrent_in(request, self._mirror)
        more = False

        async def ask() -> list[Any]:
            nonlocal more
            page = await self._daemon.run(calls.list_files(torrent=torrent, limit=MAX_FILES))
            more = page.cursor is not None
            return page.items

        files, fresh = await self._last.of(f"files {torrent}", ask)
        return answers.json({"files": files, "complete": not more, "fresh": fresh})

    @answered
    async def trackers(self, request: Request) -> Response:
        """The trackers of a torrent."""
        self._check_ready()
        torrent = torrent_in(request, self._mirror)
        trackers, fresh = await self._last.of(
            f"trackers {torrent}", lambda: self._daemon.run(calls.list_trackers(torrent))
        )
        return answers.json({"trackers": trackers, "fresh": fresh})

    @answered
    async def peers(self, request: Request) -> Response:
        """The connected peers of a torrent."""
        self._check_ready()
        torrent = torrent_in(request, self._mirror)
        peers, fresh = await self._last.of(f"peers {torrent}", lambda: self._daemon.run(calls.list_peers(torrent)))
        return answers.json({"peers": peers, "fresh": fresh})

    async def health(self, _: Request) -> Response:
        """The state of the service, with the complete reports."""
        reports = {"report": self._mirror.health, "stats": self._mirror.stats}
        return answers.json({**service_state(self._mirror), **reports})

    @answered
    async def crashes(self, _: Request) -> Response:
        """The crash reports, the latest first."""
        crashes, fresh = await self._last.of("crashes", lambda: self._daemon.run(calls.list_crashes()))
        ordered = sorted(crashes, key=lambda each: each.name, reverse=True)
        return answers.json({"crashes": ordered, "fresh": fresh})

    @answered
    async def crash(self, request: Request) -> Response:
        """One crash report."""
        return answers.json(await self._daemon.run(calls.get_crash(request.path_params["name"])))

    def _check_ready(self) -> None:
        if not self._mirror.ready:
            raise Unavailable("the daemon has not answered yet", RETRY_AFTER_S)


def _integer(request: Request, name: str, default: int) -> int:
    text = request.query_params.get(name, str(default))
    if not text.isdecimal() or len(text) > 9:
        raise BadRequest(f"{name} has to be a number")
    return int(text)
