"""The rule for where payload may be stored. It applies to paths from clients and from torrents."""

from collections.abc import Iterable

import msgspec


class Bounds(msgspec.Struct, frozen=True):
    """The directories in which payload may be stored. All paths are absolute, with links resolved.

    Fields:
        roots: the download roots. Payload may be stored in and below them.
        reserved: Ouzel's own directories. No payload may be stored in them, even inside a root. Otherwise a malicious
            torrent could overwrite Ouzel's files. A root inside a reserved directory is still a root.
    """

    roots: list[str] = []
    reserved: list[str] = []

    def allow(self, resolved: str) -> bool:
        """Whether payload may be stored at a path. The links of the path must be resolved."""
        root = _deepest(resolved, self.roots)
        return root >= 0 and root >= _deepest(resolved, self.reserved)


def _deepest(path: str, directories: Iterable[str]) -> int:
    """The length of the deepest of these directories that contains a path; -1 if none does."""
    return max(
        (len(each) for each in directories if path == each or path.startswith(each.rstrip("/") + "/")), default=-1
    )
