"""The directories of `[paths]`, made and checked when the daemon starts."""

import os
from pathlib import Path
from typing import Final

from protocol.host import private_dir
from supervisor.config.config import PathsConfig

_SEARCH: Final = 0o011
"""The right to pass through a directory without listing it."""


def prepare(paths: PathsConfig) -> list[str]:
    """Makes all of them, and narrows Ouzel's own. Returns warnings about these; see `private_dir.prepare`.

    Existing download roots stay as they are: folders are shared with groups, or belong to others. The state directory
    is made before those that are below it by default, which would otherwise make it with their mode.

    Raises:
        OSError: one cannot be made or trusted.
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
    """The permissions of others on a directory above a download root: to pass through."""
    real = os.path.realpath(directory)
    return _SEARCH if any(os.path.realpath(root).startswith(f"{real}/") for root in paths.download_roots) else 0
