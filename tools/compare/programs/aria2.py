"""aria2, by its JSON-RPC."""

import http.client
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from tools.bench.gateway.clients import HttpClient
from tools.compare.programs.program import API_PORT, PEER_PORT, Foreign, in_base64
from tools.interop.network import Peer

ALL: Final = 1_000_000
_KEYS: Final = ["gid", "infoHash", "status", "completedLength", "totalLength", "verifyIntegrityPending",
                "verifiedLength", "downloadSpeed", "uploadSpeed"]  # fmt: skip


class Aria2(Foreign):
    """aria2c as a server. It saves its session once a second, which is the shortest interval that it has."""

    def __init__(self, peer: Peer, home: Path) -> None:
        super().__init__(peer, home)
        self._client = HttpClient(API_PORT, host=peer.address)
        self._gids: dict[str, str] = {}

    def argv(self) -> list[str]:
        """The command line with its own session file."""
        session = self.home / "session"
        session.touch()
        off = [f"--{name}=false" for name in ("enable-dht", "enable-dht6", "bt-enable-lpd", "enable-peer-exchange")]
        kept = [f"--save-session={session}", f"--input-file={session}", "--save-session-interval=1", "--force-save"]
        return ["aria2c", "--no-conf=true", "--enable-rpc", "--rpc-listen-all", f"--rpc-listen-port={API_PORT}",
                "--rpc-max-request-size=64M", f"--listen-port={PEER_PORT}", f"--dir={self.downloads}", *off, *kept,
                "--show-console-readout=false", "--file-allocation=none", "--check-integrity=true",
                "--seed-ratio=0.0", f"--max-concurrent-downloads={ALL}", "--max-download-result=0"]  # fmt: skip

    def answers(self) -> bool:
        """Whether `getVersion` is answered."""
        try:
            self._call("getVersion")
        except (OSError, http.client.HTTPException):
            return False
        return True

    def add(self, metainfos: Sequence[bytes], *, unchecked: bool = False) -> None:
        """Adds by one request for each. The data is always checked."""
        del unchecked
        for metainfo in metainfos:
            self._call("addTorrent", in_base64(metainfo), [])

    def count(self) -> int:
        """The number of rows of `tellActive` and `tellWaiting`."""
        return len(self._rows())

    def complete(self) -> int:
        """The number of active rows that have all their bytes, and that are not being checked."""
        return sum(
            row["status"] == "active"
            and "verifyIntegrityPending" not in row
            and "verifiedLength" not in row
            and row["completedLength"] == row["totalLength"] != "0"
            for row in self._rows()
        )

    def read(self, torrent: str) -> None:
        """Reads one row."""
        self._call("tellStatus", self._gid(torrent), _KEYS)

    def change(self, torrent: str, number: int) -> None:
        """Sets the limit. The answer says nothing about the disk."""
        self._call("changeOption", self._gid(torrent), {"max-download-limit": str(1_000_000_000 + number)})

    def forget(self) -> None:
        """Closes the connection."""
        self._client.close()
        self._gids.clear()

    def _gid(self, torrent: str) -> str:
        if torrent not in self._gids:
            self._gids = {row["infoHash"]: row["gid"] for row in self._rows()}
        return self._gids[torrent]

    def _rows(self) -> list[dict[str, Any]]:
        return [*self._call("tellActive", _KEYS), *self._call("tellWaiting", 0, ALL, _KEYS)]

    def _call(self, method: str, *params: Any) -> Any:
        body = json.dumps({"jsonrpc": "2.0", "id": "1", "method": f"aria2.{method}", "params": params}).encode()
        answer = self._client.send("POST", "/jsonrpc", body, **{"Content-Type": "application/json"})
        assert answer.status == 200, answer
        return json.loads(answer.body)["result"]
