"""The environment of an engine: a few variables by name, and the locale that is Ouzel's own.

All other variables are left out: those that name code to load (`PYTHON*`, `LD_PRELOAD`, `OPENSSL_CONF`, `GCONV_PATH`),
those that change how names and messages are written (`LANG`, `LC_*`, `LANGUAGE`), and the secrets of other programs. An
engine needs neither `HOME` nor `PATH`: it starts no programs.
"""

from collections.abc import Mapping
from typing import Final

ALLOWED: Final = frozenset(
    {
        "GLIBC_TUNABLES",
        "LOCALDOMAIN",
        "MALLOC_ARENA_MAX",
        "MALLOC_TRIM_THRESHOLD_",
        "RES_OPTIONS",
        "SSL_CERT_DIR",
        "SSL_CERT_FILE",
        "TZ",
    }
)
"""glibc's memory and resolver, the certificates that OpenSSL trusts, and the time zone."""

LIBRARIES: Final = "LD_LIBRARY_PATH"
"""A Python outside of the system's directories may not start without it."""

LOCALE: Final = {"LC_ALL": "C.UTF-8"}
"""Names on the disk are UTF-8, and libtorrent's messages English, whatever the supervisor's locale is."""


def engine_environment(environ: Mapping[str, str]) -> dict[str, str]:
    """The environment for an engine, given the supervisor's."""
    kept = {name: value for name, value in environ.items() if name in ALLOWED}
    # A relative or an empty entry is looked up in the current directory.
    libraries = [entry for entry in environ.get(LIBRARIES, "").split(":") if entry.startswith("/")]
    if libraries:
        kept[LIBRARIES] = ":".join(libraries)
    return kept | LOCALE
