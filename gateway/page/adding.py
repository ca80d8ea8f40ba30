"""Adds torrents from files and links."""

import re
from typing import Annotated, Final

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from gateway.context import Gateway
from gateway.page.refusals import BadRequest, answered, json_in
from gateway.web import answers
from gateway.web.fields import fields_of
from ouzel.client import calls
from ouzel.client.call import Call
from ouzel.errors import Refused

MAX_LINKS: Final = 1_000
_HASH: Final = re.compile(r"[0-9a-fA-F]{40}|[A-Za-z2-7]{32}")


class Wish(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The body of a request to add links.

    Fields:
        links: magnet links or info-hashes.
        save_path: an absolute path; empty for the default.
        category: the name of a category; empty for none.
        paused: whether the torrents are added paused.
    """

    links: Annotated[list[str], msgspec.Meta(max_length=MAX_LINKS)] = []
    save_path: str = ""
    category: str = ""
    paused: bool = False


class Adding:
    """The handlers."""

    def __init__(self, gateway: Gateway) -> None:
        self._daemon = gateway.daemon

    @answered
    async def add(self, request: Request) -> Response:
        """Adds the links and files of a request: JSON, or a form with files.

        Returns `results` in the order of the request, links first. Each has `source`, and either `torrent` and
        `duplicate`, or `problem`.
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
        wanted = [*(_from_link(each, wish) for each in wish.links), *(_from_file(data, wish) for _, data in files)]
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


def _from_link(link: str, wish: Wish) -> Call[calls.Added] | str:
    """The call for a link, or why there is none."""
    if _HASH.fullmatch(link):
        link = f"magnet:?xt=urn:btih:{link}"
    if not link.lower().startswith("magnet:"):
        return "it is no magnet link"
    return calls.add_torrent(
        magnet=link, save_path=wish.save_path or None, category=wish.category or None, paused=wish.paused
    )


def _from_file(metainfo: bytes, wish: Wish) -> Call[calls.Added]:
    return calls.add_torrent(
        metainfo=metainfo, save_path=wish.save_path or None, category=wish.category or None, paused=wish.paused
    )
