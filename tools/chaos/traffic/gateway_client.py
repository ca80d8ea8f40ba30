"""A client of the gateway: changes by the qBittorrent Web API, on a thread of its own."""

import contextlib
import http.client
import time
from typing import Final

from tools.bench.gateway.clients import Answer, QbittorrentClient
from tools.chaos.history.entries import End, Ended, Invoked
from tools.chaos.history.recorder import now
from tools.chaos.plan.plan import PlannedOp
from tools.chaos.traffic.wire_client import Context

TIMEOUT_S: Final = 8.0
REFUSED: Final = range(400, 500)


class GatewayClient:
    """One client. It logs in again after each restart of the gateway."""

    def __init__(self, context: Context, port: int) -> None:
        self._given = context
        self._port = port
        self._client: QbittorrentClient | None = None

    def close(self) -> None:
        """Closes the connection."""
        if self._client is not None:
            self._client.close()

    def play(self, ops: list[PlannedOp]) -> None:
        """Sends operations one after the other, each at its time or later."""
        began = now()
        for op in ops:
            if op.via == "gateway":
                time.sleep(max(0.0, began + op.at_s - now()))
                self._given.recorder.record(Invoked(at=now(), number=op.number))
                end, error = self._send(op)
                self._given.recorder.record(Ended(at=now(), number=op.number, end=end, error=error))

    def knows_all(self, count: int) -> bool:
        """Whether the gateway lists this number of torrents."""
        try:
            return self._logged_in().get("torrents/info").body.count(b'"hash"') >= count
        except (OSError, AssertionError, http.client.HTTPException):
            self._client = None
            return False

    def _send(self, op: PlannedOp) -> tuple[End, str]:
        try:
            client = self._logged_in()
        except (OSError, AssertionError, http.client.HTTPException) as error:
            return "fail", f"no login: {type(error).__name__}"
        try:
            answer = self._post(client, op)
        except (OSError, http.client.HTTPException) as error:
            with contextlib.suppress(OSError):
                client.close()
            self._client = None
            return "unknown", type(error).__name__
        if answer.status == 200:
            return "ok", ""
        if answer.status == 403:
            self._client = None
        return "fail" if answer.status in REFUSED else "unknown", f"status {answer.status}"

    def _post(self, client: QbittorrentClient, op: PlannedOp) -> Answer:
        torrent = self._given.sources[op.torrent].torrent
        if "download_bps" in op.args:
            return client.post("torrents/setDownloadLimit", hashes=torrent, limit=op.args["download_bps"])
        if "upload_bps" in op.args:
            return client.post("torrents/setUploadLimit", hashes=torrent, limit=op.args["upload_bps"])
        if "category" in op.args:
            return client.post("torrents/setCategory", hashes=torrent, category=op.args["category"])
        return client.post(f"torrents/{op.op}", hashes=torrent)

    def _logged_in(self) -> QbittorrentClient:
        if self._client is None:
            client = QbittorrentClient(self._port, timeout_s=TIMEOUT_S)
            client.login()
            self._client = client
        return self._client
