"""The report on the page."""

from pathlib import Path
from typing import Final

from tools.bench.report import Check, Report
from tools.interop.page import axe
from tools.interop.page.browser import Browser
from tools.interop.page.walk import Walk
from tools.rig.daemon import Daemon
from tools.rig.gateway import GatewayProcess

PAGE: Final = "page"
"""The name of this part."""


def run(root: Path) -> Report:
    """Walks through the page. Raises CannotRun."""
    npm, pictures = root / "npm", root / "pictures"
    npm.mkdir()
    pictures.mkdir()
    script = axe.fetch(npm)
    with (
        Daemon(root / "d") as daemon,
        GatewayProcess(root / "d") as gateway,
        Browser(root / "profile") as browser,
    ):
        walk = Walk(daemon, gateway, browser, script)
        walk.run(root, pictures)
    good = sum(not problem for _, problem in walk.steps)
    return Report(
        "page",
        ("STEP", "RESULT"),
        [(what, problem or "good") for what, problem in walk.steps],
        [Check("steps in the browser", f"{good}", f"{len(walk.steps)}", good == len(walk.steps))],
        (f"The browser is Chromium, without a window. Findings are those of {axe.PACKAGE}.",),
        {"steps": [{"step": what, "problem": problem or None} for what, problem in walk.steps]},
    )
