"""Changes torrents."""

from collections.abc import Callable, Mapping
from typing import Annotated, Any, Final

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from gateway.context import Gateway
from gateway.page.refusals import BadRequest, NotFound, answered, json_in
from gateway.web import answers
from ouzel.client import calls
from ouzel.client.call import Call
from ouzel.errors import Refused

Priority = Annotated[int, msgspec.Meta(ge=0, le=7)]
Bps = Annotated[int, msgspec.Meta(ge=0, le=2**31 - 1)]


class Order(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The body of an action. Each action uses some members.

    Fields:
        torrents: ids.
        delete_files: whether a removal deletes the files, too.
        priorities: priorities by file index. 0 excludes a file. The new priorities replace all earlier priorities.
        download_bps, upload_bps: limits in bytes per second; 0 means no limit.
        category: the name of a category; empty for none.
    """

    torrents: Annotated[list[str], msgspec.Meta(min_length=1, max_length=50_000)]
    delete_files: bool = False
    priorities: dict[int, Priority] | None = None
    download_bps: Bps | None = None
    upload_bps: Bps | None = None
    category: str | None = None


def _selection(torrent: str, order: Order) -> Call[Any]:
    if order.priorities is None:
        raise BadRequest("`priorities` is missing")
    return calls.update_selection(torrent, priorities=order.priorities)


def _limits(torrent: str, order: Order) -> Call[Any]:
    return calls.update_limits(torrent, download_bps=order.download_bps, upload_bps=order.upload_bps)


def _category(torrent: str, order: Order) -> Call[Any]:
    if order.category is None:
        raise BadRequest("`category` is missing")
    return calls.update_options(torrent, category=order.category)


ACTIONS: Final[Mapping[str, Callable[[str, Order], Call[Any]]]] = {
    "pause": lambda torrent, _: calls.pause(torrent),
    "resume": lambda torrent, _: calls.resume(torrent),
    "remove": lambda torrent, order: calls.remove_torrent(torrent, delete_files=order.delete_files),
    "release": lambda torrent, _: calls.release_torrent(torrent),
    "recheck": lambda torrent, _: calls.recheck(torrent),
    "reannounce": lambda torrent, _: calls.reannounce(torrent),
    "select": _selection,
    "limits": _limits,
    "category": _category,
}
"""By name of an action, the function that returns the call for one torrent."""


class Actions:
    """Handles requests that change torrents."""

    def __init__(self, gateway: Gateway) -> None:
        self._daemon = gateway.daemon

    @answered
    async def act(self, request: Request) -> Response:
        """Runs an action. The answer has the member `failed`: the unchanged torrents by id, each with the reason."""
        action = ACTIONS.get(request.path_params["action"])
        if action is None:
            raise NotFound("there is no such action")
        order = await json_in(request, Order)
        torrents = list(dict.fromkeys(order.torrents))
        outcomes = await self._daemon.run_many([action(each, order) for each in torrents])
        await self._daemon.refresh(torrents)
        pairs = zip(torrents, outcomes, strict=True)
        return answers.json({"failed": {each: got.message for each, got in pairs if isinstance(got, Refused)}})
