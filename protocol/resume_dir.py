"""The resume directory's layout: which file holds what, and how one that cannot be read is put aside.

`<id>.json` desired state (supervisor) · `<id>.torrent` metainfo (supervisor) · `<id>.fastresume` libtorrent's resume
data (engine) · `session.json` settings changed at run time (supervisor) · `damaged/` what could not be read ·
`.lock` held by the supervisor while it runs.
"""

import re
from pathlib import Path
from typing import Final

from protocol.durable import fsync_dir

_TORRENT_FILE: Final = re.compile(r"([0-9a-f]{40}|[0-9a-f]{64})\.json")


class ResumeDir:
    """The paths in one resume directory."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def desired(self, torrent: str) -> Path:
        """What clients asked for of this torrent."""
        return self.root / f"{torrent}.json"

    def metainfo(self, torrent: str) -> Path:
        """The .torrent file it was added by."""
        return self.root / f"{torrent}.torrent"

    def fastresume(self, torrent: str) -> Path:
        """What libtorrent needs to go on without hashing."""
        return self.root / f"{torrent}.fastresume"

    @property
    def session(self) -> Path:
        """Settings that clients changed at run time."""
        return self.root / "session.json"

    @property
    def lock(self) -> Path:
        """Locked by the supervisor for as long as it runs."""
        return self.root / ".lock"

    @property
    def damaged(self) -> Path:
        """Where unreadable files go."""
        return self.root / "damaged"

    def torrents(self) -> list[str]:
        """The ids of all torrents that have a desired state here."""
        return sorted(match[1] for path in self.root.iterdir() if (match := _TORRENT_FILE.fullmatch(path.name)))

    def put_aside(self, path: Path) -> Path:
        """Moves a file that cannot be read into `damaged/`, never over an earlier one. Returns where it is now."""
        self.damaged.mkdir(exist_ok=True)
        target = self.damaged / path.name
        number = 1
        while target.exists():
            target = self.damaged / f"{path.name}.{number}"
            number += 1
        path.rename(target)
        fsync_dir(self.damaged)
        fsync_dir(self.root)
        return target
