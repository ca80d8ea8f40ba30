"""Exit codes of the engine's processes that are its own, and no crash of Python's or of libtorrent's. Pure."""

from typing import Final

EXIT_ORPHANED: Final = 3
"""Its parent is not the supervisor that started it, which has died."""

EXIT_NOT_UTF8: Final = 4
"""Names of files would not be written as they are."""
