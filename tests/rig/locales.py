"""Locales to start processes in."""

import os
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import pytest

LOCALES: Final = ("C", "POSIX", "C.UTF-8", "en_US.UTF-8-not-installed")
LATIN: Final = "de_DE.ISO-8859-1"


def environment(lc_all: str | None, more: Mapping[str, str] | None = None) -> dict[str, str]:
    """This process's environment with another locale, or none."""
    found = {name: value for name, value in os.environ.items() if not name.startswith(("LC_", "LANG"))}
    return {**found, **({} if lc_all is None else {"LC_ALL": lc_all}), **(more or {})}


def make_latin(directory: Path) -> dict[str, str]:
    """Makes a locale whose encoding is Latin-1 in a directory. Returns what is to be added to an environment.

    Skips the test where none can be made.
    """
    localedef = shutil.which("localedef")
    if localedef is None or not Path("/usr/share/i18n/locales/de_DE").exists():
        pytest.skip("no locale can be made here")
    argv = [localedef, "-i", "de_DE", "-f", "ISO-8859-1", str(directory / LATIN)]
    subprocess.run(argv, check=False, capture_output=True)  # it warns, and then its exit code is 1
    return {"LC_ALL": LATIN, "LOCPATH": str(directory)}
