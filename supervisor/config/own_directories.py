"""Makes and checks the directories of `[paths]` when the daemon starts."""

import os
from pathlib import Path
from typing import Final

from protocol.host import private_dir
from supervisor.config.config import PathsConfig

_SEARCH: Final = 0o011
"""The right to pass through a directory without listing it."""


def prepare(paths: PathsConfig) -> list[str]:
    """Makes all directories, and restricts the modes of Ouzel's own directories.

    Returns the warnings of `private_dir.prepare`.

    Existing download roots are not changed, because a group or another user may own them. The state directory is made
    first. By default, all other directories are below the state directory. If another directory were made first, the
    state directory would get the wrong mode.

    Raises:
        OSError: a directory cannot be made or trusted.
    """
    for root in paths.download_roots:
        private_dir.make_shared(Path(root))
    notes: list[str] = []
    for directory in (paths.state_dir, paths.resume_dir):
        notes += private_dir.prepare(Path(directory), widest=private_dir.GROUP | _passage(directory, paths))
    notes += private_dir.prepare(
        Path(paths.runtime_dir), private_dir.GROUP, widest=private_dir.GROUP | _passage(paths.runtime_dir, paths)
    )
    return list(dict.fromkeys(notes))


def _passage(directory: str, paths: PathsConfig) -> int:
    """The permissions of other users on a directory.

    If a download root is below the directory, others may pass through. Otherwise they have no permission.
    """
    real = os.path.realpath(directory)
    return _SEARCH if any(os.path.realpath(root).startswith(f"{real}/") for root in paths.download_roots) else 0
