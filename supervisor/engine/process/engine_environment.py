"""The environment variables of an engine: a few of the supervisor's, and a fixed locale.

The supervisor's other variables are left out:
- Some name code to load: `PYTHON*`, `LD_PRELOAD`, `OPENSSL_CONF`, `GCONV_PATH`.
- Some change how names and messages are written: `LANG`, `LC_*`, `LANGUAGE`.
- Some are secrets of other programs.

An engine starts no programs, so it does not need `HOME` or `PATH`.
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
"""The variables that engines get. They are for glibc's memory and resolver, OpenSSL's certificates, and the time zone.
"""

LIBRARIES: Final = "LD_LIBRARY_PATH"
"""Engines get this variable, too. A Python outside the system's directories may need it to start."""

LOCALE: Final = {"LC_ALL": "C.UTF-8"}
"""The locale of engines. With it, file names are UTF-8, and libtorrent's messages are English."""


def engine_environment(environ: Mapping[str, str]) -> dict[str, str]:
    """Returns the environment for an engine, given the supervisor's."""
    kept = {name: value for name, value in environ.items() if name in ALLOWED}
    # Relative and empty entries are dropped: they refer to the current directory.
    libraries = [entry for entry in environ.get(LIBRARIES, "").split(":") if entry.startswith("/")]
    if libraries:
        kept[LIBRARIES] = ":".join(libraries)
    return kept | LOCALE
