"""Adds torrents by drag and drop and by pasting, and limits them."""

from pathlib import Path
from typing import Final

from tools.interop.page.browser import Browser
from tools.interop.page.steps import Outcome, Step, take
from tools.interop.page.visitor import Visitor
from tools.rig.daemon import Daemon
from tools.rig.samples import SampleTorrent, noise
from tools.rig.waiting import until

DROPPED: Final = "c1" * 20
PASTED: Final = "c2" * 20


class Intake:
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
        self._samples = [
            SampleTorrent(f"dropped {number}", {"": noise(1000, number)}, single=True) for number in range(2)
        ]

    def run(self, root: Path, picture: Path) -> list[Outcome]:
        """Returns what was done."""
        steps: list[Step] = [
            ("log in", self._log_in),
            ("drop two files", lambda: self._drop_files(root)),
            ("drop a link", self._drop_link),
            ("paste a link", self._paste_link),
            ("paste into a field", self._paste_into_a_field),
            ("the form for limits without a finding", self._open_limits),
            ("limit a torrent by keyboard only", self._limit),
            ("limit torrents with different limits", self._limit_all),
            ("a limit out of range is not sent", self._limit_wrongly),
            ("no error in the console", self._visitor.check_console),
        ]
        return take(steps, self._browser, picture)

    def _log_in(self) -> None:
        self._visitor.open()
        self._visitor.log_in()
        self._visitor.wait_for_text("#empty", "There are no torrents yet")

    def _drop_files(self, root: Path) -> None:
        files = [root / f"{sample.name}.torrent" for sample in self._samples]
        for file, sample in zip(files, self._samples, strict=True):
            file.write_bytes(sample.metainfo)
        self._browser.drop(600, 500, files=files)
        for file in files:
            self._visitor.wait_for_text("#chosen", file.name)
        assert self._browser.run("return document.getElementById('drop').hidden"), "the hint is gone"
        self._visitor.check("dropped files")
        self._browser.click("#add-form button[type=submit]")
        for sample in self._samples:
            self._wait_for_torrent(sample.torrent)

    def _drop_link(self) -> None:
        self._browser.drop(600, 500, links=[f"magnet:?xt=urn:btih:{DROPPED}&dn=Dropped"])
        self._add(DROPPED)

    def _paste_link(self) -> None:
        self._browser.run("document.activeElement.blur()")
        self._browser.paste(f"  magnet:?xt=urn:btih:{PASTED}&dn=Pasted\n")
        self._add(PASTED)

    def _paste_into_a_field(self) -> None:
        self._browser.click("#search")
        self._browser.paste(PASTED)
        self._browser.wait_for(f"document.getElementById('search').value === '{PASTED}'", "the field has the text")
        assert not self._browser.run("return document.getElementById('add').open"), "no dialog is opened"
        self._visitor.wait_for_text("#rows .name button", "Pasted")
        self._browser.press(*["Backspace"] * len(PASTED))

    def _open_limits(self) -> None:
        self._choose(0)
        self._browser.click("[data-action=limits]")
        self._visitor.wait_for_text("#limits-title", "Limits of 1 torrent")
        self._visitor.check_views()

    def _limit(self) -> None:
        self._browser.run("document.getElementById('limit-down').focus()")
        self._browser.press(*"1500.5", "Tab", *"20", "Enter")
        chosen = self._chosen()
        until(lambda: self._limits(chosen[0]) == (1_500_500, 20_000), "the limits are set", every_s=0.1)

    def _limit_all(self) -> None:
        """Sets the download limit of all torrents. Their upload limits differ, and must not change."""
        self._browser.click("#select-all")
        until(self._differ, "the limits differ", every_s=0.1)
        self._browser.write("#limit-down", "300")
        self._browser.click("#limits-form button[type=submit]")
        chosen = self._chosen()
        until(lambda: {self._limits(each)[0] for each in chosen} == {300_000}, "the limits are set", every_s=0.1)
        assert sorted({self._limits(each)[1] for each in chosen}) == [0, 20_000]

    def _limit_wrongly(self) -> None:
        self._browser.click("[data-action=limits]")
        self._browser.run("document.getElementById('limit-down').value = ''")
        self._browser.write("#limit-down", "-1")
        self._browser.click("#limits-form button[type=submit]")
        assert self._browser.run("return document.getElementById('limits').open"), "the form stays"
        self._browser.press("Escape")

    def _differ(self) -> bool:
        self._browser.click("[data-action=limits]")
        if self._browser.run("return document.getElementById('limit-up').placeholder") == "Different":
            return True
        self._browser.press("Escape")
        return False

    def _add(self, torrent: str) -> None:
        self._browser.wait_for("document.getElementById('add').open", "the dialog that adds is shown")
        assert torrent in self._browser.run("return document.getElementById('links').value")
        self._browser.click("#add-form button[type=submit]")
        self._wait_for_torrent(torrent)

    def _wait_for_torrent(self, torrent: str) -> None:
        until(lambda: torrent in self._daemon.client.list_ids(), "the torrent is added")
        self._browser.wait_for("!document.getElementById('add').open", "the dialog is closed")

    def _choose(self, line: int) -> None:
        self._browser.click(f"#rows tr:nth-child({line + 1}) .check input")

    def _chosen(self) -> list[str]:
        names = self._browser.run(
            "return [...document.querySelectorAll('#rows tr.selected .name')].map((each) => each.textContent)"
        )
        return [row.torrent for row in self._daemon.client.list_torrents() if (row.name or row.torrent) in names]

    def _limits(self, torrent: str) -> tuple[int, int]:
        row = self._daemon.row(torrent)
        return row.download_limit_bps, row.upload_limit_bps
