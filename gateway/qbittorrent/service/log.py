"""The endpoints of `log`."""

from typing import Final

import msgspec
from starlette.responses import Response
from starlette.routing import BaseRoute

from gateway.context import Gateway
from gateway.mirror.journal import Level
from gateway.qbittorrent.routing import flag, read, whole_number
from gateway.web import answers
from gateway.web.fields import Fields

_TYPES: Final = {Level.NORMAL: 1, Level.INFO: 2, Level.WARNING: 4, Level.ERROR: 8}
"""By level, the number that qBittorrent has for it."""
_PARAMETERS: Final = {Level.NORMAL: "normal", Level.INFO: "info", Level.WARNING: "warning", Level.ERROR: "critical"}


class Message(msgspec.Struct, frozen=True, kw_only=True):
    """An entry of the log. `timestamp` is in seconds since 1970."""

    id: int
    message: str
    timestamp: int
    type: int


def routes(gateway: Gateway) -> list[BaseRoute]:
    """Returns the routes."""

    async def main(fields: Fields) -> Response:
        """The entries of the wanted levels that are later than `last_known_id`."""
        wanted = {level for level, name in _PARAMETERS.items() if flag(fields.get(name, "")) is not False}
        after = whole_number(fields.get("last_known_id", ""))
        return answers.json(
            [
                Message(
                    id=entry.id, message=entry.message, timestamp=entry.ts_us // 1_000_000, type=_TYPES[entry.level]
                )
                for entry in gateway.mirror.journal.after(-1 if after is None else after)
                if entry.level in wanted
            ]
        )

    async def peers(_: Fields) -> Response:
        """The blocked peers. The list is always empty, because Ouzel does not log blocked peers."""
        return answers.json([])

    return [read("log/main", main), read("log/peers", peers)]
