"""The report on the page."""

from collections.abc import Callable
from pathlib import Path
from typing import Final

from tools.bench.report import Check, Report, tell
from tools.engines.outbreak import outbreak
from tools.interop.page import axe, many, troubles
from tools.interop.page.browser import Browser
from tools.interop.page.intake import Intake
from tools.interop.page.steps import Outcome
from tools.interop.page.visitor import Visitor
from tools.interop.page.walk import Walk
from tools.rig.daemon import Daemon
from tools.rig.gateway import GatewayProcess

PAGE: Final = "page"
"""The name of this part."""
FEW: Final = 6
"""The number of torrents of which some are quarantined."""


class Rooms:
    """Runs each walk with a daemon, a gateway and a browser of its own.

    Args:
        root: an empty directory with a short path.
        script: axe-core.

    Fields:
        figures: what was measured.
    """

    def __init__(self, root: Path, script: str) -> None:
        self.figures: dict[str, float] = {}
        self._root = root
        self._script = script

    def walks(self) -> dict[str, Callable[[Path, Path], list[Outcome]]]:
        """The walks by name. Each has an empty directory, and the file for a picture of the problem."""
        return {
            "walk": self._walk,
            "intake": self._intake,
            "engine away": self._lose_engine,
            "quarantine": self._release,
            "10,000 torrents": self._crowd,
        }

    def _walk(self, root: Path, picture: Path) -> list[Outcome]:
        with Daemon(root / "d") as daemon, GatewayProcess(root / "d") as gateway, Browser(root / "profile") as browser:
            return Walk(daemon, browser, Visitor(gateway, browser, self._script)).run(root, picture)

    def _intake(self, root: Path, picture: Path) -> list[Outcome]:
        with Daemon(root / "d") as daemon, GatewayProcess(root / "d") as gateway, Browser(root / "profile") as browser:
            return Intake(daemon, browser, Visitor(gateway, browser, self._script)).run(root, picture)

    def _lose_engine(self, root: Path, picture: Path) -> list[Outcome]:
        with (
            Daemon(root / "d", restart={"budget": 0}) as daemon,
            GatewayProcess(root / "d") as gateway,
            Browser(root / "profile") as browser,
        ):
            return troubles.lose_engine(daemon, browser, Visitor(gateway, browser, self._script), picture)

    def _release(self, root: Path, picture: Path) -> list[Outcome]:
        with (
            outbreak(root, FEW, max_delay_s=0.1) as made,
            GatewayProcess(made.daemon.root) as gateway,
            Browser(root / "profile") as browser,
        ):
            return troubles.release(made, browser, Visitor(gateway, browser, self._script), picture)

    def _crowd(self, root: Path, picture: Path) -> list[Outcome]:
        with (
            many.crowded(root / "d") as daemon,
            GatewayProcess(daemon.root) as gateway,
            Browser(root / "profile") as browser,
        ):
            crowd = many.Crowd(browser, Visitor(gateway, browser, self._script))
            outcomes = crowd.run(picture)
            self.figures.update(crowd.figures)
            return outcomes


def run(root: Path) -> Report:
    """Walks through the page. Raises CannotRun."""
    rooms = Rooms(root, axe.fetch(root / "npm"))
    taken: list[tuple[str, Outcome]] = []
    for name, walk in rooms.walks().items():
        place = root / name.replace(" ", "-").replace(",", "")
        place.mkdir()
        outcomes = walk(place, place / "problem.png")
        taken += [(name, outcome) for outcome in outcomes]
        tell(f"{name}: {outcomes[-1][1] or 'good'}")
    good = sum(not problem for _, (_, problem) in taken)
    figures = ", ".join(f"{name} {value:.3g}" for name, value in rooms.figures.items())
    return Report(
        "page",
        ("WALK", "STEP", "RESULT"),
        [(name, what, problem or "good") for name, (what, problem) in taken],
        [Check("steps in the browser", f"{good}", f"{len(taken)}", good == len(taken))],
        (
            f"The browser is Chromium, without a window. Findings are those of {axe.PACKAGE}."
            f" With {many.COUNT:,} torrents, of which {many.ACTIVE} change: {figures}.",
        ),
        {
            "steps": [{"walk": name, "step": what, "problem": problem or None} for name, (what, problem) in taken],
            "figures": rooms.figures,
        },
    )
