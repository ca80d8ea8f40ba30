"""Accessibility checks by axe-core, which comes from the npm registry."""

import shutil
import subprocess
from pathlib import Path
from typing import Final

from tools.interop.packages import CannotRun
from tools.interop.page.browser import Browser

PACKAGE: Final = "axe-core@4.14.1"
FETCH_S: Final = 120.0
_RUN: Final = """
const done = arguments[arguments.length - 1];
axe.run(document, {resultTypes: ["violations"]}).then(
  (found) => done(found.violations.map((each) => `${each.id}: ${each.nodes.map((node) => node.html).join(" ")}`)),
  (error) => done([String(error)]));
"""


def fetch(directory: Path) -> str:
    """Returns the script. Raises CannotRun."""
    npm = shutil.which("npm")
    if npm is None:
        raise CannotRun("npm is missing, which fetches axe-core")
    done = subprocess.run([npm, "pack", "--silent", PACKAGE], cwd=directory, capture_output=True, timeout=FETCH_S)
    archives = list(directory.glob("axe-core-*.tgz"))
    if done.returncode or not archives:
        raise CannotRun(f"npm cannot fetch {PACKAGE}: {done.stderr.decode(errors='replace')[-300:]}")
    shutil.unpack_archive(archives[0], directory, "gztar", filter="data")
    return (directory / "package" / "axe.min.js").read_text()


def findings(browser: Browser, script: str) -> list[str]:
    """The faults that axe-core finds in the page as it is shown."""
    if not browser.run("return Boolean(window.axe)"):
        browser.run(script)
    found: list[str] = browser.run_async(_RUN)
    return found
