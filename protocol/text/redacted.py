"""Redacts URLs. With the passkey in a private tracker's URL, anybody could impersonate the user. Pure.

A redacted URL keeps the scheme, host and port. In the path, words that every tracker has are kept, such as `announce`
and `scrape.php`. An ellipsis replaces all other parts, because they may be secret:

- the rest of the path
- the user and password
- the query and the fragment

On the wire URLs are not redacted, because clients may read everything. In logs, crash reports and messages for people
they are redacted.
"""

import re
from functools import lru_cache
from typing import Final
from urllib.parse import urlsplit

HIDDEN: Final = "…"
REMEMBERED: Final = 4096
"""The size of the cache. Thousands of torrents share few trackers, and every row of a list may name a tracker."""

_PUBLIC: Final = re.compile(r"(announce|scrape|tracker|ann)(\.(php|pl|cgi|aspx?|jsp))?", re.IGNORECASE)
_URL: Final = re.compile(r"\b(?:https?|udp|wss?)://[^\s\"'<>\\]+", re.IGNORECASE)
_IN_A_LINK: Final = re.compile(r"(?<=[?&])(tr(?:\.[0-9]+)?|ws|xs|as)=[^&\s\"'<>\\]*", re.IGNORECASE)


@lru_cache(maxsize=REMEMBERED)
def redacted(url: str) -> str:
    """A URL without the parts that may be secret."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return HIDDEN
    if not parts.scheme or not parts.hostname:
        return HIDDEN
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    user = f"{HIDDEN}@" if "@" in parts.netloc else ""
    number = "" if port is None else f":{port}"
    path = "/".join(
        segment if not segment or _PUBLIC.fullmatch(segment) else HIDDEN for segment in parts.path.split("/")
    )
    hidden = f"?{HIDDEN}" if parts.query or parts.fragment else ""
    return f"{parts.scheme}://{user}{host}{number}{path}{hidden}"


def redacted_text(text: str) -> str:
    """A text with every URL redacted, also the trackers and web seeds inside magnet links."""
    if "=" not in text and "://" not in text:
        return text
    text = _IN_A_LINK.sub(lambda found: f"{found[1]}={HIDDEN}", text)
    return _URL.sub(lambda found: redacted(found[0]), text)
