"""Fetches a .torrent file from a URL, only by http and https, with limits of bytes, time and redirects.

Only the command line fetches URLs. So the access uses this user's rights and network, not the daemon's.
"""

import base64
import gzip
import http.client
import io
import threading
import urllib.error
import urllib.request
import zlib
from dataclasses import dataclass
from typing import IO, Any, Final
from urllib.parse import quote, unquote, urljoin, urlsplit, urlunsplit

from ouzel.cli.sources.sources import BadSource

TIMEOUT_S: Final = 60.0
"""The time limit of the whole transfer, from name resolution to the last byte, including redirects."""
QUIET_S: Final = 20.0
"""The time limit of each step."""
MAX_REDIRECTS: Final = 10

_GZIP: Final = b"\x1f\x8b"
_SAFE: Final = "/%:@!$&'()*+,;=~-._?[]"


@dataclass(frozen=True)
class Fetched:
    """The result of fetching a URL: bytes, or the magnet link that the URL redirects to."""

    content: bytes
    magnet: str | None = None


def fetch(url: str, *, max_bytes: int, timeout_s: float = TIMEOUT_S) -> Fetched:
    """Fetches a URL, and follows redirects.

    Raises:
        BadSource: `not_fetched`, with the reason.
    """
    outcome: list[Fetched | BadSource] = []

    def run() -> None:
        try:
            outcome.append(_fetch(url, max_bytes))
        except BadSource as error:
            outcome.append(error)

    # The transfer runs on a thread, since some steps (name resolution, a server that sends a byte a second) have no
    # time limit. If the time is over, the thread is abandoned, and ends with the process.
    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    thread.join(timeout_s)
    if not outcome:
        raise _failed(url, f"it took longer than {timeout_s:g} s")
    if isinstance(outcome[0], BadSource):
        raise outcome[0]
    return outcome[0]


class _ToMagnet(Exception):
    """A redirect led to a magnet link. Indexers send such redirects."""

    def __init__(self, link: str) -> None:
        self.link = link


class _Refused(Exception):
    """A redirect that is not followed."""


class _Redirects(urllib.request.HTTPRedirectHandler):
    max_redirections = MAX_REDIRECTS
    max_repeats = MAX_REDIRECTS

    def http_error_302(self, req: urllib.request.Request, fp: IO[bytes], code: int, msg: str, headers: Any) -> Any:
        target = str(headers.get("location") or headers.get("uri") or "").strip()
        scheme = urlsplit(urljoin(req.full_url, target)).scheme.lower()
        left_tls = urlsplit(req.full_url).scheme.lower() == "https" and scheme == "http"
        if left_tls or scheme not in ("http", "https"):
            fp.close()
            if scheme == "magnet":
                raise _ToMagnet(target)
            raise _Refused(
                f"it redirects {'from https to http' if left_tls else f'to {scheme}:'}, which is not followed"
            )
        return super().http_error_302(req, fp, code, msg, headers)

    http_error_301 = http_error_303 = http_error_307 = http_error_308 = http_error_302

    def redirect_request(
        self, req: urllib.request.Request, fp: IO[bytes], code: int, msg: str, headers: Any, newurl: str
    ) -> urllib.request.Request | None:
        return super().redirect_request(req, fp, code, msg, headers, ascii_url(newurl))


def _fetch(url: str, max_bytes: int) -> Fetched:
    # Not `build_opener`, which adds handlers for file, ftp and data URLs.
    opener = urllib.request.OpenerDirector()
    for handler in (
        urllib.request.ProxyHandler(),
        urllib.request.HTTPHandler(),
        urllib.request.HTTPSHandler(),  # verifies certificates and names
        urllib.request.HTTPDefaultErrorHandler(),
        urllib.request.HTTPErrorProcessor(),
        _Redirects(),
    ):
        opener.add_handler(handler)
    try:
        request = _request(url)
        with opener.open(request, timeout=QUIET_S) as response:
            if response is None:
                raise _failed(url, "only http and https are fetched")
            return Fetched(_read(url, response, max_bytes))
    except _ToMagnet as found:
        return Fetched(b"", found.link)
    except _Refused as error:
        raise _failed(url, str(error)) from None
    except urllib.error.HTTPError as error:
        error.close()
        raise _failed(url, _status(error)) from None
    except urllib.error.URLError as error:
        raise _failed(url, _reason(error.reason)) from None
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise _failed(url, _reason(error)) from None


def _request(url: str) -> urllib.request.Request:
    parts = urlsplit(url)
    user, at, host = parts.netloc.rpartition("@")
    bare = urlunsplit(parts._replace(netloc=host))
    request = urllib.request.Request(ascii_url(bare), headers={"User-Agent": "ouzel", "Accept-Encoding": "gzip"})  # noqa: S310  # the scheme is http or https
    if at:
        token = base64.b64encode(unquote(user).encode()).decode()
        request.add_unredirected_header("Authorization", f"Basic {token}")  # not sent to other hosts after a redirect
    return request


def _read(url: str, response: Any, max_bytes: int) -> bytes:
    raw: bytes = response.read(max_bytes + 1)
    announced = response.headers.get("Content-Length", "")
    if len(raw) <= max_bytes and announced.isascii() and announced.isdecimal() and len(raw) < int(announced):
        raise _failed(url, f"it ended after {len(raw)} of {announced} bytes")
    return unpacked(url, raw, max_bytes)


def unpacked(url: str, raw: bytes, max_bytes: int) -> bytes:
    """Returns the bytes of a response without compression. Raises BadSource if they cannot be a .torrent file."""
    if raw.startswith(_GZIP):  # the transfer encoding or the file itself is gzip; no .torrent file begins like this
        try:
            raw = gzip.GzipFile(fileobj=io.BytesIO(raw)).read(max_bytes + 1)
        except (OSError, EOFError, zlib.error) as error:
            raise _failed(url, f"what it sent cannot be unpacked: {error}") from None
    if len(raw) > max_bytes:
        raise _failed(url, f"it has more than the {max_bytes} bytes that a .torrent file may have")
    if raw.lstrip()[:1] == b"<":
        raise _failed(url, "it answered with a page, not with a .torrent file; does it want a login?")
    if not raw:
        raise _failed(url, "it answered with nothing")
    return raw


def ascii_url(url: str) -> str:
    """Converts a URL with any characters to ASCII, as browsers do. Raises ValueError."""
    parts = urlsplit(url)
    if not parts.hostname:
        raise ValueError("it names no host")
    host = parts.netloc if parts.netloc.isascii() else parts.netloc.encode("idna").decode("ascii")
    return urlunsplit((parts.scheme, host, quote(parts.path, _SAFE), quote(parts.query, _SAFE), ""))


def _status(error: urllib.error.HTTPError) -> str:
    if error.code in (301, 302, 303, 307, 308):
        return f"it redirects more than {MAX_REDIRECTS} times, or nowhere"
    return f"it answered {error.code} {error.reason or ''}".rstrip()


def _reason(reason: object) -> str:
    if isinstance(reason, TimeoutError):
        return f"nothing came for {QUIET_S:g} s"
    if isinstance(reason, http.client.IncompleteRead):
        return f"it ended after {len(reason.partial)} bytes, in the middle"
    if isinstance(reason, OSError) and reason.strerror:
        return reason.strerror
    return str(reason).strip() or type(reason).__name__


def _failed(url: str, why: str) -> BadSource:
    return BadSource(f"cannot fetch {url}: {why}", name="not_fetched")
