"""transmission-remote-gtk under Xvfb, by its keys."""

import json
import os
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from tools.interop.clients.play import Scene
from tools.interop.processes import running
from tools.rig.gateway import PASSWORD, USERNAME
from tools.rig.waiting import until

NAME: Final = "A photograph"
WINDOW: Final = "Transmission Remote"


def play(scene: Scene) -> None:
    """Adds a torrent by the command line, and stops and starts it by the menu.

    Without a window manager, the program's questions get no keys. So no torrent is removed, because the program would
    ask.
    """
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
            stage.run(["xdotool", "key", "--delay", "300", *keys], DISPLAY=display)

        def choose(letter: str) -> None:
            """Chooses from the menu Torrent. The only torrent is selected."""
            press("Escape", "Escape", "alt+t", letter)

        argv = [*environment, "transmission-remote-gtk", str(stage.file(made))]
        with running(argv, stage.home) as process:
            with step("it starts and adds a file"):
                until(lambda: stage.knows(made), "it is added")
                stage.run(["xdotool", "search", "--sync", "--onlyvisible", "--name", WINDOW], DISPLAY=display)
            with step("the engine killed half way"):
                stage.kill_half_way(made)
                stage.complete(made)
                time.sleep(3)  # until its next reads
                assert process.poll() is None
            with step("pause"):
                choose("p")
                stage.until_row(made, lambda row: row.paused, "it is paused")
            with step("resume"):
                time.sleep(3)  # until its next reads
                choose("r")
                stage.until_row(made, lambda row: not row.paused, "it runs")
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
