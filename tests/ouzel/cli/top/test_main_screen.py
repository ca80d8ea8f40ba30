"""The main screen, as it is drawn, and the requests of its keys."""

from pathlib import Path

import pytest

from ouzel.cli.top.app import TopApp
from protocol.wire.errors import ErrorKind, OuzelError
from tests.ouzel import samples
from tests.ouzel.cli.top.conftest import FILMS, HOSTILE_ID, UBUNTU
from tests.ouzel.cli.top.rendered import Shown, run
from tests.ouzel.scripted_daemon import ScriptedDaemon

pytestmark = pytest.mark.slow

READS = {"hello", "ping", "health", "stats", "snapshot", "get_torrent", "list_trackers", "replay"}


def changes(daemon: ScriptedDaemon) -> list[tuple[str, dict[str, object]]]:
    """The ops and arguments of all requests that change something."""
    return [(each.op, each.args) for each in daemon.requests if each.op not in READS]


def test_torrents_rates_health_and_events_fit_into_a_small_terminal(torrents: ScriptedDaemon, tmp_path: Path) -> None:
    """In 80x24. Names that attack the terminal are harmless."""

    async def play(shown: Shown) -> None:
        text = shown.text()
        assert all(each.isprintable() for each in text.replace("\n", ""))
        assert shown.colours()
        await shown.check("small")

    run(tmp_path, play)


def test_a_wide_terminal_shows_more_columns(torrents: ScriptedDaemon, tmp_path: Path) -> None:
    """Down to why a torrent makes no progress."""

    async def play(shown: Shown) -> None:
        await shown.check("wide")

    run(tmp_path, play, size=(160, 26))


def test_without_colour_everything_is_still_there(
    torrents: ScriptedDaemon, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """NO_COLOR removes the colours only."""
    monkeypatch.setenv("NO_COLOR", "1")

    async def play(shown: Shown) -> None:
        assert not shown.colours()
        await shown.check("small")

    run(tmp_path, play)


def test_keys_filter_sort_and_move(torrents: ScriptedDaemon, tmp_path: Path) -> None:
    """A wrong filter is one message, and shows what was shown before."""

    async def play(shown: Shown) -> None:
        model = shown.app.main.model
        await shown.press("slash", *"state:odd")
        await shown.see("'odd' is no state")
        await shown.until(lambda: len(model.rows) == 3)
        await shown.press(*["backspace"] * 3, *"seeding", "enter")
        await shown.see("1 of 3 torrents, by name, filter: state:seeding")
        await shown.until(lambda: [row.torrent for row in model.rows] == [FILMS])
        await shown.press("escape")
        await shown.until(lambda: len(model.rows) == 3)
        await shown.press("end")
        await shown.until(lambda: model.selected == HOSTILE_ID)
        await shown.press("R")
        await shown.until(lambda: [row.torrent for row in model.rows] == [HOSTILE_ID, UBUNTU, FILMS])
        await shown.press("s", "e")
        await shown.see("3 torrents, by state")
        await shown.gone("connected:")

    run(tmp_path, play)


def test_the_mouse_selects_sorts_and_opens(
    torrents: ScriptedDaemon, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A click on a header sorts, one on a torrent selects, and two open it."""
    monkeypatch.setattr(TopApp, "CLICK_CHAIN_TIME_THRESHOLD", 600.0)  # a loaded machine is slow

    async def play(shown: Shown) -> None:
        model = shown.app.main.model
        await shown.pilot.click("#torrents", offset=(20, 0))
        await shown.see("by state")
        await shown.pilot.click("#torrents", offset=(2, 3))
        await shown.until(lambda: model.selected == model.rows[2].torrent)
        await shown.pilot.double_click("#torrents", offset=(2, 3))
        await shown.see("save path")
        await shown.press("q")
        await shown.see("3 torrents")

    run(tmp_path, play)


def test_keys_change_the_selected_torrent(torrents: ScriptedDaemon, tmp_path: Path) -> None:
    """An error is shown, and the program goes on. A removal needs an answer, and Enter alone is none."""

    def refuse(_: object) -> object:
        raise OuzelError(ErrorKind.STORAGE_UNAVAILABLE, "the disk is full")

    torrents.answers |= {
        "pause": refuse,
        "resume": lambda _: {},
        "recheck": lambda _: {},
        "remove_torrent": lambda _: {},
    }

    async def play(shown: Shown) -> None:
        shown.app.main.model.selected = FILMS
        shown.app.main.draw_now()
        await shown.press("p")
        await shown.see("films: the disk is full")
        await shown.press("r")
        await shown.see("films: resumed")
        await shown.press("d")
        await shown.see("Remove films?")
        await shown.press("enter")
        await shown.gone("Remove films?")
        await shown.press("d")
        await shown.see("Remove films?")
        await shown.press("x")
        await shown.see("films: removed")
        await shown.press("c")
        await shown.see("Check all files of films?")
        await shown.press("y")
        await shown.see("films: is being checked")

    run(tmp_path, play)
    assert changes(torrents) == [
        ("pause", {"torrent": FILMS}),
        ("resume", {"torrent": FILMS}),
        ("remove_torrent", {"torrent": FILMS, "delete_files": True}),
        ("recheck", {"torrent": FILMS}),
    ]


def test_events_change_what_is_shown(torrents: ScriptedDaemon, tmp_path: Path) -> None:
    """Rates, states, the health with its reasons, and the last events."""

    async def play(shown: Shown) -> None:
        progress = samples.progress(0, UBUNTU, download_bps=9_000_000, bytes_done=600, bytes_total=9_000_600).data
        torrents.publish("progress", UBUNTU, **progress)
        await shown.see("9.0 MB/s      0 B/s       1 s")
        torrents.publish("health_changed", None, status="degraded", reasons=[samples.reason()])
        await shown.see("warning: engine -: the engine is being restarted")
        torrents.publish("torrent_removed", FILMS, delete_files=False)
        await shown.see("2 torrents, by name")
        await shown.see("torrent removed films delete_files=False")

    run(tmp_path, play)
