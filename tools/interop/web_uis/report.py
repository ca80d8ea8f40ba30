"""The report on web interfaces of others."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Final

from tools.bench.report import Check, Report, tell
from tools.interop.page.browser import Browser
from tools.interop.page.steps import Outcome
from tools.interop.page.walk import NAME as TORRENT
from tools.interop.page.walk import SIZE
from tools.interop.web_uis import flood
from tools.interop.web_uis.flood import Flood
from tools.interop.web_uis.pages import FloodPage, Page, TransmissionPage
from tools.interop.web_uis.walk import UPLOAD_BPS, Walk
from tools.rig import payload
from tools.rig.daemon import Daemon
from tools.rig.gateway import GatewayProcess
from tools.rig.seed import Seed

NAME: Final = "web-uis"
"""The name of this part."""

Opened = Callable[[Browser, GatewayProcess, Path], AbstractContextManager[Page]]


def run(root: Path) -> Report:
    """Walks through each interface. Raises CannotRun."""
    pictures = root / "pictures"
    pictures.mkdir()
    programs = [flood.fetch(release, root / f"flood {release.version}") for release in flood.RELEASES]
    pages: dict[str, Opened] = {
        f"Flood {program.version} on {api}'s API": _flood(program, api) for program in programs for api in flood.APIS
    }
    pages["Transmission 3.00's page"] = _transmission
    taken: list[tuple[str, Outcome]] = []
    for number, (name, opened) in enumerate(pages.items()):
        outcomes = _walk(root / f"{number}", opened, pictures / f"{name.replace(' ', '-')}.png")
        taken += [(name, outcome) for outcome in outcomes]
        tell(f"{name}: {outcomes[-1][1] or 'good'}")
    good = sum(not problem for _, (_, problem) in taken)
    return Report(
        NAME,
        ("INTERFACE", "STEP", "RESULT"),
        [(name, what, problem or "good") for name, (what, problem) in taken],
        [Check("steps in the browser", f"{good}", f"{len(taken)}", good == len(taken))],
        (
            "The browser is Chromium, without a window. Flood has tags, not categories."
            f" {TransmissionPage.no_category}.",
        ),
        {"steps": [{"page": name, "step": what, "problem": problem or None} for name, (what, problem) in taken]},
    )


def _walk(root: Path, opened: Opened, picture: Path) -> list[Outcome]:
    root.mkdir()
    made = payload.make(root / "seed", TORRENT, {"film.mkv": SIZE, "notes/read me.txt": 3_000})
    file = root / "film.torrent"
    file.write_bytes(made.metainfo)
    with (
        Daemon(root / "d") as daemon,
        GatewayProcess(root / "d") as gateway,
        Seed(upload_bps=UPLOAD_BPS) as seed,
        Browser(root / "profile") as browser,
        opened(browser, gateway, root) as page,
    ):
        seed.add(made.metainfo, root / "seed")
        browser.show_as(width=1100, height=500, dark=False)
        return Walk(browser, page, daemon, seed, made, file).run(picture)


def _flood(program: Flood, api: str) -> Opened:
    @contextmanager
    def opened(browser: Browser, gateway: GatewayProcess, root: Path) -> Iterator[Page]:
        with flood.serving(program, api, gateway, root / "home", root) as url:
            yield FloodPage(browser, url)

    return opened


@contextmanager
def _transmission(browser: Browser, gateway: GatewayProcess, _: Path) -> Iterator[Page]:
    yield TransmissionPage(browser, gateway)
