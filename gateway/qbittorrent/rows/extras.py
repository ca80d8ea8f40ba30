"""What rows have and the daemon does not know. Pure."""

from typing import Final

import msgspec


class Extras(msgspec.Struct, frozen=True, kw_only=True):
    """What the gateway keeps of one torrent.

    Fields:
        auto_tmm: whether the torrent is stored at the path of its category.
        download_path: where clients want incomplete files; empty for the save path.
    """

    auto_tmm: bool = False
    download_path: str = ""


NO_EXTRAS: Final = Extras()
