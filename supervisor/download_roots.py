"""Keeps every path that a client names inside the configured download roots, symbolic links resolved."""

from collections.abc import Sequence
from pathlib import Path

from protocol.errors import ErrorKind, OuzelError


class DownloadRoots:
    """The directories below which torrents may be stored.

    Args:
        roots: absolute; the first is where torrents go when nobody says otherwise.
    """

    def __init__(self, roots: Sequence[Path]) -> None:
        self._roots = [root.resolve() for root in roots]
        self.default = str(self._roots[0])

    def confine(self, path: str | None, field: str) -> str:
        """The path, resolved. Raises OuzelError: PATH_NOT_ALLOWED, naming `field`."""
        if path is None:
            return self.default
        if "\0" in path or not Path(path).is_absolute():
            raise OuzelError(ErrorKind.PATH_NOT_ALLOWED, f"{field}: {path!r} is not an absolute path", field=field)
        try:
            resolved = Path(path).resolve()
        except (OSError, RuntimeError) as error:
            raise OuzelError(ErrorKind.PATH_NOT_ALLOWED, f"{field}: {path!r}: {error}", field=field) from error
        if not any(resolved.is_relative_to(root) for root in self._roots):
            allowed = ", ".join(str(root) for root in self._roots)
            raise OuzelError(
                ErrorKind.PATH_NOT_ALLOWED, f"{field}: {path!r} is outside the download roots ({allowed})", field=field
            )
        return str(resolved)
