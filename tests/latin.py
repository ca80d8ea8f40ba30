"""A locale whose encoding is not UTF-8, for tests; it needs pytest, which benchmarks do not have."""

import shutil
import subprocess
from pathlib import Path
from typing import Final

import pytest

LATIN: Final = "de_DE.ISO-8859-1"


def make_latin(directory: Path) -> dict[str, str]:
    """Makes a Latin-1 locale in a directory. Returns the environment variables to add.

    Skips the test where none can be made.
    """
    localedef = shutil.which("localedef")
    if localedef is None or not Path("/usr/share/i18n/locales/de_DE").exists():
        pytest.skip("no locale can be made here")
    argv = [localedef, "-i", "de_DE", "-f", "ISO-8859-1", str(directory / LATIN)]
    subprocess.run(argv, check=False, capture_output=True)  # it warns, and then its exit code is 1
    return {"LC_ALL": LATIN, "LOCPATH": str(directory)}
