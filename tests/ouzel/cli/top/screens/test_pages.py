"""Pages of text."""

from pathlib import Path

from tests.ouzel.cli.top.rendered import Shown, check, run
from tests.ouzel.scripted_daemon import ScriptedDaemon


def test_details_health_and_help(torrents: ScriptedDaemon, tmp_path: Path) -> None:
    """Escape and q return to the list. A torrent that is gone is an error on its page."""

    async def play(shown: Shown) -> None:
        await shown.press("question_mark")
        await shown.see("ouzel top: the keys")
        check("help", shown.text())
        await shown.press("escape", "h")
        await shown.see("listen port")
        await shown.press("q", "enter")
        await shown.see("none down, none up")
        await shown.press("escape")
        torrents.rows.clear()
        await shown.press("enter")
        await shown.see("there is no torrent")

    run(tmp_path, play)
