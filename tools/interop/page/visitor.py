"""Somebody who uses the gateway's page: logs in, reads, and checks that the page is accessible."""

from typing import Final

from tools.interop.page import axe
from tools.interop.page.browser import Browser
from tools.rig.gateway import PASSWORD, USERNAME, GatewayProcess
from tools.rig.waiting import until

DESKTOP: Final = "desktop, light"
VIEWS: Final = {
    DESKTOP: {"width": 1280, "height": 800, "dark": False},
    "desktop, dark": {"width": 1280, "height": 800, "dark": True},
    "window of 940 pixels": {"width": 940, "height": 800, "dark": False},
    "window of 800 pixels": {"width": 800, "height": 1100, "dark": False},
    "phone, light": {"width": 390, "height": 844, "dark": False, "phone": True},
    "phone, dark": {"width": 390, "height": 844, "dark": True, "phone": True},
}
_FOCUS: Final = """
const at = document.activeElement;
return at.id || at.dataset.action || at.getAttribute("aria-label") || at.textContent.trim();
"""


class Visitor:
    """One browser on one gateway.

    Args:
        gateway: the gateway.
        browser: an open browser.
        script: axe-core.
    """

    def __init__(self, gateway: GatewayProcess, browser: Browser, script: str) -> None:
        self._gateway = gateway
        self._browser = browser
        self._script = script

    def open(self) -> None:
        """Opens the page, with its login form."""
        self.show(DESKTOP)
        self._browser.open(self._gateway.url)
        self._browser.wait_for("!document.getElementById('login').hidden", "the login form is shown")

    def log_in(self) -> None:
        """Logs in."""
        self._browser.run("document.getElementById('username').value = arguments[0]", USERNAME)
        self._browser.run("document.getElementById('password').value = ''")
        self._browser.write("#password", PASSWORD)
        self._browser.click("#login-form button")
        self._browser.wait_for("!document.getElementById('app').hidden", "the page is shown")

    def check_views(self) -> None:
        """Checks the page in each view."""
        for view in VIEWS:
            self.show(view)
            self.check(view)
        self.show(DESKTOP)

    def check(self, where: str) -> None:
        """Checks the page as it is shown now."""
        found = axe.findings(self._browser, self._script)
        assert not found, f"{where}: {found}"
        wide = self._browser.run("return document.documentElement.scrollWidth > window.innerWidth")
        assert not wide, f"{where}: the page is wider than the window"

    def check_console(self) -> None:
        """Checks that there are no errors. Errors of ended sessions and of a daemon that is away are allowed."""
        errors = [each for each in self._browser.messages() if "403" not in each and "503" not in each]
        assert not errors, errors

    def show(self, view: str) -> None:
        """Shows the page in one of `VIEWS`."""
        self._browser.show_as(**VIEWS[view])  # type: ignore[arg-type]  # the values differ in type

    def tab_to(self, name: str) -> None:
        """Presses Tab until an element has the focus."""
        seen = []
        for _ in range(60):
            found = self._browser.run(_FOCUS)
            if found == name:
                assert self._browser.run("return document.activeElement.matches(':focus-visible')"), name
                return
            seen.append(found)
            self._browser.press("Tab")
        raise AssertionError(f"Tab does not reach {name!r}, but {seen}")

    def wait_for_text(self, selector: str, text: str) -> None:
        """Waits until the first element that a selector matches has a text."""
        until(
            lambda: text in self._browser.text(selector),
            f"{selector} shows {text!r}",
            patience_s=60.0,
            every_s=0.1,
        )
