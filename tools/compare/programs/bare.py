"""A bare libtorrent session with Ouzel's settings. It stores nothing and has no API, so it cannot do all works."""

from collections.abc import Collection, Sequence
from pathlib import Path

from engine_proc.session.session_settings import DEFAULTS
from tools.compare.programs.program import PEER_PORT, Program
from tools.interop.network import Peer
from tools.rig.seed import Seed


class Bare(Program):
    """The session's process, driven by its standard input."""

    def __init__(self, peer: Peer, home: Path) -> None:
        super().__init__(peer, home)
        self._session: Seed | None = None

    @property
    def session(self) -> Seed:
        """The running session."""
        assert self._session is not None
        return self._session

    def launch(self) -> None:
        """Starts the process in the namespace."""
        settings = {**DEFAULTS, "listen_interfaces": f"{self.peer.address}:{PEER_PORT}"}
        self._session = Seed(settings=settings, prefix=self.peer.inside)

    def answers(self) -> bool:
        """True: the process was waited for."""
        return True

    def add(self, metainfos: Sequence[bytes], *, unchecked: bool = False) -> None:
        """Adds one after the other, without storing anything."""
        for metainfo in metainfos:
            self.session.add(metainfo, self.downloads, seed_mode=unchecked)

    def count(self) -> int:
        """The number of torrents of the session."""
        return self.session.counts().torrents

    def complete(self) -> int:
        """The number of seeding torrents. If all torrents seed, first waits until all data is flushed."""
        counts = self.session.counts()
        if counts.seeding == counts.torrents:
            self.session.flush()
        return counts.seeding

    def read(self, torrent: str) -> None:
        """Not used."""
        raise NotImplementedError

    def change(self, torrent: str, number: int) -> None:
        """Not used."""
        raise NotImplementedError

    def pids(self) -> Collection[int]:
        """The one process."""
        return [] if self._session is None else [self._session.pid]

    def kill(self) -> None:
        """Ends the process."""
        self.session.close()

    def close(self) -> None:
        """Ends the process."""
        if self._session is not None:
            self._session.close()
