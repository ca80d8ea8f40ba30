"""tremc, in a pseudo-terminal, by its keys."""

from typing import Final

from tools.interop.clients.play import Scene
from tools.interop.clients.real.terminal import Terminal
from tools.rig.gateway import PASSWORD, USERNAME
from tools.rig.waiting import until

NAME: Final = "A recital"
CLEAR: Final = "\x15"
"""Ctrl-U clears a text."""
ENTER: Final = "\n"


def play(scene: Scene) -> None:
    """Adds a torrent, looks at it, changes it, and removes it."""
    stage, step = scene.stage, scene.steps.step
    made = stage.make(NAME)
    config = stage.home / "settings.cfg"
    config.write_text(
        f"[Connection]\nhost = 127.0.0.1\nport = {stage.port}\nusername = {USERNAME}\npassword = {PASSWORD}\n"
    )
    with Terminal([scene.venv.program("tremcf"), "-f", str(config)], stage.home) as screen:
        with step("it starts"):
            screen.until_shown("Torrents:")
        with step("add a file"):
            screen.press("a")
            screen.until_shown("Add torrent")
            screen.press(f"{CLEAR}{stage.file(made)}{ENTER}")
            until(lambda: stage.knows(made), "it is added")
            screen.until_shown(NAME)
        with step("the engine killed half way"):
            stage.kill_half_way(made)
            screen.press("C")  # draws the list again
            screen.until_shown(NAME)
            stage.complete(made)
        with step("stop and start"):
            screen.press("j")
            screen.press("p")
            stage.until_row(made, lambda row: row.paused, "it is paused")
            until(lambda: _resumed(scene, screen, made.torrent), "it runs", every_s=2.0)
        with step("labels"):
            screen.press("B")
            screen.until_shown("Set labels")
            screen.press(f"{CLEAR}music, live{ENTER}")
            stage.until_row(made, lambda row: set(row.labels) == {"music", "live"}, "it has the labels")
        with step("an upload limit"):
            screen.press("U")
            screen.until_shown("limit")
            screen.press(f"{CLEAR}250{ENTER}")
            stage.until_row(made, lambda row: row.upload_limit_bps == 250_000, "it has the limit")
        with step("verify"):
            screen.press("v")
            stage.until_row(made, lambda row: row.progress == 1 and row.state == "seeding", "it is complete again")
        with step("files, peers, trackers and pieces"):
            screen.press(ENTER)
            screen.until_shown(made.torrent)
            for key, text in (("f", "film.mkv"), ("t", "127.0.0.1"), ("e", ""), ("c", ""), ("o", made.torrent)):
                screen.press(key)
                if text:
                    screen.until_shown(text)
            screen.press("q")
            screen.until_shown(NAME)
        with step("the turtle mode"):
            screen.press("t")
            until(lambda: _alternative(scene), "the alternative limits are on")
            screen.press("t")
            until(lambda: not _alternative(scene), "they are off")
        with step("remove with the data"):
            screen.press("R")
            screen.until_shown("Remove")
            screen.press("y")
            until(lambda: not stage.knows(made), "it is removed")
            until(lambda: not (stage.daemon.downloads / NAME).exists(), "the files are deleted")


def _resumed(scene: Scene, screen: Terminal, torrent: str) -> bool:
    """Whether the torrent runs. If the torrent is paused, presses the key again.

    The key stops a torrent that tremc shows as running, and starts a torrent that tremc shows as paused. tremc shows a
    pause only after its next read.
    """
    if not scene.stage.daemon.row(torrent).paused:
        return True
    screen.press("p")
    return False


def _alternative(scene: Scene) -> bool:
    return scene.stage.daemon.client.stats().session.alternative_limits
