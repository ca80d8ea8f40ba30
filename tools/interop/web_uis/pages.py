"""How people use a web interface: what they click, and where they see what has happened."""

from pathlib import Path
from typing import Final, Protocol

from tools.interop.page.browser import Browser
from tools.rig.gateway import PASSWORD, USERNAME, GatewayProcess
from tools.rig.waiting import until

_RIGHT_CLICK: Final = """
const row = document.querySelector(arguments[0]), at = row.getBoundingClientRect();
row.dispatchEvent(new MouseEvent("contextmenu",
  {bubbles: true, cancelable: true, clientX: at.x + 40, clientY: at.y + 8, button: 2}));
"""
_DOUBLE_CLICK: Final = """
document.querySelector(arguments[0]).dispatchEvent(new MouseEvent("dblclick", {bubbles: true}));
"""
_CHOOSE: Final = """
const item = [...document.querySelectorAll(".menu__item button")].find((each) => each.textContent === arguments[0]);
item?.click();
return Boolean(item);
"""


class Page(Protocol):
    """The page of a web interface with at most one torrent.

    Fields:
        row: the CSS selector of the torrent's row.
        progress: an expression for the progress that is shown, 0 to 1.
        paused: an expression that is true if the torrent is shown as paused.
        no_category: why a category cannot be set here. None if a category can be set.
    """

    row: str
    progress: str
    paused: str
    no_category: str | None

    def open(self) -> None:
        """Opens the page, with its login."""

    def add(self, file: Path) -> None:
        """Adds a .torrent file."""

    def pause(self) -> None:
        """Selects the torrent and pauses it."""

    def resume(self) -> None:
        """Resumes the selected torrent."""

    def details(self) -> str:
        """Opens the selected torrent's details, and leaves them. Returns the text that was shown."""

    def set_category(self, name: str) -> None:
        """Sets the torrent's category, tag or label, whichever the interface has."""

    def remove(self) -> None:
        """Removes the selected torrent."""


class FloodPage:
    """The page of Flood."""

    row = ".torrent"
    progress = "parseFloat(document.querySelector('.torrent .progress-bar__fill')?.style.width ?? 0) / 100"
    paused = "document.querySelector('.torrent--is-stopped')"
    no_category: str | None = None

    def __init__(self, browser: Browser, url: str) -> None:
        self._browser = browser
        self._url = url

    def open(self) -> None:
        """Opens the page. It is used without a login of its own."""
        self._browser.open(self._url)
        self._wait("document.body.textContent.includes('No torrents to display')", "Flood is connected")

    def add(self, file: Path) -> None:
        """Adds a .torrent file."""
        self._browser.click("[aria-label='Add Torrent']")
        until(self._shows_files, "the part for files is shown", every_s=0.5)
        self._browser.write(".modal input[type=file]", str(file))
        self._browser.find(".dropzone__selected-files__file")
        self._browser.click(".modal button[type=submit]")
        self._wait_for_dialog()

    def pause(self) -> None:
        """Selects the torrent and pauses it."""
        self._browser.click(self.row)
        self._browser.click("[aria-label='Stop Torrent']")

    def resume(self) -> None:
        """Resumes the selected torrent."""
        self._browser.click("[aria-label='Start Torrent']")

    def details(self) -> str:
        """The details, their files and their peers."""
        self._browser.run(_DOUBLE_CLICK, self.row)
        self._browser.find(".modal .torrent-details__table__value, .modal .modal__content")
        shown = []
        for number in range(1, 5):
            self._browser.click(f".modal__tab:nth-child({number}) button")
            self._wait("!document.querySelector('.modal .loading-indicator')", "it is loaded")
            shown.append(self._browser.run("return document.querySelector('.modal').innerText"))
        self._browser.run("document.querySelector('.modal__overlay').click()")
        self._wait_for_dialog()
        return " ".join(shown)

    def set_category(self, name: str) -> None:
        """Sets the torrent's tag."""
        self._browser.run(_RIGHT_CLICK, self.row)
        self._browser.find(".menu__item button")
        assert self._browser.run(_CHOOSE, "Set Tags"), "the menu has tags"
        self._browser.write(".modal input[name=tags]", name)
        self._browser.click(".modal__footer .button--primary")
        self._wait_for_dialog()

    def remove(self) -> None:
        """Removes the selected torrent with its data, as Flood proposes."""
        self._browser.click("[aria-label='Remove Torrent']")
        self._browser.click(".modal button[type=submit]")

    def _shows_files(self) -> bool:
        self._browser.click(".modal__tab:nth-child(2) button")
        return bool(self._browser.run("return Boolean(document.querySelector('.modal input[type=file]'))"))

    def _wait(self, script: str, what: str) -> None:
        self._browser.wait_for(script, what)

    def _wait_for_dialog(self) -> None:
        self._wait("!document.querySelector('.modal')", "the dialog is closed")


class TransmissionPage:
    """The page of Transmission 3.00."""

    row = "#torrent_list .torrent"
    progress = "parseFloat(document.querySelector('.torrent_progress_bar.complete')?.style.width || 0) / 100"
    paused = "document.querySelector('#torrent_list .torrent_resume')"
    no_category: str | None = "Transmission 3.00's page has no labels"

    def __init__(self, browser: Browser, gateway: GatewayProcess) -> None:
        self._browser = browser
        self._address = f"{USERNAME}:{PASSWORD}@127.0.0.1:{gateway.port}"

    def open(self) -> None:
        """Opens the page with the password in the URL."""
        self._browser.open(f"http://{self._address}/transmission/web/")
        self._browser.wait_for("document.getElementById('filter-count').textContent.includes('0 Transfers')", "a list")
        self._browser.wait_for("document.getElementById('start-added-torrents').checked", "the preferences are loaded")

    def add(self, file: Path) -> None:
        """Adds a .torrent file."""
        self._browser.click("#toolbar-open")
        self._browser.write("#torrent_upload_file", str(file))
        self._browser.click("#upload_confirm_button")

    def pause(self) -> None:
        """Selects the torrent and pauses it."""
        self._browser.click(self.row)
        self._browser.click("#toolbar-pause")

    def resume(self) -> None:
        """Resumes the selected torrent."""
        self._browser.click("#toolbar-start")

    def details(self) -> str:
        """The four pages of the inspector."""
        self._browser.click("#toolbar-inspector")
        shown = []
        for part in ("info", "peers", "trackers", "files"):
            self._browser.click(f"#inspector-tab-{part}")
            shown.append(self._browser.text(f"#inspector-page-{part}"))
        self._browser.click("#toolbar-inspector")
        return " ".join(shown)

    def set_category(self, name: str) -> None:
        """Does nothing, since the page has no labels."""

    def remove(self) -> None:
        """Removes the selected torrent, and keeps its data."""
        self._browser.click("#toolbar-remove")
        self._browser.wait_for("document.getElementById('dialog_container').offsetParent !== null", "a question")
        self._browser.click("#dialog_confirm_button")
