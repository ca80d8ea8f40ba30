"""The endpoints of `transfer`."""

from typing import Any, Final

import msgspec
from starlette.responses import Response
from starlette.routing import BaseRoute

from gateway.context import Gateway
from gateway.daemon.daemon import Unavailable
from gateway.mirror.mirror import Mirror
from gateway.qbittorrent.preferences.torrent_rows import DEFAULT_ALTERNATIVE_BPS
from gateway.qbittorrent.routing import bad_request, change, read, require, whole_number
from gateway.web import answers
from gateway.web.fields import Fields
from ouzel.client import calls
from protocol.wire.reports import AlternativeReport

MAX_BPS: Final = 2**31 - 2
"""The greatest rate limit of Ouzel's protocol."""


class TransferInfo(msgspec.Struct, frozen=True, kw_only=True):
    """The answer of `transfer/info`. Rates are in bytes per second."""

    connection_status: str
    dht_nodes: int
    dl_info_data: int
    dl_info_speed: int
    dl_rate_limit: int
    last_external_address_v4: str = ""
    last_external_address_v6: str = ""
    up_info_data: int
    up_info_speed: int
    up_rate_limit: int


def info(mirror: Mirror) -> TransferInfo:
    """Returns the state of the session. Raises Unavailable if the daemon was never reached."""
    if mirror.stats is None:
        raise Unavailable("The daemon has not answered yet.")
    session = mirror.stats.session
    running = not mirror.away and session.listen_port > 0
    incoming = mirror.counters.get("net.has_incoming_connections", 0) > 0
    return TransferInfo(
        connection_status="disconnected" if not running else "connected" if incoming else "firewalled",
        dht_nodes=max(0, mirror.counters.get("dht.dht_nodes", 0)),
        dl_info_data=session.downloaded,
        dl_info_speed=session.download_bps,
        dl_rate_limit=limit(mirror, "download_bps"),
        up_info_data=session.uploaded,
        up_info_speed=session.upload_bps,
        up_rate_limit=limit(mirror, "upload_bps"),
    )


def alternative(mirror: Mirror) -> AlternativeReport | None:
    """The alternative limits, if they are in force."""
    report = None if mirror.settings is None else mirror.settings.alternative
    return report if report is not None and alternative_in_force(mirror) else None


def alternative_in_force(mirror: Mirror) -> bool:
    """Whether the alternative limits are in force."""
    report = None if mirror.settings is None else mirror.settings.alternative
    return report is not None and report.in_force


def limit(mirror: Mirror, name: str) -> int:
    """The rate limit in force. `name` is `download_bps` or `upload_bps`. 0 means no limit."""
    found: Any = alternative(mirror) or mirror.settings
    return 0 if found is None else getattr(found, name)


def routes(gateway: Gateway) -> list[BaseRoute]:
    """Returns the routes."""
    transfer = Transfer(gateway)
    return [
        read("transfer/info", transfer.info),
        read("transfer/speedLimitsMode", transfer.mode),
        change("transfer/setSpeedLimitsMode", transfer.set_mode),
        change("transfer/toggleSpeedLimitsMode", transfer.toggle_mode),
        read("transfer/downloadLimit", transfer.download_limit),
        read("transfer/uploadLimit", transfer.upload_limit),
        change("transfer/setDownloadLimit", transfer.set_download_limit),
        change("transfer/setUploadLimit", transfer.set_upload_limit),
        change("transfer/banPeers", transfer.ban_peers),
    ]


class Transfer:
    """Handles the requests below `transfer`."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway
        self._mirror = gateway.mirror

    async def info(self, _: Fields) -> Response:
        """Rates, totals and limits of the session."""
        return answers.json(info(self._mirror))

    async def mode(self, _: Fields) -> Response:
        """Answers 1 while the alternative limits are in force, and otherwise 0."""
        return answers.text(str(int(alternative_in_force(self._mirror))))

    async def set_mode(self, fields: Fields) -> Response:
        """Switches the alternative limits on or off."""
        require(fields, "mode")
        mode = whole_number(fields["mode"])
        if mode is None:
            raise bad_request("'mode': invalid argument")
        return await self._switch(on=mode != 0)

    async def toggle_mode(self, _: Fields) -> Response:
        """Switches the alternative limits on if they are off, and off if they are on."""
        return await self._switch(on=not alternative_in_force(self._mirror))

    async def download_limit(self, _: Fields) -> Response:
        """The download limit in force."""
        return answers.text(str(limit(self._mirror, "download_bps")))

    async def upload_limit(self, _: Fields) -> Response:
        """The upload limit in force."""
        return answers.text(str(limit(self._mirror, "upload_bps")))

    async def set_download_limit(self, fields: Fields) -> Response:
        """Sets the download limit that is in force."""
        return await self._set_limit("download_bps", fields)

    async def set_upload_limit(self, fields: Fields) -> Response:
        """Sets the upload limit that is in force."""
        return await self._set_limit("upload_bps", fields)

    async def ban_peers(self, fields: Fields) -> Response:
        """Bans the addresses of peers. Ignores texts that are not addresses."""
        require(fields, "peers")
        peers = [each.strip() for each in fields["peers"].split("|")]
        await self._gateway.daemon.run_many([calls.ban_peer(each) for each in peers if each])
        return answers.text()

    async def _switch(self, *, on: bool) -> Response:
        defaults: dict[str, int] = {}
        if self._mirror.settings is None or self._mirror.settings.alternative is None:
            defaults = dict.fromkeys(("alternative_download_bps", "alternative_upload_bps"), DEFAULT_ALTERNATIVE_BPS)
        await self._update(alternative=on, **defaults)
        return answers.text()

    async def _set_limit(self, name: str, fields: Fields) -> Response:
        require(fields, "limit")
        wanted = min(max(0, whole_number(fields["limit"]) or 0), MAX_BPS)
        await self._update(**{f"alternative_{name}" if alternative_in_force(self._mirror) else name: wanted})
        return answers.text()

    async def _update(self, **limits: Any) -> None:
        self._mirror.settings = await self._gateway.daemon.run(calls.update_limits(**limits))
