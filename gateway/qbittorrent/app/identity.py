"""The version of qBittorrent with this API, and the versions of libraries."""

import platform
import re
import ssl
import struct
import zlib
from typing import Final

import msgspec

VERSION: Final = "v5.1.4"
API_VERSION: Final = "2.11.4"


class BuildInfo(msgspec.Struct, frozen=True, kw_only=True):
    """What `app/buildInfo` returns. Clients check that no field is empty.

    Fields:
        libtorrent: the version that Ouzel's engine uses, with four numbers.
        qt, boost: the versions in qBittorrent 5.1.4. Ouzel does not use these libraries directly.
        openssl, zlib: the versions that the gateway uses.
    """

    bitness: int
    boost: str = "1.86.0"
    libtorrent: str
    openssl: str
    platform: str
    qt: str = "6.7.3"
    zlib: str


def build_info(libtorrent: str | None) -> BuildInfo:
    """Returns the versions. `libtorrent` is the version that the engine reports."""
    openssl = re.search(r"\d+(\.\d+)+\w*", ssl.OPENSSL_VERSION)
    return BuildInfo(
        bitness=8 * struct.calcsize("P"),
        libtorrent=libtorrent or "2.0.11.0",
        openssl=openssl[0] if openssl else "3.0.0",
        platform=platform.system().lower() or "unknown",
        zlib=zlib.ZLIB_RUNTIME_VERSION,
    )
