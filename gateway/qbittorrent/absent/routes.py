"""The endpoints of `rss`, `search` and SSL torrents."""

import time
from typing import Any, Final

from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.routing import BaseRoute

from gateway.context import Gateway
from gateway.mirror.journal import Level
from gateway.qbittorrent.routing import Handler, change, read, require
from gateway.web import answers
from gateway.web.fields import Fields

NO_RSS: Final = "Ouzel has no RSS."
NO_SEARCH: Final = "Ouzel has no search."
NO_SSL: Final = "Ouzel has no SSL torrents."
SSL_PARAMETERS: Final = ("ssl_certificate", "ssl_private_key", "ssl_dh_params")


def routes(gateway: Gateway) -> list[BaseRoute]:
    """Returns the routes."""

    async def update_plugins(_: Fields) -> Response:
        """Logs what qBittorrent logs when there is nothing to update."""
        gateway.mirror.journal.note("All plugins are already up to date.", Level.INFO, time.time_ns() // 1000)
        return answers.text()

    async def ssl_parameters(fields: Fields) -> Response:
        """The certificate of an SSL torrent. It is empty, because Ouzel has no SSL torrents."""
        _check_torrent(gateway, fields)
        return answers.json(dict.fromkeys(SSL_PARAMETERS, ""))

    async def set_ssl_parameters(fields: Fields) -> Response:
        """Refuses the parameters, as qBittorrent refuses invalid parameters."""
        require(fields, *SSL_PARAMETERS)
        _check_torrent(gateway, fields)
        raise HTTPException(415, NO_SSL)

    return [
        read("torrents/SSLParameters", ssl_parameters),
        change("torrents/setSSLParameters", set_ssl_parameters),
        read("rss/items", _answer({})),
        read("rss/rules", _answer({})),
        read("rss/matchingArticles", _answer({}, "ruleName")),
        change("rss/addFolder", _refusal(409, NO_RSS, "path")),
        change("rss/addFeed", _refusal(409, NO_RSS, "url", "path")),
        change("rss/setFeedURL", _missing_item("path", "url")),
        change("rss/removeItem", _missing_item("path")),
        change("rss/moveItem", _missing_item("itemPath", "destPath")),
        change("rss/markAsRead", _nothing("itemPath")),
        change("rss/refreshItem", _nothing("itemPath")),
        change("rss/setRule", _refusal(409, NO_RSS, "ruleName", "ruleDef")),
        change("rss/renameRule", _nothing("ruleName", "newRuleName")),
        change("rss/removeRule", _nothing("ruleName")),
        read("search/plugins", _answer([])),
        read("search/status", _search_status),
        read("search/results", _refusal(404, "Not Found", "id")),
        change("search/start", _refusal(409, NO_SEARCH, "pattern", "category", "plugins")),
        change("search/stop", _refusal(404, "Not Found", "id")),
        change("search/delete", _refusal(404, "Not Found", "id")),
        change("search/downloadTorrent", _refusal(409, NO_SEARCH, "torrentUrl", "pluginName")),
        change("search/installPlugin", _refusal(409, NO_SEARCH, "sources")),
        change("search/uninstallPlugin", _nothing("names")),
        change("search/enablePlugin", _nothing("names", "enable")),
        change("search/updatePlugins", update_plugins),
    ]


def _check_torrent(gateway: Gateway, fields: Fields) -> None:
    """Refuses an unknown hash. Raises HTTPException."""
    require(fields, "hash")
    if gateway.mirror.find(fields["hash"].lower()) is None:
        raise HTTPException(404, "Not Found")


def _answer(value: Any, *required: str) -> Handler:
    """Returns a handler that answers with a value in JSON."""

    async def answer(fields: Fields) -> Response:
        require(fields, *required)
        return answers.json(value)

    return answer


def _nothing(*required: str) -> Handler:
    """Returns a handler that does nothing, like qBittorrent for an unknown name."""

    async def nothing(fields: Fields) -> Response:
        require(fields, *required)
        return answers.text()

    return nothing


def _refusal(status: int, message: str, *required: str) -> Handler:
    """Returns a handler that refuses each request."""

    async def refuse(fields: Fields) -> Response:
        require(fields, *required)
        raise HTTPException(status, message)

    return refuse


def _missing_item(*required: str) -> Handler:
    """Returns a handler that answers that an RSS item does not exist. The first parameter is the item's path."""

    async def missing(fields: Fields) -> Response:
        require(fields, *required)
        raise HTTPException(409, f"Item doesn't exist: {fields[required[0]]}.")

    return missing


async def _search_status(fields: Fields) -> Response:
    if fields.get("id") not in (None, "", "0"):
        raise HTTPException(404, "Not Found")
    return answers.json([])
