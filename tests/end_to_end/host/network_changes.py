"""`python -m tests.end_to_end.host.network_changes ROOT`: what a daemon does when addresses and routes change.

Run in a network namespace of its own, which has no interface but loopback.
"""

import socket
import subprocess
import sys
from pathlib import Path

from tools.rig.daemon import Daemon
from tools.rig.waiting import until

ADDRESSES = ("10.9.0.1", "10.9.0.2")


def ip(*args: str) -> None:
    """Runs a command of iproute2."""
    subprocess.run(["ip", *args], check=True)


def listens(daemon: Daemon, address: str) -> bool:
    """Whether the engine accepts a connection at an address."""
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex((address, daemon.client.stats().session.listen_port)) == 0


def main(root: Path) -> None:
    """An address is followed by libtorrent; and also without its help, once there is another default route."""
    ip("link", "set", "lo", "up")
    ip("link", "add", "v0", "type", "veth", "peer", "name", "v1")
    for name in ("v0", "v1"):
        ip("link", "set", name, "up")
    with Daemon(root / "d", engine={"listen_interfaces": "0.0.0.0:7000"}) as daemon:
        until(lambda: listens(daemon, "127.0.0.1"), "it listens on loopback")
        assert not listens(daemon, ADDRESSES[0])
        ip("address", "add", f"{ADDRESSES[0]}/24", "dev", "v0")
        until(lambda: listens(daemon, ADDRESSES[0]), "it listens at the new address", patience_s=10)
        daemon.client.update_settings({"enable_ip_notifier": False}, wait="applied")
        ip("address", "add", f"{ADDRESSES[1]}/24", "dev", "v0")
        ip("route", "add", "10.10.0.0/16", "via", "10.9.0.9")
        assert not listens(daemon, ADDRESSES[1])
        ip("route", "add", "default", "via", "10.9.0.9")
        until(lambda: listens(daemon, ADDRESSES[1]), "it listens there since the default route has changed")
        until(lambda: daemon.logged("default_route_changed"), "the log says so")
        assert daemon.client.health().engine.gen == 1, daemon.log.read_text()[-6000:]


if __name__ == "__main__":
    main(Path(sys.argv[1]))
