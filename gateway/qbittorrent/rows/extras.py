"""The data in rows that only the gateway has. Pure."""

from typing import Final

import msgspec


class Extras(msgspec.Struct, frozen=True, kw_only=True):
    """The data of one torrent that only the gateway has.

    Fields:
        auto_tmm: whether the torrent is stored at the path of its category.
        download_path: the directory that clients set for incomplete files. Empty means the save path.
    """

    auto_tmm: bool = False
    download_path: str = ""


NO_EXTRAS: Final = Extras()
