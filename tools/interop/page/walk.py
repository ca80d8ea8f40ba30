"""Uses the page as people do: by pointer, by keyboard only, in light and dark, on a desktop and on a phone."""

import os
import signal
from pathlib import Path
from typing import Final

from tools.interop.page.browser import Browser
from tools.interop.page.steps import Outcome, Step, take
from tools.interop.page.visitor import Visitor
from tools.rig import payload
from tools.rig.daemon import Daemon
from tools.rig.gateway import USERNAME
from tools.rig.seed import Seed
from tools.rig.waiting import until

SIZE: Final = 24 * 1024 * 1024
UPLOAD_BPS: Final = 4_000_000
"""The download takes long enough to kill the engine half way."""
NAME: Final = "A film (2024) 2160p"
_PROGRESS: Final = "document.querySelector('#rows progress')?.value ?? 0"


class Walk:
    """One browser on one gateway.

    Args:
        daemon: a running daemon.
        browser: an open browser.
        visitor: uses the page in the browser.
    """

    def __init__(self, daemon: Daemon, browser: Browser, visitor: Visitor) -> None:
        self._daemon = daemon
        self._browser = browser
        self._visitor = visitor

    def run(self, root: Path, picture: Path) -> list[Outcome]:
        """Walks, and returns what was done."""
        with Seed(upload_bps=UPLOAD_BPS) as seed:
            made = payload.make(root / "seed", NAME, {"film.mkv": SIZE, "notes/read me.txt": 3_000})
            seed.add(made.metainfo, root / "seed")
            file = root / "film.torrent"
            file.write_bytes(made.metainfo)
            self._daemon.client.put_category("films")
            steps: list[Step] = [
                ("a wrong password is refused", self._log_in_wrongly),
                ("the login form without a finding", self._visitor.check_views),
                ("log in", self._log_in),
                ("add a file", lambda: self._add(file)),
                ("half way, with a killed engine", lambda: self._kill_half_way(made.torrent, seed)),
                ("progress to 100 %", self._wait_for_completion),
                ("the table without a finding", self._visitor.check_views),
                ("set the category", lambda: self._set_category(made.torrent)),
                ("pause and resume", lambda: self._pause_and_resume(made.torrent)),
                ("select files by keyboard only", lambda: self._select_files(made.torrent)),
                ("the service without a finding", self._check_service),
                ("remove by keyboard only", lambda: self._remove(made.torrent)),
                ("the state stays visible while the daemon is away", self._lose_daemon),
                ("no error in the console", self._visitor.check_console),
            ]
            return take(steps, self._browser, picture)

    def _log_in_wrongly(self) -> None:
        self._visitor.open()
        self._browser.press(*USERNAME, "Tab", *"wrong", "Enter")
        self._visitor.wait_for_text("#login-problem", "wrong")

    def _log_in(self) -> None:
        self._visitor.log_in()
        self._visitor.wait_for_text("#empty", "There are no torrents yet")

    def _add(self, file: Path) -> None:
        self._browser.click("#open-add")
        self._browser.write("#files", str(file))
        self._visitor.wait_for_text("#chosen", file.name)
        self._visitor.check("the dialog that adds")
        self._browser.click("#add-form button[type=submit]")
        self._visitor.wait_for_text("#rows .name button", NAME)

    def _kill_half_way(self, torrent: str, seed: Seed) -> None:
        self._daemon.client.add_peers(torrent, [seed.endpoint])
        self._browser.wait_for(f"{_PROGRESS} > 0.3", "a third is shown")
        before = self._daemon.client.health().engine
        assert before.pid is not None
        os.kill(before.pid, signal.SIGKILL)
        assert NAME in self._browser.text("#rows"), "the torrent stays visible"
        until(lambda: self._daemon.client.health().engine.gen > before.gen, "the next engine runs", patience_s=60)
        self._daemon.client.add_peers(torrent, [seed.endpoint])

    def _wait_for_completion(self) -> None:
        self._browser.wait_for(f"{_PROGRESS} === 1", "100 % are shown")
        self._visitor.wait_for_text("#rows .percent", "100.0 %")
        self._browser.wait_for("document.getElementById('banner').hidden", "the banner is gone")

    def _set_category(self, torrent: str) -> None:
        self._browser.click("#rows .check input")
        self._browser.run(
            "const s = document.getElementById('set-category');"
            "s.value = 'films'; s.dispatchEvent(new Event('change', {bubbles: true}))"
        )
        self._visitor.wait_for_text("#rows .category .value", "films")
        assert self._daemon.client.get_torrent(torrent).category == "films"

    def _pause_and_resume(self, torrent: str) -> None:
        self._browser.click("[data-action=pause]")
        self._visitor.wait_for_text("#rows .word", "Paused")
        assert self._daemon.client.get_torrent(torrent).paused
        self._browser.click("[data-action=resume]")
        self._browser.wait_for("document.querySelector('#rows .word').textContent !== 'Paused'", "it is resumed")

    def _select_files(self, torrent: str) -> None:
        self._visitor.tab_to(NAME)
        self._browser.press("Enter")
        self._browser.wait_for("document.getElementById('detail').open", "the details are shown")
        self._visitor.check("the details")
        self._visitor.tab_to("tab-facts")
        self._browser.press("Right")
        self._browser.wait_for("document.querySelectorAll('.files li').length === 2", "the files are shown")
        self._browser.press("Tab", "Tab", "Space")
        until(
            lambda: [each.priority for each in self._daemon.client.list_files(torrent=torrent)].count(0) == 1,
            "one file is not selected",
        )
        self._visitor.check("the files")
        for part in ("trackers", "peers"):
            self._browser.click(f"#tab-{part}")
            self._browser.wait_for("!document.getElementById('detail-panel').textContent.includes('Loading')", part)
            self._visitor.check(part)
        self._browser.press("Escape")
        self._browser.wait_for("!document.getElementById('detail').open", "the details are closed")

    def _check_service(self) -> None:
        self._browser.click("#open-service")
        self._browser.wait_for("document.querySelector('#service details')", "a crash report is listed")
        self._browser.click("#service summary")
        self._browser.wait_for("document.querySelector('#service pre').textContent.length > 50", "the report is shown")
        self._visitor.check_views()
        self._browser.press("Escape")

    def _remove(self, torrent: str) -> None:
        self._browser.run("document.activeElement.blur()")
        self._visitor.tab_to("remove")
        self._browser.press("Enter")
        self._browser.wait_for("document.getElementById('remove').open", "a question is asked")
        self._visitor.check("the question")
        self._visitor.tab_to("keep-files")
        self._browser.press("Down")
        self._visitor.tab_to("Remove")
        self._browser.press("Enter")
        until(lambda: torrent not in self._daemon.client.list_ids(), "the torrent is removed")
        self._visitor.wait_for_text("#empty", "There are no torrents yet")
        folder = self._daemon.downloads / NAME
        until(lambda: not folder.exists(), "the files are deleted")

    def _lose_daemon(self) -> None:
        self._daemon.client.add_torrent(magnet=f"magnet:?xt=urn:btih:{'ab' * 20}&dn=Stays")
        self._visitor.wait_for_text("#rows .name button", "Stays")
        os.kill(self._daemon.pid, signal.SIGSTOP)
        try:
            self._browser.wait_for("document.getElementById('banner').textContent.includes('daemon')", "a banner")
            assert "Stays" in self._browser.text("#rows"), "the torrent stays visible"
            self._visitor.check("the banner")
        finally:
            os.kill(self._daemon.pid, signal.SIGCONT)
        self._browser.wait_for("document.getElementById('banner').hidden", "the banner is gone")
