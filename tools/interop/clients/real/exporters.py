"""Two exporters for Prometheus, one of each API."""

import urllib.request
from typing import Final

from tools.interop.clients.play import Scene
from tools.interop.processes import running
from tools.rig.gateway import PASSWORD, USERNAME, free_port
from tools.rig.waiting import until

NAME: Final = "A backup"


def play_qbittorrent(scene: Scene) -> None:
    """prometheus-qbittorrent-exporter, with all its options on."""
    stage, step = scene.stage, scene.steps.step
    port = free_port()
    settings = {
        "QBITTORRENT_HOST": "127.0.0.1",
        "QBITTORRENT_PORT": str(stage.port),
        "QBITTORRENT_USER": USERNAME,
        "QBITTORRENT_PASS": PASSWORD,
        "EXPORTER_ADDRESS": "127.0.0.1",
        "EXPORTER_PORT": str(port),
        "EXPORT_METRICS_BY_TORRENT": "True",
        "EXPORT_METRICS_BY_TAG": "True",
    }
    argv = ["env", *(f"{name}={value}" for name, value in settings.items()), scene.venv.program("qbittorrent-exporter")]
    made = stage.make(NAME)
    with running(argv, stage.home), step("the service is up"):
        until(lambda: _metric(port, "qbittorrent_up") == 1, "it is up")
        assert 'version="v5.1.4"' in _metrics(port)
    with running(argv, stage.home):
        with step("a torrent with a category and a tag"):
            until(lambda: _metric(port, "qbittorrent_up") == 1, "it is up")
            stage.daemon.client.put_category("backups")
            stage.daemon.client.add_torrent(metainfo=made.metainfo, category="backups", labels=["old"])
            until(lambda: _metric(port, "qbittorrent_torrent_size", NAME) == made.size, "its size is there")
        with step("the engine killed half way"):
            stage.kill_half_way(made)
            assert _metric(port, "qbittorrent_up") == 1
            assert _metric(port, "qbittorrent_torrent_size", NAME) == made.size
            stage.complete(made)
        with step("states, by category and by tag"):
            counts = (
                ("qbittorrent_torrents_count", 'category="backups"'),
                ("qbittorrent_tagged_torrents_count", 'tag="old"'),
            )
            until(lambda: all(_metric(port, *each, "stalledUP") == 1 for each in counts), "it is counted")
            until(lambda: _metric(port, "qbittorrent_torrent_downloaded", NAME) > 0, "what was downloaded")
            until(lambda: _metric(port, "qbittorrent_alltime_dl_total") > made.size // 2, "the total")
        with step("the daemon away"):
            stage.daemon.kill()
            try:
                until(
                    lambda: _metric(port, "qbittorrent_torrents_count", 'category="backups"', "stalledUP") == 1, "kept"
                )
            finally:
                stage.daemon.start()


def play_transmission(scene: Scene) -> None:
    """downloader-exporter, for Transmission."""
    stage, step = scene.stage, scene.steps.step
    port = free_port()
    config = stage.home / "config.yml"
    config.write_text(
        f"ours:\n  client: transmission\n  host: http://127.0.0.1:{stage.port}\n  username: {USERNAME}\n"
        f"  password: {PASSWORD}\n"
    )
    argv = [scene.venv.program("downloader-exporter"), "-c", str(config), "-p", str(port)]
    made = stage.make(NAME)
    with running(argv, stage.home):
        with step("the service is up"):
            until(lambda: _metric(port, "downloader_up") == 1, "it is up")
        with step("a torrent"):
            stage.daemon.client.add_torrent(metainfo=made.metainfo, labels=["old"])
            until(lambda: _metric(port, "downloader_torrents_count", "Downloading", "old") == 1, "it is counted")
        with step("the engine killed half way"):
            stage.kill_half_way(made)
            assert _metric(port, "downloader_up") == 1
            assert _metric(port, "downloader_torrents_count", "old") == 1
            stage.complete(made)
        with step("it seeds"):
            until(lambda: _metric(port, "downloader_torrents_count", "Uploading", "old") == 1, "it is counted")
            until(lambda: _metric(port, "downloader_download_bytes_total") > made.size // 2, "what was downloaded")


def _metrics(port: int) -> str:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=60) as answer:
            text: str = answer.read().decode()
            return text
    except OSError:
        return ""  # the exporter has not started


def _metric(port: int, name: str, *labels: str) -> float:
    """The value of a metric's first sample with all of these texts in its line. -1 if there is no such sample."""
    for line in _metrics(port).splitlines():
        if line.startswith((f"{name}{{", f"{name} ")) and all(each in line for each in labels):
            return float(line.rpartition(" ")[2])
    return -1.0
