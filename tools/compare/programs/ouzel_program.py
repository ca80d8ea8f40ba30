"""Ouzel, by its own wire."""

import sys
from collections.abc import Collection, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final

import ouzel
from protocol.wire.rows import TorrentState
from tools.compare.programs.program import PEER_PORT, Program
from tools.interop.network import Peer
from tools.rig.daemon import Daemon

ADD_MS: Final = 600_000


class Ouzel(Program):
    """The supervisor and its engine."""

    def __init__(self, peer: Peer, home: Path) -> None:
        super().__init__(peer, home)
        self._daemon = Daemon(
            home / "d",
            engine={"listen_interfaces": f"{peer.address}:{PEER_PORT}"},
            command=[*peer.inside, sys.executable, "-I", "-m", "supervisor"],
        )
        self.downloads = self._daemon.downloads

    def launch(self) -> None:
        """Starts the supervisor."""
        self._daemon.start()

    def answers(self) -> bool:
        """Whether `health` is answered."""
        try:
            self._daemon.client.health()
        except (ouzel.NotRunning, ouzel.RequestTimeout):
            return False
        return True

    def add(self, metainfos: Sequence[bytes], *, unchecked: bool = False) -> None:
        """Adds by pipelined requests. Each is acknowledged when it is durable."""
        requests = [("add_torrent", {"metainfo": metainfo, "seed_mode": unchecked}) for metainfo in metainfos]
        for reply in self._daemon.client.request_many(requests, deadline_ms=ADD_MS):
            assert isinstance(reply, dict), reply

    def count(self) -> int:
        """The number of rows of `list_torrents`."""
        return sum(1 for _ in self._daemon.client.list_torrents())

    def complete(self) -> int:
        """The number of torrents in state `seeding` in a running engine that has restored all torrents."""
        health = self._daemon.client.health()
        if health.engine.state != "running" or health.restore.done < health.restore.total:
            return 0
        return self._daemon.client.stats().torrents.get(TorrentState.SEEDING.value, 0)

    def read(self, torrent: str) -> None:
        """Reads one row."""
        self._daemon.row(torrent)

    def change(self, torrent: str, number: int) -> None:
        """Sets the limit, and waits until the change is durable."""
        self._daemon.client.update_limits(torrent, download_bps=1_000_000_000 + number)

    def pids(self) -> Collection[int]:
        """The supervisor. The engine is its child."""
        with suppress(AssertionError):
            return [self._daemon.pid]
        return []

    def crash(self) -> None:
        """Kills the engine. The supervisor starts another engine."""
        self._daemon.kill_engine()

    def kill(self) -> None:
        """Kills the supervisor. The kernel kills the engine then."""
        self._daemon.kill()

    def close(self) -> None:
        """Ends the supervisor and the engine."""
        self._daemon.close()
