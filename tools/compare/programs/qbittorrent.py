"""qBittorrent, by its Web API."""

import http.client
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from tools.bench.gateway.clients import Answer, QbittorrentClient
from tools.compare.programs.program import API_PORT, PEER_PORT, Foreign, batches
from tools.interop.network import BRIDGE_ADDRESS, Peer

BATCH: Final = 100
"""The number of torrents of one request."""

_SEEDS: Final = {"uploading", "stalledUP", "forcedUP"}


class Qbittorrent(Foreign):
    """qbittorrent-nox with default settings. The queue is off, and the bench needs no password."""

    def __init__(self, peer: Peer, home: Path) -> None:
        super().__init__(peer, home)
        self._client = QbittorrentClient(API_PORT, host=peer.address)

    def argv(self) -> list[str]:
        """The command line with its own profile."""
        config = self.home / "qBittorrent/config/qBittorrent.conf"
        if not config.exists():
            config.parent.mkdir(parents=True)
            session: dict[str, Any] = {
                "AddExtensionToIncompleteFiles": "false",
                "BTProtocol": "TCP",
                "DefaultSavePath": self.downloads,
                "DHTEnabled": "false",
                "LSDEnabled": "false",
                "PeXEnabled": "false",
                "Port": PEER_PORT,
                "QueueingSystemEnabled": "false",
            }
            web = {
                "Enabled": "true",
                "Port": API_PORT,
                "HostHeaderValidation": "false",
                "AuthSubnetWhitelistEnabled": "true",
                "AuthSubnetWhitelist": f"{BRIDGE_ADDRESS}/32",
            }
            config.write_text(
                "[BitTorrent]\n"
                + "".join(f"Session\\{name}={value}\n" for name, value in session.items())
                + "[LegalNotice]\nAccepted=true\n[Network]\nPortForwardingEnabled=false\n[Preferences]\n"
                + "".join(f"WebUI\\{name}={value}\n" for name, value in web.items())
            )
        return ["qbittorrent-nox", f"--profile={self.home}"]

    def answers(self) -> bool:
        """Whether `app/version` is answered."""
        try:
            return self._client.get("app/version").status == 200
        except (OSError, http.client.HTTPException):
            return False

    def add(self, metainfos: Sequence[bytes], *, unchecked: bool = False) -> None:
        """Adds by uploads of several .torrent files each."""
        for batch in batches(metainfos, BATCH):
            skip = "true" if unchecked else "false"
            answer = self._client.add(*batch, savepath=str(self.downloads), skip_checking=skip)
            assert answer.status == 200, answer

    def count(self) -> int:
        """The number of rows of `torrents/info`."""
        return len(self._rows())

    def complete(self) -> int:
        """The number of rows in a seeding state."""
        return sum(row["state"] in _SEEDS and row["progress"] == 1 for row in self._rows())

    def read(self, torrent: str) -> None:
        """Reads one row."""
        assert len(json.loads(_ok(self._client.get("torrents/info", hashes=torrent)).body)) == 1

    def change(self, torrent: str, number: int) -> None:
        """Sets the limit. The answer says nothing about the disk."""
        _ok(self._client.post("torrents/setDownloadLimit", hashes=torrent, limit=1_000_000_000 + number))

    def forget(self) -> None:
        """Closes the connection."""
        self._client.close()

    def _rows(self) -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = json.loads(_ok(self._client.get("torrents/info")).body)
        return rows


def _ok(answer: Answer) -> Answer:
    assert answer.status == 200, answer
    return answer
