"""The directories of `[paths]`, as they are made and judged when the daemon starts."""

import os
from pathlib import Path
from typing import Final

from protocol.host import private_dir
from supervisor.config.config import PathsConfig

_SEARCH: Final = 0o011
"""Whoever may pass through a directory can reach what is below it, and cannot list it."""


def prepare(paths: PathsConfig) -> list[str]:
    """Makes all of them, and narrows Ouzel's own. Returns what is reported of these; see `private_dir.prepare`.

    Download roots that are there stay as they are: folders are shared with groups, or belong to others. The state
    directory is made before those that are below it by default, which would make it as wide as they are.

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
    """What others keep of a directory with a download root below it: the way to that."""
    real = os.path.realpath(directory)
    return _SEARCH if any(os.path.realpath(root).startswith(f"{real}/") for root in paths.download_roots) else 0
