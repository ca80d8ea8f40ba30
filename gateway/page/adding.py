"""Adds torrents from files and links."""

import asyncio
import re
from typing import Annotated, Final

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from gateway.context import Gateway
from gateway.fetching import fetching
from gateway.fetching.fetching import NotFetched
from gateway.page.refusals import BadRequest, answered, json_in
from gateway.web import answers
from gateway.web.fields import fields_of
from ouzel.client import calls
from ouzel.client.call import Call
from ouzel.errors import Refused

MAX_LINKS: Final = 1_000
FETCHES: Final = 8
"""The maximum number of links that are fetched at the same time for one request."""
_HASH: Final = re.compile(r"[0-9a-fA-F]{40}|[A-Za-z2-7]{32}")


class Wish(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The body of a request to add links.

    Fields:
        links: magnet links, info-hashes, or URLs of torrent files.
        save_path: an absolute path; empty for the default.
        category: the name of a category; empty for none.
        paused: whether the torrents are added paused.
    """

    links: Annotated[list[str], msgspec.Meta(max_length=MAX_LINKS)] = []
    save_path: str = ""
    category: str = ""
    paused: bool = False


class Adding:
    """Handles requests that add torrents."""

    def __init__(self, gateway: Gateway) -> None:
        self._daemon = gateway.daemon
        self._allow_private = gateway.config.gateway.allow_private_urls

    @answered
    async def add(self, request: Request) -> Response:
        """Adds the torrents of a request. The body of the request is JSON with links, or a form with files.

        The answer has `results` in the order of the request, links first. Each result has `source`. If the torrent was
        added or exists, the result also has `torrent` and `duplicate`. Otherwise it has `problem`.
        """
        files: list[tuple[str, bytes]] = []
        if request.headers.get("content-type", "").startswith("multipart/form-data"):
            fields = await fields_of(request)
            files = fields.files
            wish = Wish(
                fields.get("links", "").split(),
                fields.get("save_path", ""),
                fields.get("category", ""),
                fields.get("paused", "") == "true",
            )
        else:
            wish = await json_in(request, Wish)
        if not wish.links and not files:
            raise BadRequest("there is no link and no file")
        sources = [*wish.links, *(name for name, _ in files)]
        limit = asyncio.Semaphore(FETCHES)
        links = await asyncio.gather(*(self._from_link(each, wish, limit) for each in wish.links))
        wanted = [*links, *(_call(wish, metainfo=data) for _, data in files)]
        outcomes = iter(await self._daemon.run_many([each for each in wanted if not isinstance(each, str)]))
        results, added = [], []
        for source, call in zip(sources, wanted, strict=True):
            outcome = call if isinstance(call, str) else next(outcomes)
            if isinstance(outcome, calls.Added):
                added.append(outcome.torrent)
                results.append({"source": source, "torrent": outcome.torrent, "duplicate": outcome.duplicate})
            else:
                problem = outcome.message if isinstance(outcome, Refused) else outcome
                results.append({"source": source, "problem": problem})
        await self._daemon.refresh(added)
        return answers.json({"results": results})

    async def _from_link(self, link: str, wish: Wish, limit: asyncio.Semaphore) -> Call[calls.Added] | str:
        """Returns the call that adds a link. If the link cannot be added, returns the reason."""
        if _HASH.fullmatch(link):
            return _call(wish, magnet=f"magnet:?xt=urn:btih:{link}")
        if link.lower().startswith("magnet:"):
            return _call(wish, magnet=link)
        if not link.lower().startswith(("http://", "https://")):
            return "it is no link to a torrent"
        try:
            async with limit:
                found = await fetching.fetch(link, allow_private=self._allow_private)
        except NotFetched as problem:
            return str(problem)
        return _call(wish, metainfo=found.content) if found.magnet is None else _call(wish, magnet=found.magnet)


def _call(wish: Wish, *, magnet: str | None = None, metainfo: bytes | None = None) -> Call[calls.Added]:
    return calls.add_torrent(
        magnet=magnet,
        metainfo=metainfo,
        save_path=wish.save_path or None,
        category=wish.category or None,
        paused=wish.paused,
    )
