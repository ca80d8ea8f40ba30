"""Makes the HTTP requests of hooks. The functions block, so call them in a thread."""

import hashlib
import hmac
import http.client
import os
import ssl
import stat
import urllib.error
import urllib.request
from enum import Enum, auto
from pathlib import Path
from typing import Any, Final, NamedTuple

import msgspec

from supervisor.config.hooks_config import PostHook
from supervisor.hooks.hook_queues import Delivery

SECRET_BYTES_MAX: Final = 4096
SIGNATURE: Final = "X-Ouzel-Signature"
DELIVERY: Final = "X-Ouzel-Delivery"
EVENT: Final = "X-Ouzel-Event"

_AGAIN: Final = frozenset({408, 425, 429})
"""Refusals that may be over at the next attempt. Other statuses from 400 to 499 are final."""


class Verdict(Enum):
    """The outcome of an attempt."""

    DELIVERED = auto()
    AGAIN = auto()
    REFUSED = auto()


class Posted(NamedTuple):
    """The outcome of an attempt, and the problem as text. The text is empty after a success."""

    verdict: Verdict
    problem: str = ""


def body_of(delivery: Delivery) -> bytes:
    """The JSON object that is sent."""
    about = delivery.about
    return msgspec.json.encode(
        {
            "event": delivery.event,
            "torrent": delivery.torrent,
            "ts_us": delivery.ts_us,
            "name": about.name,
            "save_path": about.save_path,
            "path": delivery.values["path"],
            "labels": about.labels,
            "file": delivery.file,
            "data": delivery.data,
        }
    )


def signature(secret: bytes, body: bytes) -> str:
    """The signature of a body: HMAC with SHA-256, in hexadecimal."""
    return "sha256=" + hmac.new(secret, body, hashlib.sha256).hexdigest()


def post(hook: PostHook, body: bytes, *, event: str, number: str) -> Posted:
    """Makes one attempt. Redirects are not followed, and proxies of the environment are not used.

    Args:
        body: the JSON object.
        number: the number of the delivery. All attempts of a delivery have the same number.
    """
    headers = {"Content-Type": "application/json", "User-Agent": "ouzel", EVENT: event, DELIVERY: number}
    if hook.secret_file is not None:
        try:
            secret = _secret(Path(hook.secret_file))
        except OSError as error:
            return Posted(Verdict.AGAIN, f"{hook.secret_file} cannot be read: {error.strerror or error}")
        if not secret:
            return Posted(Verdict.AGAIN, f"{hook.secret_file} is empty")
        headers[SIGNATURE] = signature(secret, body)
    request = urllib.request.Request(hook.url, data=body, headers=headers, method="POST")  # noqa: S310  # http(s) only
    try:
        with _OPENER.open(request, timeout=hook.time_limit_s) as reply:
            status = int(reply.status)
    except urllib.error.HTTPError as error:
        status = error.code
        error.close()
    except (OSError, http.client.HTTPException, ssl.SSLError, ValueError) as error:
        reason = error.reason if isinstance(error, urllib.error.URLError) else error
        return Posted(Verdict.AGAIN, str(reason) or type(reason).__name__)
    if 200 <= status < 300:
        return Posted(Verdict.DELIVERED)
    if 400 <= status < 500 and status not in _AGAIN:
        return Posted(Verdict.REFUSED, f"the server answers {status}")
    return Posted(Verdict.AGAIN, f"the server answers {status}")


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: Any) -> None:
        return None


_OPENER: Final = urllib.request.build_opener(_NoRedirect, urllib.request.ProxyHandler({}))


def _secret(file: Path) -> bytes:
    fd = os.open(file, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)  # to open a pipe would block until it has a writer
    try:
        if not stat.S_ISREG(os.fstat(fd).st_mode):
            raise OSError("it is not a regular file")
        return os.read(fd, SECRET_BYTES_MAX).strip()
    finally:
        os.close(fd)
