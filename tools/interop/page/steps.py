"""The steps of a walk. Each step depends on the earlier steps, so the first problem ends the walk."""

from collections.abc import Callable, Iterable
from pathlib import Path

from tools.interop.page.browser import Browser

Step = tuple[str, Callable[[], None]]
"""What is done, and the function that does it."""
Outcome = tuple[str, str]
"""What was done, and the problem or an empty text."""


def take(steps: Iterable[Step], browser: Browser, picture: Path) -> list[Outcome]:
    """Takes the steps up to the first problem. Makes a picture of the problem."""
    taken: list[Outcome] = []
    for what, step in steps:
        try:
            step()
        except Exception as problem:  # noqa: BLE001  # each problem is a result
            picture.write_bytes(browser.picture())
            return [*taken, (what, f"{type(problem).__name__}: {problem}")]
        taken.append((what, ""))
    return taken
