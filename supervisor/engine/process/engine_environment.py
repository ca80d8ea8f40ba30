"""The environment variables of an engine: a few of the supervisor's, and a fixed locale.

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
"""The variables that are passed on: for glibc's memory and resolver, OpenSSL's certificates, and the time zone."""

LIBRARIES: Final = "LD_LIBRARY_PATH"
"""This variable is passed on, too: a Python outside the system's directories may not start without it."""

LOCALE: Final = {"LC_ALL": "C.UTF-8"}
"""With this locale, file names are UTF-8 and libtorrent's messages are English, whatever the supervisor's locale is."""


def engine_environment(environ: Mapping[str, str]) -> dict[str, str]:
    """Returns the environment for an engine, given the supervisor's."""
    kept = {name: value for name, value in environ.items() if name in ALLOWED}
    # Relative and empty entries are dropped: they refer to the current directory.
    libraries = [entry for entry in environ.get(LIBRARIES, "").split(":") if entry.startswith("/")]
    if libraries:
        kept[LIBRARIES] = ":".join(libraries)
    return kept | LOCALE
