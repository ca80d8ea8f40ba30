"""The session's settings, which an engine is configured with: bans, and limits, which override the configured ones."""

from collections.abc import Sequence

from protocol.internal.link_commands import Configure
from supervisor.commands.roots_in_force import RootsInForce
from supervisor.config.config_changes import ConfigInForce
from supervisor.host.directory_lock import DirectoryLock
from supervisor.store.catalogue import Catalogue


class SessionSettings:
    """The session's settings of a service.

    Args:
        locks: held locks on directories, the resume directory's first.
    """

    def __init__(
        self, in_force: ConfigInForce, *, catalogue: Catalogue, roots: RootsInForce, locks: Sequence[DirectoryLock]
    ) -> None:
        self._in_force = in_force
        self._catalogue = catalogue
        self._roots = roots
        self._locks = locks

    def configure(self) -> Configure:
        """The command that configures an engine. Its `torrents` is 0; the sender sets the number."""
        config, session = self._in_force.config, self._catalogue.session
        limits = config.limits
        return Configure(
            settings=config.engine,
            download_bps=limits.download_bps if session.download_bps is None else session.download_bps,
            upload_bps=limits.upload_bps if session.upload_bps is None else session.upload_bps,
            torrents=0,
            revision=session.revision,
            resume_dir=self._locks[0].identity,
            config=self._in_force.number,
            bounds=self._roots.current.bounds,
            banned=session.banned,
        )
