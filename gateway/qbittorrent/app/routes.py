"""The endpoints of `app`."""

import asyncio
import contextlib
from pathlib import PurePath
from typing import Final

import msgspec
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.routing import BaseRoute

from gateway.context import Gateway
from gateway.daemon.daemon import Unavailable
from gateway.qbittorrent.app import cookies, directories, interfaces
from gateway.qbittorrent.app.identity import API_VERSION, VERSION, build_info
from gateway.qbittorrent.preferences.preferences import DEADLINE_MS, InvalidPreference, Preferences, known
from gateway.qbittorrent.routing import bad_request, change, read, require
from gateway.web import answers, json_body
from gateway.web.fields import Fields
from ouzel.client import calls

REFUSED: Final = "Ouzel is a service, which only its service manager stops."


def routes(gateway: Gateway) -> list[BaseRoute]:
    """Returns the routes."""
    app = App(gateway)
    return [
        read("app/version", app.version),
        read("app/webapiVersion", app.api_version),
        read("app/buildInfo", app.build_info),
        read("app/preferences", app.preferences),
        read("app/defaultSavePath", app.default_save_path),
        read("app/getDirectoryContent", app.directory_content),
        read("app/networkInterfaceList", app.interfaces),
        read("app/networkInterfaceAddressList", app.addresses),
        read("app/cookies", app.cookies),
        change("app/setCookies", app.set_cookies),
        change("app/setPreferences", app.set_preferences),
        change("app/sendTestEmail", app.ignored),
        change("app/shutdown", app.shutdown),
    ]


class App:
    """Handles the requests below `app`."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway
        self._preferences = Preferences(gateway)
        self._libtorrent: str | None = None

    async def version(self, _: Fields) -> Response:
        """The version of qBittorrent."""
        return answers.text(VERSION)

    async def api_version(self, _: Fields) -> Response:
        """The version of the API."""
        return answers.text(API_VERSION)

    async def build_info(self, _: Fields) -> Response:
        """The versions of libraries."""
        if not self._gateway.mirror.away:
            with contextlib.suppress(Unavailable):  # the last known version stays
                server = await self._gateway.daemon.run(calls.hello(), deadline_ms=DEADLINE_MS)
                self._libtorrent = server.libtorrent or self._libtorrent
        return answers.json(build_info(self._libtorrent))

    async def preferences(self, _: Fields) -> Response:
        """All preferences."""
        return answers.json(await self._preferences.read())

    async def set_preferences(self, fields: Fields) -> Response:
        """Sets the preferences of a JSON object."""
        require(fields, "json")
        try:
            given = msgspec.json.decode(json_body.checked(fields["json"].encode()), type=dict[str, object])
            await self._preferences.write(given)
        except (msgspec.MsgspecError, InvalidPreference) as problem:
            raise bad_request(str(problem)) from problem
        return answers.text()

    async def default_save_path(self, _: Fields) -> Response:
        """The save path of a torrent that a client adds without a save path."""
        if self._gateway.mirror.stats is None:
            raise Unavailable("The daemon has not answered yet.")
        return answers.text(known(self._gateway, "save_path"))

    async def directory_content(self, fields: Fields) -> Response:
        """The paths in a directory."""
        require(fields, "dirPath")
        path, mode = fields["dirPath"], fields.get("mode", "all")
        if not PurePath(path).is_absolute() or "\0" in path:
            raise bad_request("Invalid directory path")
        if mode not in directories.MODES:
            raise bad_request("Invalid mode, allowed values: all, dirs, files")
        stats = self._gateway.mirror.stats
        roots = [] if stats is None else [root.path for root in stats.roots]
        if not await asyncio.to_thread(directories.within, path, roots):
            raise HTTPException(404, "Directory does not exist")
        try:
            return answers.json(await asyncio.to_thread(directories.entries, path, mode, roots))
        except OSError as error:
            raise HTTPException(404, "Directory does not exist") from error

    async def interfaces(self, _: Fields) -> Response:
        """The network interfaces."""
        return answers.json(interfaces.interfaces())

    async def addresses(self, fields: Fields) -> Response:
        """The addresses of a network interface."""
        require(fields, "iface")
        return answers.json(interfaces.addresses(fields["iface"]))

    async def cookies(self, _: Fields) -> Response:
        """The cookies."""
        return answers.json(self._gateway.store.get(cookies.STORED, []))

    async def set_cookies(self, fields: Fields) -> Response:
        """Replaces all cookies."""
        require(fields, "cookies")
        try:
            wanted = cookies.read(fields["cookies"])
        except msgspec.MsgspecError as problem:
            raise bad_request(str(problem)) from problem
        await self._gateway.store.put(cookies.STORED, wanted)
        return answers.text()

    async def ignored(self, _: Fields) -> Response:
        """Does nothing, because Ouzel sends no mail."""
        return answers.text()

    async def shutdown(self, _: Fields) -> Response:
        """Refuses the request, because only the service manager stops the daemon."""
        raise HTTPException(403, REFUSED)
