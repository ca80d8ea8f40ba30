"""Exit codes with which an engine process exits deliberately, without a crash. Pure."""

from typing import Final

EXIT_ORPHANED: Final = 3
"""The supervisor that started the process has died."""

EXIT_NOT_UTF8: Final = 4
"""File names would not be encoded in UTF-8; see `protocol.host.utf8`."""
