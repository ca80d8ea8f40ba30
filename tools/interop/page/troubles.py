"""Shows the page while the engine is away for long, and while a torrent is quarantined."""

from pathlib import Path

from protocol.wire.rows import TorrentState
from tools.engines.outbreak import Outbreak
from tools.interop.page.browser import Browser
from tools.interop.page.steps import Outcome, Step, take
from tools.interop.page.visitor import Visitor
from tools.rig.daemon import Daemon


def lose_engine(daemon: Daemon, browser: Browser, visitor: Visitor, picture: Path) -> list[Outcome]:
    """Kills the engine of a daemon with a restart budget of 0. Returns what was done."""

    def log_in() -> None:
        daemon.client.add_torrent(magnet=f"magnet:?xt=urn:btih:{'d1' * 20}&dn=Stays")
        visitor.open()
        visitor.log_in()
        visitor.wait_for_text("#rows .name button", "Stays")

    def kill() -> None:
        daemon.kill_engine()
        browser.wait_for("!document.getElementById('banner').hidden", "a banner")
        visitor.wait_for_text("#banner", "engine")
        assert "Stays" in browser.text("#rows"), "the torrent stays visible"

    def pause() -> None:
        browser.click("#rows .check input")
        browser.click("[data-action=pause]")
        visitor.wait_for_text("#rows .word", "Paused")
        assert daemon.client.get_torrent("d1" * 20).paused

    def read_service() -> None:
        browser.click("#open-service")
        visitor.wait_for_text("#service .reasons", "engine")
        visitor.check_views()
        browser.press("Escape")

    def reload() -> None:
        browser.open(browser.run("return location.href"))
        visitor.wait_for_text("#rows .name button", "Stays")
        browser.wait_for("!document.getElementById('banner').hidden", "a banner")

    steps: list[Step] = [
        ("log in", log_in),
        ("a banner while the engine is away", kill),
        ("the banner without a finding", visitor.check_views),
        ("pause while the engine is away", pause),
        ("the problem in words, without a finding", read_service),
        ("load the page again", reload),
        ("no error in the console", visitor.check_console),
    ]
    return take(steps, browser, picture)


def release(made: Outbreak, browser: Browser, visitor: Visitor, picture: Path) -> list[Outcome]:
    """Quarantines two torrents, and releases them by both buttons. Returns what was done."""
    poison = [sample.torrent for sample in made.samples[:2]]
    names = [sample.name for sample in made.samples[:2]]

    def log_in() -> None:
        visitor.open()
        visitor.log_in()
        browser.wait_for(f"document.querySelectorAll('#rows tr').length === {len(made.samples)}", "all torrents")

    def quarantine() -> None:
        made.break_out(poison, "strong")
        browser.wait_for("document.querySelectorAll('#rows .word.quarantined').length === 2", "both are quarantined")
        assert "crashes the engine" in browser.run("return document.getElementById('rows').textContent")
        visitor.check_views()
        for torrent in poison:
            made.failpoints.lift(torrent)

    def by_service() -> None:
        browser.click("#open-service")
        browser.find(f"[data-release='{poison[0]}']")
        visitor.check_views()
        browser.click(f"[data-release='{poison[0]}']")
        made.daemon.until_state(poison[0], TorrentState.SEEDING)
        browser.wait_for(f"!document.querySelector(\"[data-release='{poison[0]}']\")", "it is not listed any more")
        browser.press("Escape")

    def by_toolbar() -> None:
        browser.click(f"#rows input[aria-label='Select {names[1]}']")
        browser.click("[data-action=release]")
        made.daemon.until_state(poison[1], TorrentState.SEEDING)
        browser.wait_for("document.querySelectorAll('#rows .word.quarantined').length === 0", "none is quarantined")
        browser.wait_for("document.querySelector('[data-action=release]').hidden", "the button is gone")

    steps: list[Step] = [
        ("log in", log_in),
        ("two torrents in quarantine without a finding", quarantine),
        ("release one in the dialog about the service", by_service),
        ("release one in the toolbar", by_toolbar),
        ("no error in the console", visitor.check_console),
    ]
    return take(steps, browser, picture)
