"""Transmission, by its RPC."""

import http.client
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from tools.bench.gateway.clients import TransmissionClient
from tools.compare.programs.program import API_PORT, PEER_PORT, Foreign
from tools.interop.network import BRIDGE_ADDRESS, Peer

_SEEDS: Final = 6
"""The status of a torrent that seeds."""


class Transmission(Foreign):
    """transmission-daemon with default settings. The queue of downloads is off."""

    def __init__(self, peer: Peer, home: Path) -> None:
        super().__init__(peer, home)
        self._client = TransmissionClient(API_PORT, host=peer.address)

    def argv(self) -> list[str]:
        """The command line with its own configuration directory."""
        config = self.home / "config"
        if not config.exists():
            config.mkdir()
            settings = {"download-queue-enabled": False, "utp-enabled": False}
            (config / "settings.json").write_text(json.dumps(settings))
        return ["transmission-daemon", "--foreground", "-g", str(config), "-w", str(self.downloads), "--no-auth",
                "--allowed", BRIDGE_ADDRESS, "--port", str(API_PORT), "--peerport", str(PEER_PORT), "--no-dht",
                "--no-lpd", "--no-portmap", "--no-incomplete-dir"]  # fmt: skip

    def answers(self) -> bool:
        """Whether `session-get` is answered."""
        try:
            return self._client.call("session-get").status == 200
        except (OSError, http.client.HTTPException):
            return False

    def add(self, metainfos: Sequence[bytes], *, unchecked: bool = False) -> None:
        """Adds by one request for each. The data is always checked."""
        del unchecked
        for metainfo in metainfos:
            self._result(self._client.add(metainfo))

    def count(self) -> int:
        """The number of rows of `torrent-get`, with the fields that other lists have, too."""
        fields = ["id", "hashString", "name", "status", "percentDone", "rateDownload", "rateUpload", "totalSize",
                  "uploadedEver", "addedDate", "downloadDir", "error", "eta"]  # fmt: skip
        return len(self._rows(fields))

    def complete(self) -> int:
        """The number of rows that seed."""
        rows = self._rows(["status", "percentDone"])
        return sum(row["status"] == _SEEDS and row["percentDone"] == 1 for row in rows)

    def read(self, torrent: str) -> None:
        """Reads some fields of one torrent."""
        fields = ["status", "percentDone", "rateDownload", "rateUpload"]
        self._result(self._client.call("torrent-get", ids=[torrent], fields=fields))

    def change(self, torrent: str, number: int) -> None:
        """Sets the limit. The answer says nothing about the disk."""
        self._result(self._client.call("torrent-set", ids=[torrent], downloadLimit=1_000_000 + number))

    def forget(self) -> None:
        """Closes the connection."""
        self._client.close()

    def _rows(self, fields: list[str]) -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = self._result(self._client.call("torrent-get", fields=fields))["torrents"]
        return rows

    def _result(self, answer: Any) -> dict[str, Any]:
        assert answer.status == 200, answer
        reply = json.loads(answer.body)
        assert reply["result"] == "success", reply
        arguments: dict[str, Any] = reply["arguments"]
        return arguments
