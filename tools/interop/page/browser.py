"""A headless Chromium, driven by chromedriver over the WebDriver protocol."""

import base64
import json
import shutil
import subprocess
import urllib.request
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

from tools.rig.gateway import free_port
from tools.rig.waiting import until

ELEMENT: Final = "element-6066-11e4-a52e-4f735466cecf"
"""The member that names an element, as the WebDriver specification has it."""
ARGUMENTS: Final = ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--hide-scrollbars")
KEYS: Final = {
    "Tab": "\ue004",
    "Enter": "\ue007",
    "Escape": "\ue00c",
    "Backspace": "\ue003",
    "Space": " ",
    "Down": "\ue015",
    "Right": "\ue014",
}
PATIENCE_S: Final = 60.0
NOT_YET: Final = ("element click intercepted", "element not interactable", "stale element reference")
"""The error codes of a click while the page is being drawn."""


class Browser:
    """A browser with one window.

    Args:
        profile: a directory for the browser's own files.
    """

    def __init__(self, profile: Path) -> None:
        self._profile = profile
        self._port = free_port()
        self._process: subprocess.Popen[bytes] | None = None
        self._session = ""

    def __enter__(self) -> Self:
        program = shutil.which("chromedriver")
        assert program is not None, "chromedriver is not installed"
        self._process = subprocess.Popen(
            [program, f"--port={self._port}", "--allowed-ips=127.0.0.1"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        try:
            until(self._listens, "chromedriver answers")
            options = {"args": [*ARGUMENTS, f"--user-data-dir={self._profile}"]}
            wanted = {"browserName": "chrome", "goog:chromeOptions": options}
            answer = self._ask("POST", "/session", {"capabilities": {"alwaysMatch": wanted}})
            self._session = f"/session/{answer['sessionId']}"
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Ends the browser."""
        try:
            if self._session:
                self._ask("DELETE", self._session)
        finally:
            if self._process is not None:
                self._process.terminate()
                self._process.wait(timeout=30)

    def open(self, url: str) -> None:
        """Opens a page."""
        self._ask("POST", f"{self._session}/url", {"url": url})

    def run(self, script: str, *arguments: Any) -> Any:
        """Runs a script, and returns what it returns."""
        return self._ask("POST", f"{self._session}/execute/sync", {"script": script, "args": list(arguments)})

    def run_async(self, script: str, *arguments: Any) -> Any:
        """Runs a script, and returns what it passes to its last argument."""
        return self._ask("POST", f"{self._session}/execute/async", {"script": script, "args": list(arguments)})

    def find(self, selector: str) -> str:
        """The element that a CSS selector matches, once there is one."""
        found: str = until(lambda: self._find(selector), f"there is an element {selector}", patience_s=PATIENCE_S)
        return found

    def click(self, selector: str) -> None:
        """Clicks on an element, once nothing covers it."""
        until(lambda: self._clicked(selector), f"{selector} can be clicked", patience_s=PATIENCE_S, every_s=0.1)

    def write(self, selector: str, text: str) -> None:
        """Types into an element. For an input of files, the text is a path."""
        self._ask("POST", f"{self._session}/element/{self.find(selector)}/value", {"text": text})

    def press(self, *keys: str) -> None:
        """Presses keys one after the other; names as in `KEYS`, or characters."""
        actions = [{"type": kind, "value": KEYS.get(key, key)} for key in keys for kind in ("keyDown", "keyUp")]
        self._ask("POST", f"{self._session}/actions", {"actions": [{"type": "key", "id": "keys", "actions": actions}]})

    def drop(self, x: int, y: int, *, files: Sequence[Path] = (), links: Sequence[str] = ()) -> None:
        """Drags files or links from elsewhere to a point of the window, and drops them."""
        items = [{"mimeType": "text/uri-list", "data": "\r\n".join(links)}] if links else []
        data = {"items": items, "files": list(map(str, files)), "dragOperationsMask": 1}
        for kind in ("dragEnter", "dragOver", "drop"):
            self._devtools("Input.dispatchDragEvent", type=kind, x=x, y=y, data=data)

    def paste(self, text: str) -> None:
        """Pastes a text where the focus is."""
        self.run_async("navigator.clipboard.writeText(arguments[0]).finally(arguments[1])", text)
        key = {"modifiers": 2, "key": "v", "code": "KeyV", "windowsVirtualKeyCode": 86}
        self._devtools("Input.dispatchKeyEvent", type="keyDown", commands=["paste"], **key)
        self._devtools("Input.dispatchKeyEvent", type="keyUp", **key)

    def text(self, selector: str) -> str:
        """The text of the first element that a selector matches; empty if there is none."""
        found: str = self.run("return document.querySelector(arguments[0])?.textContent ?? ''", selector)
        return found

    def wait_for(self, script: str, what: str, *, patience_s: float = PATIENCE_S) -> None:
        """Waits until an expression is true in the page."""
        until(lambda: bool(self.run(f"return Boolean({script})")), what, patience_s=patience_s, every_s=0.1)

    def show_as(self, *, width: int, height: int, dark: bool, phone: bool = False) -> None:
        """Sets the size of the window, the colour scheme, and whether it is a phone."""
        self._devtools(
            "Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=phone
        )
        features = [{"name": "prefers-color-scheme", "value": "dark" if dark else "light"}]
        self._devtools("Emulation.setEmulatedMedia", features=features)

    def picture(self) -> bytes:
        """The window as PNG."""
        return base64.b64decode(self._ask("GET", f"{self._session}/screenshot"))

    def messages(self) -> list[str]:
        """The errors in the console since the last call."""
        entries = self._ask("POST", f"{self._session}/se/log", {"type": "browser"})
        return [each["message"] for each in entries if each["level"] == "SEVERE"]

    def _devtools(self, command: str, **parameters: Any) -> Any:
        return self._ask("POST", f"{self._session}/goog/cdp/execute", {"cmd": command, "params": parameters})

    def _clicked(self, selector: str) -> bool:
        try:
            self._ask("POST", f"{self._session}/element/{self.find(selector)}/click", {})
        except BrowserFailed as failure:
            if failure.kind not in NOT_YET:
                raise
            return False
        return True

    def _find(self, selector: str) -> str | None:
        query = {"using": "css selector", "value": selector}
        found = self._ask("POST", f"{self._session}/elements", query)
        return found[0][ELEMENT] if found else None

    def _listens(self) -> bool:
        try:
            return bool(self._ask("GET", "/status")["ready"])
        except OSError:
            return False

    def _ask(self, method: str, path: str, document: Any = None) -> Any:
        data = None if document is None else json.dumps(document).encode()
        request = urllib.request.Request(f"http://127.0.0.1:{self._port}{path}", data, method=method)
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return json.load(answer)["value"]
        except urllib.error.HTTPError as error:
            value = json.load(error)["value"]
            raise BrowserFailed(value["error"], value["message"].split("\n")[0]) from None


class BrowserFailed(Exception):
    """The browser could not do something; the message says why.

    Fields:
        kind: the error code of the WebDriver specification.
    """

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(message)
        self.kind = kind
