"""The launcher: starts engine processes. Uses the configuration in force and the existing directories."""

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from protocol.durable.directory_lock import DirectoryLock
from protocol.wire.endpoints import ENGINE_SOCKET, ipc_endpoint
from supervisor.config.config import Config
from supervisor.config.config_changes import ConfigInForce
from supervisor.engine.process.child import Child, Death
from supervisor.engine.process.code_stamp import CodeStamp
from supervisor.host.place_watch import PlaceWatch


class Launcher:
    """Starts the processes of all slots.

    Args:
        version: the version of Ouzel.
        module: the module that is run as the engine.
        in_force: the configuration.
        locks: held locks on directories. The first lock is on the resume directory. Each process inherits the locks.
        roots: returns the download roots of the next process.
        own_places: further directories in the resume directory where the process writes.
        reliable: whether the resume directory is reliable now.
        code: the stamp of the engine's code.

    Fields:
        places: reads which directories are at the download roots, and at the other paths of the process.
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
        """The configuration for the next process."""
        return self._in_force.config

    def spawn(self, gen: int, on_death: Callable[[Death], None], on_line: Callable[[int, bytes], None]) -> Child:
        """Starts the process of a generation. Raises OSError.

        Args:
            on_death: called when the process has ended.
            on_line: called with the generation and each line of the process's log.
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
        """Returns all that a process depends on. A process with another fingerprint is out of date.

        The fingerprint includes the lock on the resume directory, because a process keeps its inherited lock.
        """
        places = [self.places.seen.get(path) for path in (*self.roots(), *self._own_places)]
        return self.config, self._locks[0].identity, self._code.seen, places, frozenset(self.places.silent)

    def own_places(self) -> list[str] | None:
        """The engine's own directories in the resume directory. None while the resume directory is not reliable."""
        return self._own_places if self._reliable() else None
