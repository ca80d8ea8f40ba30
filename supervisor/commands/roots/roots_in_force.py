"""The download roots of the current engine, and the download roots of the next engine.

The current engine runs or is about to start.
"""

from collections.abc import Sequence
from pathlib import Path

from protocol.configuration.config_problem import InvalidConfig
from protocol.host import private_dir
from supervisor.commands.roots.download_roots import DownloadRoots
from supervisor.config.config import Config
from supervisor.config.config_changes import ConfigInForce


class RootsInForce:
    """Holds the download roots of the current engine and of the next engine.

    Args:
        in_force: the configuration.
        reserved: Ouzel's own directories.

    Fields:
        current: the current engine's roots. When the roots change, the object stays the same.
    """

    def __init__(self, in_force: ConfigInForce, reserved: Sequence[Path]) -> None:
        self._in_force = in_force
        self._reserved = reserved
        paths = in_force.config.paths.download_roots
        self.current = self._made_of(paths)
        self._read = {tuple(paths): self._made_of(paths)}
        """The roots by their configured paths. Links were resolved when the configuration was read."""

    @property
    def wanted(self) -> DownloadRoots:
        """The roots of the next engine."""
        return self._read[tuple(self._in_force.config.paths.download_roots)]

    @property
    def changed(self) -> bool:
        """Whether the next engine's roots differ from the current engine's."""
        return self.wanted.bounds != self.current.bounds

    def paths(self) -> list[str]:
        """The paths of the current engine's roots."""
        return self.current.bounds.roots

    def wanted_paths(self) -> list[str]:
        """The paths of the next engine's roots."""
        return self.wanted.bounds.roots

    def follow(self) -> None:
        """Makes the next engine's roots the current roots. Call `follow` when the next engine is started."""
        self.current.follow(self.wanted)

    def prepare(self, config: Config) -> None:
        """Makes and resolves the roots of a configuration. Call `prepare` in a thread. Raises InvalidConfig."""
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
        except (OSError, RuntimeError) as error:  # RuntimeError: circular links
            raise InvalidConfig(f"paths.download_roots: {error}") from error

    def _made_of(self, paths: Sequence[str]) -> DownloadRoots:
        return DownloadRoots([Path(root) for root in paths], reserved=self._reserved)
