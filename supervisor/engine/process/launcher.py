"""The launcher: starts engine processes, from the configuration in force and the places that there are."""

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from protocol.wire.endpoints import ENGINE_SOCKET, ipc_endpoint
from supervisor.config.config import Config
from supervisor.config.config_changes import ConfigInForce
from supervisor.engine.process.child import Child, Death
from supervisor.engine.process.code_stamp import CodeStamp
from supervisor.host.directory_lock import DirectoryLock
from supervisor.host.place_watch import PlaceWatch


class Launcher:
    """Starts the processes of all slots.

    Args:
        version: Ouzel's.
        module: what is run as the engine.
        in_force: the configuration.
        locks: held locks on directories, the resume directory's first; each process inherits them.
        roots: the download roots that the next process is to have.
        own_places: where else it is to be able to write, in the resume directory.
        reliable: whether the resume directory can be relied on now.
        code: what processes are loaded from.

    Fields:
        places: looks at what is at the roots and the other places.
    """

    def __init__(
        self,
        version: str,
        module: str,
        *,
        in_force: ConfigInForce,
        locks: Sequence[DirectoryLock],
        roots: Callable[[], list[str]],
        own_places: list[str],
        reliable: Callable[[], bool],
        code: CodeStamp,
        places: PlaceWatch,
    ) -> None:
        self.version = version
        self._module = module
        self._in_force = in_force
        self._locks = locks
        self.roots = roots
        self._own_places = own_places
        self._reliable = reliable
        self._code = code
        self.places = places

    @property
    def config(self) -> Config:
        """The configuration that the next process is started by."""
        return self._in_force.config

    def spawn(self, gen: int, on_death: Callable[[Death], None], on_line: Callable[[int, bytes], None]) -> Child:
        """Starts the process of a generation. Raises OSError.

        Args:
            on_death: is told of its end.
            on_line: is given its generation and each line of its log.
        """
        config = self.config
        return Child(
            gen=gen,
            endpoint=ipc_endpoint(Path(config.paths.runtime_dir), ENGINE_SOCKET),
            resume_dir=Path(config.paths.resume_dir),
            lock_fds=[lock.fd for lock in self._locks],
            on_death=on_death,
            on_log=partial(on_line, gen),
            engine=self._module,
            sandbox=config.sandbox.mode,
            roots=[root for root in self.roots() if root not in self.places.silent],
        )

    def fingerprint(self) -> object:
        """What a process depends on: one that was started by another fingerprint is out of date.

        It holds the lock on the resume directory that there was when it was started.
        """
        places = [self.places.seen.get(path) for path in (*self.roots(), *self._own_places)]
        return self.config, self._locks[0].identity, self._code.seen, places, frozenset(self.places.silent)

    def own_places(self) -> list[str] | None:
        """The engine's directories in the resume directory; None while that cannot be relied on."""
        return self._own_places if self._reliable() else None
