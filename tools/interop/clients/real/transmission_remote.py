"""Debian's transmission-remote."""

from pathlib import Path

from tools.interop.clients.play import Scene
from tools.rig.gateway import PASSWORD, USERNAME
from tools.rig.payload import sha1
from tools.rig.waiting import until

NAME = "An episode (2024) 1080p"


def play(scene: Scene) -> None:
    """Adds a torrent, changes what it can change, and removes it with its files."""
    stage, step = scene.stage, scene.steps.step
    made = stage.make(NAME)

    def remote(*arguments: str) -> str:
        said = stage.run(
            ["transmission-remote", f"127.0.0.1:{stage.port}", "--auth", f"{USERNAME}:{PASSWORD}", *arguments]
        )
        assert "Error:" not in said, said
        return said

    def listed() -> str:
        [line] = [line for line in remote("-l").splitlines() if NAME in line]
        return line

    with step("session and statistics"):
        assert "4.0.6" in remote("-si")
        assert "TOTAL" in (said := remote("-st")), repr(said)
    with step("add a file"):
        assert "success" in remote("-a", str(stage.file(made)), "-w", str(stage.more))
        assert stage.row(made).save_path == str(stage.more)
    with step("the engine killed half way"):
        stage.kill_half_way(made)
        assert NAME in listed()
        stage.complete(made)
    with step("list it as done"):
        until(lambda: "100%" in listed(), "100 % are listed")
        assert "State: Idle" in (said := remote("-t", "1", "-i")) or "State: Seeding" in said, said
        assert f"Location: {stage.more}" in said
        assert made.torrent in said
    with step("list files, peers and trackers"):
        files = remote("-t", made.torrent, "-f")
        assert f"{NAME}/film.mkv" in files
        assert "100%" in files
        remote("-t", "1", "-ip")
        assert "127.0.0.1" in remote("-t", "1", "-it")
    with step("stop and start"):
        remote("-t", "1", "-S")
        stage.until_row(made, lambda row: row.paused, "it is paused")
        until(lambda: "Stopped" in listed(), "Stopped is listed")
        remote("-t", "1", "-s")
        stage.until_row(made, lambda row: not row.paused, "it runs")
    with step("leave out a file, and want it again"):
        remote("-t", "1", "-G", "1")
        until(lambda: 0 in _priorities(scene, made.torrent), "a file is left out")
        remote("-t", "1", "-g", "all", "-ph", "0")
        until(lambda: sorted(_priorities(scene, made.torrent))[-1] > 4, "a file has a high priority")
    with step("limits"):
        remote("-t", "1", "-d", "100", "-u", "50")
        stage.until_row(made, lambda row: row.upload_limit_bps == 50_000, "the limits are set")
        assert stage.row(made).download_limit_bps == 100_000
        remote("-t", "1", "-D", "-U")
        stage.until_row(made, lambda row: not row.upload_limit_bps, "the limits are off")
        remote("-d", "2000")
        assert "2000" in (said := remote("-si")) or "2.00 MB/s" in said, said
        remote("-D")
    with step("labels"):
        remote("-t", "1", "-L", "seen,mine")
        stage.until_row(made, lambda row: set(row.labels) == {"seen", "mine"}, "it has the labels")
    with step("a seeding goal"):
        remote("-t", "1", "-sr", "2.5")
        until(lambda: "2.5" in remote("-t", "1", "-i"), "the ratio limit is shown")
    with step("add a tracker, and remove it"):
        remote("-t", "1", "-td", "http://127.0.0.1:9/announce")
        until(lambda: "127.0.0.1:9" in remote("-t", "1", "-it"), "the tracker is listed")
        number = next(
            line.partition("Tracker ")[2].partition(":")[0]
            for line in remote("-t", "1", "-it").splitlines()
            if "127.0.0.1:9" in line
        )
        remote("-t", "1", "-tr", number)
        until(lambda: "127.0.0.1:9" not in remote("-t", "1", "-it"), "the tracker is gone")
    with step("verify"):
        remote("-t", "1", "-v")
        stage.until_row(made, lambda row: row.progress == 1 and row.state == "seeding", "it is complete again")
    with step("move"):
        remote("-t", "1", "--move", str(stage.daemon.downloads))
        stage.until_row(made, lambda row: row.save_path == str(stage.daemon.downloads), "it is moved")
        until(lambda: not (stage.more / NAME).exists(), "nothing is left")
        assert sha1(stage.daemon.downloads / NAME) == sha1(made.root / NAME)
    with step("remove with the files"):
        remote("-t", "1", "--remove-and-delete")
        until(lambda: not stage.knows(made), "it is removed")
        until(lambda: not Path(stage.daemon.downloads / NAME).exists(), "the files are deleted")


def _priorities(scene: Scene, torrent: str) -> list[int]:
    return [each.priority for each in scene.stage.daemon.client.list_files(torrent=torrent)]
