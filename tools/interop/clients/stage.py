"""A daemon, its gateway, a seed and a tracker."""

import subprocess
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from protocol.wire.rows import TorrentRow
from tools.interop.packages import PATH
from tools.rig import payload
from tools.rig.daemon import Daemon
from tools.rig.gateway import GatewayProcess
from tools.rig.payload import Torrent
from tools.rig.seed import Seed
from tools.rig.tracker import Tracker
from tools.rig.waiting import until

FILES: Final = {"film.mkv": 12 * 1024 * 1024, "notes/read me.txt": 3_000}
UPLOAD_BPS: Final = 4_000_000
"""A download takes long enough to kill the engine half way."""
PROGRAM_S: Final = 120.0


class Stage:
    """Everything that a play needs, within its context.

    Args:
        root: an empty directory with a short path.

    Fields:
        home: an empty directory for the program's own files.
        served: the directory of the seeds' data and of the .torrent files.
        more: a second download root.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self.home = root / "home"
        self.served = root / "served"
        self.more = root / "more"
        for each in (self.home, self.served, self.more):
            each.mkdir(parents=True)
        self._stack = ExitStack()
        self._gen = 0

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            self.daemon = stack.enter_context(Daemon(self.root / "d", roots=[self.more]))
            self.gateway = stack.enter_context(GatewayProcess(self.root / "d"))
            self.seed = stack.enter_context(Seed(upload_bps=UPLOAD_BPS))
            self.tracker = stack.enter_context(Tracker())
            self._stack = stack.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()

    @property
    def port(self) -> int:
        """The gateway's port on 127.0.0.1."""
        return self.gateway.port

    def make(self, name: str, files: Mapping[str, int] = FILES) -> Torrent:
        """Makes a torrent and seeds it."""
        made = payload.make(self.served, name, files, tracker=self.tracker.http)
        self.file(made).write_bytes(made.metainfo)
        self.seed.add(made.metainfo, self.served)
        return made

    def file(self, made: Torrent) -> Path:
        """The .torrent file."""
        return self.served / f"{made.torrent}.torrent"

    def knows(self, made: Torrent) -> bool:
        """Whether the daemon has the torrent."""
        return made.torrent in self.daemon.client.list_ids()

    def row(self, made: Torrent) -> TorrentRow:
        """The torrent's row in the daemon."""
        return self.daemon.row(made.torrent)

    def until_row(self, made: Torrent, fits: Callable[[TorrentRow], bool], what: str) -> TorrentRow:
        """Waits until the torrent's row in the daemon fits."""
        return until(lambda: row if fits(row := self.row(made)) else None, f"{what}: {self.row(made)}")

    def connect(self, made: Torrent) -> None:
        """Waits until the daemon has the torrent, and gives it the seed's address."""
        until(lambda: self.knows(made), f"{made.name} is added")
        self.daemon.client.add_peers(made.torrent, [self.seed.endpoint])

    def kill_half_way(self, made: Torrent) -> None:
        """Sends SIGKILL to the engine when a third is downloaded."""
        self.connect(made)
        self.until_row(made, lambda row: row.progress > 0.33, "a third is downloaded")
        assert self.row(made).progress < 1
        self._gen = self.daemon.client.health().engine.gen
        self.daemon.kill_engine()

    def complete(self, made: Torrent) -> None:
        """Waits until the daemon has the next engine, and the torrent is complete with equal files."""
        until(lambda: self.daemon.client.health().engine.gen > self._gen, "the next engine runs")
        until(self.daemon.healthy, "the daemon is healthy")
        self.connect(made)
        row = self.until_row(made, lambda row: row.progress == 1, "it is complete")
        assert payload.sha1(Path(row.save_path) / made.name) == payload.sha1(made.root / made.name), "the files differ"

    def run(self, argv: Sequence[str], **environment: str) -> str:
        """Runs a program to its end. Returns its output. Raises AssertionError if it fails."""
        done = subprocess.run(
            argv,
            check=False,
            cwd=self.home,
            env={"PATH": PATH, "LANG": "C.UTF-8", "HOME": str(self.home), **environment},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=PROGRAM_S,
        )
        assert done.returncode == 0, f"{' '.join(argv)} ends with {done.returncode}: {done.stdout[-500:]}"
        return done.stdout
