"""Shows 10,000 torrents, of which 500 change ten times a second, and measures how the page responds."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from tools.interop.page.browser import Browser
from tools.interop.page.steps import Outcome, Step, take
from tools.interop.page.visitor import Visitor
from tools.rig.daemon import Daemon
from tools.rig.samples import SampleTorrent, noise
from tools.rig.waiting import until

COUNT: Final = 10_000
ACTIVE: Final = 500
PIECE: Final = 16 * 1024
LOAD_S: Final = 10.0
RESPONSE_MS: Final = 1000.0
"""The time from an action until it is drawn, also on a busy machine."""
BUSY: Final = 0.5
WATCH_MS: Final = 10_000
_RESPONSE: Final = """
const done = arguments[arguments.length - 1], [action] = arguments, began = performance.now();
new Function(action)();
requestAnimationFrame(() => setTimeout(() => done(performance.now() - began)));
"""
_WATCH: Final = """
const done = arguments[arguments.length - 1], [timeMs] = arguments;
let [busy, longest, turns] = [0, 0, 0];
const observer = new PerformanceObserver((list) => {
  for (const each of list.getEntries()) [busy, longest] = [busy + each.duration, Math.max(longest, each.duration)];
});
observer.observe({type: "longtask"});
const seen = new MutationObserver(() => (turns += 1));
seen.observe(document.getElementById("rows"), {subtree: true, childList: true, characterData: true, attributes: true});
setTimeout(() => {
  observer.disconnect();
  seen.disconnect();
  done({busy: busy / timeMs, longest, turns, heap: performance.memory.usedJSHeapSize});
}, timeMs);
"""


@contextmanager
def crowded(root: Path) -> Iterator[Daemon]:
    """A context with a daemon that has the torrents."""
    with Daemon(root, engine_module="tools.engines.restless_engine") as daemon:
        active = [
            SampleTorrent(f"active {number:05}", {"": noise(PIECE, number)}, single=True) for number in range(ACTIVE)
        ]
        idle: list[tuple[str, dict[str, Any]]] = [
            ("add_torrent", {"magnet": f"magnet:?xt=urn:btih:{number:040x}&dn=idle%20{number:05}", "paused": True})
            for number in range(1, COUNT - ACTIVE + 1)
        ]
        requests = idle + [("add_torrent", {"metainfo": sample.metainfo}) for sample in active]
        replies = daemon.client.request_many(requests)
        assert all(isinstance(reply, dict) for reply in replies)
        until(
            lambda: daemon.client.stats().torrents.get("downloading") == ACTIVE,
            "the torrents download",
            patience_s=180,
            every_s=0.5,
        )
        yield daemon


class Crowd:
    """One browser on one gateway with many torrents.

    Fields:
        figures: what was measured, with its unit in the name.
    """

    def __init__(self, browser: Browser, visitor: Visitor) -> None:
        self._browser = browser
        self._visitor = visitor
        self.figures: dict[str, float] = {}

    def run(self, picture: Path) -> list[Outcome]:
        """Returns what was done."""
        steps: list[Step] = [
            (f"log in and see {COUNT:,} torrents", self._log_in),
            (f"{ACTIVE} torrents change", self._watch),
            ("sort, search and turn pages", self._respond),
            ("select all of a page", self._select),
            ("many torrents without a finding", lambda: self._visitor.check("many torrents")),
            ("no error in the console", self._visitor.check_console),
        ]
        return take(steps, self._browser, picture)

    def _log_in(self) -> None:
        self._visitor.open()
        self._browser.run("window.began = performance.now()")
        self._visitor.log_in()
        self._visitor.wait_for_text("#count", f"{COUNT:,} torrents")
        self.figures["load_s"] = self._browser.run("return (performance.now() - window.began) / 1000")
        assert self.figures["load_s"] < LOAD_S, self.figures

    def _watch(self) -> None:
        self._click("#columns [data-key=name] button")
        seen = self._browser.run_async(_WATCH, WATCH_MS)
        self.figures.update(busy=seen["busy"], longest_task_ms=seen["longest"], heap_mb=seen["heap"] / 1e6)
        assert seen["turns"] > 0, "the rows change"
        assert seen["busy"] < BUSY, self.figures

    def _respond(self) -> None:
        search = "const s = document.getElementById('search'); s.value = '{}'; s.dispatchEvent(new Event('input'))"
        self._measure("sort_ms", "document.querySelector('#columns [data-key=size] button').click()")
        self._measure("search_ms", search.format("active 0049"))
        self._visitor.wait_for_text("#count", f"10 of {COUNT:,} torrents")
        self._measure("all_ms", search.format(""))
        self._measure("turn_ms", "document.getElementById('next').click()")
        self._visitor.wait_for_text("#page-word", "Page 2 of 100")

    def _select(self) -> None:
        self._click("#select-all")
        self._visitor.wait_for_text("#count", "100 selected")

    def _click(self, selector: str) -> None:
        self._browser.run("document.querySelector(arguments[0]).click()", selector)

    def _measure(self, name: str, action: str) -> None:
        self.figures[name] = self._browser.run_async(_RESPONSE, action)
        assert self.figures[name] < RESPONSE_MS, self.figures
