"""What a compared program can do."""

import base64
import contextlib
import os
import subprocess
from abc import ABC, abstractmethod
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from tools.interop.network import Peer
from tools.interop.packages import PATH
from tools.rig.waiting import until

PEER_PORT: Final = 6881
API_PORT: Final = 8080
START_S: Final = 120.0
END_S: Final = 30.0


class Program(ABC):
    """A program with its API, in a network namespace. It runs within its context.

    Args:
        peer: the namespace.
        home: an empty directory for the program's own files.

    Fields:
        downloads: the directory of the payload.
    """

    def __init__(self, peer: Peer, home: Path) -> None:
        self.peer = peer
        self.home = home
        self.downloads = home / "downloads"

    def __enter__(self) -> Self:
        self.downloads.mkdir(parents=True, exist_ok=True)
        try:
            self.launch()
            until(self.answers, f"the API answers; the log is {self.home}/log", patience_s=START_S)
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def endpoint(self) -> str:
        """The address at which peers can connect."""
        return f"{self.peer.address}:{PEER_PORT}"

    @abstractmethod
    def launch(self) -> None:
        """Starts the program, without waiting for its API."""

    @abstractmethod
    def answers(self) -> bool:
        """Whether the API answers a request."""

    @abstractmethod
    def add(self, metainfos: Sequence[bytes], *, unchecked: bool = False) -> None:
        """Adds torrents, as fast as the API allows. Returns when all adds are accepted.

        Args:
            unchecked: whether the data is on disk already. If the program can trust this data, it adds without a check.
        """

    @abstractmethod
    def count(self) -> int:
        """Lists all torrents by the API. Returns how many the program has."""

    @abstractmethod
    def complete(self) -> int:
        """The number of torrents that have all their data, according to the API."""

    @abstractmethod
    def read(self, torrent: str) -> None:
        """Reads the state of one torrent by the API. The torrent is given by its v1 info-hash."""

    @abstractmethod
    def change(self, torrent: str, number: int) -> None:
        """Changes a torrent's download limit by the API. Each number gives another limit."""

    @abstractmethod
    def pids(self) -> Collection[int]:
        """The pids of the program's processes. Their descendants are not needed."""

    @abstractmethod
    def kill(self) -> None:
        """Sends SIGKILL to all processes."""

    @abstractmethod
    def close(self) -> None:
        """Ends all processes."""

    def crash(self) -> None:
        """Sends SIGKILL to the downloading process. Without a supervisor, starts the program again at once."""
        self.kill()
        self.launch()


class Foreign(Program):
    """A program that is one process, and has no supervisor."""

    def __init__(self, peer: Peer, home: Path) -> None:
        super().__init__(peer, home)
        self._process: subprocess.Popen[bytes] | None = None

    @abstractmethod
    def argv(self) -> list[str]:
        """The command line. The first call also writes the configuration."""

    @abstractmethod
    def forget(self) -> None:
        """Closes the connection to the API, after the process was killed."""

    def launch(self) -> None:
        """Starts the process. Its output is appended to `log`."""
        with (self.home / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [*self.peer.inside, *self.argv()],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env={"PATH": PATH, "LANG": "C.UTF-8", "HOME": str(self.home)},
                cwd=self.home,
                start_new_session=True,
            )

    def pids(self) -> Collection[int]:
        """The one process."""
        return [] if self._process is None else [self._process.pid]

    def kill(self) -> None:
        """Sends SIGKILL, and waits for the end."""
        assert self._process is not None
        self._process.kill()
        self._process.wait()
        self.forget()

    def close(self) -> None:
        """Ends the process."""
        if self._process is not None and self._process.poll() is None:
            self._process.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(timeout=END_S)
            self._process.kill()
            self._process.wait()
        self.forget()


def flush(directory: Path) -> None:
    """Calls fsync for each file below a directory."""
    for path in directory.rglob("*"):
        if path.is_file():
            descriptor = os.open(path, os.O_RDONLY)
            try:
                os.fsync(descriptor)
            finally:
                os.close(descriptor)


def batches(metainfos: Sequence[bytes], size: int) -> Iterator[Sequence[bytes]]:
    """The metainfos in lists of at most `size`."""
    for at in range(0, len(metainfos), size):
        yield metainfos[at : at + size]


def in_base64(metainfo: bytes) -> str:
    """A .torrent file as text."""
    return base64.b64encode(metainfo).decode()
