"""Metrics of a real daemon, through deaths of both of its processes."""

import os
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Collection, Iterator
from pathlib import Path

import pytest
from prometheus_client.openmetrics import parser

from tools.rig.daemon import Daemon
from tools.rig.gateway import free_port
from tools.rig.waiting import until

pytestmark = pytest.mark.process

NEEDED = {
    ("ouzel_ack_seconds_count", ""),
    ("ouzel_memory_held_bytes", "engine"),
    ("ouzel_all_time_downloaded_bytes_total", ""),
    ("ouzel_libtorrent_net_recv_bytes_total", ""),
}

ONLY_METRICS = """
import sys
from gateway.main import main
sys.argv = ["ouzel-gateway", "--only", "metrics"]
try:
    main()
finally:
    faces = ("gateway.qbittorrent", "gateway.transmission", "gateway.page", "gateway.serving")
    loaded = [name for name in sys.modules if name.startswith(faces) and not name.startswith("gateway.serving_")]
    assert loaded == [], loaded
"""


class Scraper:
    """The values of a gateway's metrics, by name and labels."""

    def __init__(self, port: int) -> None:
        self._url = f"http://127.0.0.1:{port}/metrics"

    def scrape(self) -> dict[tuple[str, str], float]:
        """All values; empty while the gateway does not answer. The parser is strict."""
        asked = urllib.request.Request(self._url, headers={"Accept": "application/openmetrics-text; version=1.0.0"})
        try:
            with urllib.request.urlopen(asked, timeout=20) as answer:
                text = answer.read().decode()
        except OSError:
            return {}
        families = parser.text_string_to_metric_families(text)  # type: ignore[no-untyped-call]  # has no types
        return {
            (sample.name, ",".join(sample.labels.values())): sample.value
            for family in families
            for sample in family.samples
        }

    def whole(self, needed: Collection[tuple[str, str]]) -> dict[tuple[str, str], float]:
        """All values, if the engine is up and these are among them. On a slow machine, an answer may be missing."""
        found = self.scrape()
        return found if found.get(("ouzel_engine_up", "0")) == 1 and found.keys() >= set(needed) else {}

    def value(self, name: str, labels: str = "") -> float | None:
        """One value."""
        return self.scrape().get((name, labels))


@pytest.fixture
def scraper(root: Path, new_daemon: Daemon) -> Iterator[Scraper]:
    """The metrics of a gateway with nothing else, whose imports are checked at its end."""
    port = free_port()
    env = os.environ | {
        "OUZEL_METRICS_LISTEN": f"127.0.0.1:{port}",
        "OUZEL_PATHS_RUNTIME_DIR": str(new_daemon.runtime_dir),
    }
    with (root / "gateway.log").open("wb") as log:
        gateway = subprocess.Popen([sys.executable, "-c", ONLY_METRICS], env=env, stderr=log)
        try:
            found = Scraper(port)
            until(lambda: found.value("ouzel_up") == 1, "the gateway answers")
            yield found
        finally:
            gateway.send_signal(signal.SIGTERM)
            assert gateway.wait(20) == 0, (root / "gateway.log").read_text()
    assert "password" not in (root / "gateway.log").read_text()


def test_counters_never_go_down(new_daemon: Daemon, scraper: Scraper) -> None:
    """Over a SIGKILL of the engine. Each kill is one failover. Without the daemon, only that is told."""
    client = new_daemon.client
    client.put_category("films", save_path=None)
    client.add_torrent(magnet=f"magnet:?xt=urn:btih:{'a' * 40}", paused=True, category="films")
    before = until(lambda: scraper.whole(NEEDED), "the engine is up")
    assert before["ouzel_torrents_by_category", "films"] == 1
    assert before["ouzel_ack_seconds_count", ""] == 2
    assert before["ouzel_durable_changes_total", ""] >= 2
    assert before["ouzel_memory_limit_bytes", "engine"] > before["ouzel_memory_held_bytes", "engine"] > 0
    gen = before["ouzel_engine_generation", "0"]
    new_daemon.kill_engine()
    until(lambda: (scraper.value("ouzel_engine_generation", "0") or 0) > gen, "the next engine is there")
    counters = {key for key in before if key[0].endswith(("_total", "_bucket", "_count", "_sum"))}
    after = until(lambda: scraper.whole({*NEEDED, *counters}), "it is up")
    grown = {key: after[key] - before[key] for key in counters}
    assert [key for key in counters if grown[key] < 0] == []
    assert grown["ouzel_engine_restarts_total", "killed"] == 1
    failovers = grown["ouzel_engine_failover_seconds_count", ""]
    assert 1 <= failovers <= grown["ouzel_engine_crashes_total", ""]  # a slow machine may have more than the kill
    assert 0 < grown["ouzel_engine_failover_seconds_sum", ""] < 60 * failovers
    new_daemon.kill()
    until(lambda: scraper.value("ouzel_up") == 0, "the daemon is away")
    assert scraper.value("ouzel_torrents", "paused") is None
    new_daemon.start()
    until(lambda: scraper.value("ouzel_torrents", "paused") == 1, "the daemon is there again")
