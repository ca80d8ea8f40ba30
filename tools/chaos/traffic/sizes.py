"""The sizes of the downloads. Pure."""

from typing import Final

DOWNLOAD_BYTES: Final = 6 * 1024 * 1024
"""The size of a download. Each is larger by its index, so no two have the same content by chance."""

PIECE_BYTES: Final = 64 * 1024
