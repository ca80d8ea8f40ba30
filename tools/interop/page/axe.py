"""Accessibility checks by axe-core, which comes from the npm registry."""

from pathlib import Path
from typing import Final

from tools.interop import npm
from tools.interop.page.browser import Browser

PACKAGE: Final = "axe-core@4.14.1"
_RUN: Final = """
const done = arguments[arguments.length - 1];
axe.run(document, {resultTypes: ["violations"]}).then(
  (found) => done(found.violations.map((each) => `${each.id}: ${each.nodes.map((node) => node.html).join(" ")}`)),
  (error) => done([String(error)]));
"""


def fetch(directory: Path) -> str:
    """Returns the script. Raises CannotRun."""
    return (npm.fetch(PACKAGE, directory) / "axe.min.js").read_text()


def findings(browser: Browser, script: str) -> list[str]:
    """The faults that axe-core finds in the page as it is shown."""
    if not browser.run("return Boolean(window.axe)"):
        browser.run(script)
    found: list[str] = browser.run_async(_RUN)
    return found
