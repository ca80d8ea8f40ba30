"""Uses a web interface as people do, through an engine's death."""

import time
from pathlib import Path
from typing import Final

from tools.interop.page.browser import Browser
from tools.interop.page.steps import Outcome, Step, take
from tools.interop.web_uis.pages import Page
from tools.rig.daemon import Daemon
from tools.rig.payload import Torrent
from tools.rig.seed import Seed
from tools.rig.waiting import until

CATEGORY: Final = "films"
UPLOAD_BPS: Final = 1_500_000
"""Slower than the page's own walk, since these interfaces do not show each change at once."""
WATCH_S: Final = 6.0
"""How long the row is watched after the kill. The interfaces read the state every two to five seconds."""


class Walk:
    """One browser on one web interface.

    Args:
        daemon: the daemon behind the web interface.
        made: a torrent that `seed` has.
        file: the .torrent file of `made`.
    """

    def __init__(self, browser: Browser, page: Page, daemon: Daemon, seed: Seed, made: Torrent, file: Path) -> None:
        self._browser = browser
        self._page = page
        self._daemon = daemon
        self._seed = seed
        self._made = made
        self._file = file

    def run(self, picture: Path) -> list[Outcome]:
        """Walks, and returns what was done. The picture is of a download half way, or of the problem."""
        steps: list[Step] = [
            ("open", self._page.open),
            ("add a file", self._add),
            ("half way, with a killed engine", lambda: self._kill_half_way(picture)),
            ("progress to 100 %", self._wait_for_completion),
            ("pause and resume", self._pause_and_resume),
            ("read the details", self._read_details),
            *([] if self._page.no_category else [("set the category", self._set_category)]),
            ("remove", self._remove),
            ("no error in the console", self._check_console),
        ]
        return take(steps, self._browser, picture)

    def _add(self) -> None:
        self._page.add(self._file)
        until(lambda: self._made.torrent in self._daemon.client.list_ids(), "the torrent is added")
        self._wait(f"document.querySelector({self._page.row!r})?.textContent.includes({self._made.name!r})", "a row")
        assert not self._daemon.client.get_torrent(self._made.torrent).paused, "it is not paused"

    def _kill_half_way(self, picture: Path) -> None:
        self._daemon.client.add_peers(self._made.torrent, [self._seed.endpoint])
        self._wait(f"({self._page.progress}) > 0.2", "a fifth is shown")
        picture.write_bytes(self._browser.picture())
        assert self._daemon.row(self._made.torrent).progress < 0.9, "it is half way"
        before = self._daemon.client.health().engine
        self._daemon.kill_engine()
        deadline = time.monotonic() + WATCH_S
        while time.monotonic() < deadline:
            assert self._made.name in self._browser.text(self._page.row), "the torrent stays visible"
            time.sleep(0.1)
        until(lambda: self._daemon.client.health().engine.gen > before.gen, "the next engine runs")
        self._daemon.client.add_peers(self._made.torrent, [self._seed.endpoint])

    def _wait_for_completion(self) -> None:
        self._wait(f"({self._page.progress}) === 1", "100 % are shown")

    def _pause_and_resume(self) -> None:
        self._page.pause()
        self._wait(self._page.paused, "it is shown as paused")
        assert self._daemon.client.get_torrent(self._made.torrent).paused
        self._page.resume()
        self._wait(f"!({self._page.paused})", "it is shown as resumed")
        assert not self._daemon.client.get_torrent(self._made.torrent).paused

    def _read_details(self) -> None:
        """Waits until the details are shown. They may come late, because the interfaces need several requests."""
        wanted = (self._made.torrent, str(self._daemon.downloads), self._made.name)
        until(
            lambda: all(each.lower() in shown for each in wanted) if (shown := self._page.details().lower()) else False,
            f"the details have {wanted}",
            every_s=1.0,
        )

    def _set_category(self) -> None:
        self._page.set_category(CATEGORY)
        self._wait(f"document.querySelector({self._page.row!r}).textContent.includes({CATEGORY!r})", "it is shown")
        assert CATEGORY in self._daemon.row(self._made.torrent).labels

    def _remove(self) -> None:
        self._page.remove()
        until(lambda: self._made.torrent not in self._daemon.client.list_ids(), "the torrent is removed")
        self._wait(f"!document.querySelector({self._page.row!r})", "the row is gone")

    def _check_console(self) -> None:
        errors = [each for each in self._browser.messages() if "409" not in each]  # the first answer of the RPC
        assert not errors, errors

    def _wait(self, script: str, what: str) -> None:
        self._browser.wait_for(script, what)
