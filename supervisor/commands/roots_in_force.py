"""The download roots in force: those of the engine that is or is about to be, and those that the next one will have."""

from collections.abc import Sequence
from pathlib import Path

from protocol.host import private_dir
from supervisor.commands.download_roots import DownloadRoots
from supervisor.config.config import Config
from supervisor.config.config_changes import ConfigInForce
from supervisor.config.config_problem import InvalidConfig


class RootsInForce:
    """One service's.

    Args:
        in_force: the configuration.
        reserved: Ouzel's own directories.

    Fields:
        current: those of the engine; the object stays the same.
    """

    def __init__(self, in_force: ConfigInForce, reserved: Sequence[Path]) -> None:
        self._in_force = in_force
        self._reserved = reserved
        paths = in_force.config.paths.download_roots
        self.current = self._made_of(paths)
        self._read = {tuple(paths): self._made_of(paths)}
        """Those of each configuration that was read, as the disk had them then."""

    @property
    def wanted(self) -> DownloadRoots:
        """Those that the next engine is to have."""
        return self._read[tuple(self._in_force.config.paths.download_roots)]

    @property
    def changed(self) -> bool:
        """Whether the next engine is to have others."""
        return self.wanted.bounds != self.current.bounds

    def paths(self) -> list[str]:
        """The paths of the engine's."""
        return self.current.bounds.roots

    def wanted_paths(self) -> list[str]:
        """The paths of the next engine's."""
        return self.wanted.bounds.roots

    def follow(self) -> None:
        """From now on the engine has the wanted ones."""
        self.current.follow(self.wanted)

    def prepare(self, config: Config) -> None:
        """Makes the roots of a configuration that are missing, and resolves them; in a thread. Raises InvalidConfig."""
        paths = config.paths.download_roots
        if tuple(paths) == tuple(self._in_force.config.paths.download_roots):
            return
        for index, root in enumerate(paths):
            try:
                private_dir.make_shared(Path(root))
            except OSError as error:
                raise InvalidConfig(f"paths.download_roots[{index}]: {root}: {error.strerror}") from error
        try:
            self._read[tuple(paths)] = self._made_of(paths)
        except (OSError, RuntimeError) as error:  # the latter where links lead in a circle
            raise InvalidConfig(f"paths.download_roots: {error}") from error

    def _made_of(self, paths: Sequence[str]) -> DownloadRoots:
        return DownloadRoots([Path(root) for root in paths], reserved=self._reserved)
