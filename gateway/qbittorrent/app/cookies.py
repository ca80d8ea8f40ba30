"""The cookies that clients set for downloads from web sites."""

from typing import Annotated, Final

import msgspec

from gateway.web import json_body

STORED: Final = "qbittorrent.cookies"
"""The name of the cookies in the store."""
MAX_COOKIES: Final = 1_000


class Cookie(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A cookie. `expiration_date` is in seconds since 1970."""

    name: str = ""
    domain: str = ""
    path: str = ""
    value: str = ""
    expiration_date: int = 0


Cookies = Annotated[list[Cookie], msgspec.Meta(max_length=MAX_COOKIES)]


def read(text: str) -> list[Cookie]:
    """Reads a list of cookies in JSON. Raises msgspec.MsgspecError."""
    return msgspec.json.decode(json_body.checked(text.encode()), type=Cookies)
