"""The certificates of authorities (CAs), with which https trackers are verified."""

import os
import ssl
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

from ouzel.doctor.finding import Finding, error, info, ok, unknown, warning
from ouzel.doctor.target import Target

BUNDLES: Final = (
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/ssl/cert.pem",
)
"""The places of the system's bundle in the usual distributions."""

FEW: Final = 10
"""A bundle with fewer CAs is suspicious. The bundles of distributions have more than a hundred CAs."""


def ca_bundle(target: Target, now: Callable[[], float] = time.time) -> Iterator[Finding]:
    """The bundle that the engine uses: whether it can be read, and whether its certificates are valid."""
    if target.environ is None:
        yield unknown(
            "the daemon's environment cannot be read, so SSL_CERT_FILE is not known",
            "run `ouzel doctor` as the daemon's user, or as root",
        )
    environ = target.environ or {}
    named = environ.get("SSL_CERT_FILE")
    directory = environ.get("SSL_CERT_DIR")
    if directory and not any(Path(each).is_dir() for each in directory.split(":")):
        yield error(f"SSL_CERT_DIR names {directory}, which is no directory", "unset it, or correct it")
    path = named or next((each for each in BUNDLES if os.path.exists(each)), None)  # noqa: PTH110  # a str
    if path is None:
        yield error(
            "there is no bundle of certificates: all https trackers fail",
            "install the package ca-certificates, or set SSL_CERT_FILE in the daemon's environment",
        )
        return
    yield from _bundle(path, now(), "SSL_CERT_FILE" if named else "the system's bundle")


def _bundle(path: str, now: float, what: str) -> Iterator[Finding]:
    remedy = "correct SSL_CERT_FILE, and restart ouzeld" if what == "SSL_CERT_FILE" else "install ca-certificates again"
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    try:
        context.load_verify_locations(cafile=path)
    except ssl.SSLError as problem:
        yield error(f"{what} has no usable certificates ({problem.reason}): all https trackers fail", remedy, path)
        return
    except OSError as problem:
        yield error(f"{what} cannot be read ({problem.strerror}): all https trackers fail", remedy, path)
        return
    found = context.get_ca_certs()
    dates = [str(each["notAfter"]) for each in found if "notAfter" in each]
    expired = sum(ssl.cert_time_to_seconds(date) < now for date in dates)
    if not found or (dates and expired == len(dates)):
        yield error(f"all CAs of {what} have expired ({len(found)}): all https trackers fail", remedy, path)
    elif expired and len(found) < FEW:
        yield warning(f"{expired} of {len(found)} CAs of {what} have expired", remedy, path)
    elif len(found) < FEW:
        yield info(f"{what} has only {len(found)} CAs: public https trackers fail", subject=path)
    else:
        yield ok(f"{what} has {len(found)} CAs{f', {expired} of them expired' if expired else ''}", path)
