"""rqbit, by its HTTP API."""

import http.client
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tools.bench.gateway.clients import HttpClient
from tools.compare.programs import cargo
from tools.compare.programs.program import API_PORT, PEER_PORT, Foreign
from tools.interop.network import Peer


class Rqbit(Foreign):
    """rqbit's server with its saved session and fast resume."""

    def __init__(self, peer: Peer, home: Path) -> None:
        super().__init__(peer, home)
        self._client = HttpClient(API_PORT, host=peer.address)

    def argv(self) -> list[str]:
        """The command line."""
        return [str(cargo.program()), "--http-api-listen-addr", f"0.0.0.0:{API_PORT}", "--disable-dht",
                "--disable-upnp-port-forward", "--tcp-min-port", str(PEER_PORT), "--tcp-max-port",
                str(PEER_PORT + 1), "server", "start", "--fastresume", str(self.downloads)]  # fmt: skip

    def answers(self) -> bool:
        """Whether the list of torrents is answered."""
        try:
            return self._client.send("GET", "/torrents").status == 200
        except (OSError, http.client.HTTPException):
            return False

    def add(self, metainfos: Sequence[bytes], *, unchecked: bool = False) -> None:
        """Adds by one request for each. The data is always checked."""
        del unchecked
        for metainfo in metainfos:
            self._post(f"/torrents?overwrite=true&output_folder={self.downloads}", metainfo)

    def count(self) -> int:
        """The number of rows of the list with statistics."""
        return len(self._rows())

    def complete(self) -> int:
        """The number of rows that are finished and live."""
        return sum(row["stats"]["finished"] and row["stats"]["state"] == "live" for row in self._rows())

    def read(self, torrent: str) -> None:
        """Reads the statistics of one torrent."""
        self._get(f"/torrents/{torrent}/stats/v1")

    def change(self, torrent: str, number: int) -> None:
        """Pauses or starts the torrent in turns, because the API has no limit for one torrent."""
        self._post(f"/torrents/{torrent}/{'start' if number % 2 else 'pause'}", b"")

    def forget(self) -> None:
        """Closes the connection."""
        self._client.close()

    def _rows(self) -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = self._get("/torrents?with_stats=true")["torrents"]
        return rows

    def _get(self, path: str) -> Any:
        answer = self._client.send("GET", path)
        assert answer.status == 200, answer
        return json.loads(answer.body)

    def _post(self, path: str, body: bytes) -> None:
        answer = self._client.send("POST", path, body)
        assert answer.status == 200, answer
