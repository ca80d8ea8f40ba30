"""transmission-remote-gtk under Xvfb, by its keys. No window manager runs, so its window is at the top left."""

import json
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from tools.interop.clients.play import Scene
from tools.interop.processes import running
from tools.rig.gateway import PASSWORD, USERNAME
from tools.rig.waiting import until

NAME: Final = "A photograph"
WINDOW: Final = "Transmission Remote"
ROW: Final = ("500", "130")
"""A point in the window within the list of torrents."""


def play(scene: Scene) -> None:
    """Adds a torrent by the command line, changes it by the menu, and removes it."""
    stage, step = scene.stage, scene.steps.step
    made = stage.make(NAME)
    profile = {
        "profile-name": "Default",
        "hostname": "127.0.0.1",
        "port": stage.port,
        "username": USERNAME,
        "password": PASSWORD,
        "auto-connect": True,
        "update-interval": 1,
        "rpc-url-path": "/transmission/rpc",
    }
    config = stage.home / ".config/transmission-remote-gtk/config.json"
    config.parent.mkdir(parents=True)
    config.write_text(json.dumps({"profiles": [profile], "profile-id": 0, "add-options-dialog": False}))
    with _display(scene) as display:
        environment = ["env", f"DISPLAY={display}", "NO_AT_BRIDGE=1"]

        def press(*keys: str) -> None:
            for each in keys:
                stage.run(["xdotool", "key", each], DISPLAY=display)

        def choose(letter: str) -> None:
            """Chooses from the menu Torrent, for the selected torrent."""
            press("Escape", "Escape")
            stage.run(["xdotool", "mousemove", *ROW, "click", "1"], DISPLAY=display)
            press("alt+t", letter)

        argv = [*environment, "transmission-remote-gtk", str(stage.file(made))]
        with running(argv, stage.home) as process:
            with step("it starts and adds a file"):
                until(lambda: stage.knows(made), "it is added")
                stage.run(["xdotool", "search", "--sync", "--onlyvisible", "--name", WINDOW], DISPLAY=display)
            with step("the engine killed half way"):
                stage.kill_half_way(made)
                stage.complete(made)
                assert process.poll() is None
            with step("pause"):
                until(lambda: choose("p") or stage.row(made).paused, "it is paused", every_s=2)
            with step("resume"):
                until(lambda: choose("r") or not stage.row(made).paused, "it runs", every_s=2)
            with step("verify"):
                events = stage.daemon.client.events()
                with events:
                    choose("v")
                    until(
                        lambda: (
                            (item := events.get(1)) is not None
                            and getattr(item, "torrent", None) == made.torrent
                            and getattr(item, "data", {}).get("state") == "checking"
                        ),
                        "it is checked",
                    )
                stage.until_row(made, lambda row: row.state == "seeding", "it seeds")
            with step("remove with the files"):
                choose("d")
                until(lambda: press("alt+d", "Return") or not stage.knows(made), "it is removed", every_s=2)
                until(lambda: not (stage.daemon.downloads / NAME).exists(), "the files are deleted")
                assert process.poll() is None


@contextmanager
def _display(scene: Scene) -> Iterator[str]:
    """A context with an X server. Yields its name."""
    number, chosen = os.pipe()
    server = subprocess.Popen(
        ["Xvfb", "-displayfd", str(chosen), "-screen", "0", "1280x900x24", "-nolisten", "tcp"],
        pass_fds=[chosen],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        cwd=scene.stage.home,
    )
    os.close(chosen)
    try:
        with os.fdopen(number) as name:
            yield f":{name.readline().strip()}"
    finally:
        server.terminate()
        server.wait(timeout=60)
