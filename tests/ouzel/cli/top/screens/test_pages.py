"""Pages of text."""

from pathlib import Path

import pytest

from ouzel.cli.top.screens import pages
from tests.ouzel.cli.top.rendered import Shown, run
from tests.ouzel.scripted_daemon import ScriptedDaemon

pytestmark = pytest.mark.slow


def test_details_health_and_help(torrents: ScriptedDaemon, tmp_path: Path) -> None:
    """Escape and q return to the list. A torrent that is gone is an error on its page."""

    async def play(shown: Shown) -> None:
        await shown.press("question_mark")
        await shown.see("ouzel top: the keys")
        await shown.check("help")
        await shown.press("escape")
        await shown.see("3 torrents")
        await shown.press("h")
        await shown.see("listen port")
        await shown.press("q")
        await shown.see("3 torrents")
        await shown.press("enter")
        await shown.see("none down, none up")
        await shown.press("escape")
        await shown.see("3 torrents")
        torrents.rows.clear()
        await shown.press("enter")
        await shown.see("there is no torrent")

    run(tmp_path, play)


def test_a_page_that_closes_may_be_read_once_more(
    torrents: ScriptedDaemon, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its widgets are gone before its worker ends."""
    monkeypatch.setattr(pages, "REFRESH_S", 0.01)

    async def play(shown: Shown) -> None:
        await shown.press("h")
        await shown.see("listen port")
        await shown.app.screen.remove_children()
        answered = sum(request.op == "health" for request in torrents.requests)
        await shown.until(lambda: sum(request.op == "health" for request in torrents.requests) > answered + 2)

    run(tmp_path, play)
