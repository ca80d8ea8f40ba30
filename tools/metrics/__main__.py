"""Starts a daemon and a gateway, scrapes once, and runs `promtool check metrics`. Exits with promtool's code."""

import os
import shutil
import subprocess
import sys
import urllib.request
from typing import Final

from tools.rig.daemon import Daemon
from tools.rig.gateway import free_port
from tools.rig.scratch import scratch, unwinding
from tools.rig.waiting import until

MISSING: Final = "promtool is not installed; Debian's package `prometheus` has it, or PROMTOOL names it"


def main() -> int:
    """Returns the exit code of promtool; 2 without promtool."""
    promtool = os.environ.get("PROMTOOL") or shutil.which("promtool")
    if promtool is None:
        sys.stderr.write(f"check-metrics: {MISSING}\n")
        return 2
    text = scraped()
    sys.stdout.write(f"{sum(not line.startswith('#') for line in text.splitlines())} series\n")
    sys.stdout.flush()
    return subprocess.run([promtool, "check", "metrics"], input=text, text=True, check=False).returncode


def scraped() -> str:
    """The metrics of a new daemon with one torrent, and with all optional metrics."""
    port = free_port()
    with scratch() as root, Daemon(root / "d") as daemon:
        daemon.client.add_torrent(magnet=f"magnet:?xt=urn:btih:{'a' * 40}", paused=True)
        keys = {"LISTEN": f"127.0.0.1:{port}", "LIBTORRENT": "all", "PER_TORRENT": "true"}
        env = os.environ | {f"OUZEL_METRICS_{name}": value for name, value in keys.items()}
        env["OUZEL_PATHS_RUNTIME_DIR"] = str(daemon.runtime_dir)
        with subprocess.Popen([sys.executable, "-I", "-m", "gateway", "--only", "metrics"], env=env) as gateway:
            try:
                return until(lambda: _complete(_scrape(port)), "the engine's metrics are there")
            finally:
                gateway.terminate()


def _complete(text: str) -> str:
    return text if "\nouzel_dht_nodes " in text else ""


def _scrape(port: int) -> str:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=30) as answer:
            text: str = answer.read().decode()
            return text
    except OSError:
        return ""


if __name__ == "__main__":
    with unwinding():
        sys.exit(main())
