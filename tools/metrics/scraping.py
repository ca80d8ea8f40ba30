"""A gateway that serves only metrics, and its text."""

import os
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager

from tools.rig.daemon import Daemon
from tools.rig.gateway import free_port
from tools.rig.scratch import scratch
from tools.rig.waiting import until

_END_S = 30.0


@contextmanager
def only_metrics(daemon: Daemon, **keys: str) -> Iterator[str]:
    """A context with `ouzel-gateway --only metrics` beside a daemon. Yields its address. Its log is `scrapes`.

    Args:
        keys: keys of `[metrics]`.
    """
    listen = f"127.0.0.1:{free_port()}"
    env = os.environ | {f"OUZEL_METRICS_{name.upper()}": value for name, value in ({"listen": listen} | keys).items()}
    argv = [sys.executable, "-I", "-m", "gateway", "--only", "metrics", "--config", str(daemon.config)]
    with (daemon.root / "scrapes").open("ab") as log:
        process = subprocess.Popen(argv, env=env, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
    try:
        yield listen
    finally:
        process.terminate()
        try:
            process.wait(timeout=_END_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def scraped() -> str:
    """The metrics of a new daemon with one torrent, and with all optional metrics."""
    with scratch() as root, Daemon(root / "d") as daemon:
        daemon.client.add_torrent(magnet=f"magnet:?xt=urn:btih:{'a' * 40}", paused=True)
        with only_metrics(daemon, libtorrent="all", per_torrent="true") as address:
            return until(lambda: _complete(_scrape(address)), "the engine's metrics are there")


def _complete(text: str) -> str:
    return text if "\nouzel_dht_nodes " in text else ""


def _scrape(address: str) -> str:
    try:
        with urllib.request.urlopen(f"http://{address}/metrics", timeout=30) as answer:
            text: str = answer.read().decode()
            return text
    except OSError:
        return ""
