"""The certificates of authorities (CAs) that libtorrent trusts.

Each new session reads the system's bundle, and the file that `SSL_CERT_FILE` names. If both are the same file, the
second reading only delays failover.
"""

from collections.abc import MutableMapping
from pathlib import Path
from typing import Final

VARIABLE: Final = "SSL_CERT_FILE"
BUNDLES: Final = ("/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt")
"""The files that libtorrent reads in any case."""


def read_once(environ: MutableMapping[str, str]) -> None:
    """Removes the variable `SSL_CERT_FILE` if the variable names a file that libtorrent reads in any case.

    Call `read_once` just before a session is made, because links to the file may change.
    """
    file = environ.get(VARIABLE)
    if file and any(_same(file, bundle) for bundle in BUNDLES):
        del environ[VARIABLE]


def _same(one: str, other: str) -> bool:
    try:
        return Path(one).samefile(other)
    except (OSError, ValueError):
        return False
